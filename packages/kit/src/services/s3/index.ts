/** The object store: guarded MinIO on one folder, with the buckets, users and the one notification of the flow. */
import { endpoint, path, secret, text, tool, type ServiceDef } from "../../model/service.ts";
import { topic } from "../kafka/names.ts";
import { lines, passwords, settings } from "../programs.ts";
import { policies } from "./policies.ts";

const users = Object.keys(policies);
const root = "gridata-root";
/** The id under which the store knows the broker. */
const target = "EVENTS";

const environment = {
  MINIO_ROOT_USER: root,
  MINIO_ROOT_PASSWORD: secret("s3-root"),
  MINIO_BROWSER: "off",
  MINIO_UPDATE: "off",
  // An answered put has sent its event: 0-2 ms. Without a queue folder an event may be lost; the listing finds the object.
  MINIO_API_SYNC_EVENTS: "on",
  [`MINIO_NOTIFY_KAFKA_ENABLE_${target}`]: "on",
  [`MINIO_NOTIFY_KAFKA_BROKERS_${target}`]: endpoint("kafka", "broker", "hostport"),
  [`MINIO_NOTIFY_KAFKA_TOPIC_${target}`]: topic,
  [`MINIO_NOTIFY_KAFKA_SASL_${target}`]: "on",
  [`MINIO_NOTIFY_KAFKA_SASL_USERNAME_${target}`]: "s3",
  [`MINIO_NOTIFY_KAFKA_SASL_PASSWORD_${target}`]: secret("kafka-s3"),
  [`MINIO_NOTIFY_KAFKA_SASL_MECHANISM_${target}`]: "sha512",
};

export const s3: ServiceDef = {
  name: "s3",
  summary: "S3 object store: raw, staging, curated, archive",
  tools: ["s3"],
  // Not Kafka: files may be dropped before the broker is up, and their events are then found by listing.
  needs: [],
  ports: { api: { scheme: "http", credentials: "access key and secret key (AWS signature 4)" } },
  secrets: passwords("s3-root", ...users.map((user) => `s3-${user}`)),
  files: [
    {
      path: settings("s3.env"),
      content: {
        kind: "text",
        value: lines(...Object.entries(environment).map(([name, value]) => text`${name}=${value}`)),
      },
      mode: 0o600,
    },
    {
      path: settings("s3-setup.json"),
      content: {
        kind: "json",
        value: {
          endpoint: endpoint("s3", "api", "url"),
          region: "us-east-1",
          access_key: root,
          secret_key: secret("s3-root"),
          buckets: [
            { name: "raw", versioned: false },
            { name: "staging", versioned: true },
            { name: "curated", versioned: false },
            { name: "archive", versioned: false },
          ],
          notifications: [
            {
              bucket: "staging",
              arn: `arn:minio:sqs:us-east-1:${target}:kafka`,
              events: ["s3:ObjectCreated:*"],
            },
          ],
          users: users.map((name) => ({
            access_key: name,
            secret_key: secret(`s3-${name}`),
            policy: { name, document: policies[name as keyof typeof policies] as never },
          })),
        },
      },
      mode: 0o600,
    },
  ],
  before: [],
  process: {
    argv: [
      tool("s3", "gridata-s3"),
      "server",
      "--quiet",
      "--address",
      endpoint("s3", "api", "hostport"),
      "--certs-dir",
      path("data", "certs"),
      path("data", "objects"),
    ],
    env: { MINIO_CONFIG_ENV_FILE: settings("s3.env") },
    stop: { signal: "SIGTERM", graceSeconds: 10 },
  },
  ready: [{ kind: "http", port: "api", path: "/minio/health/ready", status: [200] }],
  readyDeadlineSeconds: 60,
  alive: { kind: "http", port: "api", path: "/minio/health/live", status: [200] },
  after: [
    {
      name: "setup",
      summary: "buckets, users and the notification",
      argv: [tool("s3", "gridata-s3"), "setup", "--config", settings("s3-setup.json")],
      once: {
        mark: path("data", "objects/.minio.sys/gridata-setup"),
        inputs: [settings("s3-setup.json")],
      },
      deadlineSeconds: 60,
    },
  ],
  accepting: true,
  memoryMb: { normal: 220, small: 200 },
};
