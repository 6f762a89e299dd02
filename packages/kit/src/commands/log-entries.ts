/** Entries of the logs of a stack, for programs and for people. Shared by `logs` and `trace --logs`. */
import { join } from "node:path";
import { merge, type Entry, type Wanted } from "../logs/entries.ts";
import { readEntries } from "../logs/read.ts";
import { layoutOf } from "../runtimes/host/control.ts";
import { stackDef } from "../services/index.ts";
import type { Context } from "./command.ts";
import type { Style } from "./style.ts";

/** Whose logs there are. */
export const logNames = [...stackDef.services.map(({ name }) => name), "supervisor"];

/** The log files of services, each with its entries and where it ended when they were read. */
export function logFiles(
  { checkout, stack }: Pick<Context, "checkout" | "stack">,
  services: readonly string[],
  wanted: Wanted,
  count: number | null,
) {
  const { logs } = layoutOf(checkout, stack);
  return Promise.all(
    services.map(async (service) => {
      const path = join(logs, `${service}.log`);
      return { path, service, ...(await readEntries(path, service, wanted, count)) };
    }),
  );
}

/** Entries of several services by time. */
export const entriesOf = async (...asked: Parameters<typeof logFiles>): Promise<Entry[]> =>
  merge((await logFiles(...asked)).map(({ entries }) => entries));

/** The members that every entry has win over those of the same name that a program wrote. */
export function entryDocument({ time, service, level, message, fields }: Entry) {
  const always = { time, service, level, message };
  return { ...always, ...fields, ...always };
}

/** Where a line came from in a program's source helps nobody who reads what happened. */
const unsaid = ["loc", "logger", "thread", "pid", "ti_id", "map_index", "try_number", "dag_id"];

export function entryText(entry: Entry, style: Style): string {
  const clock = entry.time
    ? `${entry.time.slice(5, 10)} ${entry.time.slice(11, 23)}`
    : " ".repeat(18);
  const fields = Object.entries(entry.fields)
    .filter(([name]) => !unsaid.includes(name))
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
  const paint =
    entry.level === "error" ? style.red : entry.level === "warn" ? style.yellow : (t: string) => t;
  return `${style.dim(clock)} ${style.cyan(entry.service)} ${paint(entry.message)}${style.dim(fields)}`;
}
