import { spawn } from "node:child_process";
import { afterEach, expect, it } from "vitest";
import { identityOf, killGroup } from "../../toolchain/process.ts";
import { untilGone } from "./liveness.ts";

const child = () => spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
const started: (number | undefined)[] = [];
afterEach(() => started.splice(0).forEach(killGroup));

const start = () => {
  const { pid } = child();
  started.push(pid);
  return identityOf(pid!)!;
};
const never = new AbortController().signal;
const nothing = async () => null;
const fine = { alive: nothing, lost: nothing };
const fast = { everyMs: 1, silentTimes: 3 };

it("tells of a process that is silent several times in a row, not of one that was busy", async () => {
  const identity = start();
  const answers = ["busy", "busy", null, "silent", "silent", "silent"];
  const ask = async () =>
    answers.length > 0 ? (answers.shift() as string | null) : "asked too often";
  const questions = { alive: ask, lost: nothing };
  expect(await untilGone(identity, questions, never, never, fast)).toEqual({
    ...{ how: "silent", why: "silent" },
  });
  expect(answers).toEqual([]);
});

it("tells of the end of a process that it did not start", async () => {
  const identity = start();
  killGroup(identity.pid);
  expect(await untilGone(identity, fine, never, never, fast)).toEqual({ how: "ended" });
});

it("tells at once when what its tasks made is gone", async () => {
  const identity = start();
  const answers = [null, "the database is gone"];
  const lost = async () => answers.shift() ?? null;
  expect(await untilGone(identity, { ...fine, lost }, never, never, fast)).toEqual({
    ...{ how: "lost", why: "the database is gone" },
  });
});

it("ends with the stack", async () => {
  const identity = start();
  const stack = new AbortController();
  const gone = untilGone(identity, fine, stack.signal, never, fast);
  stack.abort();
  expect(await gone).toBeNull();
});
