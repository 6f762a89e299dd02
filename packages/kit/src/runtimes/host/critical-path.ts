/** What a start waited for: from its last moment back to its first, each stretch laid to whoever took it. Pure. */
import type { Phase, StackStatus } from "./status.ts";

export interface Stretch {
  name: string;
  what: string;
  from: number;
  to: number;
}

interface Node {
  name: string;
  end: number;
  phases: Phase[];
}

/** Shorter ones explain nothing. */
const least = 0.02;

/** In the order of time. Empty before anything is ready. */
export function criticalPath(status: Pick<StackStatus, "services" | "proofs" | "accepting_after">) {
  const nodes = new Map<string, Node>();
  for (const { name, ready_after, phases } of status.services)
    if (ready_after !== null) nodes.set(name, { name, end: ready_after, phases });
  for (const { name, done_after, phases } of status.proofs)
    if (done_after !== null) nodes.set(name, { name, end: done_after, phases });
  const last = (among: Iterable<Node>): Node | undefined =>
    [...among].toSorted((a, b) => b.end - a.end)[0];
  const behind = (on: string): Node | undefined =>
    on === "accepting"
      ? last([...nodes.values()].filter(({ end }) => end <= (status.accepting_after ?? 0) + least))
      : nodes.get(on);

  const path: Stretch[] = [];
  let node = last(nodes.values());
  let until = Infinity;
  while (node) {
    const { name, phases } = node;
    node = undefined;
    for (const { what, on, from, to } of phases.toReversed()) {
      if (from >= until || Math.min(to, until) - from < least) continue;
      const waited = on === null ? undefined : behind(on);
      if (waited && waited.name !== name) {
        node = waited;
        until = Math.min(to, until);
        break;
      }
      path.unshift({ name, what, from, to: Math.min(to, until) });
      until = from;
    }
  }
  return path;
}
