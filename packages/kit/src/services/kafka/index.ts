/** One Kafka node, broker and KRaft controller in one. It carries announcements of staged objects; losing one costs time, not data. */
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
import { javaArguments } from "../java.ts";
import { joined, lines, node, passwords, settings, setupProgram } from "../programs.ts";
import { dispatcherGroup, topic } from "./names.ts";

const users = ["admin", "dispatcher", "s3"] as const;
const hostport = (port: string) => endpoint("kafka", port, "hostport");
const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required";
const plain = "org.apache.kafka.common.security.plain.PlainLoginModule required";

const properties: Record<string, Value> = {
  "process.roles": "broker,controller",
  "node.id": "1",
  "controller.quorum.bootstrap.servers": hostport("controller"),
  listeners: text`CLIENTS://${hostport("broker")},CONTROLLER://${hostport("controller")}`,
  "advertised.listeners": text`CLIENTS://${hostport("broker")}`,
  "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
  "inter.broker.listener.name": "CLIENTS",
  "controller.listener.names": "CONTROLLER",
  "sasl.enabled.mechanisms": "SCRAM-SHA-512",
  "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
  "listener.name.clients.scram-sha-512.sasl.jaas.config": text`${scram} username="admin" password="${secret("kafka-admin")}";`,
  // SCRAM is checked against the metadata that the controller itself holds, so its own listener can't use it.
  "sasl.mechanism.controller.protocol": "PLAIN",
  "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
  "listener.name.controller.plain.sasl.jaas.config": text`${plain} username="controller" password="${secret("kafka-controller")}" user_controller="${secret("kafka-controller")}";`,
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users": "User:admin;User:controller",
  "allow.everyone.if.no.acl.found": "false",
  "log.dirs": path("data", "log"),
  "auto.create.topics.enable": "false",
  "num.partitions": "1",
  "offsets.topic.num.partitions": "1",
  "offsets.topic.replication.factor": "1",
  "transaction.state.log.replication.factor": "1",
  "transaction.state.log.min.isr": "1",
  "share.coordinator.state.topic.replication.factor": "1",
  "share.coordinator.state.topic.min.isr": "1",
  "group.initial.rebalance.delay.ms": "0",
  // So long a broker that was killed keeps its place from the one that comes after it.
  "broker.session.timeout.ms": "3000",
  "broker.heartbeat.interval.ms": "500",
  // A laptop's few messages need no thread per core and no 128 MB to clean logs with.
  "num.network.threads": "2",
  "num.io.threads": "2",
  "background.threads": "2",
  "log.cleaner.dedupe.buffer.size": "8388608",
  // What is kept goes by whole segments, and the largest one here is small.
  "log.segment.bytes": "16777216",
  "log.retention.bytes": "67108864",
  "offsets.topic.segment.bytes": "8388608",
  // The broker's own metadata grows with every record that says that there is nothing to say.
  "metadata.log.segment.bytes": "8388608",
  "metadata.max.retention.bytes": "16777216",
  "metadata.max.idle.interval.ms": "5000",
};

/** `format` with its arguments in a file: a password in an argv is everyone's to read. */
const format: Value[] = [
  "-Xmx64m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-XX:-UsePerfData",
  "-cp",
  classpath("jars-kafka"),
  "kafka.tools.StorageTool",
  "format",
  "--standalone",
  "--cluster-id",
  secret("kafka-cluster-id"),
  "--config",
  settings("kafka.properties"),
  ...users.flatMap((user): Value[] => [
    "--add-scram",
    text`"SCRAM-SHA-512=[name=${user},password=${secret(`kafka-${user}`)}]"`,
  ]),
];

export const kafka: ServiceDef = {
  name: "kafka",
  summary: "Kafka: announces staged objects",
  tools: ["java", "jars-kafka", "cds-kafka"],
  needs: [],
  ports: {
    broker: { scheme: "kafka", credentials: "user and password (SCRAM-SHA-512)" },
    controller: { scheme: "kafka", credentials: "the broker's own password (PLAIN)" },
  },
  secrets: {
    ...passwords(...users.map((user) => `kafka-${user}`), "kafka-controller"),
    "kafka-cluster-id": { form: "kafka-id" },
  },
  files: [
    {
      path: settings("kafka.properties"),
      content: { kind: "properties", value: properties },
      mode: 0o600,
    },
    {
      path: settings("kafka-format.args"),
      content: { kind: "text", value: lines(...format) },
      mode: 0o600,
    },
    {
      path: settings("kafka-setup.json"),
      content: {
        kind: "json",
        value: {
          brokers: [hostport("broker")],
          username: "admin",
          password: secret("kafka-admin"),
          topic,
          group: dispatcherGroup,
        },
      },
      mode: 0o600,
    },
  ],
  before: [
    {
      name: "format",
      summary: "formatting Kafka's storage",
      argv: [tool("java", "bin/java"), joined("", "@", settings("kafka-format.args"))],
      unless: path("data", "log/meta.properties"),
      deadlineSeconds: 60,
    },
  ],
  process: {
    argv: [
      tool("java", "bin/java"),
      ...javaArguments("cds-kafka", "kafka.jsa"),
      "-Xms64m",
      sized("-Xmx256m", "-Xmx160m"),
      "-XX:+UseSerialGC",
      "-XX:TieredStopAtLevel=1",
      "-Dorg.slf4j.simpleLogger.showDateTime=true",
      "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
      "-Dorg.slf4j.simpleLogger.showThreadName=false",
      "-cp",
      classpath("jars-kafka"),
      "kafka.Kafka",
      settings("kafka.properties"),
    ],
    env: {},
    stop: { signal: "SIGTERM", graceSeconds: 15 },
  },
  ready: [{ kind: "log", pattern: "Kafka Server started" }],
  readyDeadlineSeconds: 90,
  // ApiVersions, version 0: the one request that needs no sign-in.
  alive: { kind: "answers", port: "broker", send: "0000000a0012000000000001ffff" },
  after: [
    {
      name: "topics",
      summary: "topic and access rules",
      argv: [node, setupProgram("kafka/setup.ts"), settings("kafka-setup.json")],
      once: {
        mark: path("data", "log/gridata-setup"),
        inputs: [setupProgram("kafka/setup.ts"), settings("kafka-setup.json")],
      },
      deadlineSeconds: 60,
    },
  ],
  accepting: false,
  data: { tool: "jars-kafka" },
  memoryMb: { normal: 230, small: 180 },
};
