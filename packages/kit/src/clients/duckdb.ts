/**
 * Reads Iceberg tables by DuckDB over the catalog. It shares no code with what writes them, so a table that it reads right is
 * right. Values come as text: 64-bit integers and decimals would lose digits as numbers.
 */
import { join } from "node:path";
import { DuckDBInstance, StatementType, type DuckDBConnection } from "@duckdb/node-api";
import type { IdentityConfig } from "./stack.ts";

export interface QueryColumn {
  name: string;
  /** DuckDB's name of the type, such as `DECIMAL(12,2)`. */
  type: string;
}

export type TextRow = Record<string, string | null>;

export interface QueryResult {
  columns: QueryColumn[];
  rows: TextRow[];
}

export interface DuckDB extends AsyncDisposable {
  /** Runs one SELECT and returns its rows as text, `limit` at most: times as RFC 3339 in UTC, NULL as null. */
  query(select: string, limit?: number | null): Promise<QueryResult>;
  /** What a text is without running it: `SELECT`, `INSERT`, .. or `3 statements`. */
  statement(sql: string): Promise<string>;
  /** Ends what runs just now; it fails then. */
  interrupt(): void;
  /** Runs a statement for its effect. */
  run(statement: string): Promise<void>;
}

export const quoteIdentifier = (name: string) => `"${name.replaceAll('"', '""')}"`;
export const quoteText = (text: string) => `'${text.replaceAll("'", "''")}'`;

/**
 * Opens DuckDB with the tables of `world` attached as `lake`: `lake.sales.transactions_v1`.
 * `extensions` is the folder of the tool `duckdb-extensions`; nothing is fetched.
 */
export async function openLakeReader(
  config: IdentityConfig,
  world: string,
  extensions: string,
): Promise<DuckDB> {
  const { s3, catalog } = config;
  if (!s3 || !catalog) throw new Error(`identity '${config.identity}' may not read tables`);
  const database = await openDuckDB();
  for (const name of ["httpfs", "avro", "iceberg"])
    await database.run(
      `load ${quoteText(join(extensions, `duckdb_extension_${name}/extensions/v1.5.5/${name}.duckdb_extension`))}`,
    );
  await database.run(
    `create secret store (type s3, key_id ${quoteText(s3.access_key)}, secret ${quoteText(s3.secret_key)},
       region ${quoteText(s3.region)}, endpoint ${quoteText(new URL(s3.endpoint).host)}, url_style 'path', use_ssl false)`,
  );
  await database.run(
    `attach ${quoteText(world)} as lake (type iceberg, endpoint ${quoteText(catalog.uri)}, token ${quoteText(catalog.token)},
       access_delegation_mode 'none', read_only)`,
  );
  return database;
}

/** DuckDB alone, in memory, that fetches no extension by itself. */
export async function openDuckDB(): Promise<DuckDB> {
  const instance = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  await connection.run("set preserve_insertion_order = true");
  return {
    query: (select, limit = null) => queryText(connection, select, limit),
    statement: (sql) => statementOf(connection, sql),
    interrupt: () => connection.interrupt(),
    run: async (statement) => void (await connection.run(statement)),
    [Symbol.asyncDispose]: async () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function queryText(
  connection: DuckDBConnection,
  select: string,
  limit: number | null,
): Promise<QueryResult> {
  const inner = withoutEnd(select);
  const prepared = await connection.prepare(inner);
  const names: string[] = [];
  const columns: QueryColumn[] = [];
  for (let i = 0; i < prepared.columnCount; i++) {
    names.push(prepared.columnName(i));
    // A row is an object: a second column of a name gets one of its own.
    const twice = names.slice(0, i).filter((name) => name === names[i]).length;
    const name = twice === 0 ? names[i]! : `${names[i]!}_${twice}`;
    columns.push({ name, type: String(prepared.columnType(i)) });
  }
  prepared.destroySync();
  const list = columns.map(
    ({ name, type }, i) => `${asText(`c${i}`, type)} as ${quoteIdentifier(name)}`,
  );
  // A comment at the end of it must not hide the bracket.
  const result = await connection.runAndReadAll(
    `select ${list.join(", ")} from (${inner}\n) as q(${columns.map((_, i) => `c${i}`).join(", ")})${
      limit === null ? "" : ` limit ${limit}`
    }`,
  );
  return { columns, rows: result.getRowObjectsJson() as TextRow[] };
}

const withoutEnd = (sql: string) => sql.trim().replace(/;\s*$/, "");

async function statementOf(connection: DuckDBConnection, sql: string): Promise<string> {
  // They count as SELECT and are none.
  const word = /^\s*(pragma|call)\b/i.exec(sql)?.[1];
  if (word) return word.toUpperCase();
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1) return `${statements.count} statements`;
  const prepared = await statements.prepare(0);
  try {
    return StatementType[prepared.statementType] ?? "something else";
  } finally {
    prepared.destroySync();
  }
}

/** What DuckDB says of a statement that is wrong, with the line and a caret; null for any other error. */
export function sqlError(error: unknown): string | null {
  const text = error instanceof Error ? error.message.replace(/^Failed to [^:]*: /, "") : "";
  return /^(Parser|Binder|Catalog|Conversion|Invalid Input|Out of Range|Invalid|Not implemented|Permission) Error: /i.test(
    text,
  )
    ? text
    : null;
}

/** Microseconds only where there are any: `2026-11-24T10:00:00Z`, `2026-11-24T10:00:00.125000Z`. Nested values as JSON. */
function asText(column: string, type: string): string {
  if (/^(STRUCT|MAP)\(|\[\]$/.test(type)) return `to_json(${column})::varchar`;
  if (!type.startsWith("TIMESTAMP")) return `${column}::varchar`;
  const zone = type === "TIMESTAMP WITH TIME ZONE" ? "Z" : "";
  const text = `strftime(make_timestamp(epoch_us(${column})), '%Y-%m-%dT%H:%M:%S.%f')`;
  return `replace(${text}, '.000000', '') || '${zone}'`;
}
