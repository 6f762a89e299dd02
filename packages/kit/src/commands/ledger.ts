/** `ledger verify`: every invariant of a world. `ledger rebuild`: a lost ledger, made anew from the lake. */
import { connectLedger } from "../clients/ledger-session.ts";
import { readStackConfig } from "../clients/stack.ts";
import { KitError } from "../model/errors.ts";
import { rebuildLedger } from "../rebuild/index.ts";
import { provision } from "../toolchain/provision.ts";
import type { CheckResult } from "../verify/index.ts";
import { verifyWorld } from "../verify/stack.ts";
import { usage, type CommandDef, type Context, type Outcome } from "./command.ts";
import { columns, type Style } from "./style.ts";

const ledger = {
  name: "ledger",
  summary: "verify that lake, ledger, objects and receipts agree; rebuild a lost ledger",
  usage: "verify|rebuild",
  examples: ["ledger verify", "ledger verify --world sandbox --json", "ledger rebuild"],
  options: {},
  async run(context: Context) {
    const [word, ...rest] = context.args;
    if (rest.length === 0 && word === "verify") return verify(context);
    if (rest.length === 0 && word === "rebuild") return rebuild(context);
    throw usage(ledger, "say what to do with the ledger");
  },
} satisfies CommandDef;
export default ledger;

async function verify({ checkout, stack, world, style }: Context): Promise<Outcome> {
  const tools = provision(["duckdb-extensions"], { checkout });
  const { dir: extensions } = await tools.tool("duckdb-extensions");
  await using reader = await connectLedger({ checkout, stack });
  const checks = await verifyWorld({ checkout, stack, world, ledger: reader, extensions });
  const count = (state: CheckResult["state"]) => checks.filter((c) => c.state === state).length;
  const [passed, failed, empty] = [count("passed"), count("failed"), count("empty")];
  return {
    ...(failed > 0 && { failure: broken(checks) }),
    document: { world, passed, failed, empty, checks },
    text: [
      describe(checks, style),
      "",
      `world '${world}': ${passed} checks passed, ${failed} failed, ${empty} had nothing to look at`,
    ].join("\n"),
  };
}

async function rebuild({ checkout, stack, style, say }: Context): Promise<Outcome> {
  const config = readStackConfig(checkout, stack, "admin");
  await using admin = await connectLedger({ checkout, stack, identity: "admin" });
  const worlds = await rebuildLedger({ config, ledger: admin }, (world) =>
    say(`rebuilding world '${world}'`),
  );
  const rows = worlds.map((w) => [
    w.world,
    ...[w.deliveries, w.publications, w.batches, w.staged, w.branches_removed].map(String),
  ]);
  const heading = ["world", "deliveries", "publications", "batches", "staged", "branches dropped"];
  return { document: { worlds }, text: columns([heading, ...rows], style.dim) };
}

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
