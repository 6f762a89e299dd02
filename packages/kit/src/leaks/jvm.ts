/** What a Java program of this machine holds in memory, asked by HotSpot's own attach protocol: no tool of a JDK is needed. */
import { existsSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

const deadlineMs = 30_000;

export interface Heap {
  bytes: number;
  /** How many objects of a class there are. */
  count(className: string): number;
}

/** What is live, after a collection of garbage. */
export async function liveHeap(pid: number): Promise<Heap> {
  // `   1:  12345  678901  java.lang.String (java.base@21)`, and a line of totals.
  const lines = (await ask(pid, "inspectheap", "-live"))
    .split("\n")
    .map((l) => l.trim().split(/\s+/));
  const total = lines.find(([first]) => first === "Total");
  return {
    bytes: Number(total?.[2] ?? 0),
    count: (className) => Number(lines.find(([, , , name]) => name === className)?.[1] ?? 0),
  };
}

async function ask(pid: number, command: string, argument: string): Promise<string> {
  const path = `/tmp/.java_pid${pid}`;
  await listening(pid, path);
  try {
    const socket = connect(path);
    socket.setTimeout(deadlineMs, () => socket.destroy(new Error(`process ${pid} is silent`)));
    // Version 1 of the protocol: a command and three arguments.
    socket.write(["1", command, argument, "", "", ""].join("\0"));
    const answer = await text(socket);
    if (!answer.startsWith("0")) throw new Error(`process ${pid} refuses ${command}: ${answer}`);
    return answer;
  } finally {
    // A program that is killed would leave it behind. It opens another one when it is asked again.
    rmSync(path, { force: true });
  }
}

/** A program listens once it is asked to: it finds a file in its folder when it gets SIGQUIT. */
async function listening(pid: number, path: string): Promise<void> {
  if (existsSync(path)) return;
  const request = join(readlinkSync(`/proc/${pid}/cwd`), `.attach_pid${pid}`);
  writeFileSync(request, "");
  try {
    process.kill(pid, "SIGQUIT");
    const deadline = performance.now() + deadlineMs;
    while (!existsSync(path)) {
      if (performance.now() > deadline) throw new Error(`process ${pid} does not listen`);
      await sleep(20);
    }
  } finally {
    rmSync(request, { force: true });
  }
}
