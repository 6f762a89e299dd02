/** `contracts check`: every contract of the checkout, with all problems at once. `contracts infer`: a first one from a file. */
import type { Problem } from "../contracts/index.ts";
import { KitError } from "../model/errors.ts";
import { usage, type CommandDef, type Outcome } from "./command.ts";
import { infer } from "./infer.ts";
import { savedChanges, type SavedChange } from "./saved-changes.ts";
import { checkoutContracts, standardOf } from "./standard.ts";
import { columns, type Style } from "./style.ts";

const contracts = {
  name: "contracts",
  summary: "check the contracts of this checkout, or infer one from a file",
  usage: "check | infer FILE [--to D.DS]",
  examples: [
    "contracts check",
    "contracts infer my.csv",
    "contracts infer my.csv --to sales.returns",
  ],
  options: {
    to: {
      type: "string",
      placeholder: "D.DS",
      summary: "infer: write the contract of this dataset",
    },
  },
  async run(context): Promise<Outcome> {
    const [action, file, ...rest] = context.args;
    if (action === "infer" && file !== undefined && rest.length === 0) return infer(context, file);
    if (action !== "check" || file !== undefined || context.options["to"] !== undefined)
      throw usage(contracts, "say what to do with the contracts");
    const compiled = await checkoutContracts(context);
    const changes = await savedChanges(context, compiled.contracts, await standardOf(context));
    const { style } = context;
    return {
      ...(compiled.problems[0] && { failure: broken(compiled.problems) }),
      document: { ...compiled, changes },
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
        ...changes.map((change) => tell(change, style)),
        "",
        `${compiled.contracts.length} contracts, ${compiled.problems.length} problems`,
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default contracts;

const tell = ({ dataset, effect, what, against }: SavedChange, style: Style): string => {
  const when = {
    "next-batch": style.green("with the next batch"),
    migration: style.red("not in effect until migrated"),
  }[effect];
  return `${dataset} ${when}: ${what}${against === "table" ? " (its published table)" : ""}`;
};

/** All problems are in the document; the first one is its error. */
function broken(problems: readonly Problem[]): KitError {
  const { code, file, line, column, what, fix } = problems[0]!;
  return new KitError({ code, what: `${file}:${line}:${column} ${what}`, fix });
}
