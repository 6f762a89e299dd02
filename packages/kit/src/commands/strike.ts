/** What strikes a stack of its own: tests of faults that a seed draws. */
import { usage, type CommandDef, type Context, type OptionDef } from "./command.ts";
import { withStack } from "./test.ts";
import { vitest, type Part } from "./test-programs.ts";

export const attach: OptionDef = {
  type: "boolean",
  summary: "strike the stack that runs (--stack): everything on it stops now and then",
};

/** `--seed`, or else the given one. */
export function seedOf(command: CommandDef, { options }: Context, otherwise: string): string {
  const seed = String(options["seed"] ?? otherwise);
  if (!/^\d{1,9}$/.test(seed)) throw usage(command, `--seed takes a number, not '${seed}'`);
  return seed;
}

export async function strike(
  context: Context,
  project: "chaos" | "soak",
  env: { GRIDATA_SEED: string } & Record<string, string>,
): Promise<Part & { duration_s: number }> {
  const begun = Date.now();
  let tally: Part | null = null;
  await withStack(context, async (stack) => {
    tally = await vitest(context, project, { GRIDATA_STACK: stack, ...env });
    return tally.failed === 0;
  });
  return { ...tally!, duration_s: (Date.now() - begun) / 1000 };
}
