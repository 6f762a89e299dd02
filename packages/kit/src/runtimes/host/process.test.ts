import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { identityOf, isAlive, killGroup } from "../../toolchain/process.ts";
import { stop } from "./process.ts";

const started = async (script: string) => {
  const child = spawn("sh", ["-c", script], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return { identity: identityOf(child.pid!)!, said: Number(said) };
};

it("ends a process with its group, those too that do not care for its signal", async () => {
  const { identity, said } = await started("trap '' TERM; sleep 60 & echo $!; wait");
  const member = identityOf(said)!;
  await stop(identity, "SIGTERM", 0.1);
  expect(isAlive(identity)).toBe(false);
  expect(isAlive(member)).toBe(false);
});

it("leaves alone who has the pid of a process that is gone", async () => {
  const { identity } = await started("echo 1; exec sleep 60");
  try {
    await stop({ ...identity, startTicks: identity.startTicks - 1 }, "SIGTERM", 0.1);
    expect(isAlive(identity)).toBe(true);
  } finally {
    killGroup(identity.pid);
  }
});
