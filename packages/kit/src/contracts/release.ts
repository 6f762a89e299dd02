/** A release: contracts and step code as one immutable folder, named by its content, which a batch is pinned to. */
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import type { CompiledContract, ReleaseManifest } from "../model/contract.ts";
import { compileContract } from "./compile.ts";
import type { Problem } from "./source.ts";
import type { Standard } from "./standard.ts";

export interface ReleaseBuild {
  /** Null when nothing could be released: no contract was ever good. */
  release: string | null;
  dir: string;
  manifest: ReleaseManifest;
  problems: Problem[];
}

const pipelineSource = "pipeline/src";

/** Paths of all contracts of a checkout, relative to it. */
export const contractFiles = (checkout: string): string[] =>
  filesBelow(checkout, "contracts").filter((path) => path.endsWith(".odcs.yaml"));

export function compileContracts(
  checkout: string,
  standard: Standard,
): {
  contracts: CompiledContract[];
  problems: Problem[];
} {
  const code = codeHash(checkout);
  const contracts: CompiledContract[] = [];
  const problems: Problem[] = [];
  for (const file of contractFiles(checkout)) {
    const text = readFileSync(join(checkout, file), "utf8");
    const compiled = compileContract(file, text, standard);
    problems.push(...compiled.problems);
    if (compiled.contract)
      contracts.push({
        ...compiled.contract,
        fingerprint: fingerprint(checkout, compiled.contract, text, code),
      });
  }
  return { contracts, problems };
}

/**
 * Compiles what the checkout holds and writes `releases/<id>/`. A contract that doesn't compile stays as it last was good;
 * its problems are told.
 */
export async function buildRelease(
  checkout: string,
  stateDir: string,
  standard: Standard,
): Promise<ReleaseBuild> {
  const releases = join(stateDir, "releases");
  const good = join(releases, "good");
  const code = codeHash(checkout);
  const problems: Problem[] = [];
  const contracts: CompiledContract[] = [];
  for (const file of contractFiles(checkout)) {
    let text = readFileSync(join(checkout, file), "utf8");
    let compiled = compileContract(file, text, standard);
    problems.push(...compiled.problems);
    const kept = join(good, file);
    if (compiled.contract) {
      mkdirSync(dirname(kept), { recursive: true });
      writeFileSync(kept, text);
    } else if (existsSync(kept)) {
      text = readFileSync(kept, "utf8");
      compiled = compileContract(file, text, standard);
    }
    if (compiled.contract)
      contracts.push({
        ...compiled.contract,
        fingerprint: fingerprint(checkout, compiled.contract, text, code),
      });
  }
  const hash = createHash("sha256").update(code);
  for (const contract of contracts) hash.update(contract.source).update(contract.fingerprint);
  const release = hash.digest("hex").slice(0, 16);
  const dir = join(releases, release);
  const manifest: ReleaseManifest = { schema: "gridata.release/1", release, contracts };
  if (!existsSync(dir)) {
    const work = `${dir}.${process.pid}`;
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    cpSync(join(checkout, pipelineSource), join(work, "pipeline"), {
      recursive: true,
      filter: isSource,
    });
    if (existsSync(join(checkout, "spark-jobs")))
      cpSync(join(checkout, "spark-jobs"), join(work, "spark-jobs"), {
        recursive: true,
        filter: isSource,
      });
    writeFileSync(join(work, "contracts.json"), JSON.stringify(manifest, null, 2));
    renameSync(work, dir);
  }
  return { release, dir, manifest, problems };
}

const isSource = (path: string) => !path.includes("__pycache__");

function filesBelow(checkout: string, dir: string): string[] {
  const root = join(checkout, dir);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isSource(entry.parentPath))
    .map((entry) => relative(checkout, join(entry.parentPath, entry.name)))
    .toSorted();
}

function codeHash(checkout: string): string {
  const hash = createHash("sha256");
  for (const path of filesBelow(checkout, pipelineSource))
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(checkout, path)))
      .update("\0");
  return hash.digest("hex");
}

function fingerprint(
  checkout: string,
  contract: { domain: string; dataset: string },
  text: string,
  code: string,
): string {
  const hash = createHash("sha256").update(text).update("\0").update(code).update("\0");
  for (const path of filesBelow(checkout, `spark-jobs/${contract.domain}_${contract.dataset}`))
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(checkout, path)))
      .update("\0");
  return hash.digest("hex");
}
