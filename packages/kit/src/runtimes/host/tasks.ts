/** Programs that run to their end. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { MadeDef, TaskDef, Value } from "../../model/service.ts";
import { killGroup } from "../../toolchain/process.ts";
import { writePrivate } from "./facts.ts";
import { launch, sizeOf, tailOf } from "./process.ts";

const tailLines = 20;

export interface TaskPlace {
  log: string;
  cwd: string;
  text(value: Value): string;
  environment(values: Record<string, Value>): NodeJS.ProcessEnv;
  /** What of it is gone, or why that can't be told; null: it is there. */
  missing(made: MadeDef): Promise<string | null>;
  signal: AbortSignal;
  /** It runs now, it was not left out. */
  onStart(): void;
}

/** The end of a task that went wrong. */
export interface TaskFailure {
  code: number | string | null;
  timedOut: boolean;
  tail: string;
}

/** Null when it is done, or was before. */
export async function runTask(task: TaskDef, place: TaskPlace): Promise<TaskFailure | null> {
  const argv = task.argv.map((value) => place.text(value));
  const env = place.environment(task.env ?? {});
  const mark = task.once && place.text(task.once.mark);
  const given = task.once && digest(task, argv, place);
  const marked = task.unless
    ? existsSync(place.text(task.unless))
    : mark
      ? read(mark) === given
      : task.made !== undefined;
  if (marked && (!task.made || (await place.missing(task.made)) === null)) return null;
  place.signal.throwIfAborted();
  place.onStart();
  const from = sizeOf(place.log);
  const unprivileged = task.unprivileged ?? false;
  const child = launch({ argv, env, cwd: place.cwd, log: place.log, unprivileged });
  const ended = new Promise<number | string | null>((done) => {
    child.once("error", (error) => done(String(error)));
    child.once("exit", (code, signal) => done(code ?? signal));
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, task.deadlineSeconds * 1000);
  const abort = () => killGroup(child.pid);
  place.signal.addEventListener("abort", abort);
  const code = await ended;
  clearTimeout(timer);
  place.signal.removeEventListener("abort", abort);
  if (code !== 0) return { code, timedOut, tail: tailOf(place.log, tailLines, from) };
  if (mark) writePrivate(mark, given!);
  return null;
}

/** Of a task's own values and of the contents of its inputs. */
function digest(task: TaskDef, argv: string[], { text }: TaskPlace): string {
  const own = Object.values(task.env ?? {}).map(text);
  const hash = createHash("sha256").update(JSON.stringify([argv, own]));
  for (const path of task.once!.inputs.map(text)) {
    const files = statSync(path).isDirectory()
      ? readdirSync(path)
          .toSorted()
          .map((name) => join(path, name))
      : [path];
    for (const file of files)
      if (statSync(file).isFile()) hash.update(file).update("\0").update(readFileSync(file));
  }
  return hash.digest("hex");
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
