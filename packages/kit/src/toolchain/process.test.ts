import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, it } from "vitest";
import { groupOf, identityOf, isAlive, killGroup, statFields } from "./process.ts";

const started: number[] = [];
afterEach(() => started.splice(0).forEach(killGroup));

/** A program that leads its own group, once it has said that it is ready. */
async function leader(program: string, ...args: string[]): Promise<number> {
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  started.push(child.pid!);
  await once(child.stdout, "data");
  return child.pid!;
}

it("a zombie whose threads go on is alive: it holds its ports until the last one ended", async () => {
  const pid = await leader(
    "python3",
    "-c",
    [
      "import ctypes, threading, time",
      "def rest():",
      "    while open('/proc/self/stat').read().rpartition(')')[2].split()[0] != 'Z': time.sleep(.01)",
      "    print('ready', flush=True)",
      "    time.sleep(60)",
      "threading.Thread(target=rest).start()",
      "ctypes.CDLL(None).pthread_exit(None)",
    ].join("\n"),
  );
  const identity = identityOf(pid)!;
  expect(statFields(pid)?.[0]).toBe("Z");
  expect(isAlive(identity)).toBe(true);
  expect(groupOf(identity)).toEqual([pid]);
});

it("a group is that of its leader, of one that ended too, and never that of who has its pid now", async () => {
  const pid = await leader("sh", "-c", "sleep 60 & echo ready; wait");
  const identity = identityOf(pid)!;
  expect(groupOf(identity)).toHaveLength(2);
  process.kill(pid, "SIGKILL");
  await expect.poll(() => isAlive(identity)).toBe(false);
  expect(groupOf(identity)).toHaveLength(1);

  const other = await leader("sh", "-c", "echo ready; exec sleep 60");
  const now = identityOf(other)!;
  expect(groupOf(now)).toEqual([other]);
  expect(groupOf({ ...now, startTicks: now.startTicks - 1 })).toEqual([]);
  expect(groupOf({ ...now, bootId: "an earlier one" })).toEqual([]);
});
