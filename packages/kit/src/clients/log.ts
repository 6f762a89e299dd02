/** The log of a process of ours: one JSON object a line on stdout, which the runtime has made a file. */

/** `world batch attempt delivery` are the members that join the logs of all parts. */
export type Fields = Record<string, unknown>;
export type Level = "debug" | "info" | "warn" | "error";

export interface Logger {
  debug(msg: string, fields?: Fields): void;
  info(msg: string, fields?: Fields): void;
  warn(msg: string, fields?: Fields): void;
  error(msg: string, fields?: Fields): void;
  /** A logger whose every line carries these members. */
  with(fields: Fields): Logger;
}

export function createLogger(
  service: string,
  write: (line: string) => void = (line) => process.stdout.write(line),
  form: string | undefined = process.env["GRIDATA_LOG"],
  bound: Fields = {},
): Logger {
  const line = (level: Level) => (msg: string, fields?: Fields) => {
    const record = {
      time: new Date().toISOString(),
      level,
      service,
      msg,
      ...bound,
      ...(fields && plain(fields)),
    };
    write(form === "text" ? forPeople(record) : `${JSON.stringify(record)}\n`);
  };
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    with: (fields) => createLogger(service, write, form, { ...bound, ...fields }),
  };
}

/** An error as text: its message, and where it came from when it is a bug. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An AggregateError of a refused connection has an empty message of its own.
  if (error instanceof AggregateError && !error.message)
    return error.errors.map(errorText).join("; ");
  return error.message || error.name;
}

function plain(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? errorText(value) : typeof value === "bigint" ? String(value) : value,
    ]),
  );
}

function forPeople({ time, level, service, msg, ...fields }: Fields): string {
  const rest = Object.entries(fields)
    .map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
  return `${String(time).slice(11, 23)} ${String(level).padEnd(5)} ${service}: ${msg}${rest}\n`;
}
