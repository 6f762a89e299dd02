import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * A checkout as it is now, in another folder: what git knows and does not ignore. `packages`: those of the first, or none: then
 * `./gridata` installs its own, and what imports the kit by its name gets that of the copy.
 */
export function copyCheckout(
  from: string,
  to: string,
  packages: "shared" | "none" = "shared",
): void {
  const known = (...args: string[]) =>
    execFileSync("git", ["ls-files", "-co", "--exclude-standard", ...args], { cwd: from })
      .toString()
      .trim()
      .split("\n")
      .filter((file) => existsSync(join(from, file)));
  mkdirSync(to, { recursive: true });
  for (const file of known()) cpSync(join(from, file), join(to, file));
  if (packages === "none") return;
  for (const file of known("package.json", "*/package.json")) {
    const modules = join(dirname(file), "node_modules");
    if (existsSync(join(from, modules))) symlinkSync(join(from, modules), join(to, modules));
  }
}
