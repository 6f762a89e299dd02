/** The supervisor's process: `node supervise.ts <checkout> <stack> <profile> <services, joined by commas>`. Ended by SIGTERM. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { partOf } from "./model/partial.ts";
import { stackDef } from "./services/index.ts";
import { tryLock } from "./toolchain/lock.ts";
import { layoutOf } from "./runtimes/host/layout.ts";
import { markSupervisor, supervisor } from "./runtimes/host/supervisor.ts";

const [checkout, stack, profile, services] = process.argv.slice(2);
if (!checkout || !stack || (profile !== "normal" && profile !== "small") || !services)
  throw new Error("usage: supervise.ts <checkout> <stack> <normal|small> <services>");
const layout = layoutOf(checkout, stack);
mkdirSync(layout.run, { recursive: true, mode: 0o700 });
// Two `dev` at once: one supervisor stays.
const held = tryLock(join(layout.run, "supervisor.lock"));
if (held) {
  markSupervisor(layout);
  const part = partOf(stackDef, services.split(","));
  const running = supervisor(layout, { whole: stackDef, stack: part, profile }, process.env);
  process.on("SIGTERM", () => running.end());
  process.on("SIGINT", () => {});
  process.on("SIGHUP", () => {});
  await running.run();
  rmSync(layout.supervisor, { force: true });
  rmSync(layout.sockets, { recursive: true, force: true });
  held.release();
  process.exit(0);
}
