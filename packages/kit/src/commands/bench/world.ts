/** A world of a benchmark's own in the stack that runs, gone afterwards. */
import { connectLedger } from "../../clients/ledger-session.ts";
import { readStackConfig } from "../../clients/stack.ts";
import type { Context } from "../command.ts";
import { needServices } from "../need-services.ts";
import { layoutOf, readStatus } from "../../runtimes/host/control.ts";
import { removeWorld } from "../../worlds/remove.ts";

const road = ["gateway", "dispatcher", "airflow-scheduler", "steps", "spark", "catalog", "s3"];

/** Fails when a service that a file passes on its way is not up. */
export const needRoad = (context: Context): void => needServices(context, ...road);

export async function inWorld<T>(
  context: Context,
  work: (world: string) => Promise<T>,
): Promise<T> {
  const world = `bench${Date.now().toString(36)}`;
  const { checkout, stack } = context;
  await using admin = await connectLedger({ checkout, stack, identity: "admin" });
  await admin.query("select ledger.open_world($1)", [world]);
  try {
    return await work(world);
  } finally {
    const config = readStackConfig(checkout, stack, "admin");
    await removeWorld({ world, config, ledger: admin });
  }
}

/** Pids of the services, by name. */
export function servicePids({ checkout, stack }: Context): Map<string, number> {
  const { services } = readStatus(layoutOf(checkout, stack))!;
  return new Map(services.flatMap(({ name, pid }) => (pid ? [[name, pid] as const] : [])));
}
