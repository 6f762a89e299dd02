/** `trace`: the passport of a file, hop by hop; of a hop that is missing, why. */
import { connectLedger } from "../clients/ledger-session.ts";
import {
  attemptsOf,
  derivedAfter,
  fileDocument,
  findDeliveries,
  hopsOf,
  type Attempt,
  type Delivery,
  type DerivedBatch,
} from "../clients/passports.ts";
import { Exit, KitError } from "../model/errors.ts";
import { runId } from "../model/names.ts";
import { finalStates, type Hop } from "../model/passport.ts";
import { badRecords } from "./bad-records.ts";
import { type CommandDef, type Context, usage } from "./command.ts";
import { entriesOf, entryDocument, entryText, logNames } from "./log-entries.ts";
import { columns, type Style } from "./style.ts";
import { checkLines, checksOf, type CheckDocument } from "./trace-checks.ts";
import { traceDerived } from "./trace-derived.ts";
import { traceRecords } from "./trace-records.ts";
import { verdictFailure, waitForVerdicts } from "./verdicts.ts";
import { waitUntil } from "./wait.ts";

const command = {
  name: "trace",
  summary: "what happened to a file: every hop, or the one that is missing and why",
  usage: "FILE|ID [--wait] [--logs]",
  examples: [
    "trace my.csv",
    "trace my.csv --wait --timeout 60",
    "trace my.csv --logs    (and what every service wrote about it)",
    "trace b0e6xk2m9q4r7t --json    (a batch, delivery or file id)",
  ],
  options: {
    wait: { type: "boolean", summary: "until there is a verdict" },
    logs: { type: "boolean", summary: "what services wrote about it and its batch" },
  },
  async run(context: Context) {
    const [text, ...more] = context.args;
    if (!text || more.length > 0) throw usage(command, "trace takes one file name or id");
    await using ledger = await connectLedger(context);
    const look = () => findDeliveries(ledger, context.world, nameOf(text));
    let found = await look();
    if (found.length === 0) {
      const derived = await traceDerived(ledger, context, text);
      if (derived) return derived;
      if (context.options.wait) found = await appeared(context, text, look);
    }
    let [delivery, ...older] = found.toReversed();
    if (!delivery) throw notFound(text, context);
    if (context.options.wait && !finalStates.includes(delivery.state))
      [delivery] = await waitForVerdicts(ledger, context, [delivery.delivery_id]);
    const attempts = delivery!.batch_id ? await attemptsOf(ledger, delivery!.batch_id) : [];
    const hops = await hopsOf(ledger, delivery!);
    const document = {
      ...fileDocument(delivery!),
      batch_id: delivery!.batch_id,
      attempts: attempts.length,
      history: attempts,
      run_ids: attempts.map(({ attempt }) => runId(context.world, delivery!.batch_id!, attempt)),
      rejects_uri: delivery!.rejects_uri,
      problems: await traceRecords(context, delivery!),
      hops,
      checks: await checksOf(context, delivery!.batch_id),
      derived: await derivedAfter(ledger, delivery!),
    };
    const ids = [delivery!.delivery_id, delivery!.batch_id].filter((id) => id !== null);
    const entries = context.options.logs ? await entriesOf(context, logNames, { ids }, null) : null;
    return {
      ...(context.options.wait && verdictFailure([delivery!])),
      document: { ...document, ...(entries && { logs: entries.map(entryDocument) }) },
      text: [
        describe(delivery!, attempts, document, older.length, context.style),
        ...(document.problems.length > 0
          ? ["", badRecords(document.problems, new Map(), context.style)]
          : []),
        ...(entries ? ["", ...entries.map((entry) => entryText(entry, context.style))] : []),
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default command;

/** Seconds in which the gateway has taken a file that was dropped just now. */
const patience = 15;

/** Who waits for a verdict may ask before the gateway has taken the file. */
function appeared(context: Context, text: string, look: () => Promise<Delivery[]>) {
  const end = performance.now() + patience * 1000;
  return waitUntil(
    context,
    () => `the gateway to take '${text}'`,
    async () => {
      const found = await look();
      return found.length > 0 || performance.now() > end ? found : null;
    },
  );
}

/** People give the path that they copied; the ledger knows the name. */
const nameOf = (text: string) => text.split("/").at(-1)!;

function notFound(text: string, context: Context): KitError {
  return new KitError({
    code: "DELIVERY_NOT_FOUND",
    what: `no delivery of '${text}' is known in world '${context.world}'`,
    why: "the ledger has no file of that name and no delivery, file or batch of that id",
    fix: "look whether the file still lies in the drop folder: while its writer holds it open it is left alone; `./gridata logs gateway` says so",
    exit: Exit.notFound,
  });
}

function describe(
  delivery: Delivery,
  attempts: Attempt[],
  { hops, checks, derived }: { hops: Hop[]; checks: CheckDocument[]; derived: DerivedBatch[] },
  older: number,
  paint: Style,
): string {
  const color =
    delivery.state === "published"
      ? paint.green
      : delivery.state === "rejected" || delivery.state === "parked"
        ? paint.red
        : paint.yellow;
  const facts: [string, string | null][] = [
    ["delivery", delivery.delivery_id],
    ["file id", delivery.file_id],
    ["batch", delivery.batch_id && `${delivery.batch_id}, ${attemptWords(attempts)}`],
    ["table", delivery.table_name],
    ["snapshot", delivery.snapshot_id],
    [
      "records",
      delivery.records_in &&
        `${delivery.records_in} in, ${delivery.records_published ?? "?"} published, ${delivery.records_rejected ?? "?"} rejected`,
    ],
    ["of them", outcomeWords(delivery)],
    ...checkLines(checks),
    ...derived.map(({ batch_id, table_name, state }): [string, string] => [
      "derived",
      `${table_name}: ${state}, batch ${batch_id}`,
    ]),
    ["rejects", Number(delivery.records_rejected) > 0 ? delivery.rejects_uri : null],
    ["reason", delivery.reason?.reason ?? delivery.reason?.code ?? null],
  ];
  const first = hops.find((hop) => hop.started_at)?.started_at;
  return [
    `${paint.bold(delivery.name)} -> ${delivery.domain}.${delivery.dataset}: ${color(delivery.state)}`,
    ...facts.filter(([, value]) => value).map(([name, value]) => `  ${name.padEnd(9)} ${value}`),
    "",
    columns(
      [
        ["  hop", "state", "at", "after", "took", ""],
        ...hops.map((hop) => [
          `  ${hop.name}`,
          hop.state,
          hop.ended_at?.slice(11, 23) ?? "",
          first && hop.ended_at ? seconds(first, hop.ended_at) : "",
          hop.started_at && hop.ended_at ? seconds(hop.started_at, hop.ended_at) : "",
          [hop.ref, hop.why].filter(Boolean).join("  "),
        ]),
      ],
      paint.dim,
    ),
    ...(older > 0
      ? ["", `the newest of ${older + 1} deliveries of that name; the others by their delivery id`]
      : []),
  ].join("\n");
}

const seconds = (from: string, to: string) =>
  `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(2)} s`;

function attemptWords(attempts: Attempt[]): string {
  const [last] = attempts.slice(-1);
  if (!last) return "no attempt yet";
  const failed = attempts.filter((attempt) => attempt.error || attempt.state === "lost");
  const causes = failed.map(
    ({ attempt, state, error_class, error }) =>
      `${attempt} ${state}${error_class ? ` (${error_class}: ${error?.message ?? ""})` : ""}`,
  );
  return [`attempt ${last.attempt} ${last.state}`, ...causes].join("; ");
}

/** What became of the rows, where that is more than that all are new. */
function outcomeWords({ outcome, records_published }: Delivery): string | null {
  if (!outcome || String(outcome.inserted) === records_published) return null;
  return (["inserted", "updated", "superseded", "deleted"] as const)
    .map((word) => `${outcome[word]} ${word}`)
    .join(", ");
}
