import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compileContract } from "./compile.ts";
import { defaultDialect } from "./dialect.ts";
import { defaultLimits } from "./limits.ts";
import { linkContracts, type Good } from "./link.ts";
import { settingNames } from "./settings.ts";

const page = readFileSync(join(import.meta.dirname, "../../../../docs/contracts.md"), "utf8");
const examples = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map((found) => found[1]!);

it("every example of docs/contracts.md is a contract", () => {
  const compiled = examples.map((text) => {
    const [, domain, dataset] = /^id: (\w+)\.(\w+)$/m.exec(text)!;
    return compileContract(`contracts/${domain}/${dataset}.odcs.yaml`, text, () => []);
  });
  expect(compiled.flatMap(({ problems }) => problems)).toEqual([]);
  expect(linkContracts(compiled as Good[], () => true).problems).toEqual([]);
  expect(examples.length).toBeGreaterThan(3);
});

it("docs/contracts.md has every property, member of the dialect and limit", () => {
  const known = [...settingNames, ...Object.keys(defaultDialect), ...Object.keys(defaultLimits)];
  expect(known.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
