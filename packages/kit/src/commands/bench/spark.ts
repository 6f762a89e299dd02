/** The same audited append by Spark alone. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStackConfig } from "../../clients/stack.ts";
import type { Context } from "../command.ts";
import { provision } from "../../toolchain/provision.ts";
import { timed } from "./timed.ts";
import { inWorld } from "./world.ts";

type Sample = Record<string, number>;

/** `warm`: over the stack's Spark Connect; `cold`: a `spark-submit` of its own. */
export async function sparkAppend(
  context: Context,
  file: string,
  records: number,
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
        records,
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
