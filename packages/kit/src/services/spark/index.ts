/** Spark Connect: one server with warm executors in it. Sessions of different worlds share it; each adds its world's catalog. */
import {
  classpath,
  endpoint,
  path,
  secret,
  sized,
  text,
  tool,
  type ServiceDef,
  type Value,
} from "../../model/service.ts";
import { connectArguments } from "../../model/java.ts";
import { javaArguments } from "../java.ts";
import { lines, passwords, settings, setupProgram } from "../programs.ts";

const properties: Record<string, Value> = {
  "spark.master": "local[2]",
  "spark.ui.enabled": "false",
  // What the pages that nobody sees would show is kept nevertheless: plans of a thousand queries by default.
  "spark.ui.retainedJobs": "50",
  "spark.ui.retainedStages": "50",
  "spark.ui.retainedTasks": "1000",
  "spark.sql.ui.retainedExecutions": "50",
  // Iceberg never gives back what its vectorized reader allocates from, one for each file and reading (apache/iceberg#13937).
  "spark.sql.iceberg.vectorization.enabled": "false",
  // The catalog's token travels in a header.
  "spark.redaction.regex": "(?i)secret|password|token|access[.]?key|authorization",
  // An attempt that died ends its session with its successor; one without a successor, by this.
  "spark.connect.session.manager.defaultSessionTimeout": "10m",
  "spark.log.level": "WARN",
  "spark.connect.grpc.binding.address": "127.0.0.1",
  "spark.connect.grpc.binding.port": endpoint("spark", "connect", "port"),
  "spark.connect.authenticate.token": secret("spark-token"),
  // The driver's own ports: loopback, and nobody without the secret.
  "spark.driver.host": "127.0.0.1",
  "spark.driver.bindAddress": "127.0.0.1",
  "spark.authenticate": "true",
  "spark.authenticate.secret": secret("spark-rpc"),
  "spark.local.dir": path("data", "scratch"),
  "spark.sql.warehouse.dir": path("data", "warehouse"),
  "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
  "spark.sql.session.timeZone": "UTC",
  // A batch on two cores: more partitions are more tasks and more files for nothing.
  "spark.sql.shuffle.partitions": "2",
  "spark.sql.adaptive.enabled": "true",
  "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
  "spark.hadoop.fs.s3a.endpoint": endpoint("s3", "api"),
  "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
  "spark.hadoop.fs.s3a.path.style.access": "true",
  "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
  "spark.hadoop.fs.s3a.aws.credentials.provider":
    "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
  "spark.hadoop.fs.s3a.access.key": "spark",
  "spark.hadoop.fs.s3a.secret.key": secret("s3-spark"),
};

export const spark: ServiceDef = {
  name: "spark",
  summary: "Spark Connect: transforms and writes tables",
  tools: ["java", "pyspark", "jars-spark", "cds-spark", "python-pipeline"],
  // It opens no connection before its first session.
  needs: [],
  ports: { connect: { scheme: "sc", credentials: "token" } },
  secrets: passwords("spark-token", "spark-rpc"),
  files: [
    {
      path: settings("spark.properties"),
      content: { kind: "properties", value: properties },
      mode: 0o600,
    },
    {
      path: settings("spark-aws-credentials"),
      content: {
        kind: "text",
        value: lines(
          "[default]",
          "aws_access_key_id = spark",
          text`aws_secret_access_key = ${secret("s3-spark")}`,
        ),
      },
      mode: 0o600,
    },
  ],
  before: [
    {
      name: "scratch",
      summary: "",
      // What a killed server left: one that ends removes its own.
      argv: [
        "/bin/sh",
        setupProgram("spark/clear.sh"),
        path("data", "scratch"),
        path("data", "tmp"),
      ],
      deadlineSeconds: 60,
    },
  ],
  process: {
    argv: [
      tool("java", "bin/java"),
      ...javaArguments("cds-spark", "spark.jsa"),
      sized("-Xmx1g", "-Xmx640m"),
      text`-Djava.io.tmpdir=${path("data", "tmp")}`,
      ...connectArguments(classpath("pyspark", "jars-spark"), settings("spark.properties")),
    ],
    env: {
      SPARK_HOME: tool("pyspark", "deps"),
      SPARK_LOCAL_IP: "127.0.0.1",
      PYSPARK_PYTHON: tool("python-pipeline", "bin/python"),
      AWS_SHARED_CREDENTIALS_FILE: settings("spark-aws-credentials"),
      AWS_CONFIG_FILE: "/dev/null",
      AWS_REGION: "us-east-1",
      AWS_EC2_METADATA_DISABLED: "true",
    },
    cwd: path("data"),
    stop: { signal: "SIGTERM", graceSeconds: 10 },
  },
  ready: [{ kind: "tcp", port: "connect" }],
  readyDeadlineSeconds: 120,
  // The preface of HTTP/2 with empty settings; the server answers with its own.
  alive: {
    ...{ kind: "answers", port: "connect" },
    send: `${Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").toString("hex")}000000040000000000`,
  },
  after: [],
  accepting: false,
  memoryMb: { normal: 1100, small: 800 },
};
