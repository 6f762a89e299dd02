/** What a command can't do without. A stack may run in part. */
import { Exit, KitError } from "../model/errors.ts";
import { layoutOf, livingServices } from "../runtimes/host/control.ts";
import type { Context } from "./command.ts";

export function needServices({ checkout, stack }: Context, ...names: string[]): void {
  const living = livingServices(layoutOf(checkout, stack));
  const missing = names.filter((name) => !living.includes(name));
  if (missing.length === 0) return;
  const named = stack === "default" ? "" : ` --stack ${stack}`;
  throw new KitError({
    code: "STACK_NOT_RUNNING",
    what: `this needs ${missing.join(" and ")} of stack '${stack}'`,
    why:
      living.length === 0
        ? "nothing of this stack runs"
        : `what runs of it is ${living.join(", ")}`,
    fix: `./gridata dev${named}, or only what is needed: ./gridata dev${named} --only ${names.join(",")}`,
    exit: Exit.notRunning,
  });
}
