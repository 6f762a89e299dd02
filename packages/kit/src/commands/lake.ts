/** The tables of a world for the commands that read them. */
import { openLakeReader, sqlError, type DuckDB, type QueryResult } from "../clients/duckdb.ts";
import { icebergCatalog } from "../clients/iceberg.ts";
import { readStackConfig } from "../clients/stack.ts";
import { Exit, KitError } from "../model/errors.ts";
import { closest } from "../model/text.ts";
import { provision } from "../toolchain/provision.ts";
import type { Context } from "./command.ts";

export type { QueryResult };

/** DuckDB with the tables of the context's world. Ctrl-C ends what it runs. */
export async function openLake(context: Context): Promise<DuckDB> {
  const config = readStackConfig(context.checkout, context.stack, "reader");
  const { dir } = await provision(["duckdb-extensions"], context).tool("duckdb-extensions");
  const lake = await openLakeReader(config, context.world, dir);
  context.signal.addEventListener("abort", () => lake.interrupt(), { once: true });
  return lake;
}

/** As `openLake`, for SQL that a person wrote: tables are known as `<domain>.<dataset>_v1`, and only a SELECT is run. */
export async function openWorldTables(context: Context) {
  const config = readStackConfig(context.checkout, context.stack, "reader");
  const catalog = icebergCatalog(config.catalog!, context.world);
  const namespaces = await catalog.listNamespaces();
  const lake = await openLake(context);
  // A name without a catalog is looked for in those of the path.
  if (namespaces.length > 0)
    await lake.run(`set search_path = '${namespaces.map((name) => `lake.${name}`).join(",")}'`);
  return {
    [Symbol.asyncDispose]: () => lake[Symbol.asyncDispose](),
    async ask(select: string, limit: number | null): Promise<QueryResult> {
      try {
        const kind = await lake.statement(select);
        if (kind !== "SELECT") throw noSelect(kind);
        return await lake.query(select, limit);
      } catch (error) {
        if (error instanceof KitError || context.signal.aborted) throw error;
        const text = sqlError(error);
        if (text === null) throw error;
        throw failure(text, await namesOf(catalog, namespaces));
      }
    },
  };
}

const namesOf = async (catalog: ReturnType<typeof icebergCatalog>, namespaces: string[]) =>
  (await Promise.all(namespaces.map((name) => catalog.listTables(name)))).flat();

const noSelect = (kind: string) =>
  new KitError({
    code: "SQL_NOT_A_SELECT",
    what: `\`sql\` runs one SELECT, and this is ${kind}`,
    why: "it reads; files are how data comes in",
    fix: "write a SELECT, or a WITH that ends in one",
    exit: Exit.usage,
  });

/** DuckDB says what is wrong, then the line and a caret under the place. */
function failure(text: string, tables: string[]): KitError {
  const writing = /Cannot execute statement of type "?(\w+)"?.* read-only/.exec(text)?.[1];
  if (writing) return noSelect(writing);
  const [head = "", ...lines] = text.split("\n").filter((line) => line.trim() !== "");
  const missing = /Table with name (\S+) does not exist/.exec(text)?.[1];
  const near =
    missing &&
    closest(
      missing,
      tables.flatMap((name) => [name, name.split(".")[1]!]),
    );
  const full = near && tables.find((name) => name === near || name.endsWith(`.${near}`));
  return new KitError({
    code: missing ? "NO_SUCH_TABLE" : "SQL_INVALID",
    what: head,
    why: lines.filter((line) => !line.startsWith("Did you mean")).join("\n"),
    fix: missing
      ? full
        ? `did you mean ${full}?`
        : `the tables are ${tables.join(", ") || "none yet: a table is made by its first published file"}`
      : "mend it where the caret points",
    exit: missing ? Exit.notFound : Exit.usage,
  });
}
