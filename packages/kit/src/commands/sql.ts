/** `sql`: one SELECT over the tables of a world, by DuckDB. It reads, and can do nothing else. */
import { openWorldTables, type QueryResult } from "./lake.ts";
import { usage, type CommandDef } from "./command.ts";
import { needServices } from "./need-services.ts";
import { columns } from "./style.ts";

const sql = {
  name: "sql",
  summary: "ask the tables of a world, by one SELECT",
  usage: '"SELECT .." [--limit N]',
  examples: [
    'sql "select currency, sum(amount) from sales.transactions_v1 group by 1"',
    'sql "show all tables"',
    'sql "select * from sales.transactions_v1 at (version => 2333157555507194150)" --json',
  ],
  options: {
    limit: {
      type: "string",
      placeholder: "N",
      summary: "so many rows at most (100; with --json all)",
    },
  },
  async run(context) {
    const [select, ...rest] = context.args;
    if (!select?.trim() || rest.length > 0)
      throw usage(sql, "give one SELECT, in quotes so that it is one word");
    const limit = limitOf(context.options["limit"] ?? (context.json ? undefined : "100"));
    needServices(context, "catalog", "s3");
    await using lake = await openWorldTables(context);
    const found = await lake.ask(select, limit === null ? null : limit + 1);
    const truncated = limit !== null && found.rows.length > limit;
    const rows = truncated ? found.rows.slice(0, limit) : found.rows;
    return {
      document: { columns: found.columns, rows, truncated },
      text: [
        tableText({ ...found, rows }, context.style.dim),
        "",
        truncated ? `the first ${rows.length} rows; --limit shows more` : rowsText(rows.length),
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default sql;

function limitOf(text: unknown): number | null {
  if (text === undefined) return null;
  if (!/^\d+$/.test(String(text)))
    throw usage(sql, `--limit takes a number, not '${String(text)}'`);
  return Number(text);
}

const rowsText = (count: number) => `${count} ${count === 1 ? "row" : "rows"}`;

function tableText({ columns: shown, rows }: QueryResult, dim: (text: string) => string): string {
  const cells = rows.map((row) =>
    shown.map(({ name }) => (row[name] ?? "NULL").replaceAll("\n", "\\n").slice(0, 60)),
  );
  return columns([shown.map(({ name }) => name), ...cells], dim);
}
