/** `contracts check`: every contract of the checkout, with all problems at once. */
import type { Problem } from "../contracts/index.ts";
import { KitError } from "../model/errors.ts";
import { usage, type CommandDef } from "./command.ts";
import { checkoutContracts } from "./standard.ts";
import { columns } from "./style.ts";

const contracts = {
  name: "contracts",
  summary: "check the contracts of this checkout",
  usage: "check",
  examples: ["contracts check", "contracts check --json"],
  options: {},
  async run(context) {
    if (context.args[0] !== "check" || context.args.length > 1)
      throw usage(contracts, "say what to do with the contracts");
    const compiled = await checkoutContracts(context);
    const { style } = context;
    return {
      ...(compiled.problems[0] && { failure: broken(compiled.problems) }),
      document: compiled as unknown as Record<string, unknown>,
      text: [
        columns(
          [
            ["dataset", "version", "table", "format", "mode", "columns"],
            ...compiled.contracts.map((c) => [
              `${c.domain}.${c.dataset}`,
              c.version,
              c.table,
              c.format,
              c.mode,
              String(c.columns.length),
            ]),
          ],
          style.dim,
        ),
        ...compiled.problems.map(
          (p) => `${style.red(p.code)} ${p.file}:${p.line}:${p.column} ${p.what} (${p.fix})`,
        ),
        "",
        `${compiled.contracts.length} contracts, ${compiled.problems.length} problems`,
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default contracts;

/** All problems are in the document; the first one is its error. */
function broken(problems: readonly Problem[]): KitError {
  const { code, file, line, column, what, fix } = problems[0]!;
  return new KitError({ code, what: `${file}:${line}:${column} ${what}`, fix });
}
