/** The end of a stack. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { StackDef } from "../../model/service.ts";
import type { Board } from "./board.ts";
import type { Layout } from "./layout.ts";
import { stop } from "./process.ts";

/** In reverse order: who needs another goes first. Those that don't need each other end together. */
export async function endAll(layout: Layout, stack: StackDef, told: Board): Promise<void> {
  const left = new Set(stack.services.map((s) => s.name));
  while (left.size > 0) {
    const wave = stack.services.filter(
      (service) =>
        left.has(service.name) &&
        !stack.services.some(
          (other) => left.has(other.name) && other.needs.some((n) => n.service === service.name),
        ),
    );
    await Promise.all(
      wave.map(async (service) => {
        const { identity } = told.service(service.name);
        if (identity) {
          told.setService(service.name, "stopping");
          await stop(identity, service.process.stop.signal, service.process.stop.graceSeconds);
        }
        rmSync(join(layout.run, `${service.name}.json`), { force: true });
        told.service(service.name).pid = null;
        told.setService(service.name, "stopped");
      }),
    );
    for (const service of wave) left.delete(service.name);
  }
}
