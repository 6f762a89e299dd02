/** Where a stack keeps what: docs/architecture.md, "State of a stack". */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { dropFolder, stateFolder } from "../../clients/stack.ts";
import type { PathArea } from "../../model/service.ts";

export interface Layout {
  checkout: string;
  stack: string;
  state: string;
  stackFile: string;
  secrets: string;
  config: string;
  run: string;
  logs: string;
  /** Short, because the path of a socket has at most 107 bytes. */
  sockets: string;
  drop: string;
  /** What the supervisor says to everyone who looks. */
  status: string;
  events: string;
  supervisor: string;
}

export function layoutOf(checkout: string, stack: string): Layout {
  const state = stateFolder(checkout, stack);
  const hash = createHash("sha256").update(state).digest("hex").slice(0, 8);
  const run = join(state, "run");
  return {
    ...{ checkout, stack, state, run },
    stackFile: join(state, "stack.json"),
    secrets: join(state, "secrets"),
    config: join(state, "config"),
    logs: join(state, "logs"),
    sockets: `/tmp/gridata-${process.getuid?.() ?? 0}-${hash}`,
    drop: dropFolder(checkout, stack, "default"),
    status: join(run, "status.json"),
    events: join(run, "events.jsonl"),
    supervisor: join(run, "supervisor.json"),
  };
}

/** The folder of an area; `data` is each service's own. */
export function areaPath(layout: Layout, service: string, area: PathArea): string {
  switch (area) {
    case "data":
      return join(layout.state, "data", service);
    case "run":
      return layout.run;
    case "logs":
      return layout.logs;
    case "config":
      return layout.config;
    case "socket":
      return layout.sockets;
    case "state":
      return layout.state;
    case "checkout":
      return layout.checkout;
    case "drop":
      return layout.drop;
  }
}
