/** What must hold of a world after every fault, with nobody helping: I1-I4 and I6-I8. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { stateFolder } from "@gridata/kit/clients/stack";
import { until } from "./wait.ts";
import type { World } from "./world.ts";

const invariantNames = ["I1", "I2", "I3", "I4", "I8"] as const;

/**
 * Waits until the world has converged (I6: every delivery has its verdict, nothing is staged, by itself and in `deadline` seconds),
 * then asserts every invariant. None passes for lack of something to look at.
 */
export async function invariants(world: World, { deadline = 150 } = {}): Promise<void> {
  let seen: unknown;
  await until(
    "I6: every delivery to have its verdict, and nothing to be left in staging",
    async () => {
      // In the direction in which files go: one that moves on meanwhile is seen where it arrives.
      const dropped = await world.dropped();
      const taken = await world.taken();
      const staged = (await world.objects("staging", `${world.name}/drop/`)).map(({ key }) => key);
      const deliveries = await world.deliveries();
      const waiting = deliveries.filter((d) => !world.isFinal(d));
      seen = { dropped, taken, staged, waiting };
      return (
        deliveries.length > 0 &&
        [dropped, taken, staged, waiting].every(({ length }) => length === 0)
      );
    },
    { deadline, seen: () => seen },
  );
  let results: Awaited<ReturnType<World["verify"]>> = [];
  await until(
    "no invariant to be broken",
    async () => {
      results = await world.verify();
      return results.every(({ state }) => state !== "failed");
    },
    {
      // What is left of a dead attempt goes by itself, within the time that a sweep takes.
      deadline: 60,
      seen: () => results.filter(({ state }) => state === "failed"),
    },
  );
  for (const invariant of invariantNames)
    if (!results.some((r) => r.invariant === invariant && r.state === "passed"))
      throw new Error(`${invariant} has looked at nothing`);
  await provenance(world);
  await until(
    "I8: no working folder of a dead step to be left",
    () => leftovers(world).length === 0,
    {
      deadline: 30,
      seen: () => leftovers(world),
    },
  );
}

/** I7: which, where, why, by which contract. */
async function provenance(world: World): Promise<void> {
  for (const d of await world.deliveries()) {
    if (d.state === "rejected" && !d.reason?.code)
      throw new Error(`I7: ${d.name} is rejected without a reason`);
    if (!d.rejects_uri) continue;
    const verdict = JSON.parse(await world.text(`${d.rejects_uri}verdict.json`)) as Record<
      string,
      unknown
    >;
    if (!verdict["contract_version"] || verdict["file_id"] !== d.file_id)
      throw new Error(`I7: the verdict of ${d.name} does not say which file, by which contract`);
  }
}

/** Working folders whose process is gone. */
function leftovers(world: World): string[] {
  const dir = join(stateFolder(world.checkout, world.stack), "data/steps/tmp");
  const names = existsSync(dir) ? readdirSync(dir) : [];
  return names.filter((name) => {
    const pid = Number(/^gridata-[a-z]+-([0-9]+)-/.exec(name)?.[1]);
    return pid > 0 && !existsSync(`/proc/${pid}`);
  });
}
