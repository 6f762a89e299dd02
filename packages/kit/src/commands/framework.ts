/** The one way in which all commands take arguments, print and exit: docs/cli.md. */
import { parseArgs } from "node:util";
import { Exit, type ExitCode, KitError } from "../model/errors.ts";
import { checkName } from "../model/names.ts";
import { closest } from "../model/text.ts";
import {
  usage,
  type CommandDef,
  type Context,
  type OptionDef,
  type OptionValue,
} from "./command.ts";
import { formatHelp } from "./help.ts";
import { groups, registry } from "./registry.ts";
import { style } from "./style.ts";

const globalOptions: Record<string, OptionDef> = {
  json: { type: "boolean", summary: "one JSON document on standard output" },
  stack: { type: "string", placeholder: "NAME", summary: "which stack of this checkout" },
  world: { type: "string", placeholder: "NAME", summary: "which world of the stack" },
  timeout: { type: "string", placeholder: "SECONDS", summary: "give up after so long" },
  "no-color": { type: "boolean", summary: "plain text" },
  help: { type: "boolean", short: "h", summary: "this help" },
};

interface Streams {
  out(text: string): void;
  err(text: string): void;
}

const streams: Streams = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
};

/** Runs one command line. Never throws for what a user did; a bug keeps its stack. */
export async function main(argv: string[], checkout: string): Promise<ExitCode> {
  const json = argv.includes("--json");
  const color = useColor(argv, json);
  let command: CommandDef | null = null;
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  // Whoever read it has enough: `logs | head`.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(Exit.done);
  });
  try {
    const [name, ...rest] = commandWords(argv);
    if (!name) {
      streams.out(await formatHelp(groups, globalOptions, style(color)));
      return argv.includes("--help") || argv.includes("-h") || argv.length === 0
        ? Exit.done
        : Exit.usage;
    }
    command = await load(name);
    const context = parse(command, rest, { checkout, json, color, signal: abort.signal });
    if (context === "help") {
      streams.out(await formatHelp(groups, globalOptions, style(color), command));
      return Exit.done;
    }
    const outcome = await command.run(context);
    const { failure, document } = outcome;
    const exit = failure?.exit ?? Exit.done;
    if (json && document) {
      const error = failure && { error: failure.toDocument() };
      streams.out(documentLine(command.name, !failure, { ...document, ...error }));
    } else if (!json && outcome.text) {
      streams.out(outcome.text.endsWith("\n") ? outcome.text : `${outcome.text}\n`);
    }
    return exit;
  } catch (error) {
    return fail(error, command?.name ?? "gridata", json, color, abort.signal);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

const documentLine = (name: string, ok: boolean, members: Record<string, unknown>) =>
  `${JSON.stringify({ schema: `gridata.${name}/1`, ok, ...members })}\n`;

/** Short for another command line. */
const aliases: Record<string, string[]> = { e2e: ["test", "e2e"] };

/** Global options may stand before the command; pull it to the front. */
function commandWords(argv: string[]): string[] {
  const before: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (!word.startsWith("-"))
      return [...(aliases[word] ?? [word]), ...before, ...argv.slice(i + 1)];
    before.push(word);
    const option = globalOptions[word.replace(/^--/, "")];
    if (option?.type === "string" && i + 1 < argv.length) before.push(argv[++i]!);
  }
  return [];
}

async function load(name: string): Promise<CommandDef> {
  const loader = registry[name];
  if (loader) return (await loader()).default;
  const near = closest(name, Object.keys(registry));
  throw new KitError({
    code: "USAGE_UNKNOWN_COMMAND",
    what: `there is no command \`${name}\``,
    fix: near ? `did you mean \`./gridata ${near}\`?` : "`./gridata --help` lists them",
    exit: Exit.usage,
  });
}

function parse(
  command: CommandDef,
  words: string[],
  given: { checkout: string; json: boolean; color: boolean; signal: AbortSignal },
): Context | "help" {
  const definitions = { ...globalOptions, ...command.options };
  let values: Record<string, OptionValue>;
  let positionals: string[];
  try {
    const parsed = parseArgs({
      args: words,
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(definitions).map(([name, { type, short, multiple }]) => [
          name,
          { type, ...(short && { short }), ...(multiple && { multiple }) },
        ]),
      ),
    });
    values = parsed.values as Record<string, OptionValue>;
    positionals = parsed.positionals;
  } catch (error) {
    throw usage(command, (error as Error).message.split(". ")[0]!);
  }
  if (values.help) return "help";
  return {
    ...given,
    args: positionals,
    options: values,
    cwd: process.env.GRIDATA_CWD ?? process.cwd(),
    stack: checkName("stack", String(values.stack ?? process.env.GRIDATA_STACK ?? "default")),
    world: checkName("world", String(values.world ?? process.env.GRIDATA_WORLD ?? "default")),
    timeoutSeconds: parseTimeout(command, values.timeout),
    tty: process.stdout.isTTY === true && !given.json,
    emit: (document) => streams.out(documentLine(command.name, true, document)),
    say: (line) => (given.json ? streams.err : streams.out)(`${line}\n`),
    style: style(given.color),
  };
}

function parseTimeout(command: CommandDef, value: OptionValue): number | null {
  if (value === undefined) return null;
  const seconds = Number(value);
  if (!(seconds > 0)) throw usage(command, `--timeout takes seconds, not '${String(value)}'`);
  return seconds;
}

function useColor(argv: string[], json: boolean): boolean {
  if (json || argv.includes("--no-color") || process.env.NO_COLOR) return false;
  return process.stdout.isTTY === true;
}

function fail(
  error: unknown,
  name: string,
  json: boolean,
  color: boolean,
  signal: AbortSignal,
): ExitCode {
  const known =
    error instanceof KitError
      ? error
      : signal.aborted
        ? new KitError({ code: "INTERRUPTED", what: "interrupted", exit: Exit.interrupted })
        : null;
  const shown =
    known ??
    new KitError({
      code: "INTERNAL",
      what: "this is a bug in Gridata",
      why: error instanceof Error ? (error.stack ?? error.message) : String(error),
      fix: "report it with the lines above",
    });
  if (json) streams.out(documentLine(name, false, { error: shown.toDocument() }));
  const { red, bold, dim } = style(color);
  const lines = [`${red("error")} ${bold(shown.code)}: ${shown.what}`];
  // Lines of a log, or a place under which a caret stands, keep their columns.
  if (shown.why?.includes("\n") || /^LINE \d/.test(shown.why ?? ""))
    lines.push(...shown.why!.split("\n").map((line) => `  ${dim("|")} ${line}`));
  else if (shown.why) lines.push(`  ${dim("why:")} ${shown.why}`);
  if (shown.fix) lines.push(`  ${dim("fix:")} ${shown.fix}`);
  if (shown.detail) lines.push(...shown.detail.split("\n").map((line) => `  ${dim("|")} ${line}`));
  streams.err(`${lines.join("\n")}\n`);
  return shown.exit;
}
