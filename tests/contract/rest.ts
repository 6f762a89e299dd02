/** The catalog spoken to as any client does: requests of the REST specification, by role. */
import { readStackConfig } from "@gridata/kit/clients/stack";
import { int64, parseJson64 } from "@gridata/kit/clients/json64";

export type Role = "reader" | "pipeline" | "publisher" | "admin";

export interface Answer {
  status: number;
  body: any;
}

export interface Rest {
  (role: Role | null, method: string, path: string, body?: unknown): Promise<Answer>;
}

const stack = process.env["GRIDATA_STACK"] ?? "default";

/** Paths are below the world's prefix; `pipeline` has the role `engine`. */
export function restOf(checkout: string, world: string): Rest {
  return async (role, method, path, body) => {
    const { catalog } = readStackConfig(checkout, stack, role ?? "reader");
    const answer = await fetch(`${catalog!.uri}/v1/${world}${path}`, {
      method,
      headers: {
        ...(role && { authorization: `Bearer ${catalog!.token}` }),
        "content-type": "application/json",
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text ? parseJson64(text) : null };
  };
}

const fields = [
  { id: 1, name: "id", required: false, type: "long" },
  { id: 2, name: "dt", required: false, type: "date" },
];

export const createRequest = (name: string) => ({
  name,
  schema: { type: "struct", "schema-id": 0, fields },
  "partition-spec": {
    "spec-id": 0,
    fields: [{ "source-id": 2, "field-id": 1000, name: "dt", transform: "identity" }],
  },
  properties: { "format-version": "2" },
});

let sequence = 10;

/** A snapshot without files: rules of refs read metadata alone. */
export const addSnapshot = (id: string, parent: string) => ({
  action: "add-snapshot",
  snapshot: {
    "snapshot-id": int64(id),
    "parent-snapshot-id": int64(parent),
    "sequence-number": ++sequence,
    "timestamp-ms": Date.now() + sequence,
    "manifest-list": `s3://curated/none/${id}.avro`,
    summary: { operation: "append" },
    "schema-id": 0,
  },
});

export const setRef = (ref: string, id: string) => ({
  action: "set-snapshot-ref",
  "ref-name": ref,
  type: "branch",
  "snapshot-id": int64(id),
});

export const assertRef = (ref: string, id: string | null) => ({
  type: "assert-ref-snapshot-id",
  ref,
  "snapshot-id": id === null ? null : int64(id),
});

/** More than a double can hold, so a rounding client is noticed. */
let next = 9_007_199_254_740_993n;
export const newId = (): string => String((next += 2n));
