/** `contracts infer`: a first contract from a file, tried on that very file. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { compileContract, writeContract, type Draft, type Standard } from "../contracts/index.ts";
import { Exit, KitError } from "../model/errors.ts";
import { parseDataset } from "../model/names.ts";
import type { Context, Outcome } from "./command.ts";
import { examine, type Examined } from "./examine.ts";
import { runPipeline } from "./pipeline.ts";
import { standardOf } from "./standard.ts";

type Answer = (Draft & { refused: null }) | { refused: { code: string; reason: string } };

export async function infer(context: Context, given: string): Promise<Outcome> {
  const file = resolve(context.cwd, given);
  if (!existsSync(file))
    throw new KitError({
      code: "FILE_NOT_FOUND",
      what: `there is no file ${given}`,
      why: `looked for ${file}`,
      fix: "check the path",
      exit: Exit.notFound,
    });
  const to = context.options["to"];
  const place =
    typeof to === "string" ? parseDataset(to) : { domain: "drafts", dataset: datasetOf(file) };
  const path = `contracts/${place.domain}/${place.dataset}.odcs.yaml`;
  const target = join(context.checkout, path);
  if (typeof to === "string" && existsSync(target))
    throw new KitError({
      code: "CONTRACT_EXISTS",
      what: `there is a contract of ${to} already`,
      why: `${path} would be overwritten`,
      fix: "name another dataset, or leave --to out and compare what is printed",
    });
  const answer = await runPipeline<Answer>(context, "gridata.infer", [file]);
  if (answer.refused)
    throw new KitError({
      code: answer.refused.code,
      what: `no contract can be inferred from ${given}`,
      why: answer.refused.reason,
      fix: "check the file",
      exit: Exit.refused,
    });
  const standard = await standardOf(context);
  const of = { file: basename(file), ...place };
  const { text, tried } = await draftFor(context, standard, file, answer, of, path);
  if (typeof to === "string") {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text, { flag: "wx" });
  }
  const { notes } = answer;
  const { style } = context;
  return {
    document: {
      path: typeof to === "string" ? path : null,
      contract: text,
      notes,
      records: tried.records === null ? null : String(tried.records),
      ...{ accepted: String(tried.accepted), reason: tried.refused?.reason ?? null },
    },
    text:
      typeof to === "string"
        ? [
            ...notes.map(
              (note) => `${style.dim((note.column ?? "the table").padEnd(20))} ${note.text}`,
            ),
            "",
            `${style.green("written")} ${path}: it takes ${tried.accepted} of the ${tried.records ?? 0} records of this file`,
            `next: read the guesses, then ./gridata check ${given} --to ${to}`,
          ].join("\n")
        : text.trimEnd(),
  };
}

/** The contract as text, after the validator had the file by it; with a threshold that lets the file's own bad records pass. */
async function draftFor(
  context: Context,
  standard: Standard,
  file: string,
  draft: Draft,
  of: { file: string; domain: string; dataset: string },
  path: string,
): Promise<{ text: string; tried: Examined }> {
  let text = writeContract(draft, { ...of, errorThreshold: "0" });
  let tried = await tryOut(context, standard, file, path, text);
  const bad = tried.rejected ?? 0;
  if (tried.refused?.code === "TOO_MANY_BAD_RECORDS" && tried.records) {
    const share = [1, 2, 5, 10, 20, 50].find((one) => bad / tried.records! <= one / 100);
    if (share !== undefined) {
      const [first] = tried.problems;
      draft.notes.push({
        column: null,
        text: `${bad} of its ${tried.records} records fit nothing that the others do${first ? ` (line ${first.line}: ${first.rule})` : ""}: up to ${share}% bad records are let pass`,
      });
      text = writeContract(draft, { ...of, errorThreshold: `${share}%` });
      tried = await tryOut(context, standard, file, path, text);
    }
  }
  if (tried.refused) {
    draft.notes.push({
      column: null,
      text: `the validator does not take this file yet: ${tried.refused.reason}`,
    });
    text = writeContract(draft, { ...of, errorThreshold: "0" });
  }
  return { text, tried };
}

async function tryOut(
  context: Context,
  standard: Standard,
  file: string,
  path: string,
  text: string,
): Promise<Examined> {
  const { contract, problems } = compileContract(path, text, standard);
  if (!contract)
    throw new Error(
      `the draft is no contract: ${problems.map(({ line, what }) => `${line}: ${what}`).join("; ")}\n${text}`,
    );
  return examine(context, file, contract);
}

/** A dataset's name from the name of a file. */
function datasetOf(file: string): string {
  const name = basename(file)
    .replace(/\..*$/, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^[^a-z]+|_+$/g, "")
    .slice(0, 60);
  return name || "dataset";
}
