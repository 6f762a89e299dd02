/** Drop to commit, hop by hop, beside Spark alone doing the same append: cold and warm. */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { copyFile, mkdir, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectLedger } from "../clients/ledger-session.ts";
import { deliveriesByName, hopsOf } from "../clients/passports.ts";
import { dropFolder, readStackConfig } from "../clients/stack.ts";
import type { Context } from "../commands/command.ts";
import { needServices } from "../commands/need-services.ts";
import { waitUntil } from "../commands/wait.ts";
import { readStatus, layoutOf } from "../runtimes/host/control.ts";
import { Exit, KitError } from "../model/errors.ts";
import { provision } from "../toolchain/provision.ts";
import { removeWorld } from "../worlds/remove.ts";
import { cpuSeconds } from "./cpu.ts";
import { writeTransactions } from "./transactions.ts";

export interface Measure {
  name: string;
  unit: "s" | "cpu s" | "MB";
  /** Median of the runs. */
  value: number;
  runs: number[];
  ratio_to: string | null;
  ratio: number | null;
}

interface Size {
  name: string;
  records: number;
}

const sizes: readonly Size[] = [
  { name: "1 MB", records: 14_500 },
  { name: "100 MB", records: 1_450_000 },
];

type Sample = Record<string, number>;

/** What a file passes on its way. */
const road = ["gateway", "dispatcher", "airflow-scheduler", "steps", "spark", "catalog", "s3"];

export async function benchDrop(context: Context, runs: number): Promise<Measure[]> {
  needServices(context, ...road);
  const measures: Measure[] = [];
  for (const size of sizes) {
    const samples: Sample[] = [];
    // The first round loads classes; it is no measurement.
    for (let run = 0; run <= runs; run++) {
      const sample = await round(context, size, run);
      context.say(`${size.name}, ${run === 0 ? "warm-up" : `run ${run}`}: ${describe(sample)}`);
      if (run > 0) samples.push(sample);
    }
    for (const name of Object.keys(samples[0]!)) {
      const values = samples.map((sample) => sample[name]!);
      const reference = name.startsWith("drop to commit")
        ? name.replace("drop to commit", "cold spark-submit")
        : null;
      const value = median(values);
      measures.push({
        name: `${size.name}: ${name}`,
        unit: name.endsWith("cpu") ? "cpu s" : "s",
        value,
        runs: values,
        ratio_to: reference && `${size.name}: ${reference}`,
        ratio:
          reference === null ? null : value / median(samples.map((sample) => sample[reference]!)),
      });
    }
  }
  return measures;
}

const describe = (sample: Sample) =>
  Object.entries(sample)
    .map(([name, value]) => `${name} ${value.toFixed(2)}`)
    .join(", ");

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The three in turn, each into a fresh table of a world of its own. */
async function round(context: Context, size: Size, run: number): Promise<Sample> {
  const work = mkdtempSync(join(tmpdir(), "gridata-bench-"));
  try {
    const file = join(work, "bench.csv");
    await writeTransactions(file, size.records, run * size.records);
    return {
      ...(await platform(context, file)),
      ...(await spark(context, file, size, work, "warm")),
      ...(await spark(context, file, size, work, "cold")),
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function inWorld<T>(context: Context, work: (world: string) => Promise<T>): Promise<T> {
  const world = `bench${Date.now().toString(36)}`;
  const { checkout, stack } = context;
  await using admin = await connectLedger({ checkout, stack, identity: "admin" });
  await admin.query("select ledger.open_world($1)", [world]);
  try {
    return await work(world);
  } finally {
    const config = readStackConfig(checkout, stack, "admin");
    await removeWorld({ world, config, ledger: admin });
  }
}

async function platform(context: Context, file: string): Promise<Sample> {
  const { checkout, stack } = context;
  const leaders = new Set(
    readStatus(layoutOf(checkout, stack))!.services.flatMap(({ pid }) => (pid ? [pid] : [])),
  );
  return inWorld(context, async (world) => {
    const folder = join(dropFolder(checkout, stack, world), "sales/transactions");
    await mkdir(folder, { recursive: true });
    await copyFile(file, join(folder, ".bench.csv"));
    const before = cpuSeconds(leaders);
    await rename(join(folder, ".bench.csv"), join(folder, "bench.csv"));
    await using ledger = await connectLedger({ checkout, stack, identity: "reader" });
    const delivery = await waitUntil(
      context,
      () => "the file to be published",
      async () => {
        const [found] = await deliveriesByName(ledger, world, "bench.csv");
        if (found && ["rejected", "parked"].includes(found.state))
          throw new Error(`the file is ${found.state}: ${JSON.stringify(found.reason)}`);
        return found?.state === "published" ? found : null;
      },
    );
    const cpu = cpuSeconds(leaders) - before;
    const hops = await hopsOf(ledger, delivery);
    const begun = Date.parse(hops[0]!.started_at!);
    const ended = (name: string) =>
      (Date.parse(hops.find((hop) => hop.name === name)!.ended_at!) - begun) / 1000;
    return {
      "drop to commit": ended("published"),
      "drop to commit, cpu": cpu,
      ...Object.fromEntries(
        ["staged", "dispatched", "validated", "raw", "written", "checked", "published"].map(
          (name) => [`until ${name}`, ended(name)],
        ),
      ),
    };
  });
}

async function spark(
  context: Context,
  file: string,
  size: Size,
  work: string,
  kind: "warm" | "cold",
): Promise<Sample> {
  const { checkout, stack } = context;
  const admin = readStackConfig(checkout, stack, "admin");
  const tools = await provision(["java", "pyspark", "jars-spark", "python-pipeline"], { checkout })
    .done;
  const dir = (name: "java" | "pyspark" | "jars-spark" | "python-pipeline") => tools.get(name)!.dir;
  return inWorld(context, async (world) => {
    const settings = join(work, "bench.json");
    const catalog = {
      "": "org.apache.iceberg.spark.SparkCatalog",
      ".type": "rest",
      ".uri": admin.catalog!.uri,
      ".warehouse": world,
      ".token": admin.catalog!.token,
      ".cache-enabled": "false",
      ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
      ".s3.endpoint": admin.s3!.endpoint,
      ".s3.path-style-access": "true",
      ".client.region": admin.s3!.region,
    };
    writeFileSync(
      settings,
      JSON.stringify({
        world,
        file,
        records: size.records,
        catalog,
        ...(kind === "warm" && { spark: admin.spark }),
      }),
      { mode: 0o600 },
    );
    const job = join(import.meta.dirname, "audited_append.py");
    const python = join(dir("python-pipeline"), "bin/python");
    const env = {
      ...process.env,
      GRIDATA_BENCH: settings,
      AWS_ACCESS_KEY_ID: admin.s3!.access_key,
      AWS_SECRET_ACCESS_KEY: admin.s3!.secret_key,
      AWS_REGION: admin.s3!.region,
      AWS_EC2_METADATA_DISABLED: "true",
      TZ: "UTC",
    };
    if (kind === "warm") {
      const { output } = await timed(python, [job], env);
      const { seconds } = JSON.parse(output.trim().split("\n").at(-1)!) as { seconds: number };
      return { "warm Spark Connect": seconds };
    }
    const home = javaHome(dir("java"), work);
    const sparkHome = join(dir("pyspark"), "deps");
    const jars = tools.get("jars-spark")!.jars.map((jar) => join(dir("jars-spark"), jar));
    const { wall, cpu } = await timed(
      join(sparkHome, "bin/spark-submit"),
      [
        ...["--master", "local[2]", "--driver-memory", "1g", "--jars", jars.join(",")],
        ...["--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1"],
        ...["--conf", "spark.sql.session.timeZone=UTC"],
        "--conf",
        "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        job,
      ],
      {
        ...env,
        JAVA_HOME: home,
        SPARK_HOME: sparkHome,
        PYSPARK_PYTHON: python,
        PYTHONPATH: [
          dir("pyspark"),
          ...readdirSync(join(dir("pyspark"), "lib")).map((entry) =>
            join(dir("pyspark"), "lib", entry),
          ),
        ].join(":"),
      },
    );
    return { "cold spark-submit": wall, "cold spark-submit, cpu": cpu };
  });
}

/** A Java home for stock launchers: they ask for a module that the runtime lacks and that nothing here uses. */
function javaHome(java: string, work: string): string {
  const home = join(work, "java");
  mkdirSync(join(home, "bin"), { recursive: true });
  const program = join(home, "bin/java");
  writeFileSync(
    program,
    `#!/bin/bash\nargs=()\nfor a in "$@"; do [ "$a" = --add-modules=jdk.incubator.vector ] || args+=("$a"); done\nexec ${java}/bin/java "\${args[@]}"\n`,
  );
  chmodSync(program, 0o755);
  return home;
}

/** Wall and processor seconds of a program and all that it started and waited for. */
async function timed(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ wall: number; cpu: number; output: string }> {
  const begun = performance.now();
  const child = spawn(
    "bash",
    ["-c", `TIMEFORMAT='gridata-cpu %U %S'; time "$@"`, "bench", program, ...args],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0)
    throw new KitError({
      code: "BENCH_FAILED",
      what: `${program} ended with ${String(code)}`,
      why: `${output}${errors}`.slice(-3000),
      fix: "mend the cause, then run the benchmark again",
      exit: Exit.failed,
    });
  const [, user = "0", system = "0"] = /gridata-cpu ([\d.]+) ([\d.]+)/.exec(errors) ?? [];
  return { wall: (performance.now() - begun) / 1000, cpu: Number(user) + Number(system), output };
}
