/** One contract from ODCS YAML to the form that every other part reads, with all of its problems at once. */
import type { CompiledContract } from "../model/contract.ts";
import { readColumns } from "./columns.ts";
import { readDialect } from "./dialect.ts";
import { columnsFit, readFormats } from "./formats.ts";
import { readFreshness } from "./freshness.ts";
import { icebergTable } from "./iceberg.ts";
import { readLimits, readThreshold } from "./limits.ts";
import { readMerge } from "./merge.ts";
import { readPartition } from "./partition.ts";
import { readPlace } from "./place.ts";
import { readQuality } from "./quality.ts";
import { isMembers, readerOf, textOf, type Path, type Reader } from "./reader.ts";
import { readReferences, type OpenReference } from "./references.ts";
import { readSettings, textsOf } from "./settings.ts";
import { readSource, type Problem } from "./source.ts";
import type { Standard } from "./standard.ts";

/** A contract by itself: what it says of other tables is looked at once all are compiled. */
export interface Compiled {
  contract: Omit<CompiledContract, "fingerprint" | "references"> | null;
  references: OpenReference[];
  problems: Problem[];
  /** Tells a problem that only the other contracts show. */
  at(path: Path, code: string, what: string, fix: string): Problem;
  /** Where `derives` stands. */
  derivesAt: Path;
}

/** `file` is relative to the checkout. All problems come at once. */
export function compileContract(file: string, text: string, standard: Standard): Compiled {
  const source = readSource(file, text);
  const { at } = source;
  const none = { contract: null, references: [], derivesAt: [], at };
  if (source.problems.length > 0) return { ...none, problems: source.problems };
  const reader = readerOf(source);
  const found = readContract(reader, file);
  // What the kit says is nearer to the mistake than what the standard says of the same place.
  const own = new Set(reader.problems.map(({ line, column }) => `${line}:${column}`));
  const problems = [
    ...standard(source.value)
      .map(({ path, what, near }) =>
        at(
          path,
          "CONTRACT_STANDARD",
          what,
          near ? `did you mean '${near}'?` : "see the Open Data Contract Standard, version 3.2.0",
        ),
      )
      .filter(({ line, column }) => !own.has(`${line}:${column}`)),
    ...reader.problems,
  ].toSorted((a, b) => a.line - b.line || a.column - b.column);
  if (problems.length > 0 || !found) return { ...none, problems };
  return { ...found, problems, at };
}

function readContract(
  reader: Reader,
  file: string,
): Pick<Compiled, "contract" | "references" | "derivesAt"> | null {
  const { root } = reader;
  if (!isMembers(root))
    return reader.fail(
      [],
      "CONTRACT_EMPTY",
      "the file holds no contract",
      "write an ODCS contract",
    );
  const place = readPlace(reader, file, root);
  if (!place) return null;
  const { domain, dataset, version, major, table, base } = place;
  const settings = readSettings(reader, base, table);
  const columns = readColumns(reader, base, table);
  const formats = readFormats(reader, settings);
  columnsFit(reader, base, formats.formats, columns);
  const partition = readPartition(reader, settings, columns);
  const merge = readMerge(reader, settings, columns, partition);
  const team = isMembers(root["team"]) ? root["team"] : null;
  const contract: Compiled["contract"] = {
    ...{ id: textOf(root["id"]) ?? "", version, domain, dataset },
    ...{ table: `${domain}.${dataset}_v${major}`, source: file },
    ...formats,
    dialect: readDialect(reader, settings, formats.formats),
    ...merge,
    partition,
    errorThreshold: readThreshold(reader, settings),
    limits: readLimits(reader, settings),
    derives: textsOf(settings.value("derives")),
    columns,
    quality: readQuality(reader, base, table, columns),
    freshness: readFreshness(reader, root, columns),
    owner: team ? textOf(team["name"]) : null,
    iceberg: icebergTable(columns, partition, merge.mode),
  };
  const references = readReferences(reader, base, table, columns, domain);
  return { contract, references, derivesAt: settings.path("derives") };
}
