/** `status`: each service, and what it waits for. */
import { pssBytes } from "../usage/memory.ts";
import { devCommand } from "../clients/stack.ts";
import { Exit, KitError } from "../model/errors.ts";
import { layoutOf, livingSupervisor, readStatus } from "../runtimes/host/control.ts";
import { servicesOf } from "./dev.ts";
import type { CommandDef } from "./command.ts";
import { columns } from "./style.ts";

const status = {
  name: "status",
  summary: "each service: state, memory, address, what it waits for",
  usage: "",
  examples: ["status", "status --json"],
  options: {},
  async run(context) {
    const layout = layoutOf(context.checkout, context.stack);
    const found = livingSupervisor(layout) ? readStatus(layout) : null;
    if (!found)
      throw new KitError({
        code: "STACK_NOT_RUNNING",
        what: `stack '${context.stack}' of this checkout does not run`,
        why: "it has no living supervisor",
        fix: devCommand(context.stack),
        exit: Exit.notRunning,
      });
    const pids = found.services.flatMap(({ pid }) => (pid === null ? [] : [pid]));
    const memory = pssBytes(pids);
    const services = servicesOf(found).map((s) => ({
      ...s,
      memory_bytes: s.pid === null ? null : (memory.get(s.pid) ?? 0),
    }));
    const { style } = context;
    return {
      document: { state: found.state, services },
      text: [
        columns(
          [
            ["service", "state", "pid", "restarts", "memory", "address", "what"],
            ...services.map((s) => [
              s.name,
              s.state === "ready" ? style.green(s.state) : style.yellow(s.state),
              String(s.pid ?? ""),
              String(s.restarts),
              s.memory_bytes === null ? "" : `${(s.memory_bytes / 1e6).toFixed(0)} MB`,
              s.address ?? "",
              s.waiting_for ?? (s.restarted_because ? `restarted: ${s.restarted_because}` : ""),
            ]),
          ],
          style.dim,
        ),
        "",
        `stack '${context.stack}' is ${found.state}`,
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default status;
