/** One file on the whole road of the stack, hop by hop, in a world of its own. */
import { copyFile, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { connectLedger } from "../../clients/ledger-session.ts";
import { deliveriesByName, hopsOf } from "../../clients/passports.ts";
import { dropFolder } from "../../clients/stack.ts";
import type { Context } from "../command.ts";
import { waitUntil } from "../wait.ts";
import { cpuSeconds } from "../../usage/cpu.ts";
import { inWorld, servicePids } from "./world.ts";

const hopNames = ["staged", "dispatched", "validated", "raw", "written", "checked", "published"];

/** Seconds from the drop until each hop ended, and processor seconds of all services. */
export async function onTheRoad(context: Context, file: string): Promise<Record<string, number>> {
  const { checkout, stack } = context;
  const leaders = new Set(servicePids(context).values());
  return inWorld(context, async (world) => {
    const folder = join(dropFolder(checkout, stack, world), "sales/transactions");
    await mkdir(folder, { recursive: true });
    await copyFile(file, join(folder, ".bench.csv"));
    const before = cpuSeconds(leaders);
    await rename(join(folder, ".bench.csv"), join(folder, "bench.csv"));
    await using ledger = await connectLedger({ checkout, stack, identity: "reader" });
    const delivery = await waitUntil(
      context,
      () => "the file to be published",
      async () => {
        const [found] = await deliveriesByName(ledger, world, "bench.csv");
        if (found && ["rejected", "parked"].includes(found.state))
          throw new Error(`the file is ${found.state}: ${JSON.stringify(found.reason)}`);
        return found?.state === "published" ? found : null;
      },
    );
    const cpu = cpuSeconds(leaders) - before;
    const hops = await hopsOf(ledger, delivery);
    const begun = Date.parse(hops[0]!.started_at!);
    const ended = (name: string) =>
      (Date.parse(hops.find((hop) => hop.name === name)!.ended_at!) - begun) / 1000;
    return {
      "drop to commit": ended("published"),
      "drop to commit, cpu": cpu,
      ...Object.fromEntries(hopNames.map((name) => [`until ${name}`, ended(name)])),
    };
  });
}
