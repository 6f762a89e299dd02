import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const bin = (name: string) => join(root, "node_modules/.bin", name);
let failed = 0;
for (const [name, ...args] of [
  ["tsc", "-p", "."],
  ["vitest", "run", "--project", "unit"],
] as const)
  if (spawnSync(bin(name), args, { cwd: root, stdio: "inherit" }).status !== 0) failed++;
console.log(`${2 - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
