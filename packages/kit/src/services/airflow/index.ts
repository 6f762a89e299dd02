/** Airflow in three processes: it decides when a batch's steps run. No triggerer: nothing defers. */
import { path, secret, tool, type ServiceDef, type Value } from "../../model/service.ts";
import { passwords, setupProgram } from "../programs.ts";
import { airflowEnvironment, airflowFiles } from "./settings.ts";

const python = tool("python-airflow", "bin/python");
const process = (...args: Value[]): ServiceDef["process"] => ({
  argv: [python, setupProgram("airflow/start.py"), ...args],
  env: airflowEnvironment,
  stop: { signal: "SIGTERM", graceSeconds: 20 },
});

const api: ServiceDef = {
  name: "airflow-api",
  summary: "Airflow: API and pages",
  tools: ["python-airflow"],
  needs: [{ service: "postgres", until: "ready" }],
  ports: { http: { scheme: "http", credentials: "user and password, then a token" } },
  secrets: {
    ...passwords("airflow-admin", "airflow-dispatcher", "airflow-reader"),
    ...passwords("airflow-api-key", "airflow-jwt"),
    "airflow-fernet": { form: "fernet" },
  },
  files: airflowFiles,
  before: [
    {
      name: "migrate",
      summary: "Airflow's own tables",
      argv: ["/bin/sh", setupProgram("airflow/migrate.sh"), python, path("data", "migrated-3.3.2")],
      env: airflowEnvironment,
      unless: path("data", "migrated-3.3.2"),
      made: {
        ...{ service: "postgres", port: "sql", database: "airflow" },
        ...{ user: "airflow", password: secret("postgres-airflow") },
        missing: "select 'Airflow has no tables' where to_regclass('alembic_version') is null",
      },
      deadlineSeconds: 300,
    },
  ],
  process: process("api-server"),
  // Green health of the pages says nothing: tasks can run once the execution API answers.
  ready: [{ kind: "http", port: "http", path: "/execution/health", status: [200] }],
  readyDeadlineSeconds: 180,
  alive: { kind: "http", port: "http", path: "/execution/health", status: [200] },
  after: [],
  accepting: false,
  data: { tool: "python-airflow" },
  memoryMb: { normal: 330, small: 300 },
};

const needsTables: ServiceDef["needs"] = [
  { service: "postgres", until: "ready" },
  { service: "airflow-api", until: "started" },
];

/** By the heartbeat that it leaves in the database. */
const toldHealthy = (member: string): ServiceDef["alive"] => ({
  ...{ kind: "told", service: "airflow-api", port: "http", path: "/api/v2/monitor/health" },
  ...{ member, is: "healthy" },
});

const scheduler: ServiceDef = {
  name: "airflow-scheduler",
  summary: "Airflow: starts the tasks of a run",
  tools: ["python-airflow"],
  needs: needsTables,
  ports: {},
  secrets: {},
  files: [],
  before: [],
  process: process("scheduler", "--skip-serve-logs"),
  ready: [{ kind: "log", pattern: "Starting the scheduler" }],
  readyDeadlineSeconds: 180,
  alive: toldHealthy("scheduler"),
  after: [],
  accepting: false,
  memoryMb: { normal: 240, small: 180 },
};

const dagProcessor: ServiceDef = {
  name: "airflow-dag-processor",
  summary: "Airflow: reads the DAGs",
  tools: ["python-airflow"],
  needs: needsTables,
  ports: {},
  secrets: {},
  files: [],
  before: [],
  process: process("dag-processor"),
  ready: [{ kind: "log", pattern: "DAG File Processing Stats|Processing files using up to" }],
  readyDeadlineSeconds: 180,
  alive: toldHealthy("dag_processor"),
  after: [],
  accepting: false,
  memoryMb: { normal: 180, small: 160 },
};

export const airflow = [api, scheduler, dagProcessor];
