/** `env`: where everything is, for programs and for people. */
import { join } from "node:path";
import { dropFolder, readStackConfig, stateFolder } from "../clients/stack.ts";
import { usage, type CommandDef } from "./command.ts";

const hidden = "***";

const env = {
  name: "env",
  summary: "addresses and credentials of the stack",
  usage: "[--format json|dotenv] [--reveal] [--admin]",
  examples: [
    "env",
    "env --reveal --format dotenv > .env.local",
    "env --json --reveal --admin    (who may change everything)",
  ],
  options: {
    format: { type: "string", placeholder: "FORM", summary: "json (default) or dotenv" },
    reveal: { type: "boolean", summary: "show the credentials too" },
    admin: { type: "boolean", summary: "of the administrator, instead of one who only reads" },
  },
  async run(context) {
    const format = context.options["format"] ?? "json";
    if (format !== "json" && format !== "dotenv")
      throw usage(env, `--format takes json or dotenv, not '${String(format)}'`);
    const reveal = context.options["reveal"] === true;
    const secret = (text: string) => (reveal ? text : hidden);
    const identity = context.options["admin"] === true ? "admin" : "reader";
    const own = readStackConfig(context.checkout, context.stack, identity);
    // Where Spark listens is no secret; whoever only reads has no token for it.
    const { spark } = readStackConfig(context.checkout, context.stack, "admin");
    const dispatcher = readStackConfig(context.checkout, context.stack, "dispatcher");
    const document = {
      identity,
      drop_dir: dropFolder(context.checkout, context.stack, context.world),
      s3: {
        endpoint: own.s3!.endpoint,
        region: own.s3!.region,
        access_key: own.s3!.access_key,
        secret_key: secret(own.s3!.secret_key),
      },
      catalog: {
        uri: own.catalog!.uri,
        warehouse: context.world,
        token: secret(own.catalog!.token),
      },
      kafka: { brokers: dispatcher.kafka!.brokers, topic: dispatcher.kafka!.topic },
      airflow: {
        uri: own.airflow!.uri,
        username: own.airflow!.username,
        password: secret(own.airflow!.password),
      },
      spark: { uri: spark!.uri, token: own.spark ? secret(own.spark.token) : null },
      credentials_file: join(
        stateFolder(context.checkout, context.stack),
        "config",
        `${identity}.json`,
      ),
    };
    return {
      document,
      text: format === "json" ? JSON.stringify(document, null, 2) : dotenv(document),
    };
  },
} satisfies CommandDef;
export default env;

/** As a shell and readers of dotenv files both take it. */
const quoted = (value: string) => (/^[\w@%+=:,./*-]*$/.test(value) ? value : `'${value}'`);

function dotenv(members: Record<string, unknown>, prefix = "GRIDATA"): string {
  return Object.entries(members)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => {
      const key = `${prefix}_${name}`.toUpperCase();
      if (Array.isArray(value)) return `${key}=${quoted(value.join(","))}`;
      return typeof value === "object" && value !== null
        ? dotenv(value as Record<string, unknown>, key)
        : `${key}=${quoted(String(value))}`;
    })
    .join("\n");
}
