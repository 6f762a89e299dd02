/** `world`: slices of every layer of a stack: its own drop folder, objects, catalog, ledger rows and runs. */
import { mkdir } from "node:fs/promises";
import { makeDropFolders } from "../clients/drop-folders.ts";
import { currentRelease } from "../clients/ledger.ts";
import { connectLedger } from "../clients/ledger-session.ts";
import type { LedgerReader } from "../clients/passports.ts";
import { dropFolder, readStackConfig } from "../clients/stack.ts";
import { Exit, KitError } from "../model/errors.ts";
import { checkName } from "../model/names.ts";
import { removeWorld } from "../worlds/remove.ts";
import { usage, type CommandDef, type Context, type Outcome } from "./command.ts";
import { needServices } from "./need-services.ts";
import { columns } from "./style.ts";

const world = {
  name: "world",
  summary: "open a world of the stack, list them, or remove one from every layer",
  usage: "list | open NAME | remove NAME",
  examples: [
    "world list",
    "world open sandbox",
    "drop my.csv --to sales.transactions --world sandbox",
    "world remove sandbox",
  ],
  options: {},
  async run(context: Context) {
    const [word, name, ...rest] = context.args;
    if (rest.length === 0 && word === "list" && !name) return list(context);
    if (rest.length === 0 && word === "open" && name)
      return open(context, checkName("world", name));
    if (rest.length === 0 && word === "remove" && name)
      return remove(context, checkName("world", name));
    throw usage(world, "say what to do with which world");
  },
} satisfies CommandDef;
export default world;

interface WorldRow {
  world: string;
  state: string;
  files: string;
  waiting: string;
}

/** All worlds, or the one of that name; how many files came, and how many have no final verdict yet. */
const worldRows = async (ledger: LedgerReader, name?: string): Promise<WorldRow[]> =>
  (
    await ledger.query<WorldRow>(
      `select w.world, w.state, count(d.delivery_id)::text as files,
              count(d.delivery_id) filter (where d.state not in ('published', 'duplicate', 'rejected'))::text as waiting
         from ledger.world w left join ledger.delivery d using (world)
        where $1::text is null or w.world = $1 group by 1, 2 order by 1`,
      [name ?? null],
    )
  ).rows;

async function list(context: Context): Promise<Outcome> {
  const { checkout, stack, style } = context;
  needServices(context, "postgres");
  await using ledger = await connectLedger({ checkout, stack });
  const worlds = (await worldRows(ledger)).map((row) => ({
    ...row,
    drop_dir: dropFolder(checkout, stack, row.world),
  }));
  return {
    document: { worlds },
    text: columns(
      [
        ["world", "state", "files", "waiting", "drop folder"],
        ...worlds.map((w) => [w.world, w.state, w.files, w.waiting, w.drop_dir]),
      ],
      style.dim,
    ),
  };
}

/** Idempotent. */
async function open(context: Context, name: string): Promise<Outcome> {
  const { checkout, stack } = context;
  needServices(context, "postgres");
  await using admin = await connectLedger({ checkout, stack, identity: "admin" });
  await admin.query("select ledger.open_world($1)", [name]);
  const [row] = await worldRows(admin, name);
  if (row!.state !== "open")
    throw new KitError({
      code: "WORLD_CLOSING",
      what: `world '${name}' is being removed`,
      why: "its removal began and has not ended",
      fix: `./gridata world remove ${name}, then open it again`,
    });
  const drop_dir = dropFolder(checkout, stack, name);
  await mkdir(drop_dir, { recursive: true });
  await makeDropFolders(drop_dir, (await currentRelease(admin))?.datasets ?? []);
  return {
    document: { worlds: [{ ...row, drop_dir }] },
    text: `world '${name}' is open: drop files into ${drop_dir}/<domain>/<dataset>/`,
  };
}

/** One whose removal died half-way is removed by asking again. */
async function remove(context: Context, name: string): Promise<Outcome> {
  const { checkout, stack } = context;
  if (name === "default")
    throw new KitError({
      code: "WORLD_KEPT",
      what: "the default world is not removed",
      why: "the stack would open it again",
      fix: "`./gridata down --purge` removes all of a stack's data",
    });
  needServices(context, "postgres", "s3", "catalog", "airflow-api");
  await using admin = await connectLedger({ checkout, stack, identity: "admin" });
  const [row] = await worldRows(admin, name);
  if (!row)
    throw new KitError({
      code: "NO_SUCH_WORLD",
      what: `stack '${stack}' has no world '${name}'`,
      fix: "`./gridata world list` shows them",
      exit: Exit.notFound,
    });
  const config = readStackConfig(checkout, stack, "admin");
  await removeWorld({ world: name, config, ledger: admin });
  return {
    document: { worlds: [{ ...row, state: "removed", drop_dir: null }] },
    text: `world '${name}' is removed from every layer`,
  };
}
