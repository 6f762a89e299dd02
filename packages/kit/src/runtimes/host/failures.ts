/** What is said of a service that could not run: the known cause where the evidence shows one, else the end of its log. */
import { Exit, KitError } from "../../model/errors.ts";
import type { TaskDef } from "../../model/service.ts";
import { causeOf } from "./causes.ts";
import { isFull } from "./full-disk.ts";
import { freeBytes, oomKills } from "./machine-facts.ts";
import type { TaskFailure } from "./tasks.ts";

export interface Ending {
  name: string;
  /** What happened, as it follows the name. */
  what: string;
  /** The end of its log. */
  tail: string;
  exit: number | string | null;
  /** The kernel's count when it started. */
  oomKillsBefore: number;
}

/** `state`: a folder on the disk that the service writes to. */
export function failure(state: string, { name, what, tail, exit, oomKillsBefore }: Ending) {
  const fix = `all of its log: ./gridata logs ${name}`;
  const cause = causeOf({
    ...{ service: name, tail, exit, freeBytes: freeBytes(state) },
    oomKills: oomKills() - oomKillsBefore,
  });
  if (cause) return new KitError({ ...cause, fix: `${cause.fix}; ${fix}`, exit: Exit.failed });
  return new KitError({
    ...{ code: "SERVICE_FAILED", what: `${name}: ${what}`, why: tail || "its log is empty" },
    ...{ fix, exit: Exit.failed },
  });
}

export const silent = (name: string, why: string): KitError =>
  new KitError({
    ...{ code: "SERVICE_SILENT", what: `${name}: it ran and gave no answer` },
    ...{ why, fix: "it is started again by itself", exit: Exit.failed },
  });

export const lost = (name: string, why: string): KitError =>
  new KitError({
    ...{ code: "DATA_GONE", what: `${name}: what it had made is gone` },
    ...{ why, fix: "it is made anew by itself", exit: Exit.failed },
  });

/** A failure that says itself what it is, a full disk of this process, or a bug with its trace. */
export function knownOr(error: unknown): KitError {
  if (error instanceof KitError) return error;
  const bug = { code: "INTERNAL", what: String(error), why: (error as Error).stack ?? "" };
  const full = {
    ...{ code: "DISK_FULL", what: "the disk of the stack is full", why: String(error) },
    fix: "free some space: it goes on by itself; nothing was lost",
  };
  return new KitError({
    ...(isFull(error) ? full : bug),
    ...{ exit: Exit.failed, cause: error },
  });
}

export const taskEnd = (task: TaskDef, { timedOut, code }: TaskFailure): string =>
  timedOut
    ? `its task '${task.name}' did not end within ${task.deadlineSeconds} s`
    : `its task '${task.name}' ended with ${code}`;
