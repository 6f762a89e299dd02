/** What each identity is told: docs/architecture.md, "Configuration of a process". A member it lacks is a service it may not use. */
import {
  endpoint,
  path,
  secret,
  text,
  type IdentityDef,
  type JsonValue,
} from "../model/service.ts";
import { dispatcherGroup, topic } from "./kafka/names.ts";

const s3 = (user: string) => ({
  endpoint: endpoint("s3", "api"),
  region: "us-east-1",
  access_key: user,
  secret_key: secret(`s3-${user}`),
});
const ledger = (role: string) => ({
  host: "127.0.0.1",
  port: endpoint("postgres", "sql", "port"),
  database: "ledger",
  user: role,
  password: secret(`ledger-${role}`),
});
const catalog = (role: string) => ({
  uri: endpoint("catalog", "http"),
  token: secret(`catalog-${role}`),
});
const airflow = (user: string) => ({
  uri: endpoint("airflow-api", "http"),
  username: user,
  password: secret(`airflow-${user}`),
});
const spark = {
  // Spelled like this: the client takes a token without TLS for this name only.
  uri: text`sc://localhost:${endpoint("spark", "connect", "port")}`,
  token: secret("spark-token"),
};
const drop = {
  default_dir: path("drop"),
  worlds_dir: path("state", "drop"),
  intake_dir: path("state", "intake"),
};
const steps = { socket: path("socket", "steps.sock") };

const identity = (
  name: string,
  summary: string,
  config: Record<string, JsonValue>,
): IdentityDef => ({ name, summary, config });

export const identities: IdentityDef[] = [
  identity("gateway", "puts dropped files into staging", {
    s3: s3("gateway"),
    ledger: ledger("gateway"),
    drop,
  }),
  identity("dispatcher", "claims what is staged and starts runs", {
    s3: s3("dispatcher"),
    ledger: ledger("dispatcher"),
    kafka: {
      brokers: [endpoint("kafka", "broker", "hostport")],
      username: "dispatcher",
      password: secret("kafka-dispatcher"),
      topic,
      group: dispatcherGroup,
    },
    airflow: airflow("dispatcher"),
    // What main of an upstream table is.
    catalog: catalog("reader"),
    drop,
  }),
  identity("pipeline", "validates, processes and checks", {
    s3: s3("pipeline"),
    ledger: ledger("pipeline"),
    catalog: catalog("engine"),
    spark,
    steps,
  }),
  identity("publisher", "as pipeline, and moves main", {
    s3: s3("publisher"),
    ledger: ledger("publisher"),
    catalog: catalog("publisher"),
    spark,
    steps,
  }),
  identity("maintenance", "takes away what nobody needs any more", {
    s3: s3("maintenance"),
    ledger: ledger("maintenance"),
    catalog: catalog("publisher"),
    airflow_database: {
      ...ledger("maintenance"),
      ...{ database: "airflow", user: "airflow", password: secret("postgres-airflow") },
    },
    drop,
  }),
  identity("reader", "reads everything and changes nothing", {
    s3: s3("reader"),
    ledger: ledger("reader"),
    catalog: catalog("reader"),
    airflow: airflow("reader"),
    drop,
  }),
  identity("admin", "everything, for a person at the keyboard", {
    s3: s3("admin"),
    ledger: ledger("admin"),
    catalog: catalog("admin"),
    airflow: airflow("admin"),
    spark,
    steps,
    drop,
  }),
];
