/** How a Spark Connect server is started on a plain Java runtime: by the stack, by the training run of its class-data archive. */

/** What `bin/spark-submit` would add; without the launcher, because the runtime lacks a module that the launcher asks for. */
const opened = [
  ...["java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio"],
  ...["java.util", "java.util.concurrent", "java.util.concurrent.atomic", "jdk.internal.ref"],
  ...["sun.nio.ch", "sun.nio.cs", "sun.security.action", "sun.util.calendar"],
].map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`);

/** Arguments of `java` after memory and archive; `P` is a path, known (a string) or still a reference. */
export const connectArguments = <P>(classPath: P, propertiesFile: P): (string | P)[] => [
  "-XX:+IgnoreUnrecognizedVMOptions",
  ...opened,
  "-Djdk.reflect.useDirectMethodHandle=false",
  "-Dio.netty.tryReflectionSetAccessible=true",
  "-cp",
  classPath,
  "org.apache.spark.deploy.SparkSubmit",
  "--properties-file",
  propertiesFile,
  "--class",
  "org.apache.spark.sql.connect.service.SparkConnectServer",
  "spark-internal",
];
