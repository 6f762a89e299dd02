/** Ports of this machine's loopback. */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";

/** How many ports are chosen from. */
const width = 12_000;

/**
 * A port that nothing listened on a moment ago, and none of `taken`. Not one of those that the kernel gives to connections: it
 * would give it to one before the server is there.
 */
export async function freePort(taken: readonly number[] = []): Promise<number> {
  const from = firstPort();
  for (;;) {
    const port = randomInt(from, from + width);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
}

/** Below the kernel's own, or above them where those begin too low; 20000 where nobody says which they are. */
function firstPort(): number {
  const [low, high] = localPorts();
  if (low - width > 10_000) return low - width;
  return high + width < 65_536 ? high + 1 : 20_000;
}

function localPorts(): [low: number, high: number] {
  try {
    const [low, high] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/);
    return [Number(low), Number(high)];
  } catch {
    return [32_768, 60_999];
  }
}

/** Whether a server could listen there just now. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

/** Whether something takes connections there, within two seconds. */
export const accepts = (to: { host: string; port: number } | { path: string }): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(to);
    const end = (ok: boolean) => {
      socket.destroy();
      resolve(ok);
    };
    socket.setTimeout(2000, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
