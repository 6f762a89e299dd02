/** What a command is. */
import { Exit, KitError } from "../model/errors.ts";
import type { Style } from "./style.ts";

export interface OptionDef {
  type: "string" | "boolean";
  short?: string;
  placeholder?: string;
  multiple?: boolean;
  summary: string;
}

export interface CommandDef {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** What stands after the name, as in `FILE.. --to D.DS`. */
  usage: string;
  examples: string[];
  options: Record<string, OptionDef>;
  run(context: Context): Promise<Outcome>;
}

export type OptionValue = string | boolean | string[] | undefined;

export interface Context {
  args: string[];
  options: Record<string, OptionValue>;
  /** Root of the checkout. */
  checkout: string;
  /** The folder the user stands in: relative paths in arguments start there. */
  cwd: string;
  stack: string;
  world: string;
  timeoutSeconds: number | null;
  json: boolean;
  color: boolean;
  tty: boolean;
  /** Aborted by Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  /** Progress for people: standard error with --json, else standard output. */
  say(line: string): void;
  /** Prints a document now, for a command that has one after the other. */
  emit(document: Record<string, unknown>): void;
  style: Style;
}

export interface Outcome {
  /** The command did its work, and what it found is a failure: the `error` of the document, and the exit code. */
  failure?: KitError;
  /** Members of the document; `schema` and `ok` are added. Null when the command has printed its documents itself (`logs -f`). */
  document: Record<string, unknown> | null;
  /** What people read instead of the document. */
  text?: string;
}

/** A mistake in the command line: exit 2, with the usage of the command. */
export function usage(command: Pick<CommandDef, "name" | "usage">, what: string): KitError {
  return new KitError({
    code: "USAGE",
    what,
    fix: `./gridata ${command.name} ${command.usage}`.trim(),
    exit: Exit.usage,
  });
}
