/** What lies in the lake of a world: tables by DuckDB, refs by the catalog, objects by the store. */
import { openLakeReader, quoteIdentifier } from "@gridata/kit/clients/duckdb";
import { historyOf, icebergCatalog } from "@gridata/kit/clients/iceberg";
import { objectStore, type StoredObject } from "@gridata/kit/clients/s3";
import type { IdentityConfig } from "@gridata/kit/clients/stack";
import { provision } from "@gridata/kit/toolchain";
import type { Row } from "@gridata/kit/fixtures";

export type { StoredObject };

export interface Lake {
  /** All rows of a table, every value as text. */
  rows(table: string): Promise<Row[]>;
  /** Snapshot ids by the name of their branch or tag; null when there is no such table. */
  refs(table: string): Promise<Record<string, string> | null>;
  /** Snapshot ids from main back to the first one. */
  ancestry(table: string): Promise<string[]>;
  objects(bucket: string, prefix: string): Promise<StoredObject[]>;
  /** The text of an object, by its `s3://` address. */
  text(uri: string): Promise<string>;
  /** Folder of DuckDB's extensions. */
  extensions: string;
}

export async function openLake(
  config: IdentityConfig,
  world: string,
  checkout: string,
): Promise<Lake> {
  if (!config.catalog || !config.s3) throw new Error("the reader has no catalog or no store");
  const tables = icebergCatalog(config.catalog, world);
  const store = objectStore(config.s3);
  const extensions = await provision(["duckdb-extensions"], { checkout }).tool("duckdb-extensions");
  return {
    extensions: extensions.dir,
    async rows(table) {
      // A connection of its own: DuckDB keeps what it read of a table for as long as it lives.
      await using reader = await openLakeReader(config, world, extensions.dir);
      const name = table.split(".").map(quoteIdentifier).join(".");
      return (await reader.query(`select * from lake.${name}`)).rows;
    },
    async refs(table) {
      const refs = await tables.refs(table);
      return (
        refs && Object.fromEntries(Object.entries(refs).map(([ref, to]) => [ref, to.snapshotId]))
      );
    },
    async ancestry(table) {
      const found = await tables.loadTable(table);
      return found ? historyOf(found).map(({ snapshotId }) => snapshotId) : [];
    },
    objects: (bucket, prefix) => store.list(bucket, prefix),
    text(uri) {
      const { hostname, pathname } = new URL(uri);
      return store.getText(hostname, decodeURIComponent(pathname.slice(1)));
    },
  };
}
