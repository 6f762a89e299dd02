/**
 * Class-data archives: a Java service that starts with one skips most of class loading. One is written by a training run of the
 * service with exactly the class path that the stack uses, since an archive fits one class path only.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectArguments } from "../../model/java.ts";
import { freePort } from "../ports.ts";
import { startTraining } from "../training.ts";
import type { ToolHandle } from "../types.ts";
import type { Dish, Kitchen } from "./types.ts";

export const classPath = (...tools: ToolHandle[]): string =>
  tools.flatMap((tool) => tool.jars.map((jar) => join(tool.dir, jar))).join(":");

export async function makeClassData(kitchen: Kitchen, training: "kafka" | "spark"): Promise<Dish> {
  const scratch = `${kitchen.work}.training`;
  mkdirSync(scratch, { recursive: true });
  const java = await kitchen.tool("java");
  const common = [
    `-XX:ArchiveClassesAtExit=${join(kitchen.work, `${training}.jsa`)}`,
    "-XX:-UsePerfData",
  ];
  kitchen.say("training run");
  try {
    if (training === "kafka") await trainKafka(kitchen, java, common, scratch);
    else await trainSpark(kitchen, java, common, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return { source: "built" };
}

async function trainKafka(
  kitchen: Kitchen,
  java: ToolHandle,
  common: string[],
  scratch: string,
): Promise<void> {
  const jars = classPath(await kitchen.tool("jars-kafka"));
  const broker = await freePort();
  const controller = await freePort([broker]);
  const settings = join(scratch, "kafka.properties");
  writeFileSync(
    settings,
    [
      "process.roles=broker,controller",
      "node.id=1",
      `controller.quorum.bootstrap.servers=127.0.0.1:${controller}`,
      `listeners=CLIENTS://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
      "listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
      "inter.broker.listener.name=CLIENTS",
      "controller.listener.names=CONTROLLER",
      `log.dirs=${join(scratch, "log")}`,
      "",
    ].join("\n"),
  );
  const program = join(java.dir, "bin/java");
  await kitchen.run(program, [
    ...["-Xmx64m", "-XX:-UsePerfData", "-cp", jars, "kafka.tools.StorageTool", "format"],
    ...["--standalone", "--cluster-id", randomBytes(16).toString("base64url")],
    ...["--config", settings],
  ]);
  const server = startTraining(
    program,
    [
      ...common,
      "-Xmx256m",
      "-XX:+UseSerialGC",
      "-XX:TieredStopAtLevel=1",
      "-cp",
      jars,
      "kafka.Kafka",
      settings,
    ],
    { cwd: scratch, env: kitchen.env },
  );
  await server.untilLine(/Kafka Server started/, 120);
  await server.stop(120);
}

async function trainSpark(
  kitchen: Kitchen,
  java: ToolHandle,
  common: string[],
  scratch: string,
): Promise<void> {
  const [pyspark, jars, python] = await Promise.all([
    kitchen.tool("pyspark"),
    kitchen.tool("jars-spark"),
    kitchen.tool("python-pipeline"),
  ]);
  const port = await freePort();
  const token = randomBytes(16).toString("base64url");
  const settings = join(scratch, "spark.properties");
  writeFileSync(
    settings,
    [
      "spark.master=local[2]",
      "spark.ui.enabled=false",
      "spark.connect.grpc.binding.address=127.0.0.1",
      `spark.connect.grpc.binding.port=${port}`,
      `spark.connect.authenticate.token=${token}`,
      "spark.driver.host=127.0.0.1",
      "spark.driver.bindAddress=127.0.0.1",
      `spark.sql.warehouse.dir=${join(scratch, "warehouse")}`,
      `spark.local.dir=${scratch}`,
      "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
      "spark.sql.catalog.training=org.apache.iceberg.spark.SparkCatalog",
      "spark.sql.catalog.training.type=hadoop",
      `spark.sql.catalog.training.warehouse=${join(scratch, "iceberg")}`,
      "",
    ].join("\n"),
    { mode: 0o600 },
  );
  const server = startTraining(
    join(java.dir, "bin/java"),
    [...common, "-Xmx1g", ...connectArguments(classPath(pyspark, jars), settings)],
    {
      cwd: scratch,
      env: { ...kitchen.env, SPARK_HOME: join(pyspark.dir, "deps"), SPARK_LOCAL_IP: "127.0.0.1" },
    },
  );
  try {
    await server.untilPort(port, 180);
    await kitchen.run(
      join(python.dir, "bin/python"),
      ["-I", join(kitchen.checkout, "toolchain/python/pipeline/train_spark.py")],
      {
        env: {
          ...kitchen.env,
          SPARK_CONNECT_AUTHENTICATE_TOKEN: token,
          SPARK_REMOTE: `sc://localhost:${port}`,
        },
      },
    );
  } catch (error) {
    await server.kill();
    throw error;
  }
  kitchen.say("writing the archive");
  await server.stop(240);
}
