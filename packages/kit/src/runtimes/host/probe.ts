/** Is a service really ready? */
import { closeSync, existsSync, openSync, readSync, fstatSync } from "node:fs";
import type { ProbeDef } from "../../model/service.ts";
import { accepts } from "../../toolchain/ports.ts";
import type { Resolver } from "./resolve.ts";

export interface ProbeContext {
  service: string;
  resolver: Resolver;
  log: string;
  /** Where this start's part of the log begins. */
  logStart: number;
}

/** Null when it passes, else what is missing, for a person. */
export async function probe(def: ProbeDef, context: ProbeContext): Promise<string | null> {
  const { service, resolver } = context;
  switch (def.kind) {
    case "tcp": {
      const port = resolver.port(service, def.port);
      return (await accepts({ host: "127.0.0.1", port })) ? null : `port ${port} is not open yet`;
    }
    case "socket": {
      const path = resolver.text(service, def.path);
      return (await accepts({ path })) ? null : "its socket is not open yet";
    }
    case "http": {
      const port = resolver.port(service, def.port);
      try {
        const answer = await fetch(`http://127.0.0.1:${port}${def.path}`, {
          signal: AbortSignal.timeout(5000),
          redirect: "manual",
        });
        await answer.arrayBuffer();
        return def.status.includes(answer.status) ? null : `${def.path} answers ${answer.status}`;
      } catch {
        return `${def.path} does not answer yet`;
      }
    }
    case "log":
      return existsSync(context.log) && logHas(context, new RegExp(def.pattern))
        ? null
        : `no line '${def.pattern}' in its log yet`;
    case "task":
      throw new Error("tasks are run, not asked");
  }
}

function logHas(context: ProbeContext, pattern: RegExp): boolean {
  const file = openSync(context.log, "r");
  try {
    const size = fstatSync(file).size;
    const buffer = Buffer.alloc(Math.max(0, size - context.logStart));
    readSync(file, buffer, 0, buffer.length, context.logStart);
    return pattern.test(buffer.toString());
  } finally {
    closeSync(file);
  }
}
