/** The catalog of one world, by the Iceberg REST protocol. Snapshot ids are strings: they have 64 bits. */
import { z } from "zod";
import { Exit, KitError } from "../model/errors.ts";
import type { IcebergField } from "../model/contract.ts";
import { int64, parseJson64 } from "./json64.ts";

export interface CatalogConfig {
  uri: string;
  token: string;
}

const id = z.union([z.string(), z.number()]).transform(String);
const snapshot = z.object({
  "snapshot-id": id,
  "parent-snapshot-id": id.optional(),
  "timestamp-ms": z.number(),
  summary: z.record(z.string(), z.string()).optional(),
});
const field = z.custom<IcebergField>(
  (value) => typeof value === "object" && value !== null && "name" in value && "type" in value,
);
const table = z.object({
  metadata: z.object({
    "table-uuid": z.string(),
    location: z.string(),
    "current-snapshot-id": id.nullish(),
    "current-schema-id": z.number().optional(),
    schemas: z.array(z.object({ "schema-id": z.number(), fields: z.array(field) })).default([]),
    "default-spec-id": z.number(),
    "partition-specs": z.array(
      z.object({
        "spec-id": z.number(),
        fields: z.array(
          z.object({ name: z.string(), "source-id": z.number(), transform: z.string() }),
        ),
      }),
    ),
    snapshots: z.array(snapshot).default([]),
    refs: z
      .record(z.string(), z.object({ "snapshot-id": id, type: z.enum(["branch", "tag"]) }))
      .default({}),
  }),
});

export type TableMetadata = z.infer<typeof table>["metadata"];
export interface Snapshot {
  snapshotId: string;
  parentId: string | null;
  at: Date;
  summary: Record<string, string>;
}
/** `day` of `occurred_at`, called `dt`. */
export interface Partition {
  name: string;
  column: string;
  transform: string;
}
export interface Ref {
  snapshotId: string;
  type: "branch" | "tag";
}

/** How the table is partitioned now. */
export function partitionsOf(metadata: TableMetadata): Partition[] {
  const schema = metadata.schemas.find((s) => s["schema-id"] === metadata["current-schema-id"]);
  const spec = metadata["partition-specs"].find(
    (s) => s["spec-id"] === metadata["default-spec-id"],
  );
  return (spec?.fields ?? []).map(({ name, transform, ...partition }) => ({
    ...{ name, transform },
    column: schema?.fields.find(({ id: source }) => source === partition["source-id"])?.name ?? "",
  }));
}

/** Newest last. */
export const snapshotsOf = (metadata: TableMetadata): Snapshot[] =>
  metadata.snapshots.map((s) => ({
    snapshotId: s["snapshot-id"],
    parentId: s["parent-snapshot-id"] ?? null,
    at: new Date(s["timestamp-ms"]),
    summary: s.summary ?? {},
  }));

/** Of a table: the snapshots that `main` has been at, the newest first. */
export function historyOf(metadata: TableMetadata): Snapshot[] {
  const known = new Map(snapshotsOf(metadata).map((s) => [s.snapshotId, s]));
  const history: Snapshot[] = [];
  let next = metadata.refs["main"]?.["snapshot-id"] ?? null;
  for (let at = next && known.get(next); at; at = next && known.get(next)) {
    history.push(at);
    next = at.parentId;
  }
  return history;
}

class CatalogRefusal extends KitError {
  readonly status: number;
  constructor(status: number, request: string, why: string) {
    super({ code: "CATALOG_REFUSED", what: `the catalog answered ${status} to ${request}`, why });
    this.status = status;
  }
}

export type IcebergCatalog = ReturnType<typeof icebergCatalog>;

export function icebergCatalog(config: CatalogConfig, world: string) {
  async function call(method: string, path: string, body?: object): Promise<unknown> {
    let answer: Response;
    try {
      answer = await fetch(`${config.uri}/v1/${encodeURIComponent(world)}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${config.token}`,
          ...(body && { "content-type": "application/json" }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      });
    } catch (error) {
      throw new KitError({
        code: "CATALOG_UNREACHABLE",
        what: "the catalog does not answer",
        why: (error as Error).message,
        fix: "`./gridata status` shows the state of its services",
        exit: Exit.notRunning,
        cause: error,
      });
    }
    if (answer.status === 404) return null;
    const text = await answer.text();
    if (!answer.ok)
      throw new CatalogRefusal(answer.status, `${method} ${path}`, text.slice(0, 500));
    return text ? parseJson64(text) : {};
  }
  const namespacePath = (name: string) => `/namespaces/${encodeURIComponent(name)}`;
  const tablePath = (name: string) => {
    const [namespace = "", short = ""] = name.split(".");
    return `${namespacePath(namespace)}/tables/${encodeURIComponent(short)}`;
  };

  return {
    /** Null when there is no such table. Names are `<domain>.<dataset>_v<major>`. */
    async loadTable(name: string): Promise<TableMetadata | null> {
      const found = await call("GET", tablePath(name));
      return found === null ? null : table.parse(found).metadata;
    },
    /** The columns as they are now; null when there is no such table. */
    async fields(name: string): Promise<IcebergField[] | null> {
      const found = await this.loadTable(name);
      return (
        found?.schemas.find((schema) => schema["schema-id"] === found["current-schema-id"])
          ?.fields ?? null
      );
    },
    async refs(name: string): Promise<Record<string, Ref> | null> {
      const found = await this.loadTable(name);
      return (
        found &&
        Object.fromEntries(
          Object.entries(found.refs).map(([ref, { type, ...to }]) => [
            ref,
            { type, snapshotId: to["snapshot-id"] },
          ]),
        )
      );
    },
    async listNamespaces(): Promise<string[]> {
      const found = z
        .object({ namespaces: z.array(z.array(z.string())) })
        .nullable()
        .parse(await call("GET", "/namespaces"));
      return (found?.namespaces ?? []).map((levels) => levels.join("."));
    },
    /** Full names, `<namespace>.<table>`. */
    async listTables(namespace: string): Promise<string[]> {
      const found = z
        .object({ identifiers: z.array(z.object({ name: z.string() })) })
        .nullable()
        .parse(await call("GET", `${namespacePath(namespace)}/tables`));
      return (found?.identifiers ?? []).map(({ name }) => `${namespace}.${name}`);
    },
    /** Removes a branch or tag; its snapshots stay until they expire. */
    async removeRef(name: string, ref: string): Promise<void> {
      await call("POST", tablePath(name), {
        requirements: [],
        updates: [{ action: "remove-snapshot-ref", "ref-name": ref }],
      });
    },
    /** One commit that moves `main` to any snapshot of the table: only the admin's role may move it back. */
    async moveMain(name: string, to: string): Promise<void> {
      const found = await this.loadTable(name);
      const main = found?.refs["main"]?.["snapshot-id"];
      if (!found || !main) throw new Error(`${name} has no main`);
      const ref = { "ref-name": "main", type: "branch" };
      await call("POST", tablePath(name), {
        requirements: [
          { type: "assert-table-uuid", uuid: found["table-uuid"] },
          { type: "assert-ref-snapshot-id", ref: "main", "snapshot-id": int64(main) },
        ],
        updates: [{ action: "set-snapshot-ref", ...ref, "snapshot-id": int64(to) }],
      });
    },
    /** Forgets a table; its files stay. */
    async dropTable(name: string): Promise<void> {
      await call("DELETE", tablePath(name));
    },
    /** False when something is in it. */
    async dropNamespace(name: string): Promise<boolean> {
      try {
        await call("DELETE", namespacePath(name));
        return true;
      } catch (error) {
        if (error instanceof CatalogRefusal && error.status === 409) return false;
        throw error;
      }
    },
  };
}
