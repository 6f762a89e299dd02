/** Waiting for verdicts, and the failure they mean. Shared by `drop --wait` and `trace --wait`. */
import { deliveriesById, type Delivery, type LedgerReader } from "../clients/passports.ts";
import { Exit, KitError } from "../model/errors.ts";
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

/** The failure of a command that waited, when a file was rejected or parked: of the first one, and how many there are. */
export function verdictFailure(deliveries: readonly Delivery[]): { failure?: KitError } {
  const refused = deliveries.filter(({ state }) => state === "rejected" || state === "parked");
  const [first, ...others] = refused;
  if (!first) return {};
  const more = others.length > 0 ? `, and ${others.length} more` : "";
  return {
    failure: new KitError({
      // Of a failure that nobody classified the ledger has the exception's name, which is no stable code.
      code: /^[A-Z][A-Z_]+$/.test(first.reason?.code ?? "") ? first.reason!.code : "FILE_REFUSED",
      what: `${first.name} was ${first.state}${more}`,
      why: first.reason?.reason ?? "the ledger gives no reason",
      fix: `\`./gridata trace ${first.delivery_id}\` shows how far it came${first.rejects_uri ? " and where the evidence is" : ""}`,
      exit: Exit.refused,
    }),
  };
}
