/** The README's session, command by command, in a world of its own: what it shows is what comes. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "@gridata/testkit";
import { stackName } from "../clients.ts";
import { checkout, ran } from "../command-line.ts";

interface Shown {
  command: string;
  /** What the page shows of its output. */
  output: string;
}

/** Indented blocks, blank lines within them too; a command begins with `$ `. */
function session(page: string): Shown[] {
  const blocks = page.split(/\n(?! {4}|\n)/).map((block) => block.replaceAll(/^ {4}/gm, ""));
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const command = /^(?:.*\\\n)*.*/.exec(part)![0];
        return { command, output: part.slice(command.length).trim() };
      }),
  );
}

/** Ids, times, durations and names of this stack differ; `...` leaves something out. */
function pattern(output: string): RegExp {
  const text = output
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("\\.\\.\\.", "[\\s\\S]*?")
    .replace(
      /stack 'default' is ready after/g,
      "stack '\\S+' (?:is ready after|was ready already; attached in)",
    )
    .replace(/\b\d{2}-\d{2} \d{2}:/g, "\\d{2}-\\d{2} \\d{2}:")
    .replace(/\b\d{2}:\d{2}:\d{2}\\\.\d{3}/g, "\\d{2}:\\d{2}:\\d{2}\\.\\d{3}")
    .replace(/\b\d+\\\.\d+ s\b/g, "\\d+\\.\\d+ s")
    .replace(/\b\d{15,20}\b/g, "\\d+")
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{22}\b/g, "[0-9a-f-]{36}")
    .replace(/\bb[0-9a-z]{13}\b/g, "b[0-9a-z]{13}")
    // A column is as wide as its widest cell.
    .replace(/[ \t]+/g, "[ \\t]+");
  return new RegExp(`^\\s*${text}\\s*$`);
}

describe("the session of the README", () => {
  const shown = session(readFileSync(join(checkout, "README.md"), "utf8"));
  let world: World;
  let dir: string;
  beforeAll(async () => {
    world = await openWorld();
    dir = mkdtempSync(join(tmpdir(), "gridata-readme-"));
  });
  afterAll(async () => {
    rmSync(dir, { recursive: true, force: true });
    await world?.close();
  });

  it("is there", () => {
    expect(shown.length).toBeGreaterThan(6);
  });

  it.each(shown)("$command", async ({ command, output }) => {
    const { stdout, stderr } = await ran(
      "/bin/sh",
      ["-c", command.replaceAll("./gridata", join(checkout, "gridata"))],
      { env: { ...process.env, GRIDATA_STACK: stackName, GRIDATA_WORLD: world.name }, cwd: dir },
    );
    const printed = `${stdout}${stderr}`.replaceAll(world.name, "default");
    expect(printed).toMatch(pattern(output));
  });
});
