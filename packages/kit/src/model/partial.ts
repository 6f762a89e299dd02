/** A part of a stack: some services, and all that they need. Pure. */
import { Exit, KitError } from "./errors.ts";
import type { StackDef } from "./service.ts";
import { closest } from "./text.ts";

/** `names` with what they need; proofs only where all that they go through is there. */
export function partOf(stack: StackDef, names: readonly string[]): StackDef {
  const known = stack.services.map((s) => s.name);
  const taken = new Set<string>();
  const take = (name: string): void => {
    if (taken.has(name)) return;
    taken.add(name);
    stack.services.find((s) => s.name === name)!.needs.forEach((need) => take(need.service));
  };
  for (const name of names) {
    if (!known.includes(name)) throw noSuchService(name, known);
    take(name);
  }
  const services = stack.services.filter((s) => taken.has(s.name));
  // In their order: a proof may need an earlier one.
  const proofs = stack.proofs.filter(({ name, needs }) => {
    if (!needs.every((need) => taken.has(need))) return false;
    return taken.add(name);
  });
  return { ...stack, services, proofs };
}

function noSuchService(name: string, known: string[]): KitError {
  const near = closest(name, known);
  return new KitError({
    code: "NO_SUCH_SERVICE",
    what: `there is no service '${name}'`,
    why: `the services are ${known.join(", ")}`,
    ...(near && { fix: `did you mean '${near}'?` }),
    exit: Exit.notFound,
  });
}
