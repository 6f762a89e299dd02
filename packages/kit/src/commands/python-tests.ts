/** What runs the tests of the Python code: an interpreter, and what they find in their environment. */
import { readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { provision } from "../toolchain/provision.ts";
import type { ToolHandle } from "../toolchain/types.ts";

export interface PythonTests {
  python: string;
  /** Of tests of the code in a folder: this checkout, or a copy of it. */
  environment(sources: string): Record<string, string>;
}

const names = [
  "python-tools",
  "python-pipeline",
  "postgres",
  "java",
  "ecj",
  "jars-catalog",
] as const;

export async function pythonTests(options: {
  checkout: string;
  signal?: AbortSignal;
}): Promise<PythonTests> {
  const tools = await provision(names, options).done;
  const tool = (name: (typeof names)[number]): ToolHandle => tools.get(name)!;
  const jars = (name: "ecj" | "jars-catalog") =>
    tool(name).jars.map((jar) => join(tool(name).dir, jar));
  const { dir } = tool("python-pipeline");
  const library = readdirSync(join(dir, "lib")).find((name) => name.startsWith("python3"))!;
  return {
    python: join(tool("python-tools").dir, "bin/python"),
    environment: (sources) => ({
      PYTHONPATH: [
        ...["pipeline/src", "pipeline/testkit"].map((name) => join(sources, name)),
        join(dir, "lib", library, "site-packages"),
      ].join(delimiter),
      PYTHONDONTWRITEBYTECODE: "1",
      GRIDATA_TEST_POSTGRES: join(tool("postgres").dir, "embedded_postgres/pginstall/bin"),
      // The catalog is compiled from the sources under test.
      GRIDATA_TEST_JAVA: join(tool("java").dir, "bin/java"),
      GRIDATA_TEST_ECJ: jars("ecj").join(delimiter),
      GRIDATA_TEST_JARS: jars("jars-catalog").join(delimiter),
      GRIDATA_TEST_NODE: process.execPath,
    }),
  };
}
