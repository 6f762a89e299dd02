/** One contract from ODCS YAML to the form that every other part reads, with all of its problems at once. */
import type {
  Column,
  Comparison,
  CompiledContract,
  Dialect,
  Limits,
  PartitionField,
  QualityRule,
  Threshold,
} from "../model/contract.ts";
import type { Standard } from "./standard.ts";
import { closest } from "../model/text.ts";
import { readSource, type Problem, type Source } from "./source.ts";
import {
  icebergTable,
  lineageColumns,
  logicalTypes,
  parsePhysicalType,
  physicalTypes,
  typeOfLogical,
} from "./types.ts";

type Path = readonly (string | number)[];
type Members = Record<string, unknown>;

/** The kit's own properties of a table. */
interface KitMembers {
  value(name: string): unknown;
  path(name: string): Path;
  word<T extends string>(name: string, known: readonly T[], fallback: T): T;
}

export interface Compiled {
  contract: Omit<CompiledContract, "fingerprint"> | null;
  problems: Problem[];
}

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string | null =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : null;
const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);

const kitProperties = [
  ...["format", "dialect", "compression", "mode", "order", "tombstone", "redelivery"],
  ...["partition", "errorThreshold", "uniqueScope", "limits", "derives"],
];
/** Members of a column that a slip could miss. */
const columnMembers = [
  ...["id", "name", "description", "businessName", "physicalName", "physicalType", "logicalType"],
  ...["logicalTypeOptions", "required", "unique", "primaryKey", "primaryKeyPosition", "enum"],
  ...["classification", "criticalDataElement", "encryptedName", "examples", "tags", "quality"],
  ...["partitioned", "partitionKeyPosition", "customProperties", "authoritativeDefinitions"],
  ...["transformSourceObjects", "transformLogic", "transformDescription", "relationships"],
  ...["properties", "items"],
];
const defaultDialect: Dialect = {
  ...{ delimiter: ",", quote: '"', escape: '"', header: true, encoding: "utf-8", nullText: "" },
  ...{ skipRows: 0, skipFooter: 0, comment: null, decimal: ".", thousands: null },
  ...{ trueTexts: ["true"], falseTexts: ["false"], sheet: null },
};
/** What a file may be at most unless its contract says otherwise. */
export const defaultLimits: Limits = {
  ...{ bytes: 5 * 2 ** 30, lineBytes: 2 ** 20, columns: 2000, expansionRatio: 100 },
};

/** `file` is relative to the checkout. All problems come at once, those by the standard first. */
export function compileContract(file: string, text: string, standard: Standard): Compiled {
  const source = readSource(file, text);
  if (source.problems.length > 0) return { contract: null, problems: source.problems };
  const problems = standard(source.value).map(({ path, what }) =>
    source.at(
      path,
      "CONTRACT_STANDARD",
      what,
      "see the Open Data Contract Standard, version 3.2.0",
    ),
  );
  const compiler = new Compiler(source);
  const contract = compiler.contract(file);
  problems.push(...compiler.problems);
  return { contract: problems.length > 0 ? null : contract, problems };
}

class Compiler {
  readonly problems: Problem[] = [];
  readonly #source: Source;
  constructor(source: Source) {
    this.#source = source;
  }

  #fail(path: Path, code: string, what: string, fix: string): null {
    this.problems.push(this.#source.at(path, code, what, fix));
    return null;
  }

  #word<T extends string>(path: Path, value: unknown, known: readonly T[], fallback: T): T {
    if (value === undefined) return fallback;
    if (known.includes(value as T)) return value as T;
    const near = closest(String(value), known);
    this.#fail(
      path,
      "CONTRACT_WORD_UNKNOWN",
      `'${String(value)}' is not one of ${known.join(", ")}`,
      near ? `did you mean '${near}'?` : `write one of ${known.join(", ")}`,
    );
    return fallback;
  }

  /** The standard lets unknown members pass; one that looks like a known one is a slip that would silently do nothing. */
  #notMistyped(path: Path, member: string): void {
    const near = columnMembers.includes(member) ? null : closest(member, columnMembers);
    if (near)
      this.#fail(
        path,
        "CONTRACT_WORD_UNKNOWN",
        `'${member}' means nothing here`,
        `did you mean '${near}'?`,
      );
  }

  contract(file: string): Omit<CompiledContract, "fingerprint"> | null {
    const root = this.#source.value;
    if (!isMembers(root))
      return this.#fail(
        [],
        "CONTRACT_EMPTY",
        "the file holds no contract",
        "write an ODCS contract",
      );
    for (const member of ["apiVersion", "kind", "id", "version", "schema"])
      if (root[member] === undefined)
        this.#fail([], "CONTRACT_MEMBER_MISSING", `'${member}' is missing`, `add '${member}'`);
    const version = textOf(root["version"]) ?? "";
    const major = /^v?(\d+)\.\d+/.exec(version)?.[1];
    if (!major)
      this.#fail(
        ["version"],
        "CONTRACT_VERSION",
        `'${version}' is not a version`,
        "write it as 1.0.0",
      );
    const place = /^contracts\/([a-z][a-z0-9_]{0,62})\/([a-z][a-z0-9_]{0,62})\.odcs\.yaml$/.exec(
      file,
    );
    if (!place)
      return this.#fail(
        [],
        "CONTRACT_PLACE",
        `${file} names no dataset`,
        "save it as contracts/<domain>/<dataset>.odcs.yaml, lower case letters, digits and _",
      );
    const [, domain = "", dataset = ""] = place;
    if (root["domain"] !== undefined && root["domain"] !== domain)
      this.#fail(
        ["domain"],
        "CONTRACT_PLACE",
        `the domain is '${String(root["domain"])}', the folder '${domain}'`,
        `write domain: ${domain}, or move the file`,
      );
    const objects = list(root["schema"]);
    const object = objects[0];
    if (objects.length !== 1 || !isMembers(object))
      return this.#fail(
        ["schema"],
        "CONTRACT_SCHEMA",
        `the contract describes ${objects.length} tables`,
        "describe exactly one",
      );
    const base: Path = ["schema", 0];
    const kit = this.#kit(base, object);
    const columns = this.#columns([...base, "properties"], object);
    const partition = this.#partition(kit, columns);
    const mode = kit.word("mode", ["append", "upsert", "replace", "replace-partitions"], "append");
    if (columns.length === 0 || this.problems.length > 0 || !major) return null;
    const owner = isMembers(root["team"]) ? root["team"] : null;
    return {
      ...{ id: String(root["id"]), version, domain, dataset },
      ...{ table: `${domain}.${dataset}_v${major}`, source: file },
      format: kit.word("format", ["csv", "jsonl", "json", "parquet", "avro", "excel"], "csv"),
      dialect: this.#dialect(kit),
      compression: kit.word("compression", ["none", "gzip", "zstd", "zip"], "none"),
      ...{ mode, order: list(kit.value("order")).map(String) },
      tombstone: tombstoneOf(kit.value("tombstone")),
      redelivery: kit.word("redelivery", ["ignore", "apply"], "ignore"),
      partition,
      errorThreshold: this.#threshold(kit),
      uniqueScope: kit.word("uniqueScope", ["table", "file"], "table"),
      limits: { ...defaultLimits, ...(kit.value("limits") as Partial<Limits>) },
      derives: list(kit.value("derives")).map(String),
      columns,
      quality: [
        ...this.#quality([...base, "quality"], object, null),
        ...list(object["properties"]).flatMap((property, i) =>
          isMembers(property)
            ? this.#quality(
                [...base, "properties", i, "quality"],
                property,
                String(property["name"]),
              )
            : [],
        ),
      ],
      ...{ references: [], freshness: null },
      owner: owner ? textOf(owner["name"]) : null,
      iceberg: icebergTable(columns, partition),
    };
  }

  #kit(base: Path, object: Members): KitMembers {
    const entries = new Map<string, { path: Path; value: unknown }>();
    list(object["customProperties"]).forEach((entry, i) => {
      if (!isMembers(entry) || entry["vendor"] !== "gridata") return;
      const path = [...base, "customProperties", i];
      const name = String(entry["property"]);
      if (!kitProperties.includes(name)) {
        const near = closest(name, kitProperties);
        this.#fail(
          [...path, "property"],
          "CONTRACT_WORD_UNKNOWN",
          `'${name}' is no property of the kit`,
          near ? `did you mean '${near}'?` : `known are ${kitProperties.join(", ")}`,
        );
      }
      entries.set(name, { path: [...path, "value"], value: entry["value"] });
    });
    return {
      value: (name: string) => entries.get(name)?.value,
      path: (name: string): Path => entries.get(name)?.path ?? base,
      word: <T extends string>(name: string, known: readonly T[], fallback: T): T =>
        this.#word(entries.get(name)?.path ?? base, entries.get(name)?.value, known, fallback),
    };
  }

  #columns(path: Path, object: Members): Column[] {
    const seen = new Set<string>();
    const columns = list(object["properties"]).flatMap((property, i) => {
      const at = [...path, i];
      if (!isMembers(property)) return [];
      const column = this.#column(at, property);
      if (!column) return [];
      if (seen.has(column.name.toLowerCase()))
        this.#fail(
          at,
          "CONTRACT_COLUMN",
          `the column '${column.name}' is there twice`,
          "remove one",
        );
      seen.add(column.name.toLowerCase());
      return [column];
    });
    if (columns.length === 0 && this.problems.length === 0)
      this.#fail(path, "CONTRACT_COLUMN", "the table has no column", "add 'properties'");
    return columns;
  }

  #column(path: Path, property: Members): Column | null {
    const name = textOf(property["name"]);
    if (!name || !/^[A-Za-z][A-Za-z0-9_]{0,127}$/.test(name))
      return this.#fail(
        [...path, "name"],
        "CONTRACT_COLUMN",
        `'${name ?? ""}' can't be the name of a column`,
        "letters, digits and _, a letter first (_ first is the kit's own)",
      );
    if (lineageColumns.some((own) => own.name === name)) return null;
    for (const member of Object.keys(property)) this.#notMistyped([...path, member], member);
    const physical = textOf(property["physicalType"]);
    const type = physical
      ? parsePhysicalType(physical)
      : typeOfLogical(textOf(property["logicalType"]) ?? "string");
    if (!type) {
      const given = physical ?? String(property["logicalType"]);
      const known = physical ? physicalTypes : logicalTypes;
      const near = closest(given, known);
      return this.#fail(
        [...path, physical ? "physicalType" : "logicalType"],
        "CONTRACT_TYPE_UNKNOWN",
        `'${given}' is not a type of column ${name}`,
        near ? `did you mean '${near}'?` : `known are ${known.join(", ")}`,
      );
    }
    const options = isMembers(property["logicalTypeOptions"]) ? property["logicalTypeOptions"] : {};
    const values = list(property["enum"] ?? options["enum"]).map((entry) =>
      String(isMembers(entry) ? entry["value"] : entry),
    );
    return {
      ...{ name, type, required: property["required"] === true },
      unique: property["unique"] === true,
      key: property["primaryKey"] === true ? (numberOf(property["primaryKeyPosition"]) ?? 1) : 0,
      pattern: textOf(options["pattern"]),
      enum: values.length > 0 ? values : null,
      minimum: textOf(options["minimum"]),
      maximum: textOf(options["maximum"]),
      exclusiveMinimum: textOf(options["exclusiveMinimum"]),
      exclusiveMaximum: textOf(options["exclusiveMaximum"]),
      minLength: numberOf(options["minLength"]),
      maxLength: numberOf(options["maxLength"]),
      format: textOf(options["format"]),
      classification: textOf(property["classification"]),
      description: textOf(property["description"]),
    };
  }

  #dialect(kit: KitMembers): Dialect {
    const given = kit.value("dialect");
    if (given === undefined) return defaultDialect;
    if (!isMembers(given)) {
      this.#fail(
        kit.path("dialect"),
        "CONTRACT_DIALECT",
        "the dialect is not a map",
        'write { delimiter: "," }',
      );
      return defaultDialect;
    }
    for (const name of Object.keys(given))
      this.#word(kit.path("dialect"), name, Object.keys(defaultDialect), "delimiter");
    const dialect = { ...defaultDialect, ...given } as Dialect;
    for (const name of ["delimiter", "quote", "escape"] as const)
      if (Buffer.byteLength(dialect[name]) !== 1)
        this.#fail(
          kit.path("dialect"),
          "CONTRACT_DIALECT",
          `${name} is not one character`,
          "write one ASCII character",
        );
    return dialect;
  }

  #partition(kit: KitMembers, columns: readonly Column[]): PartitionField[] {
    return list(kit.value("partition")).flatMap((entry, i): PartitionField[] => {
      const path = [...kit.path("partition"), i];
      const found =
        /^(?:(day|month|year|hour)\((\w+)\)|(bucket|truncate)\((\d+),\s*(\w+)\)|(\w+))(?:\s+as\s+(\w+))?$/.exec(
          String(entry).trim(),
        );
      const column = found?.[2] ?? found?.[5] ?? found?.[6];
      if (!found || !column || !columns.some(({ name }) => name === column)) {
        const near = column
          ? closest(
              column,
              columns.map(({ name }) => name),
            )
          : null;
        this.#fail(
          path,
          "CONTRACT_PARTITION",
          column ? `'${column}' is not a column` : `'${String(entry)}' is not a partition`,
          near ? `did you mean '${near}'?` : "write day(column) as dt, bucket(8, column) or column",
        );
        return [];
      }
      if (found[1])
        return [
          { transform: found[1] as "day", column, name: found[7] ?? `${column}_${found[1]}` },
        ];
      if (found[3])
        return [
          {
            ...{ transform: found[3] as "bucket", width: Number(found[4]), column },
            name: found[7] ?? `${column}_${found[3]}`,
          },
        ];
      return [{ transform: "identity", column, name: column }];
    });
  }

  #threshold(kit: KitMembers): Threshold {
    const given = kit.value("errorThreshold") ?? 0;
    const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(String(given));
    if (share) return { kind: "share", value: Number(share[1]) / 100 };
    if (/^\d+$/.test(String(given))) return { kind: "count", value: Number(given) };
    this.#fail(
      kit.path("errorThreshold"),
      "CONTRACT_THRESHOLD",
      `'${String(given)}' is neither a share nor a number of records`,
      "write 1% or 20",
    );
    return { kind: "count", value: 0 };
  }

  #quality(path: Path, object: Members, column: string | null): QualityRule[] {
    return list(object["quality"]).flatMap((rule, i) => {
      const at = [...path, i];
      if (!isMembers(rule)) return [];
      const type = rule["type"] ?? "library";
      if (type === "text" || type === "custom") return [];
      const metrics = [
        "rowCount",
        "nullValues",
        "missingValues",
        "invalidValues",
        "duplicateValues",
      ];
      const metric =
        type === "library"
          ? this.#word([...at, "metric"], rule["metric"] ?? rule["rule"], metrics, "rowCount")
          : null;
      const comparison = comparisons.find((name) => rule[name] !== undefined);
      if (!comparison) {
        this.#fail(
          at,
          "CONTRACT_QUALITY",
          "the rule compares with nothing",
          `add one of ${comparisons.join(", ")}`,
        );
        return [];
      }
      const expected = rule[comparison];
      return [
        {
          name: textOf(rule["name"]) ?? `${metric ?? "sql"}_${i + 1}`,
          kind: type === "sql" ? "sql" : "library",
          ...{ metric, column },
          arguments: isMembers(rule["arguments"]) ? rule["arguments"] : {},
          query: type === "sql" ? textOf(rule["query"]) : null,
          comparison,
          expected: (Array.isArray(expected) ? expected : [expected]).map(Number),
          unit: rule["unit"] === "percent" ? "percent" : "rows",
          severity: rule["severity"] === "warning" ? "warning" : "error",
        } satisfies QualityRule,
      ];
    });
  }
}

const comparisons: readonly Comparison[] = [
  ...(["mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo"] as const),
  ...(["mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween", "mustNotBeBetween"] as const),
];

const tombstoneOf = (value: unknown): CompiledContract["tombstone"] =>
  isMembers(value)
    ? { column: String(value["column"]), values: list(value["values"]).map(String) }
    : null;
