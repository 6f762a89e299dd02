/** The dispatcher: a reconciler over the ledger that claims batches and starts their runs. */
import { path, secret, tool, type ServiceDef } from "../../model/service.ts";
import { beat, node, ours } from "../programs.ts";

export const dispatcher: ServiceDef = {
  name: "dispatcher",
  summary: "claims staged files into batches and starts their runs",
  tools: ["odcs"],
  // Kafka and Airflow may come later: without the one it lists, without the other batches wait.
  needs: [
    { service: "s3", until: "ready" },
    { service: "postgres", until: "ready" },
  ],
  ports: {},
  secrets: {},
  files: [],
  before: [
    {
      name: "rebuild",
      summary: "a lost ledger, made anew from the lake",
      argv: [node, path("checkout", "packages/kit/src/rebuild/main.ts")],
      env: ours("admin"),
      made: {
        ...{ service: "postgres", port: "sql", database: "ledger" },
        ...{ user: "reader", password: secret("ledger-reader") },
        missing:
          "select 'the ledger knows nothing of the lake' where not exists (select from ledger.rebuilt)",
      },
      deadlineSeconds: 600,
    },
  ],
  process: {
    // The Kafka client asks for timers in the past, which Node warns of.
    argv: [
      node,
      "--disable-warning=TimeoutNegativeWarning",
      path("checkout", "apps/dispatcher/src/main.ts"),
    ],
    env: {
      ...ours("dispatcher"),
      GRIDATA_ODCS_SCHEMA: tool("odcs", "open_data_contract_standard/schema.json"),
    },
    stop: { signal: "SIGTERM", graceSeconds: 10 },
  },
  ready: [{ kind: "log", pattern: '"msg":"reconciling' }],
  readyDeadlineSeconds: 60,
  alive: beat,
  after: [],
  accepting: false,
  memoryMb: { normal: 90, small: 80 },
};
