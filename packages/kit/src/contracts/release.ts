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
import { compileContract, type Compiled } from "./compile.ts";
import { jobOf, linkContracts, type Good, type Linked } from "./link.ts";
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

/** Contracts of the kit's own, in every release beside those of the checkout. */
const ownContractFiles = (checkout: string): string[] =>
  filesBelow(checkout, "packages/kit/contracts").filter((path) => path.endsWith(".odcs.yaml"));

export function compileContracts(
  checkout: string,
  standard: Standard,
): {
  contracts: CompiledContract[];
  problems: Problem[];
} {
  return compileEach(checkout, contractFiles(checkout), standard, (_file, text) => text);
}

/**
 * Compiles every contract and links them. `keep` is told of each text whether it is good, and names the text to use instead of a
 * bad one, if any.
 */
function compileEach(
  checkout: string,
  files: string[],
  standard: Standard,
  keep: (file: string, text: string, good: boolean) => string,
): { contracts: CompiledContract[]; problems: Problem[] } {
  const saved = new Map(files.map((file) => [file, readFileSync(join(checkout, file), "utf8")]));
  const compiled = [...saved].map(([file, text]) => ({
    ...{ file, text },
    ...compileContract(file, text, standard),
  }));
  const hasJob = (path: string) => existsSync(join(checkout, path));
  const alone = linkContracts(compiled.filter(isGood), hasJob);
  const effective = new Set(alone.linked.map((contract) => contract.source));
  const problems = [...compiled.flatMap((one) => one.problems), ...alone.problems];
  const used = compiled.map((one) => {
    const text = keep(one.file, one.text, effective.has(one.file));
    return text === one.text
      ? one
      : { file: one.file, text, ...compileContract(one.file, text, standard) };
  });
  const { linked } = linkContracts(used.filter(isGood), hasJob);
  const code = hashFiles(checkout, pipelineSource).digest("hex");
  const contracts = linked.map((contract) => ({
    ...contract,
    fingerprint: fingerprint(checkout, contract, code),
  }));
  return { contracts, problems };
}

const isGood = <T extends Compiled>(one: T): one is T & Good => one.contract !== null;

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
  const lastGood = join(releases, "good");
  const files = [...contractFiles(checkout), ...ownContractFiles(checkout)];
  const { contracts, problems } = compileEach(checkout, files, standard, (file, text, good) => {
    const kept = join(lastGood, file);
    if (good) {
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

/** Not what an editor or a copy keeps beside a file while it saves it. */
const isSource = (path: string) =>
  !path.includes("__pycache__") && !/(^|\/)\.[^/]+$|(~|\.part|\.tmp|\.swp)$/.test(path);

function filesBelow(checkout: string, dir: string): string[] {
  const root = join(checkout, dir);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isSource(join(entry.parentPath, entry.name)))
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

function fingerprint(checkout: string, contract: Linked, code: string): string {
  const hash = createHash("sha256").update(JSON.stringify(contract)).update("\0").update(code);
  return hashFiles(checkout, dirname(jobOf(contract)), hash.update("\0")).digest("hex");
}
