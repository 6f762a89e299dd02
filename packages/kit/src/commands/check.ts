/** `check`: what would become of a file, by the same validator, without a stack. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Exit, KitError } from "../model/errors.ts";
import { parseDataset } from "../model/names.ts";
import { closest } from "../model/text.ts";
import { badRecords } from "./bad-records.ts";
import { usage, type CommandDef } from "./command.ts";
import { examine } from "./examine.ts";
import { checkoutContracts } from "./standard.ts";
import { textLines } from "./text-lines.ts";

const check = {
  name: "check",
  summary: "validate a file without a stack",
  usage: "FILE --to DOMAIN.DATASET",
  examples: ["check my.csv --to sales.transactions"],
  options: {
    to: { type: "string", placeholder: "D.DS", summary: "the dataset, as in sales.transactions" },
  },
  async run(context) {
    const [given, ...rest] = context.args;
    const to = context.options["to"];
    if (!given || rest.length > 0 || typeof to !== "string")
      throw usage(check, "name one file and its dataset");
    const file = resolve(context.cwd, given);
    if (!existsSync(file))
      throw new KitError({
        code: "FILE_NOT_FOUND",
        what: `there is no file ${given}`,
        why: `looked for ${file}`,
        fix: "check the path",
        exit: Exit.notFound,
      });
    const { domain, dataset } = parseDataset(to);
    const { contracts, problems } = await checkoutContracts(context);
    const contract = contracts.find((c) => c.domain === domain && c.dataset === dataset);
    if (!contract) {
      const known = contracts.map((c) => `${c.domain}.${c.dataset}`);
      const broken = problems.find((p) => p.file === `contracts/${domain}/${dataset}.odcs.yaml`);
      const near = closest(to, known);
      throw new KitError({
        code: broken ? "CONTRACT_BROKEN" : "NO_CONTRACT",
        what: `no contract in effect takes files of ${to}`,
        why: broken
          ? `${broken.file}:${broken.line}:${broken.column} ${broken.what}`
          : `there are contracts of ${known.join(", ") || "nothing"}`,
        fix: broken
          ? broken.fix
          : near
            ? `did you mean ${near}?`
            : `write contracts/${domain}/${dataset}.odcs.yaml`,
        exit: Exit.notFound,
      });
    }
    const examined = await examine(context, file, contract);
    const { refused } = examined;
    const shown = examined.problems.slice(0, 20);
    const lines = await textLines(file, contract, new Set(shown.map(({ line }) => line ?? 0)));
    return {
      ...(refused && { failure: refusal(given, refused, contract.source) }),
      document: {
        ...examined,
        records: counted(examined.records),
        accepted: counted(examined.accepted),
        rejected: counted(examined.rejected),
        refused: undefined,
        table: contract.table,
        reason: refused?.reason ?? null,
      },
      text: [
        ...(shown.length > 0 ? [badRecords(shown, lines, context.style), ""] : []),
        refused
          ? `${context.style.red("rejected")} ${refused.code}: ${refused.reason}`
          : `${context.style.green("accepted")}: ${examined.accepted} of ${examined.records} records for ${contract.table}, ${examined.rejected} rejected`,
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default check;

/** Counts of records are 64-bit integers: text, as in the ledger. */
const counted = (count: number | null) => (count === null ? null : String(count));

const refusal = (
  file: string,
  { code, reason }: { code: string; reason: string },
  source: string,
) =>
  new KitError({
    code,
    what: `${file} would be rejected`,
    why: reason,
    fix: `mend the file, or what ${source} says of it`,
    exit: Exit.refused,
  });
