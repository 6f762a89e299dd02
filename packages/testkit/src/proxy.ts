/**
 * A proxy for HTTP that does to single requests what a network does: loses the answer, sends twice, delays past what comes next,
 * answers 503, resets. It stands between two parts by the configuration of an identity, which each step reads when it starts.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { stateFolder } from "@gridata/kit/clients/stack";

type Fault =
  /** 503, and the target never hears of it. */
  | "unavailable"
  /** 500, and the target never hears of it. */
  | "failing"
  /** The connection is reset, and the target never hears of it. */
  | "reset"
  /** The target does it, and the answer is lost. */
  | "answer-lost"
  /** The target does it twice; the second answer is given. */
  | "twice"
  /** The connection is reset, and the target does it when `release` is called. */
  | "late";

interface Seen {
  method: string;
  path: string;
  body: string;
}

interface Injection {
  /** Requests that it has struck so far. */
  readonly struck: Seen[];
  /** `late`: sends what was held back; the status of each answer. */
  release(): Promise<number[]>;
  /** Strikes nothing more. */
  end(): void;
}

export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  /** Strikes the next `times` requests that match. */
  inject(fault: Fault, match: (seen: Seen) => boolean, times?: number): Injection;
}

interface Armed {
  fault: Fault;
  match: (seen: Seen) => boolean;
  left: number;
  struck: Seen[];
  held: (() => Promise<number>)[];
}

export async function faultProxy(target: string): Promise<FaultProxy> {
  const armed: Armed[] = [];
  const to = new URL(target);
  const server = createServer((incoming, answer) => void handle(incoming, answer));

  async function handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    const seen = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      body: body.toString("latin1"),
    };
    const found = armed.find(({ left, match }) => left > 0 && match(seen));
    if (found) {
      found.left--;
      found.struck.push(seen);
    }
    const send = (respond?: ServerResponse) => forward(incoming, body, respond);
    try {
      switch (found?.fault) {
        case "unavailable":
        case "failing": {
          const code = found.fault === "failing" ? 500 : 503;
          answer.writeHead(code, { "content-type": "application/json" });
          answer.end(`{"error":{"type":"Injected","message":"by a test","code":${code}}}`);
          return;
        }
        case "reset":
          incoming.socket.destroy();
          return;
        case "late":
          found.held.push(send);
          incoming.socket.destroy();
          return;
        case "answer-lost":
          await send();
          incoming.socket.destroy();
          return;
        case "twice":
          await send();
      }
      await send(answer);
    } catch {
      incoming.socket.destroy();
    }
  }

  /** The headers go as they came: the store's signatures cover them. Returns the status. */
  function forward(from: IncomingMessage, body: Buffer, respond?: ServerResponse): Promise<number> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: to.hostname,
          port: to.port,
          method: from.method,
          path: from.url,
          headers: from.headers,
          setHost: false,
        },
        (got) => {
          if (respond) {
            respond.writeHead(got.statusCode ?? 502, got.headers);
            got.pipe(respond);
          } else got.resume();
          got.once("end", () => resolve(got.statusCode ?? 0));
          got.once("error", reject);
        },
      );
      outgoing.once("error", reject);
      outgoing.end(body);
    });
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    inject(fault, match, times = 1) {
      const one: Armed = { fault, match, left: times, struck: [], held: [] };
      armed.push(one);
      return {
        struck: one.struck,
        end: () => void (one.left = 0),
        release: () => Promise.all(one.held.splice(0).map((send) => send())),
      };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Makes an identity reach a service by another address, until it is disposed. */
export function rewire(
  checkout: string,
  stack: string,
  identity: string,
  service: "catalog" | "s3",
  url: string,
): Disposable {
  const path = join(stateFolder(checkout, stack), "config", `${identity}.json`);
  const before = readFileSync(path, "utf8");
  const config = JSON.parse(before) as Record<string, Record<string, string>>;
  config[service]![service === "s3" ? "endpoint" : "uri"] = url;
  replace(path, JSON.stringify(config));
  return { [Symbol.dispose]: () => replace(path, before) };
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}
