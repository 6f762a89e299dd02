/** The Iceberg REST catalog: pointers in PostgreSQL, metadata files in the store, the rules of publishing in it. */
import { classpath, endpoint, secret, sized, tool, type ServiceDef } from "../../model/service.ts";
import { joined, passwords, settings } from "../programs.ts";

const roles = ["reader", "engine", "publisher", "admin"] as const;

export const catalog: ServiceDef = {
  name: "catalog",
  summary: "Iceberg REST catalog: tables and their refs",
  tools: ["java", "jars-catalog", "catalog"],
  needs: [
    { service: "postgres", until: "ready" },
    { service: "s3", until: "ready" },
  ],
  ports: { http: { scheme: "http", credentials: "bearer token" } },
  secrets: passwords(...roles.map((role) => `catalog-${role}`)),
  files: [
    {
      path: settings("catalog.json"),
      content: {
        kind: "json",
        value: {
          listen: { host: "127.0.0.1", port: endpoint("catalog", "http", "port") },
          database: {
            host: "127.0.0.1",
            port: endpoint("postgres", "sql", "port"),
            database: "catalog",
            user: "catalog",
            password: secret("postgres-catalog"),
          },
          s3: {
            endpoint: endpoint("s3", "api"),
            region: "us-east-1",
            access_key: "catalog",
            secret_key: secret("s3-catalog"),
          },
          roles: Object.fromEntries(roles.map((role) => [role, secret(`catalog-${role}`)])),
        },
      },
      mode: 0o600,
    },
  ],
  before: [],
  process: {
    argv: [
      tool("java", "bin/java"),
      sized("-Xmx192m", "-Xmx128m"),
      "-XX:+UseSerialGC",
      "-XX:TieredStopAtLevel=1",
      "-XX:-UsePerfData",
      "-cp",
      joined(":", tool("catalog", "gridata-catalog.jar"), classpath("jars-catalog")),
      "gridata.catalog.Main",
      settings("catalog.json"),
    ],
    env: {},
    stop: { signal: "SIGTERM", graceSeconds: 10 },
  },
  ready: [{ kind: "http", port: "http", path: "/health", status: [200] }],
  readyDeadlineSeconds: 60,
  alive: { kind: "http", port: "http", path: "/health", status: [200] },
  after: [],
  accepting: false,
  memoryMb: { normal: 190, small: 150 },
};
