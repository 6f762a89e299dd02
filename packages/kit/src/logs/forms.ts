/** The forms in which the programs of a stack write a line of their log. Pure. */
import { parseJson64 } from "../clients/json64.ts";
import { parseRunId } from "../model/names.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a line that begins an entry says. */
export interface Head {
  /** RFC 3339 in UTC with milliseconds; null where the form has none. */
  time: string | null;
  level: LogLevel | null;
  message: string;
  fields: Record<string, unknown>;
}

type Form = (line: string) => Head | null;

/** Null: the line is of no known form; it goes on with the entry before it, or is one by itself. */
export function readHead(line: string): Head | null {
  for (const form of forms) {
    const head = form(line);
    if (head) return head;
  }
  return null;
}

/** Ours: one JSON object a line. Another program's object without a message stays text. */
const json: Form = (line) => {
  if (!line.startsWith("{")) return null;
  try {
    const {
      time,
      level,
      service: _,
      msg,
      ...fields
    } = parseJson64(line) as Record<string, unknown>;
    if (typeof msg !== "string") return null;
    return { time: timeOf(String(time)), level: levelOf(String(level)), message: msg, fields };
  } catch {
    return null;
  }
};

/** `2026-11-24T21:06:14.481573Z [info     ] Starting   [airflow.jobs] loc=job.py:1 run_id=default.b1m87p37wbq485.1` */
const airflow: Form = (line) => {
  const found = /^(\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:\d\d)) \[(\w+) *\] (.*)$/.exec(line);
  if (!found) return null;
  const [, time, level, rest] = found as unknown as [string, string, string, string];
  const parts = /^(.*?)\s+\[([\w.]+)\](?: ((?:\w+=.*)?))?$/.exec(rest);
  if (!parts)
    return { time: timeOf(time), level: levelOf(level), message: rest.trim(), fields: {} };
  const fields: Record<string, unknown> = { logger: parts[2]! };
  for (const [, name, value] of (parts[3] ?? "").matchAll(/(\w+)=('[^']*'|"[^"]*"|\S*)/g))
    fields[name!] = value!.replace(/^(['"])(.*)\1$/, "$2");
  const run = parseRunId(String(fields["run_id"]));
  return {
    ...{ time: timeOf(time), level: levelOf(level), message: parts[1]! },
    fields: { ...fields, ...run },
  };
};

/** `2026-11-24 21:05:58.626 UTC [15699] airflow@airflow ERROR:  relation "log" does not exist` */
const postgres: Form = (line) => {
  const found = /^(\d{4}-\d\d-\d\d [\d:.]+) UTC \[(\d+)\] (?:(\S+@\S+) )?([A-Z]+\d?): +(.*)$/.exec(
    line,
  );
  if (!found) return null;
  const [, time, pid, client, word, message] = found as unknown as string[];
  const level = levelOf(word!);
  return {
    time: timeOf(`${time}Z`),
    level: level ?? "info",
    // Of a failure the statement, the detail and the hint are lines of their own.
    message: level || word === "LOG" ? message! : `${word}: ${message}`,
    fields: { pid: Number(pid), ...(client && { client }) },
  };
};

/** `2026-11-24T21:06:06.194Z INFO kafka.server.Broker - started`, or with `[main]` for the time. */
const slf4j: Form = (line) => {
  const found =
    /^(?:(\d{4}-\d\d-\d\dT[\d:.]+Z)|\[([^\]]+)\]) (TRACE|DEBUG|INFO|WARN|ERROR) (\S+) - (.*)$/.exec(
      line,
    );
  if (!found) return null;
  const [, time, thread, level, logger, message] = found as unknown as string[];
  return {
    ...{ time: time ? timeOf(time) : null, level: levelOf(level!), message: message! },
    fields: { logger, ...(thread && { thread }) },
  };
};

/** `26/11/24 21:06:22 WARN SparkConf: text`. The processes of a stack run in UTC. */
const spark: Form = (line) => {
  const found = /^(\d\d)\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d) ([A-Z]+) (\S+): (.*)$/.exec(line);
  if (!found) return null;
  const [, year, month, day, time, level, logger, message] = found as unknown as string[];
  return {
    time: timeOf(`20${year}-${month}-${day}T${time}Z`),
    level: levelOf(level!),
    message: message!,
    fields: { logger },
  };
};

/** `API: SYSTEM.notify` begins a block of lines; `timeOfBlock` finds the time in it. */
const minio: Form = (line) =>
  /^(API|INFO|WARNING|ERROR|FATAL): /.test(line)
    ? {
        time: null,
        level: line.startsWith("API") ? "error" : levelOf(line.slice(0, line.indexOf(":"))),
        message: line,
        fields: {},
      }
    : null;

const forms: readonly Form[] = [json, airflow, slf4j, postgres, spark, minio];

/** `Time: 17:51:47 UTC 11/24/2026`, a line of the store's blocks. */
export function timeOfBlock(text: string): string | null {
  const found = /^Time: ([\d:]+) UTC (\d\d)\/(\d\d)\/(\d{4})$/m.exec(text);
  return found && timeOf(`${found[4]}-${found[2]}-${found[3]}T${found[1]}Z`);
}

function timeOf(text: string): string | null {
  const at = new Date(text.replace(" ", "T"));
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

const words: Record<string, LogLevel> = {
  ...{ trace: "debug", debug: "debug", info: "info", notice: "info", log: "info" },
  ...{ warn: "warn", warning: "warn", error: "error", fatal: "error", panic: "error" },
  critical: "error",
};
const levelOf = (word: string): LogLevel | null => words[word.toLowerCase()] ?? null;
