/** `logs`: what the services of a stack wrote, by time; on request as it comes. */
import { existsSync } from "node:fs";
import { devCommand } from "../clients/stack.ts";
import { Exit, KitError } from "../model/errors.ts";
import { closest } from "../model/text.ts";
import { merge, type Entry, type Wanted } from "../logs/entries.ts";
import { follow } from "../logs/follow.ts";
import { layoutOf, readStatus } from "../runtimes/host/control.ts";
import { usage, type CommandDef, type Context } from "./command.ts";
import { entryDocument, entryText, logFiles, logNames } from "./log-entries.ts";

const logs = {
  name: "logs",
  summary: "what services wrote, merged by time",
  usage: "[SERVICE..] [-f] [--since 10m|TIME] [--lines N] [--batch ID] [--delivery ID]",
  examples: [
    "logs",
    "logs dispatcher steps -f",
    "logs airflow --since 10m    (all services whose names begin so)",
    "logs --batch b1m87p37wbq485    (one batch through all services)",
    "logs --since 2026-11-24T10:00:00Z --json",
  ],
  options: {
    follow: { type: "boolean", short: "f", summary: "go on with what comes, until Ctrl-C" },
    since: {
      type: "string",
      placeholder: "WHEN",
      summary: "from then on: 30s, 10m, 2h, 1d, or a time in UTC",
    },
    lines: {
      type: "string",
      placeholder: "N",
      summary: "so many entries of each service (30; all with --since, --batch or --delivery)",
    },
    batch: { type: "string", placeholder: "ID", summary: "only what names this batch" },
    delivery: { type: "string", placeholder: "ID", summary: "only what names this delivery" },
  },
  async run(context) {
    const layout = layoutOf(context.checkout, context.stack);
    const services = wantedServices(context.args);
    if (!existsSync(layout.logs))
      throw new KitError({
        code: "STACK_NOT_RUNNING",
        what: `stack '${context.stack}' of this checkout has no logs`,
        why: `there is no ${layout.logs}: it was never started, or purged`,
        fix: devCommand(context.stack),
        exit: Exit.notRunning,
      });
    const wanted = wantedEntries(context.options);
    const count = wantedCount(context.options, wanted);
    const files = await logFiles(context, services, wanted, count);
    const entries = merge(files.map((file) => file.entries));
    if (context.options["follow"]) return followed(context, files, entries, wanted);
    return {
      document: {
        state: readStatus(layout)?.state ?? "stopped",
        entries: entries.map(entryDocument),
      },
      text: entries.map((entry) => entryText(entry, context.style)).join("\n"),
    };
  },
} satisfies CommandDef;
export default logs;

async function followed(
  context: Context,
  files: { path: string; service: string; end: number }[],
  before: Entry[],
  { ids }: Wanted,
) {
  const give = (entries: Entry[]) => {
    for (const entry of entries)
      if (context.json) context.emit({ entries: [entryDocument(entry)] });
      else context.say(entryText(entry, context.style));
  };
  give(before);
  const deadline = context.timeoutSeconds;
  const signal =
    deadline === null
      ? context.signal
      : AbortSignal.any([context.signal, AbortSignal.timeout(deadline * 1000)]);
  await follow(files, ids ? { ids } : {}, signal, give);
  // An end is what it waits for: nothing is printed of it.
  const failure = context.signal.aborted
    ? new KitError({ code: "INTERRUPTED", what: "interrupted", exit: Exit.interrupted })
    : new KitError({
        code: "DEADLINE_PASSED",
        what: "followed as long as asked",
        exit: Exit.deadline,
      });
  return { failure, document: null };
}

function wantedServices(asked: string[]): string[] {
  if (asked.length === 0) return logNames;
  return [
    ...new Set(
      asked.flatMap((name) => {
        const found = logNames.filter((known) => known === name || known.startsWith(`${name}-`));
        if (found.length > 0) return found;
        const near = closest(name, logNames);
        throw new KitError({
          code: "NO_SUCH_SERVICE",
          what: `there is no service '${name}'`,
          why: `the stack has ${logNames.join(", ")}`,
          fix: near ? `did you mean \`./gridata logs ${near}\`?` : `./gridata logs ${logNames[0]}`,
          exit: Exit.notFound,
        });
      }),
    ),
  ];
}

function wantedEntries(options: Context["options"]): Wanted {
  const ids = [options["batch"], options["delivery"]].filter((id) => typeof id === "string");
  const since = options["since"] === undefined ? undefined : parseSince(String(options["since"]));
  return { ...(ids.length > 0 && { ids }), ...(since !== undefined && { since }) };
}

function wantedCount(options: Context["options"], wanted: Wanted): number | null {
  const lines = options["lines"];
  if (lines === undefined) return wanted.since === undefined && !wanted.ids ? 30 : null;
  if (!/^\d+$/.test(String(lines)))
    throw usage(logs, `--lines takes a number, not '${String(lines)}'`);
  return Number(lines);
}

const unitMs: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 };

/** Milliseconds since the epoch. Times without a zone are UTC, as all that the kit prints. */
export function parseSince(text: string, now = Date.now()): number {
  const ago = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text);
  if (ago) return now - Number(ago[1]) * unitMs[ago[2]!]!;
  const time = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const zone = time?.[1] && !time[4] ? "Z" : "";
  const at = time ? Date.parse(text.replace(" ", "T") + zone) : Number.NaN;
  if (Number.isNaN(at))
    throw usage(
      logs,
      `--since takes 30s, 10m, 2h, 1d or a time such as 2026-11-24T10:00, not '${text}'`,
    );
  return at;
}
