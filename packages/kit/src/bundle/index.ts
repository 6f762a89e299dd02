/** A bundle: what somebody needs who is asked why a stack does what it does. No secret is in it. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { LedgerReader } from "../clients/passports.ts";
import { KitError } from "../model/errors.ts";
import { layoutOf, type Layout } from "../runtimes/host/layout.ts";
import { ledgerState, passports } from "./ledger.ts";
import { formsOf, redactor } from "./redact.ts";

/** Of each log: what is older tells of what is over. */
const logBytes = 4 << 20;

export interface Bundle {
  path: string;
  size_bytes: number;
  files: string[];
  /** What could not be had, and why. */
  missing: { what: string; why: string }[];
}

interface Parts {
  checkout: string;
  stack: string;
  /** Of the bundle. */
  path: string;
  /** Fails when there is none. */
  ledger(): Promise<LedgerReader & AsyncDisposable>;
  /** Tools and prerequisites, as `doctor` found them. */
  machine: object;
}

export async function makeBundle(parts: Parts): Promise<Bundle> {
  const layout = layoutOf(parts.checkout, parts.stack);
  const secrets = secretsOf(layout);
  const redact = redactor(secrets);
  const missing: Bundle["missing"] = [];
  const work = mkdtempSync(join(tmpdir(), "gridata-bundle-"));
  const root = join(work, basename(parts.path).replace(/\.tar\.gz$/, ""));
  const files: string[] = [];
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), redact(text), { mode: 0o600 });
    files.push(name);
  };
  const have = async (name: string, read: () => unknown) => {
    try {
      const found = await read();
      write(name, typeof found === "string" ? found : `${JSON.stringify(found, null, 2)}\n`);
    } catch (error) {
      missing.push({ what: name, why: redact((error as Error).message) });
    }
  };
  try {
    await have("versions.json", () => versions(parts));
    await have("status.json", () => readFileSync(layout.status, "utf8"));
    await have("stack.json", () => readFileSync(layout.stackFile, "utf8"));
    await have("events.jsonl", () => readFileSync(layout.events, "utf8"));
    for (const name of existsSync(layout.logs) ? readdirSync(layout.logs) : [])
      await have(`logs/${name}`, () => endOf(join(layout.logs, name)));
    await have("ledger.json", () => withLedger(parts, ledgerState));
    await have("passports.json", () => withLedger(parts, passports));
    write(
      "bundle.json",
      `${JSON.stringify({ schema: "gridata.bundle/1", made_at: new Date().toISOString(), stack: parts.stack, files, missing }, null, 2)}\n`,
    );
    refuseSecrets(root, files, secrets);
    execFileSync("tar", ["-czf", `${parts.path}.part`, "-C", work, basename(root)], {
      stdio: "pipe",
    });
    renameSync(`${parts.path}.part`, parts.path);
    return { path: parts.path, size_bytes: statSync(parts.path).size, files, missing };
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(`${parts.path}.part`, { force: true });
  }
}

async function withLedger<T>(
  { ledger }: Parts,
  read: (ledger: LedgerReader) => Promise<T>,
): Promise<T> {
  await using connection = await ledger();
  return await read(connection);
}

/** Every secret of the stack, whatever was made of it. */
function secretsOf({ secrets }: Layout): string[] {
  const path = join(secrets, "generated.json");
  return existsSync(path)
    ? Object.values(JSON.parse(readFileSync(path, "utf8")) as Record<string, string>)
    : [];
}

function versions({ checkout, machine }: Parts): object {
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", checkout, ...args], { encoding: "utf8", stdio: "pipe" }).trim();
  const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as {
    version: string;
  };
  return {
    gridata: version,
    commit: git("rev-parse", "HEAD"),
    changed: git("status", "--porcelain", "--untracked-files=no").split("\n").filter(Boolean),
    node: process.version,
    system: readFileSync("/proc/version", "utf8").trim(),
    ...machine,
  };
}

/** Whole lines only. */
function endOf(path: string): string {
  const bytes = readFileSync(path);
  if (bytes.length <= logBytes) return bytes.toString();
  const end = bytes.subarray(-logBytes).toString();
  return end.slice(end.indexOf("\n") + 1);
}

/** What goes to somebody else is looked at once more, by other means than those that cleaned it. */
function refuseSecrets(root: string, files: readonly string[], secrets: readonly string[]): void {
  const forms = secrets.flatMap(formsOf).filter((form) => form.length >= 8);
  for (const name of files) {
    const text = readFileSync(join(root, name), "utf8");
    if (forms.some((form) => text.includes(form)))
      throw new KitError({
        code: "BUNDLE_UNSAFE",
        what: "no bundle was made",
        why: `a secret of the stack would be in its ${name}`,
        fix: `please tell us; without that file: remove it from .gridata/<stack>/ and ask again`,
      });
  }
}
