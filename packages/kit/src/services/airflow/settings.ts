/** Airflow's configuration: one file for all its processes, so that no secret stands in an environment or an argv. */
import {
  endpoint,
  path,
  secret,
  sized,
  text,
  type FileDef,
  type Value,
} from "../../model/service.ts";
import { joined, lines, settings } from "../programs.ts";

const url = endpoint("airflow-api", "http");
const database = (driver: string): Value =>
  text`${driver}://airflow:${secret("postgres-airflow")}@${endpoint("postgres", "sql", "hostport")}/airflow`;

const sections: Record<string, Record<string, Value>> = {
  core: {
    executor: "LocalExecutor",
    parallelism: sized("4", "2"),
    load_examples: "False",
    dags_folder: path("checkout", "dags"),
    dags_are_paused_at_creation: "False",
    fernet_key: secret("airflow-fernet"),
    execution_api_server_url: text`${url}/execution/`,
    // A run for each batch: its number is bounded by the dispatcher's slots, not by Airflow.
    max_active_runs_per_dag: "64",
    max_active_tasks_per_dag: "64",
    simple_auth_manager_users: "admin:admin,dispatcher:user,reader:viewer",
    simple_auth_manager_passwords_file: settings("airflow-passwords.json"),
  },
  database: {
    sql_alchemy_conn: database("postgresql+psycopg2"),
    sql_alchemy_conn_async: database("postgresql+asyncpg"),
    sql_alchemy_pool_size: "5",
  },
  api: {
    host: "127.0.0.1",
    port: endpoint("airflow-api", "http", "port"),
    base_url: url,
    workers: "1",
    secret_key: secret("airflow-api-key"),
  },
  api_auth: { jwt_secret: secret("airflow-jwt") },
  scheduler: {
    // What a run waits for between its tasks.
    scheduler_idle_sleep_time: "0.1",
    // Above the time-out of the execution API: the ledger's leases notice a dead step long before.
    task_instance_heartbeat_timeout: "300",
  },
  dag_processor: { refresh_interval: "5", min_file_process_interval: "60", parsing_processes: "1" },
  // Building the execution API at its first request takes longer than the default on a busy machine.
  workers: { execution_api_timeout: "60" },
  logging: { base_log_folder: path("state", "data/airflow-api/tasks") },
  usage_data_collection: { enabled: "False" },
  openlineage: { disabled: "True" },
};

export const airflowFiles: FileDef[] = [
  {
    path: settings("airflow.cfg"),
    content: {
      kind: "text",
      value: lines(
        ...Object.entries(sections).flatMap(([section, members]) => [
          `[${section}]`,
          ...Object.entries(members).map(([name, value]) => joined("", `${name} = `, value)),
        ]),
      ),
    },
    mode: 0o600,
  },
  {
    path: settings("airflow-passwords.json"),
    content: {
      kind: "json",
      value: {
        admin: secret("airflow-admin"),
        dispatcher: secret("airflow-dispatcher"),
        reader: secret("airflow-reader"),
      },
    },
    mode: 0o600,
  },
];

export const airflowEnvironment: Record<string, Value> = {
  AIRFLOW_HOME: path("state", "data/airflow-api"),
  AIRFLOW_CONFIG: settings("airflow.cfg"),
  GRIDATA_STEPS_SOCKET: path("socket", "steps.sock"),
  // Its workers speak to its API on loopback, whatever proxy this machine goes out by.
  NO_PROXY: "127.0.0.1,localhost",
  no_proxy: "127.0.0.1,localhost",
  PYTHONUNBUFFERED: "1",
};
