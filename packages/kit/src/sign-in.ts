/**
 * One visit to one address signs a browser in: a token travels as a cookie, never in an argv or an address.
 *
 * Reads `{"token", "to", "seconds"}` on standard input, prints its address, serves one GET and ends; or ends unvisited after
 * `seconds`. A process of its own, because a browser comes when the command that printed the address is gone.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

interface Visit {
  token: string;
  /** Where the visitor is sent. */
  to: string;
  seconds: number;
}

const { token, to, seconds } = JSON.parse(await text(process.stdin)) as Visit;
const path = `/${randomBytes(24).toString("base64url")}`;

const server = createServer((request, response) => {
  if (request.url !== path || request.method !== "GET") {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(302, {
    location: to,
    // As Airflow sets it itself. Cookies know hosts, not ports: this one is for Airflow, on the same host.
    "set-cookie": `_token=${token}; Path=/; HttpOnly; SameSite=Lax`,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    connection: "close",
  });
  response.end();
  server.close();
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`http://127.0.0.1:${port}${path}\n`);
});
setTimeout(() => process.exit(0), seconds * 1000).unref();
