/** `table`: a table as it is published, read by DuckDB. */
import { icebergCatalog } from "../clients/iceberg.ts";
import { openLakeReader, quoteIdentifier } from "../clients/duckdb.ts";
import { readStackConfig } from "../clients/stack.ts";
import { Exit, KitError } from "../model/errors.ts";
import { provision } from "../toolchain/provision.ts";
import { usage, type CommandDef } from "./command.ts";
import { needServices } from "./need-services.ts";
import { columns } from "./style.ts";

const table = {
  name: "table",
  summary: "a table: columns, number of rows, rows, snapshots",
  usage: "NAME [--rows] [--limit N] [--order-by COLUMNS] [--as-of SNAPSHOT] [--snapshots]",
  examples: ["table sales.transactions_v1", "table sales.transactions_v1 --rows --limit 5"],
  options: {
    rows: { type: "boolean", summary: "show rows" },
    limit: {
      type: "string",
      placeholder: "N",
      summary: "so many rows at most (20; with --json all)",
    },
    "order-by": {
      type: "string",
      placeholder: "COLUMNS",
      summary: "order of the rows, as col,col",
    },
    "as-of": { type: "string", placeholder: "SNAPSHOT", summary: "as it was at a snapshot" },
    snapshots: { type: "boolean", summary: "show its snapshots" },
  },
  async run(context) {
    const [name, ...rest] = context.args;
    if (!name || rest.length > 0 || !/^[a-z]\w*\.[a-z]\w*$/.test(name))
      throw usage(table, "name one table, as <domain>.<dataset>_v<major>");
    needServices(context, "catalog", "s3");
    const config = readStackConfig(context.checkout, context.stack, "reader");
    const tables = icebergCatalog(config.catalog!, context.world);
    const refs = await tables.refs(name);
    if (!refs)
      throw new KitError({
        code: "NO_SUCH_TABLE",
        what: `there is no table ${name} in the world '${context.world}'`,
        why: "a table is made when the first file of its dataset is published",
        fix: "./gridata contracts check shows the tables of your contracts",
        exit: Exit.notFound,
      });
    const tools = await provision(["duckdb-extensions"], { checkout: context.checkout }).done;
    await using lake = await openLakeReader(
      config,
      context.world,
      tools.get("duckdb-extensions")!.dir,
    );
    const from = `lake.${name.split(".").map(quoteIdentifier).join(".")}${asOf(context.options["as-of"])}`;
    const order = orderBy(context.options["order-by"]);
    const limit = context.options["limit"] ?? (context.json ? undefined : "20");
    if (limit !== undefined && !/^\d+$/.test(String(limit)))
      throw usage(table, `--limit takes a number, not '${String(limit)}'`);
    const count = await lake.query(`select count(*) as n from ${from}`);
    const shown = await lake.query(
      `select * from ${from}${order} limit ${context.options["rows"] ? (limit ?? "all") : "0"}`.replace(
        " limit all",
        "",
      ),
    );
    const snapshots = context.options["snapshots"]
      ? (
          await lake.query(
            `select * from iceberg_snapshots(${`lake.${name}`}) order by sequence_number`,
          )
        ).rows
      : undefined;
    const document = {
      schema: undefined,
      columns: shown.columns,
      row_count: count.rows[0]!["n"],
      snapshot_id: refs["main"]?.snapshotId ?? null,
      ...(context.options["rows"] && { rows: shown.rows }),
      ...(snapshots && { snapshots }),
    };
    const { style } = context;
    const names = shown.columns.map((column) => column.name);
    return {
      document,
      text: [
        ...(context.options["rows"]
          ? [
              columns(
                [names, ...shown.rows.map((row) => names.map((n) => cell(row[n] ?? null)))],
                style.dim,
              ),
            ]
          : [
              columns(
                [["column", "type"], ...shown.columns.map((c) => [c.name, c.type])],
                style.dim,
              ),
            ]),
        ...(snapshots
          ? [
              "",
              columns(
                [
                  Object.keys(snapshots[0] ?? {}),
                  ...snapshots.map((s) => Object.values(s).map(cell)),
                ],
                style.dim,
              ),
            ]
          : []),
        "",
        `${name}: ${document.row_count} rows, snapshot ${document.snapshot_id}`,
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default table;

const cell = (value: string | null): string =>
  value === null ? "NULL" : value.replaceAll("\n", "\\n").slice(0, 40);

function asOf(snapshot: unknown): string {
  if (snapshot === undefined) return "";
  if (!/^\d+$/.test(String(snapshot)))
    throw usage(table, `--as-of takes a snapshot id, not '${String(snapshot)}'`);
  return ` at (version => ${String(snapshot)})`;
}

const orderBy = (names: unknown): string =>
  typeof names === "string"
    ? ` order by ${names
        .split(",")
        .map((n) => quoteIdentifier(n.trim()))
        .join(", ")}`
    : "";
