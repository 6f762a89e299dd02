/** `ledger verify`: every invariant of a world, over lake, ledger, objects and receipts. */
import { connectLedger } from "../clients/ledger-session.ts";
import { KitError } from "../model/errors.ts";
import { provision } from "../toolchain/provision.ts";
import type { CheckResult } from "../verify/index.ts";
import { verifyWorld } from "../verify/stack.ts";
import { usage, type CommandDef, type Context } from "./command.ts";
import type { Style } from "./style.ts";

const ledger = {
  name: "ledger",
  summary: "verify that lake, ledger, objects and receipts agree",
  usage: "verify",
  examples: ["ledger verify", "ledger verify --world sandbox --json"],
  options: {},
  async run(context: Context) {
    if (context.args.length !== 1 || context.args[0] !== "verify")
      throw usage(ledger, "say what to do with the ledger");
    const { checkout, stack, world } = context;
    const tools = provision(["duckdb-extensions"], { checkout });
    const { dir: extensions } = await tools.tool("duckdb-extensions");
    await using reader = await connectLedger({ checkout, stack });
    const checks = await verifyWorld({ checkout, stack, world, ledger: reader, extensions });
    const failed = checks.filter(({ state }) => state === "failed").length;
    const empty = checks.filter(({ state }) => state === "empty").length;
    return {
      ...(failed > 0 && { failure: broken(checks) }),
      document: { world: world, checks, passed: checks.length - failed - empty, failed, empty },
      text: [
        describe(checks, context.style),
        "",
        `world '${world}': ${checks.length - failed - empty} checks passed, ${failed} failed, ${empty} had nothing to look at`,
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default ledger;

function broken(checks: CheckResult[]): KitError {
  const failed = checks.filter(({ state }) => state === "failed");
  const [finding] = failed[0]!.findings;
  return new KitError({
    code: "INVARIANT_BROKEN",
    what: `${failed.length} of ${checks.length} checks found that lake, ledger, objects and receipts do not agree`,
    why: `${failed[0]!.name}: ${finding!.subject}: ${finding!.why}`,
    fix: "all findings are in the document; `./gridata trace ID` tells what happened to a delivery or batch",
  });
}

function describe(checks: CheckResult[], style: Style): string {
  const word = { passed: style.green, failed: style.red, empty: style.yellow };
  return checks
    .flatMap(({ invariant, name, promise, looked_at, state, findings }) => [
      `${word[state](state.padEnd(6))} ${invariant} ${name.padEnd(18)} ${String(looked_at).padStart(6)}  ${promise}`,
      ...findings.map(({ subject, why }) => `       ${style.red("-")} ${subject}: ${why}`),
    ])
    .join("\n");
}
