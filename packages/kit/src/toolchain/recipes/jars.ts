/** A set of jars, each named by the lock with its hash: by the machine's Maven, else by jgo. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Exit, KitError } from "../../model/errors.ts";
import { hashFile } from "../tree.ts";
import { onPath } from "../machine.ts";
import type { Dish, Kitchen } from "./types.ts";

interface Jar {
  group: string;
  artifact: string;
  version: string;
  classifier: string | undefined;
  sha256: string;
}

/** Lines `group:artifact:version[:classifier] sha256:<hex>`. */
export function readJarLock(text: string): Jar[] {
  return text
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => {
      const [coordinates = "", hash = ""] = line.split(" sha256:");
      const [group = "", artifact = "", version = "", classifier] = coordinates.split(":");
      return { group, artifact, version, classifier, sha256: hash };
    });
}

const fileName = (jar: Jar) =>
  `${jar.artifact}-${jar.version}${jar.classifier ? `-${jar.classifier}` : ""}.jar`;

export async function makeJars(kitchen: Kitchen, set: string): Promise<Dish> {
  const jars = readJarLock(
    readFileSync(join(kitchen.checkout, `toolchain/maven/${set}/jars.lock`), "utf8"),
  );
  const maven = onPath("mvn", kitchen.env);
  if (maven) await byMaven(kitchen, maven, jars);
  else await byJgo(kitchen, jars);
  checkJars(kitchen, jars);
  return { source: maven ? "maven" : "jgo" };
}

async function byMaven(kitchen: Kitchen, maven: string, jars: Jar[]): Promise<void> {
  const pom = `${kitchen.work}.pom.xml`;
  writeFileSync(pom, flatPom(jars));
  await kitchen.run(maven, [
    ...["-B", "-q", "-f", pom, "dependency:copy-dependencies"],
    ...[`-DoutputDirectory=${kitchen.work}`, "-DincludeScope=runtime"],
  ]);
}

/** Every jar by itself: what Maven would resolve differently next year has no say. */
const flatPom = (jars: Jar[]) => `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>gridata</groupId>
  <artifactId>jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${jars
  .map(
    (jar) =>
      `    <dependency><groupId>${jar.group}</groupId><artifactId>${jar.artifact}</artifactId><version>${jar.version}</version>${
        jar.classifier ? `<classifier>${jar.classifier}</classifier>` : ""
      }<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>`,
  )
  .join("\n")}
  </dependencies>
</project>
`;

async function byJgo(kitchen: Kitchen, jars: Jar[]): Promise<void> {
  const { dir } = await kitchen.tool("jgo");
  const list = `${kitchen.work}.list`;
  writeFileSync(
    list,
    jars
      .map((jar) => [jar.group, jar.artifact, jar.version, jar.classifier ?? ""].join(":"))
      .join("\n"),
  );
  await kitchen.run(join(dir, "bin/python"), [
    ...["-I", join(kitchen.checkout, "toolchain/python/jgo/fetch.py"), list, kitchen.work],
  ]);
}

/** Neither client compares what it fetched with our lock. */
function checkJars(kitchen: Kitchen, jars: Jar[]): void {
  const wanted = new Map(jars.map((jar) => [fileName(jar), jar.sha256]));
  const found = new Set(readdirSync(kitchen.work));
  const problems = [...wanted].flatMap(([file, sha256]) => {
    if (!found.has(file)) return [`${file} is missing`];
    return hashFile(join(kitchen.work, file)) === sha256 ? [] : [`${file} has another content`];
  });
  for (const file of found) if (!wanted.has(file)) problems.push(`${file} is not in the lock`);
  if (problems.length > 0)
    throw new KitError({
      code: "TOOL_CHECKSUM_MISMATCH",
      what: `${kitchen.name}: the downloaded jars are not those of the lock`,
      why: problems.slice(0, 5).join("; "),
      fix: "check the machine's Maven mirror and settings, then run the command again",
      exit: Exit.failed,
    });
}
