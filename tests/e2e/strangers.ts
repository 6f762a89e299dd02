/**
 * What a program without credentials asks each kind of listener, in that listener's own protocol. Each answers how it was refused,
 * or throws what it was given.
 */
import http2 from "node:http2";
import { connect } from "node:net";

/** First bytes of the answer; null when the other side ended without one. */
const ask = (port: number, request: Buffer): Promise<Buffer | null> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    const end = (answer: Buffer | null) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(15_000, () => {
      socket.destroy();
      reject(new Error(`port ${port} neither answers nor ends`));
    });
    socket.once("connect", () => socket.write(request));
    socket.once("data", end);
    socket.once("close", () => end(null));
    socket.once("error", () => end(null));
  });

const given = (what: string, answer: unknown): never => {
  throw new Error(`a stranger was given ${what}: ${String(answer)}`);
};

async function http(port: number, method: string, path: string, status: number[]): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    redirect: "manual",
    signal: AbortSignal.timeout(15_000),
    ...(method !== "GET" && { body: "{}", headers: { "content-type": "application/json" } }),
  });
  const text = await answer.text();
  return status.includes(answer.status)
    ? `${method} ${path}: ${answer.status}`
    : given(`${method} ${path}`, `${answer.status} ${text.slice(0, 200)}`);
}

export async function store(port: number): Promise<string[]> {
  return Promise.all([
    http(port, "GET", "/", [403]),
    http(port, "GET", "/staging?list-type=2", [403]),
    http(port, "PUT", "/staging/default/drop/a/b/x.csv", [403]),
    http(port, "GET", "/minio/admin/v3/info", [403]),
    http(port, "GET", "/minio/v2/metrics/cluster", [403]),
  ]);
}

export async function catalog(port: number): Promise<string[]> {
  return Promise.all([
    http(port, "GET", "/v1/config?warehouse=default", [401]),
    http(port, "GET", "/v1/default/namespaces", [401]),
    http(port, "POST", "/v1/default/namespaces", [401]),
  ]);
}

export async function airflow(port: number): Promise<string[]> {
  const task = "00000000-0000-7000-8000-000000000000";
  return Promise.all([
    http(port, "GET", "/api/v2/dags", [401]),
    http(port, "POST", "/api/v2/dags/file_watch_ingest/dagRuns", [401]),
    http(port, "GET", "/ui/config", [401]),
    http(port, "GET", "/execution/connections/any", [401, 403]),
    http(port, "PATCH", `/execution/task-instances/${task}/run`, [401, 403]),
  ]);
}

/** A start-up packet as the superuser: the answer must ask for SASL (code 10), or be an error. */
export async function postgres(port: number): Promise<string[]> {
  const parameters = Buffer.from("user\0postgres\0database\0ledger\0\0");
  const packet = Buffer.alloc(8);
  packet.writeInt32BE(8 + parameters.length, 0);
  packet.writeInt32BE(196_608, 4);
  const answer = await ask(port, Buffer.concat([packet, parameters]));
  const [kind, code] = [answer?.toString("latin1", 0, 1), answer?.readInt32BE(5)];
  if (kind === "R" && code === 10) return ["asked to sign in"];
  return kind === "E" ? ["refused"] : given("a session", `${kind} ${code}`);
}

/** A request for metadata without a sign-in: a broker ends the connection. */
export async function kafka(port: number): Promise<string[]> {
  // Key 3, version 1, correlation id 1, no client id, all topics.
  const request = Buffer.from("000000000003000100000001ffffffffffff", "hex");
  request.writeInt32BE(request.length - 4, 0);
  const answer = await ask(port, request);
  return answer === null ? ["the connection was ended"] : given("metadata", answer.toString("hex"));
}

/** A configuration request of Spark Connect without a token. */
export async function sparkConnect(port: number): Promise<string[]> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  try {
    const status = await new Promise<string>((resolve, reject) => {
      session.once("error", reject);
      const stream = session.request({
        ":method": "POST",
        ":path": "/spark.connect.SparkConnectService/Config",
        "content-type": "application/grpc",
        te: "trailers",
      });
      const seen = (headers: Record<string, unknown>) => {
        const code = headers["grpc-status"];
        if (code !== undefined) resolve(String(code));
      };
      stream.once("response", seen);
      stream.once("trailers", seen);
      stream.once("error", reject);
      stream.setTimeout(15_000, () => reject(new Error("no answer")));
      stream.resume();
      stream.end(Buffer.alloc(5));
    });
    return status === "16" ? ["UNAUTHENTICATED"] : given("an answer of Spark", `status ${status}`);
  } finally {
    session.destroy();
  }
}

/** A request in the frames of Spark's own RPC, without the shared secret: a failure (5) or an end, never a response (4). */
export async function sparkRpc(port: number): Promise<string[]> {
  const body = Buffer.from("anything");
  const frame = Buffer.alloc(21 + body.length);
  frame.writeBigInt64BE(BigInt(frame.length), 0);
  frame.writeInt8(3, 8);
  frame.writeBigInt64BE(1n, 9);
  frame.writeInt32BE(body.length, 17);
  body.copy(frame, 21);
  const answer = await ask(port, frame);
  if (answer === null) return ["the connection was ended"];
  return answer.readInt8(8) === 5 ? ["RpcFailure"] : given("a response", answer.toString("hex"));
}
