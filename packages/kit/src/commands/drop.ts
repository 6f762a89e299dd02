/** `drop`: puts files into the drop folder as one that is written at once would be, and can wait for their verdicts. */
import { randomUUID } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { copyFile, link, mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { uuidv7 } from "../clients/ids.ts";
import { connectLedger } from "../clients/ledger-session.ts";
import { fileDocument, type Delivery } from "../clients/passports.ts";
import { hashFile } from "../clients/sha256.ts";
import { dropFolder } from "../clients/stack.ts";
import { Exit, KitError } from "../model/errors.ts";
import { parseDataset } from "../model/names.ts";
import { type CommandDef, type Context, usage } from "./command.ts";
import { columns, type Style } from "./style.ts";
import { verdictFailure, waitForVerdicts } from "./verdicts.ts";
import { waitUntil } from "./wait.ts";

interface Dropped {
  path: string;
  name: string;
  fileId: string;
  deliveryId: string;
}

const command = {
  name: "drop",
  summary: "drop files for a dataset, and wait for what becomes of them",
  usage: "FILE.. --to DOMAIN.DATASET [--wait] [--again]",
  examples: [
    "drop my.csv --to sales.transactions --wait",
    "drop exports/*.csv --to sales.transactions",
    "drop my.csv --to sales.transactions --again    (publish it although it is published already)",
  ],
  options: {
    to: { type: "string", placeholder: "D.DS", summary: "the dataset, as in sales.transactions" },
    wait: { type: "boolean", summary: "until every file has its verdict" },
    again: { type: "boolean", summary: "publish the same content once more" },
  },
  async run(context: Context) {
    if (context.args.length === 0) throw usage(command, "drop takes at least one file");
    if (!context.options.to) throw usage(command, "drop needs --to, the dataset of the files");
    const { domain, dataset } = parseDataset(String(context.options.to));
    const paths = context.args.map((path) => existing(resolve(context.cwd, path), path));
    await using ledger = await connectLedger(context);
    const folder = join(
      dropFolder(context.checkout, context.stack, context.world),
      domain,
      dataset,
    );
    await mkdir(folder, { recursive: true });
    const dropped: Dropped[] = [];
    for (const path of paths)
      dropped.push(await put(context, path, folder, context.options.again === true));
    if (!context.options.wait) return taken(dropped, `${domain}.${dataset}`, context);
    const verdicts = await waitForVerdicts(
      ledger,
      context,
      dropped.map(({ deliveryId }) => deliveryId),
    );
    return {
      ...verdictFailure(verdicts),
      document: { files: verdicts.map(fileDocument) },
      text: verdictText(verdicts, context.style),
    };
  },
} satisfies CommandDef;
export default command;

function existing(path: string, given: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile())
    throw new KitError({
      code: "FILE_NOT_FOUND",
      what: stat ? `'${given}' is not a file` : `there is no file '${given}'`,
      fix: "give the path of a file that can be read",
      exit: Exit.notFound,
    });
  return path;
}

/**
 * The copy grows under a hidden name and is linked into place whole: the gateway never sees half of it, and a file of the same
 * name that still waits there is not overwritten. The request beside it gives the delivery its id in advance.
 */
async function put(
  context: Context,
  path: string,
  folder: string,
  again: boolean,
): Promise<Dropped> {
  const name = basename(path);
  const target = join(folder, name);
  const request = join(folder, `.${name}.gridata.json`);
  const hidden = join(folder, `.${randomUUID()}.part`);
  const deliveryId = uuidv7();
  try {
    await copyFile(path, hidden);
    const fileId = await hashFile(hidden);
    await waitUntil(
      context,
      () => `the gateway to take the '${name}' that lies in ${folder}`,
      async () => {
        if (existsSync(target) || existsSync(request)) return null;
        await writeFile(request, JSON.stringify({ delivery_id: deliveryId, again }));
        try {
          await link(hidden, target);
          return true;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
          await rm(request, { force: true });
          return null;
        }
      },
    );
    return { path, name, fileId, deliveryId };
  } finally {
    await rm(hidden, { force: true });
  }
}

function taken(dropped: readonly Dropped[], dataset: string, { style }: Context) {
  return {
    document: {
      files: dropped.map(({ name, fileId, deliveryId }) => ({
        file_id: fileId,
        delivery_id: deliveryId,
        name,
        dataset,
        state: "staged",
        rows: { in: null, published: null, rejected: null },
        table: null,
        snapshot_id: null,
        reason: null,
      })),
    },
    text: [
      columns(
        [["file", "delivery"], ...dropped.map(({ name, deliveryId }) => [name, deliveryId])],
        style.dim,
      ),
      `\n${dropped.length === 1 ? "It is" : "They are"} on the road: \`./gridata trace ${dropped[0]!.name} --wait\``,
    ].join("\n"),
  };
}

function verdictText(verdicts: readonly Delivery[], style: Style): string {
  const rows = verdicts.map((d) => [
    d.name,
    d.state,
    d.records_in ?? "",
    d.records_published ?? "",
    d.records_rejected ?? "",
    d.state === "published" || d.state === "duplicate"
      ? `${d.table_name} snapshot ${d.snapshot_id}`
      : (d.reason?.reason ?? d.reason?.code ?? ""),
  ]);
  return columns([["file", "state", "in", "published", "rejected", ""], ...rows], style.dim);
}
