/** The columns of a table. */
import type { Column } from "../model/contract.ts";
import { columnName, readType } from "./column-types.ts";
import { readConstraints } from "./constraints.ts";
import { isMembers, list, textOf, type Members, type Path, type Reader } from "./reader.ts";
import { isNested, spellType } from "./types.ts";

/** What the standard has for other engines: nothing here would act on it. */
const elsewhere: Record<string, string> = {
  partitioned: "write the kit's property 'partition'",
  partitionKeyPosition: "write the kit's property 'partition'",
};

export function readColumns(reader: Reader, base: Path, table: Members): Column[] {
  const path = [...base, "properties"];
  const properties = list(table["properties"]);
  if (properties.length === 0)
    reader.fail(base, "CONTRACT_COLUMN", "the table has no column", "add 'properties'");
  const found = properties.flatMap((property, i) => {
    const column = isMembers(property) ? readColumn(reader, [...path, i], property) : null;
    return column ? [{ column, at: [...path, i] }] : [];
  });
  const tell = (at: Path, what: string, fix: string) =>
    reader.fail(at, "CONTRACT_COLUMN", what, fix);
  const names = new Set<string>();
  const sources = new Set<string>();
  for (const { at, column } of found) {
    const { name, source } = column;
    if (names.has(name.toLowerCase()))
      tell([...at, "name"], `the column '${name}' is there twice`, "remove one");
    else if (sources.has(source))
      tell(at, `two columns are read from '${source}'`, "give each its own physicalName");
    names.add(name.toLowerCase());
    sources.add(source);
  }
  const key = found
    .filter(({ column }) => column.key > 0)
    .toSorted((a, b) => a.column.key - b.column.key);
  key.forEach(({ at, column }, i) => {
    if (column.key !== i + 1)
      tell(
        [...at, "primaryKeyPosition"],
        `the primary key has ${key.length} columns, this one is number ${column.key}`,
        `number them from 1 to ${key.length}`,
      );
  });
  return found.map(({ column }) => column);
}

function readColumn(reader: Reader, path: Path, property: Members): Column | null {
  const name = textOf(property["name"]) ?? "";
  const source = textOf(property["physicalName"]) ?? name;
  if (!columnName.test(name)) {
    const valid = validName(name);
    reader.fail(
      [...path, "name"],
      "CONTRACT_COLUMN",
      `'${name}' can't be the name of a column`,
      `letters, digits and _, a letter first: write name: ${valid}, physicalName: ${JSON.stringify(name)}`,
    );
  }
  for (const [member, fix] of Object.entries(elsewhere))
    if (property[member])
      reader.fail([...path, member], "CONTRACT_NOT_ENFORCED", `'${member}' does nothing here`, fix);
  const type = readType(reader, path, property);
  if (!type) {
    reader.unread.add(name);
    return null;
  }
  const primary = property["primaryKey"] === true;
  const position = Number(property["primaryKeyPosition"] ?? 1);
  if (
    (primary || property["unique"] === true) &&
    (isNested(type) || /float|double/.test(type.kind))
  )
    reader.fail(
      [...path, primary ? "primaryKey" : "unique"],
      "CONTRACT_CONSTRAINT",
      `${name} is a ${spellType(type)}: such values can't be told apart reliably`,
      "use a text, a whole or decimal number, a date or a time",
    );
  return {
    ...{ name, source, type, required: property["required"] === true },
    unique: property["unique"] === true,
    key: primary ? position : 0,
    ...readConstraints(reader, path, property, type),
    classification: textOf(property["classification"]),
    description: textOf(property["description"]),
  };
}

/** The nearest name that a column can have. */
export function validName(given: string): string {
  const name = given
    .replaceAll(/[äöüÄÖÜ]/g, (letter) => `${letter.normalize("NFD")[0]}e`)
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll("ß", "ss")
    .replaceAll(/[^A-Za-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 120);
  return /^[A-Za-z]/.test(name) ? name : `column_${name}`.replace(/_$/, "");
}
