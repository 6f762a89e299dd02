/** Is a service really ready? */
import { closeSync, existsSync, openSync, readSync, fstatSync, statSync } from "node:fs";
import { connect } from "node:net";
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
    case "answers": {
      const to = { host: "127.0.0.1", port: resolver.port(service, def.port) };
      return (await exchange(to, Buffer.from(def.send, "hex"))) ? null : silent(to.port);
    }
    case "closes": {
      const path = resolver.text(service, def.path);
      return (await exchange({ path }, null)) ? null : "its socket gives no answer";
    }
    case "beat": {
      const path = resolver.text(service, def.path);
      const age = (Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)) / 1000;
      return age < def.seconds ? null : `no sign of life for ${Math.min(age, 1e6).toFixed(0)} s`;
    }
    case "told": {
      const port = resolver.port(def.service, def.port);
      const said = await json(`http://127.0.0.1:${port}${def.path}`);
      const member = said && (said[def.member] as { status?: string } | undefined);
      return !member || member.status === def.is ? null : `${def.service} says ${member.status}`;
    }
  }
}

const silent = (port: number) => `port ${port} takes connections and gives no answer`;

async function json(url: string): Promise<Record<string, unknown> | null> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000), redirect: "manual" });
    return answer.ok ? ((await answer.json()) as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Sends bytes, or says at once that none come; true when there is an answer, or a proper end, within five seconds. */
const exchange = (
  to: { host: string; port: number } | { path: string },
  send: Buffer | null,
): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(to);
    const end = (ok: boolean) => {
      socket.destroy();
      resolve(ok);
    };
    socket.setTimeout(5000, () => end(false));
    socket.once("connect", () => (send ? socket.write(send) : socket.end()));
    socket.once("data", () => end(true));
    socket.once("end", () => end(send === null));
    socket.once("error", () => end(false));
  });

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
