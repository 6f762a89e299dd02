import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { provision, type ProvisionEvent } from "@gridata/kit/toolchain";
import { remove } from "@gridata/kit/toolchain/tree";

const checkout = join(import.meta.dirname, "../..");

describe("the tool cache", () => {
  let cache: string;
  beforeAll(() => {
    cache = mkdtempSync(join(tmpdir(), "gridata-cache-"));
  });
  afterAll(() => {
    // Entries are write-protected.
    rmSync(cache, { recursive: true, force: true });
  });

  async function bring(offline = false, into = cache) {
    const events: ProvisionEvent[] = [];
    const all = await provision(["ecj"], {
      checkout,
      cache: into,
      offline,
      onProgress: (event) => events.push(event),
    }).done;
    const states = events.flatMap((event) => (event.kind === "tool" ? [event.state] : []));
    return { handle: all.get("ecj")!, states, events };
  }

  it("makes a tool once, and has it at once the next time, without a network", async () => {
    const first = await bring();
    expect(first.states.at(-1)).toBe("done");
    expect((await bring(true)).states).toEqual(["present"]);
  });

  it("is filled by one of two that come at once; the other says on whom it waits", async () => {
    const empty = mkdtempSync(join(tmpdir(), "gridata-cache-"));
    try {
      const both = await Promise.all([bring(false, empty), bring(false, empty)]);
      const ends = both.map(({ events }) =>
        events.flatMap((event) =>
          event.kind === "tool" && event.tool === "ecj" ? [`${event.state} ${event.what}`] : [],
        ),
      );
      const made = ends.filter((said) => said.some((word) => word.startsWith("done ")));
      const waited = ends.filter((said) =>
        said.includes(`waiting pid ${process.pid} is bringing it in`),
      );
      expect([made.length, waited.length]).toEqual([1, 1]);
      expect(both[0]!.handle.dir).toBe(both[1]!.handle.dir);
    } finally {
      remove(empty);
    }
  });

  it("notices one flipped byte of a jar, says it, and makes the tool anew", async () => {
    const { handle } = await bring();
    const jar = join(handle.dir, handle.jars[0]!);
    const whole = readFileSync(jar);
    const damaged = Buffer.from(whole);
    damaged[damaged.length >> 1]! ^= 1;
    chmodSync(jar, 0o644);
    writeFileSync(jar, damaged);
    const again = await bring();
    expect(again.events).toContainEqual(
      expect.objectContaining({ state: "verifying", what: expect.stringContaining("is damaged") }),
    );
    expect(readFileSync(join(again.handle.dir, again.handle.jars[0]!)).equals(whole)).toBe(true);
  });
});
