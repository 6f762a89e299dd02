import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { registry } from "./registry.ts";

const checkout = join(import.meta.dirname, "../../../..");
const read = (path: string) => readFileSync(join(checkout, path), "utf8");

it.each(["README.md", "CONTRIBUTING.md", "docs/cli.md", "docs/contracts.md", "docs/errors.md"])(
  "%s names no command that does not exist",
  (page) => {
    const named = [...read(page).matchAll(/\.\/gridata ([a-z]+)/g)].map((match) => match[1]!);
    expect(named.filter((name) => !(name in registry))).toEqual([]);
  },
);

it("docs/cli.md has every command with exactly its flags", async () => {
  const rows = [...read("docs/cli.md").matchAll(/^\| `([a-z]+)[^`]*`\s*\| (.*?) \| .*\|$/gm)];
  const documented = new Map(
    rows.map(([, name, flags]) => [
      name!,
      [...flags!.matchAll(/--([a-z-]+)/g)].map((match) => match[1]!).toSorted(),
    ]),
  );
  for (const [name, load] of Object.entries(registry)) {
    const { options } = (await load()).default;
    expect([name, documented.get(name)]).toEqual([name, Object.keys(options).toSorted()]);
  }
});
