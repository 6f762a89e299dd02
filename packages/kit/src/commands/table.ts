/** `table`: a table as it is published, read by DuckDB. */
import {
  historyOf,
  icebergCatalog,
  partitionsOf,
  snapshotsOf,
  type TableMetadata,
} from "../clients/iceberg.ts";
import { quoteIdentifier, type QueryColumn } from "../clients/duckdb.ts";
import { readStackConfig } from "../clients/stack.ts";
import { Exit, KitError } from "../model/errors.ts";
import { closest } from "../model/text.ts";
import { usage, type CommandDef, type Context } from "./command.ts";
import { openLake } from "./lake.ts";
import { needServices } from "./need-services.ts";
import { columns, type Style } from "./style.ts";

const table = {
  name: "table",
  summary: "a table: columns, number of rows, rows, snapshots",
  usage: "NAME [--rows] [--limit N] [--order-by COLUMNS] [--as-of SNAPSHOT|TIME] [--snapshots]",
  examples: [
    "table sales.transactions_v1",
    "table sales.transactions_v1 --rows --limit 5 --order-by occurred_at",
    "table sales.transactions_v1 --snapshots",
    "table sales.transactions_v1 --as-of 2026-11-24T10:00:00Z --rows",
  ],
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
    "as-of": { type: "string", placeholder: "WHEN", summary: "as it was at a snapshot or a time" },
    snapshots: { type: "boolean", summary: "show its snapshots" },
  },
  async run(context) {
    const [name, ...rest] = context.args;
    if (!name || rest.length > 0 || !/^[a-z]\w*\.[a-z]\w*$/.test(name))
      throw usage(table, "name one table, as <domain>.<dataset>_v<major>");
    const limit = context.options["limit"] ?? (context.json ? undefined : "20");
    if (limit !== undefined && !/^\d+$/.test(String(limit)))
      throw usage(table, `--limit takes a number, not '${String(limit)}'`);
    needServices(context, "catalog", "s3");
    const metadata = await load(context, name);
    const snapshot = snapshotAt(metadata, context.options["as-of"], name);
    await using lake = await openLake(context);
    // What is shown is one snapshot, whatever is published meanwhile. A table without any has no rows.
    const at = snapshot === null ? "" : ` at (version => ${snapshot})`;
    const from = `lake.${name.split(".").map(quoteIdentifier).join(".")}${at}`;
    const empty = await lake.query(`select * from ${from} limit 0`);
    const order = orderBy(context.options["order-by"], empty.columns);
    const rows = context.options["rows"]
      ? (
          await lake.query(
            `select * from ${from}${order}`,
            limit === undefined ? null : Number(limit),
          )
        ).rows
      : null;
    const count = await lake.query(`select count(*) as n from ${from}`);
    const snapshots = context.options["snapshots"] ? snapshotList(metadata) : null;
    const document = {
      table: name,
      columns: empty.columns,
      partitions: partitionsOf(metadata),
      row_count: count.rows[0]!["n"]!,
      snapshot_id: snapshot,
      ...(rows && { rows }),
      ...(snapshots && { snapshots }),
    };
    return { document, text: describe(document, context.style) };
  },
} satisfies CommandDef;
export default table;

async function load(context: Context, name: string): Promise<TableMetadata> {
  const config = readStackConfig(context.checkout, context.stack, "reader");
  const catalog = icebergCatalog(config.catalog!, context.world);
  const found = await catalog.loadTable(name);
  if (found) return found;
  const lists = (await catalog.listNamespaces()).map((space) => catalog.listTables(space));
  const near = closest(name, (await Promise.all(lists)).flat());
  throw new KitError({
    code: "NO_SUCH_TABLE",
    what: `there is no table ${name} in the world '${context.world}'`,
    why: "a table is made when the first file of its dataset is published",
    fix: near
      ? `did you mean ${near}?`
      : "`./gridata contracts check` shows the tables of your contracts",
    exit: Exit.notFound,
  });
}

/** The snapshot that is asked for; without a wish the one that `main` is at. */
function snapshotAt(metadata: TableMetadata, asked: unknown, name: string): string | null {
  const history = historyOf(metadata);
  if (asked === undefined) return history[0]?.snapshotId ?? null;
  const text = String(asked);
  const known = snapshotsOf(metadata).find(({ snapshotId }) => snapshotId === text);
  if (known) return known.snapshotId;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!/^\d+$/.test(text) && Number.isNaN(time))
    throw usage(
      table,
      `--as-of takes a snapshot id or a time such as 2026-11-24T10:00:00Z, not '${text}'`,
    );
  const then = history.find(({ at }) => at.getTime() <= time);
  if (then) return then.snapshotId;
  throw new KitError({
    code: "NO_SUCH_SNAPSHOT",
    what: `${name} has no snapshot ${Number.isNaN(time) ? text : `as old as ${text}`}`,
    why: `it has ${history.length} on main, the oldest of ${history.at(-1)?.at.toISOString() ?? "never"}`,
    fix: `\`./gridata table ${name} --snapshots\` lists them`,
    exit: Exit.notFound,
  });
}

function snapshotList(metadata: TableMetadata) {
  return snapshotsOf(metadata).map(({ snapshotId, parentId, at, summary }) => ({
    snapshot_id: snapshotId,
    parent_id: parentId,
    committed_at: at.toISOString(),
    operation: summary["operation"] ?? null,
    batch: summary["gridata.batch"] ?? null,
    attempt: summary["gridata.attempt"] ?? null,
    refs: Object.entries(metadata.refs)
      .filter(([, ref]) => ref["snapshot-id"] === snapshotId)
      .map(([ref]) => ref),
    summary,
  }));
}

function orderBy(names: unknown, known: readonly QueryColumn[]): string {
  if (typeof names !== "string") return "";
  const columnNames = known.map(({ name }) => name);
  const wanted = names.split(",").map((name) => name.trim());
  for (const name of wanted)
    if (!columnNames.includes(name)) {
      const near = closest(name, columnNames);
      throw usage(table, `there is no column '${name}'${near ? `; did you mean ${near}?` : ""}`);
    }
  return ` order by ${wanted.map(quoteIdentifier).join(", ")}`;
}

interface Shown {
  table: string;
  columns: QueryColumn[];
  partitions: { name: string; column: string; transform: string }[];
  row_count: string;
  snapshot_id: string | null;
  rows?: Record<string, string | null>[];
  snapshots?: ReturnType<typeof snapshotList>;
}

function describe(shown: Shown, { dim }: Style): string {
  const names = shown.columns.map(({ name }) => name);
  const partitioned = shown.partitions.map((p) => `${p.name} = ${p.transform}(${p.column})`);
  return [
    shown.rows
      ? columns([names, ...shown.rows.map((row) => names.map((n) => cell(row[n] ?? null)))], dim)
      : columns([["column", "type"], ...shown.columns.map((c) => [c.name, c.type])], dim),
    "",
    ...(shown.snapshots
      ? [
          columns(
            [
              ["snapshot", "committed", "operation", "batch", "rows added", "refs"],
              ...shown.snapshots.map((s) => [
                s.snapshot_id,
                s.committed_at,
                s.operation ?? "",
                s.batch ?? "",
                s.summary["added-records"] ?? "",
                s.refs.join(" "),
              ]),
            ],
            dim,
          ),
          "",
        ]
      : []),
    ...(shown.rows || partitioned.length === 0 ? [] : [`partitioned by ${partitioned.join(", ")}`]),
    `${shown.table}: ${shown.row_count} rows, snapshot ${shown.snapshot_id ?? "none"}`,
  ].join("\n");
}

const cell = (value: string | null): string =>
  value === null ? "NULL" : value.replaceAll("\n", "\\n").slice(0, 40);
