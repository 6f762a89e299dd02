/** `chaos`: the faults that the platform must survive, one after the other, on a stack of their own. */
import { usage, type CommandDef } from "./command.ts";
import { failed, vitest, withStack, type Part } from "./test.ts";

const chaos = {
  name: "chaos",
  summary: "strike a stack with every fault, and assert what must hold after each",
  usage: "[--grep TEXT] [--seed N] [--attach]",
  examples: ["chaos", "chaos --grep F14", "chaos --seed 7 --attach --stack trial"],
  options: {
    grep: { type: "string", placeholder: "TEXT", summary: "only faults whose name holds it" },
    seed: { type: "string", placeholder: "N", summary: "other files (1)" },
    attach: {
      type: "boolean",
      summary: "strike the stack that runs (--stack): everything on it stops now and then",
    },
  },
  async run(context) {
    if (context.args.length > 0) throw usage(chaos, "chaos takes no words");
    const seed = String(context.options["seed"] ?? "1");
    if (!/^\d{1,9}$/.test(seed)) throw usage(chaos, `--seed takes a number, not '${seed}'`);
    const begun = Date.now();
    let tally: Part | null = null;
    await withStack(context, async (stack) => {
      tally = await vitest(context, "chaos", { GRIDATA_STACK: stack, GRIDATA_SEED: seed });
      return tally.failed === 0;
    });
    const { passed, failed: red, skipped, report } = tally!;
    return {
      ...(red > 0 && { failure: failed(red, report ?? "the output above") }),
      document: {
        seed,
        passed,
        failed: red,
        skipped,
        report,
        duration_s: (Date.now() - begun) / 1000,
      },
      text: `${passed} passed, ${red} failed, ${skipped} skipped; seed ${seed}`,
    };
  },
} satisfies CommandDef;
export default chaos;
