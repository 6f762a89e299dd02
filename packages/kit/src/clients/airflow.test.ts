import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { airflowClient } from "./airflow.ts";

/** Answers each method with its statuses, one after the other, the last one for good; the way to sign in with a token. */
async function answering(statuses: Record<string, number[]>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    if (request.url?.startsWith("/auth/")) {
      response.writeHead(201, { "content-type": "application/json" });
      return response.end(JSON.stringify({ access_token: "t" }));
    }
    asked.push(request.method!);
    const left = statuses[request.method!]!;
    return response.writeHead(left.length > 1 ? left.shift()! : left[0]!).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    client: airflowClient({ uri, username: "u", password: "p" }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

it("removes a run that goes on, though the database of Airflow ends one of two that wait for each other", async () => {
  await using airflow = await answering({ DELETE: [409, 500, 204], PATCH: [500, 200] });
  await airflow.client.deleteRun("process_and_publish", "w.b.1");
  expect(airflow.asked).toEqual(["DELETE", "PATCH", "PATCH", "DELETE", "DELETE"]);
});

it("removes a run of which the scheduler says once more that it goes on", async () => {
  await using airflow = await answering({ DELETE: [409, 409, 204], PATCH: [200] });
  await airflow.client.deleteRun("process_and_publish", "w.b.1");
  expect(airflow.asked).toEqual(["DELETE", "PATCH", "DELETE", "PATCH", "DELETE"]);
});
