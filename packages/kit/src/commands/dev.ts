/** `dev`: the whole stack, and where everything is. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Exit, KitError, partOf, type Profile } from "../model/index.ts";
import {
  endStack,
  ensureSupervisor,
  follow,
  layoutOf,
  livingServices,
  livingSupervisor,
  readStatus,
  runningServices,
  type Goal,
  type Layout,
  type StackStatus,
} from "../runtimes/host/control.ts";
import { explain, explained } from "./explain.ts";
import { machineFacts, profileFor, shortages } from "../runtimes/host/preflight.ts";
import { refuseNewer } from "../runtimes/host/writers.ts";
import type { StackEvent } from "../runtimes/host/status.ts";
import { stackDef } from "../services/index.ts";
import { usage, type CommandDef, type Context } from "./command.ts";
import { columns } from "./style.ts";

const goals: readonly Goal[] = ["accepting", "ready"];

const dev = {
  name: "dev",
  summary: "start the stack, or attach to it",
  usage: "[--until accepting|ready] [--detach] [--only SERVICES] [--explain]",
  examples: [
    "dev",
    "dev --only catalog,spark",
    "dev --until accepting",
    "dev --stack other --json",
  ],
  options: {
    detach: { type: "boolean", summary: "return at once; the stack goes on starting" },
    until: { type: "string", placeholder: "STATE", summary: "return at this state (ready)" },
    explain: {
      type: "boolean",
      summary: "also what this start waited for, and who used the processors",
    },
    only: {
      ...{ type: "string", placeholder: "SERVICES" },
      summary: "only these, joined by commas, and what they need",
    },
    profile: {
      ...{ type: "string", placeholder: "NAME" },
      summary: "normal or small (by itself: small up to 8 GB of memory)",
    },
    offline: { type: "boolean", summary: "never use the network: fail when a tool is missing" },
  },
  async run(context) {
    const goal = String(context.options["until"] ?? "ready") as Goal;
    if (!goals.includes(goal))
      throw usage(dev, `--until takes ${goals.join(" or ")}, not '${goal}'`);
    const layout = layoutOf(context.checkout, context.stack);
    const begun = performance.now();
    if (!livingSupervisor(layout)) refuseNewer(layout, stackDef);
    const { services, profile } = await choose(context, layout);
    const program = join(context.checkout, "packages/kit/src/supervise.ts");
    const started = await ensureSupervisor(
      layout,
      { program, services, profile },
      { ...process.env, ...(context.options["offline"] ? { GRIDATA_OFFLINE: "1" } : {}) },
    );
    if (!context.options["detach"]) {
      const end = await follow(layout, goal, {
        onEvent: started ? (event) => tell(context, event) : () => {},
        signal: context.signal,
        deadlineSeconds: context.timeoutSeconds ?? 1800,
      });
      if (end !== "reached") await giveUp(context, end, started, layout);
    }
    const status = readStatus(layout)!;
    return {
      document: {
        ...{ state: status.state, stack: context.stack },
        reattached: !started || status.reattached > 0,
        timings: timings(status, (performance.now() - begun) / 1000),
        services: servicesOf(status),
        ...(context.options["explain"] && { explain: explain(status) }),
      },
      text: summary(
        context,
        status,
        layout.drop,
        started ? null : (performance.now() - begun) / 1000,
      ).concat(context.options["explain"] ? explained(explain(status), context.style) : ""),
    };
  },
} satisfies CommandDef;
export default dev;

/** Which services at which size; fails when the machine has too little for them. */
async function choose(
  context: Context,
  layout: Layout,
): Promise<{ services: string[]; profile: Profile }> {
  const { only, profile } = context.options;
  if (profile !== undefined && profile !== "normal" && profile !== "small")
    throw usage(dev, `--profile takes normal or small, not '${String(profile)}'`);
  const asked = typeof only === "string" ? only.split(",").map((name) => name.trim()) : null;
  const part = asked ? partOf(stackDef, asked) : stackDef;
  const wanted = part.services.map(({ name }) => name);
  const running = await runningServices(layout, wanted);
  if (running) return { services: running, profile: readStatus(layout)!.profile };
  const facts = machineFacts(existsSync(layout.state) ? layout.state : context.checkout);
  const kept = livingServices(layout);
  const size =
    profile ?? (kept.length > 0 ? readStatus(layout)?.profile : undefined) ?? profileFor(facts);
  if (profile === undefined && size === "small")
    context.say("this machine has 8 GB or less: smaller heaps, fewer workers (--profile normal)");
  // What runs already has its memory.
  const fresh = part.services.filter(({ name }) => !kept.includes(name));
  for (const { code, fatal, what, fix } of shortages(facts, fresh, size)) {
    if (fatal) throw new KitError({ code, what, fix, exit: Exit.prerequisite });
    context.say(`${context.style.yellow("short")} ${what}; ${fix}`);
  }
  return { services: [...new Set([...wanted, ...kept])], profile: size };
}

export const servicesOf = (status: StackStatus) =>
  status.services.map(({ name, state, pid, restarts, addresses, error, ...rest }) => ({
    ...{ name, state, pid, restarts, waiting_for: rest.waiting_for, log: rest.log },
    restarted_because: rest.restarted_because,
    address: Object.values(addresses)[0] ?? null,
    ...(error && { error }),
  }));

function timings(status: StackStatus, seconds: number) {
  return [
    { name: "command", seconds },
    ...(status.accepting_after === null
      ? []
      : [{ name: "accepting", seconds: status.accepting_after }]),
    ...(status.ready_after === null ? [] : [{ name: "ready", seconds: status.ready_after }]),
    ...status.services
      .filter((s) => s.ready_after !== null)
      .map((s) => ({ name: s.name, seconds: s.ready_after })),
    ...status.proofs
      .filter((p) => p.done_after !== null)
      .map((p) => ({ name: p.name, seconds: p.done_after })),
  ];
}

const clock = (seconds: number) => `${seconds.toFixed(1).padStart(6)} s`;
const size = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
const last = new Map<string, string>();

/** A line when something changed, not one for each of a build's lines. */
function tell({ say, style }: Context, event: StackEvent): void {
  if (event.kind === "total")
    return say(
      `${style.dim("tools")}    ${event.made} made of ${event.tools}, ${size(event.bytes)} on disk${
        event.received === null ? "" : `, ${size(event.received)} received`
      }, ${event.seconds.toFixed(1)} s`,
    );
  if (event.kind === "tool") {
    if (event.state === "present" || last.get(event.tool) === event.state) return;
    last.set(event.tool, event.state);
    const mark = event.state === "done" ? style.green("done") : event.state;
    const bytes = event.bytes ? ` ${size(event.bytes)}` : "";
    return say(
      `${style.dim("tool")}  ${clock(event.seconds)}  ${event.tool}: ${mark} ${event.what}${bytes}`,
    );
  }
  if (event.kind === "stack") {
    if (event.state === "accepting")
      say(
        `${style.dim("stack")} ${clock(event.seconds)}  ${style.green("accepting")}: files may be dropped`,
      );
    return;
  }
  if (event.kind === "proof") {
    const state = event.state === "failed" ? style.red(event.state) : style.green(event.state);
    if (event.state === "running")
      say(`${style.dim("prove")} ${clock(event.seconds)}  ${event.proof}: ${event.what}`);
    else if (event.state !== "waiting")
      say(`${style.dim("prove")} ${clock(event.seconds)}  ${state} ${event.proof} ${event.what}`);
    return;
  }
  if (event.state === "ready")
    say(`${style.dim("start")} ${clock(event.seconds)}  ${style.green("ready")} ${event.service}`);
  else if (event.state === "preparing")
    say(`${style.dim("start")} ${clock(event.seconds)}  ${event.service}: ${event.what}`);
  else if (event.state === "failed" || event.state === "restarting")
    say(
      `${style.dim("start")} ${clock(event.seconds)}  ${style.red(event.state)} ${event.service}: ${event.what}`,
    );
}

async function giveUp(
  context: Context,
  end: "failed" | "deadline" | "interrupted" | "gone",
  started: boolean,
  layout: ReturnType<typeof layoutOf>,
): Promise<never> {
  const status = readStatus(layout);
  const all = [...(status?.services ?? []), ...(status?.proofs ?? [])];
  const failed = all.find((s) => s.state === "failed");
  const waiting = all
    .filter((s) => s.state !== "ready" && s.state !== "done")
    .map((s) => `${s.name}: ${s.waiting_for ?? s.state}`);
  // What this call began it undoes; a stack that was there before stays.
  if (started && (end === "failed" || end === "interrupted")) {
    context.say("stopping what this call started");
    await endStack(layout);
  }
  if (end === "interrupted")
    throw new KitError({ code: "INTERRUPTED", what: "interrupted", exit: Exit.interrupted });
  if (failed?.error) {
    const { code, what, why, fix } = failed.error;
    throw new KitError({ code, what, why, fix, exit: Exit.failed });
  }
  throw new KitError({
    code: end === "deadline" ? "DEADLINE_PASSED" : "SUPERVISOR_FAILED",
    what: end === "deadline" ? "the stack is not ready yet" : "the stack's supervisor is gone",
    why: waiting.join("; ") || "nothing is known of it",
    fix: end === "deadline" ? "./gridata status shows how far it is" : "./gridata dev",
    exit: end === "deadline" ? Exit.deadline : Exit.failed,
  });
}

function summary(
  { stack, style }: Context,
  status: StackStatus,
  drop: string,
  attached: number | null,
): string {
  const rows = status.services.map((s) => [
    s.name,
    s.state === "ready" ? style.green("ready") : s.state,
    s.ready_after === null ? "" : `${s.ready_after.toFixed(1)} s`,
    Object.values(s.addresses)[0] ?? "",
  ]);
  const head =
    attached === null
      ? `stack '${stack}' is ${style.green(status.state)} after ${(status.ready_after ?? status.accepting_after ?? 0).toFixed(1)} s`
      : `stack '${stack}' was ${style.green(status.state)} already; attached in ${attached.toFixed(2)} s`;
  const named = stack === "default" ? "" : ` --stack ${stack}`;
  return [
    "",
    columns([["service", "state", "after", "address"], ...rows], style.dim),
    "",
    head,
    `drop files into ${drop}/<domain>/<dataset>/`,
    `it goes on running: ./gridata status${named} · ./gridata logs${named} · ./gridata down${named}`,
    "",
  ].join("\n");
}
