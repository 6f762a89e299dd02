/** Waiting for verdicts, and the exit code they mean. Shared by `drop --wait` and `trace --wait`. */
import { deliveriesById, type Delivery, type LedgerReader } from "../clients/passports.ts";
import { Exit, type ExitCode } from "../model/errors.ts";
import { finalStates } from "../model/passport.ts";
import type { Context } from "./command.ts";
import { waitUntil } from "./wait.ts";

const settled = (delivery: Delivery) =>
  finalStates.includes(delivery.state) || delivery.state === "parked";

/** Returns the deliveries in the order of `ids` once each is final or parked. Says which it waits for. */
export async function waitForVerdicts(
  ledger: LedgerReader,
  context: Context,
  ids: readonly string[],
): Promise<Delivery[]> {
  const said = new Map<string, string>();
  return waitUntil(
    context,
    () => `the verdict of ${ids.length} file${ids.length === 1 ? "" : "s"}`,
    async () => {
      const found = new Map(
        (await deliveriesById(ledger, context.world, ids)).map((d) => [d.delivery_id, d]),
      );
      for (const [id, delivery] of found) {
        if (said.get(id) === delivery.state) continue;
        said.set(id, delivery.state);
        if (!settled(delivery)) context.say(`${delivery.name}: ${delivery.state}`);
      }
      const all = ids.map((id) => found.get(id));
      return all.every((delivery) => delivery && settled(delivery)) ? (all as Delivery[]) : null;
    },
  );
}

export function verdictExit(deliveries: readonly Delivery[]): ExitCode {
  const refused = deliveries.some(({ state }) => state === "rejected" || state === "parked");
  return refused ? Exit.refused : Exit.done;
}
