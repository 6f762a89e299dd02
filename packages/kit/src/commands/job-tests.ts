/** What the tests beside Spark jobs need: the command of a Spark Connect server of their own. */
import { join } from "node:path";
import { connectArguments } from "../model/java.ts";
import { provision } from "../toolchain/provision.ts";
import { classPath } from "../toolchain/recipes/class-data.ts";
import type { Context } from "./command.ts";

/** Environment of `gridata_testkit`: `{settings}` stands for the server's properties. */
export async function jobTestEnvironment(context: Context): Promise<Record<string, string>> {
  const names = ["java", "pyspark", "jars-spark", "cds-spark"] as const;
  const all = provision(names, context);
  await all.done;
  const [java, pyspark, jars, archive] = await Promise.all(names.map((name) => all.tool(name)));
  const command = [
    join(java!.dir, "bin/java"),
    `-XX:SharedArchiveFile=${join(archive!.dir, "spark.jsa")}`,
    ...["-Xshare:auto", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1", "-Xmx768m"],
    ...connectArguments(classPath(pyspark!, jars!), "{settings}"),
  ];
  return {
    GRIDATA_TEST_SPARK: JSON.stringify(command),
    SPARK_HOME: join(pyspark!.dir, "deps"),
    SPARK_LOCAL_IP: "127.0.0.1",
  };
}
