/** `chaos`: the faults that the platform must survive, one after the other, on a stack of their own. */
import { usage, type CommandDef } from "./command.ts";
import { attach, seedOf, strike } from "./strike.ts";
import { failed } from "./test.ts";

const chaos = {
  name: "chaos",
  summary: "strike a stack with every fault, and assert what must hold after each",
  usage: "[--grep TEXT] [--seed N] [--attach]",
  examples: ["chaos", "chaos --grep F14", "chaos --seed 7 --attach --stack trial"],
  options: {
    grep: { type: "string", placeholder: "TEXT", summary: "only faults whose name holds it" },
    seed: { type: "string", placeholder: "N", summary: "other files (1)" },
    attach,
  },
  async run(context) {
    if (context.args.length > 0) throw usage(chaos, "chaos takes no words");
    const seed = seedOf(chaos, context, "1");
    const tally = await strike(context, "chaos", { GRIDATA_SEED: seed });
    const { passed, failed: red, skipped, report, duration_s } = tally;
    return {
      ...(red > 0 && { failure: failed(red, report ?? "the output above") }),
      document: { seed, passed, failed: red, skipped, report, duration_s },
      text: `${passed} passed, ${red} failed, ${skipped} skipped; seed ${seed}`,
    };
  },
} satisfies CommandDef;
export default chaos;
