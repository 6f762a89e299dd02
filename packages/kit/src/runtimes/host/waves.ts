/** Who gets the processors first: what a file may be dropped to, and all that it needs. */
import type { StackDef } from "../../model/service.ts";

/** Names of the services that make a stack accepting, with those that they need. */
export function firstWave({ services }: Pick<StackDef, "services">): Set<string> {
  const wave = new Set<string>();
  const take = (name: string): void => {
    if (wave.has(name)) return;
    wave.add(name);
    services.find((s) => s.name === name)?.needs.forEach((need) => take(need.service));
  };
  for (const service of services) if (service.accepting) take(service.name);
  return wave;
}

export interface Gate {
  open: Promise<void>;
  release(): void;
}

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: promise, release: resolve };
}
