/** `soak`: random faults for so many minutes; a seed that failed strikes alike again. */
import { KitError } from "../model/errors.ts";
import { usage, type CommandDef } from "./command.ts";
import { attach, seedOf, strike } from "./strike.ts";

const soak = {
  name: "soak",
  summary: "random faults for so many minutes, drawn from a seed",
  usage: "[--minutes N] [--seed S] [--attach]",
  examples: ["soak --minutes 30", "soak --minutes 5 --seed 421"],
  options: {
    minutes: { type: "string", placeholder: "N", summary: "for so long at least (30)" },
    seed: { type: "string", placeholder: "S", summary: "which faults (the clock's)" },
    attach,
  },
  async run(context) {
    if (context.args.length > 0) throw usage(soak, "soak takes no words");
    const minutes = String(context.options["minutes"] ?? "30");
    if (!/^[1-9]\d{0,3}$/.test(minutes))
      throw usage(soak, `--minutes takes a number from 1 on, not '${minutes}'`);
    const seed = seedOf(soak, context, String(Date.now() % 1_000_000));
    const replay = `./gridata soak --minutes ${minutes} --seed ${seed}`;
    context.say(`seed ${seed}: ${replay}`);
    const { failed, report, duration_s } = await strike(context, "soak", {
      GRIDATA_SEED: seed,
      GRIDATA_SOAK_MINUTES: minutes,
    });
    const failure = new KitError({
      code: "SOAK_FAILED",
      what: `an invariant did not hold under the faults of seed ${seed}`,
      why: `which one is above, and in ${report ?? "the output"}; the last round said what it struck`,
      fix: `mend the cause; ${replay} strikes alike`,
    });
    return {
      ...(failed > 0 && { failure }),
      document: { seed, minutes: Number(minutes), failed, report, replay, duration_s },
      text: failed === 0 ? `nothing was lost or doubled; ${replay} strikes alike` : replay,
    };
  },
} satisfies CommandDef;
export default soak;
