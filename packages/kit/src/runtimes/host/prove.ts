/** Runs one proof of a stack: what it needs is ready, and a program goes through all of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProofDef } from "../../model/service.ts";
import { taskEnd } from "./failures.ts";
import { writePrivate } from "./facts.ts";
import { readKept } from "./kept.ts";
import type { Layout } from "./layout.ts";
import { oomKills } from "./machine-facts.ts";
import { failureOf, taskOf, waits, type Stage } from "./stage.ts";

export async function prove(stage: Stage, proof: ProofDef): Promise<void> {
  const { layout, told, signal } = stage;
  const state = told.proof(proof.name);
  for (const other of proof.needs) {
    state.waiting_for = other;
    await waits(stage, state, other, other, stage.ready.get(other)!.open);
  }
  // Services that were found running have proven it in their own start.
  if (readText(recordOf(layout, proof)) !== processesOf(layout, proof)) {
    const before = oomKills();
    const running = () => told.setProof(proof.name, "running", proof.summary);
    const task = taskOf(stage, proof.name, proof.task, running);
    const failed = await told.during(state, { what: proof.task.summary }, task);
    if (signal.aborted) return;
    if (failed)
      throw failureOf(
        stage,
        ...([proof.name, taskEnd(proof.task, failed), failed.tail, failed.code, before] as const),
      );
    note(layout, proof);
    // Nobody waits for it; what it can't remove the next start's does.
    if (proof.cleanup) void taskOf(stage, proof.name, proof.cleanup, () => {});
  }
  told.setProof(proof.name, "done");
  stage.ready.get(proof.name)!.release();
}

/**
 * A service was started again by the supervisor that saw the proof: what the stack is has not changed, and the next one that finds its
 * services running needs no other proof.
 */
export function keepProofs({ stack, layout, told }: Stage, service: string): void {
  for (const proof of stack.proofs)
    if (proof.needs.includes(service) && told.proof(proof.name).state === "done")
      note(layout, proof);
}

const recordOf = ({ run }: Layout, { name }: ProofDef) => join(run, `${name}.proof`);
const processesOf = (layout: Layout, { needs }: ProofDef) =>
  JSON.stringify(needs.map((name) => readKept(layout, name)?.identity));
const note = (layout: Layout, proof: ProofDef) =>
  writePrivate(recordOf(layout, proof), processesOf(layout, proof));

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
