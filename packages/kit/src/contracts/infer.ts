/** Writes the draft that was inferred from a file as a contract that a person goes on with. */
import type { ColumnType } from "../model/contract.ts";
import { spellType } from "./types.ts";

/** What `gridata.infer` answers. */
export interface Draft {
  format: string;
  compression: string;
  dialect: Record<string, unknown>;
  columns: DraftColumn[];
  partition: string[];
  records: number;
  notes: Note[];
}

export interface Note {
  column: string | null;
  text: string;
}

interface DraftColumn {
  source: string;
  name: string;
  type: ColumnType;
  format: string | null;
  required: boolean;
  key: boolean;
  enum: string[] | null;
  classification: string | null;
}

export interface DraftOf {
  /** Name of the file, for the first line. */
  file: string;
  domain: string;
  dataset: string;
  errorThreshold: string;
}

export function writeContract(draft: Draft, of: DraftOf): string {
  const { domain, dataset } = of;
  const settings: [string, unknown][] = [
    ["format", draft.format],
    ...(draft.compression === "none" ? [] : [["compression", draft.compression] as const]),
    ...(Object.keys(draft.dialect).length > 0 ? [["dialect", draft.dialect] as const] : []),
    ["mode", "append"],
    ...(draft.partition.length > 0 ? [["partition", draft.partition] as const] : []),
    ["errorThreshold", of.errorThreshold],
  ].map(([name, value]) => [name as string, value]);
  return [
    `# Inferred from ${oneLine(of.file)} (${draft.records} records). Comments name what is a guess: read them before you rely on it.`,
    "apiVersion: v3.2.0",
    "kind: DataContract",
    `id: ${domain}.${dataset}`,
    `name: ${dataset}`,
    "version: 1.0.0",
    "status: draft",
    `domain: ${domain}`,
    "description:",
    `  purpose: ${flow(`What ${dataset} holds, in a sentence.`)}`,
    "schema:",
    `  - name: ${dataset}`,
    `    physicalName: ${dataset}_v1`,
    "    physicalType: table",
    ...comments(draft.notes, null, "    "),
    "    customProperties:",
    ...settings.map(
      ([name, value]) => `      - { vendor: gridata, property: ${name}, value: ${flow(value)} }`,
    ),
    "    properties:",
    ...draft.columns.flatMap((column) => [
      ...comments(draft.notes, column.name, "      "),
      ...columnLines(column),
    ]),
    "    quality:",
    "      - { name: not_empty, type: library, metric: rowCount, mustBeGreaterThan: 0 }",
    "",
  ].join("\n");
}

function comments(notes: readonly Note[], column: string | null, indent: string): string[] {
  // What is said of a part of a column stands above the column.
  return notes
    .filter((note) => (note.column?.split(".")[0] ?? null) === column)
    .map((note) => {
      const part = note.column !== null && note.column !== column ? `${note.column}: ` : "";
      return `${indent}# ${oneLine(part + note.text)}`;
    });
}

function columnLines(column: DraftColumn): string[] {
  const { name, source, format } = column;
  const members: [string, unknown][] = [
    ["name", name],
    ...(source === name ? [] : [["physicalName", source] as [string, unknown]]),
    ...typeMembers(column.type),
    ...(format === null ? [] : [["logicalTypeOptions", { format }] as [string, unknown]]),
    ...(column.required || column.key ? [["required", true] as [string, unknown]] : []),
    ...(column.key
      ? ([
          ["primaryKey", true],
          ["primaryKeyPosition", 1],
        ] as [string, unknown][])
      : []),
    ...(column.enum
      ? [["enum", column.enum.map((value) => ({ value }))] as [string, unknown]]
      : []),
    ...(column.classification
      ? [["classification", column.classification] as [string, unknown]]
      : []),
  ];
  return members.map(
    ([member, value], i) => `      ${i === 0 ? "- " : "  "}${member}: ${flow(value)}`,
  );
}

/** The members of the standard that say a type. */
function typeMembers(type: ColumnType): [string, unknown][] {
  switch (type.kind) {
    case "struct":
      return [
        ["logicalType", "object"],
        [
          "properties",
          type.fields.map((field) => ({
            name: field.name,
            ...(field.source === field.name ? {} : { physicalName: field.source }),
            ...Object.fromEntries(typeMembers(field.type)),
            ...(field.required ? { required: true } : {}),
            ...(field.classification ? { classification: field.classification } : {}),
          })),
        ],
      ];
    case "list":
      return [
        ["logicalType", "array"],
        ["items", Object.fromEntries(typeMembers(type.element))],
      ];
    case "map":
      return [
        ["logicalType", "map"],
        [
          "map",
          {
            key: Object.fromEntries(typeMembers(type.key)),
            value: Object.fromEntries(typeMembers(type.value)),
          },
        ],
      ];
    default:
      return [
        ["logicalType", logicalOf[type.kind]],
        ["physicalType", spellType(type)],
      ];
  }
}

const logicalOf: Record<Exclude<ColumnType["kind"], "struct" | "list" | "map">, string> = {
  ...{ string: "string", boolean: "boolean", int: "integer", long: "integer", float: "number" },
  ...{ double: "number", decimal: "number", date: "date", timestamp: "timestamp" },
  timestamptz: "timestamp",
};

const oneLine = (text: string) => text.replaceAll(/\s+/g, " ");

/** YAML in one line; JSON where a plain word would be taken for something else. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([name, one]) => `${name}: ${flow(one)}`);
    return `{ ${members.join(", ")} }`;
  }
  if (typeof value === "string" && isPlain(value)) return value;
  if (typeof value === "string" && /^\d+%?$/.test(value)) return value;
  return JSON.stringify(value);
}

const isPlain = (text: string) =>
  /^[A-Za-z][A-Za-z0-9_.-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
