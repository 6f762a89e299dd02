/** A release: contracts and step code as one immutable folder, named by its content, which a batch is pinned to. */
import { createHash, type Hash } from "node:crypto";
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
  return compileEach(checkout, standard, (_file, text) => text);
}

/** Compiles every contract. `keep` is told of each text whether it is good, and names the text to use instead of a bad one, if any. */
function compileEach(
  checkout: string,
  standard: Standard,
  keep: (file: string, text: string, good: boolean) => string,
): { contracts: CompiledContract[]; problems: Problem[] } {
  const code = hashFiles(checkout, pipelineSource).digest("hex");
  const contracts: CompiledContract[] = [];
  const problems: Problem[] = [];
  for (const file of contractFiles(checkout)) {
    const saved = readFileSync(join(checkout, file), "utf8");
    let compiled = compileContract(file, saved, standard);
    problems.push(...compiled.problems);
    const text = keep(file, saved, compiled.contract !== null);
    if (text !== saved) compiled = compileContract(file, text, standard);
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
  const { contracts, problems } = compileEach(checkout, standard, (file, text, isGood) => {
    const kept = join(good, file);
    if (isGood) {
      mkdirSync(dirname(kept), { recursive: true });
      writeFileSync(kept, text);
      return text;
    }
    return existsSync(kept) ? readFileSync(kept, "utf8") : text;
  });
  const hash = hashFiles(checkout, pipelineSource);
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

/** A hash of the paths and contents below a folder of the checkout, to be gone on with. */
function hashFiles(checkout: string, dir: string, hash = createHash("sha256")): Hash {
  for (const path of filesBelow(checkout, dir))
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(checkout, path)))
      .update("\0");
  return hash;
}

function fingerprint(
  checkout: string,
  contract: { domain: string; dataset: string },
  text: string,
  code: string,
): string {
  const hash = createHash("sha256").update(text).update("\0").update(code).update("\0");
  return hashFiles(checkout, `spark-jobs/${contract.domain}_${contract.dataset}`, hash).digest(
    "hex",
  );
}
