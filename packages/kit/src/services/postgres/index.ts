/** One PostgreSQL server: the ledger, the catalog's pointers and Airflow's metadata, each a database that only its own roles enter. */
import { endpoint, path, secret, sized, text, tool, type ServiceDef } from "../../model/service.ts";
import { lines, node, passwords, settings, setupProgram } from "../programs.ts";

/** Identities that call the ledger; a database role each. */
export const ledgerRoles = [
  "gateway",
  "dispatcher",
  "pipeline",
  "publisher",
  "maintenance",
  "reader",
  "admin",
] as const;

const cluster = path("data", "cluster");
const migrations = {
  kind: "path",
  area: "checkout",
  rest: "pipeline/src/gridata/ledger/migrations",
} as const;
const address = { host: "127.0.0.1", port: endpoint("postgres", "sql", "port") };
const access = (database: string, roles: string) =>
  `host ${database} ${roles} 127.0.0.1/32 scram-sha-256`;

export const postgres: ServiceDef = {
  name: "postgres",
  summary: "PostgreSQL: ledger, catalog and Airflow databases",
  tools: ["postgres"],
  needs: [],
  ports: { sql: { scheme: "postgresql", credentials: "role and password (SCRAM-SHA-256)" } },
  secrets: passwords(
    "postgres-superuser",
    "postgres-catalog",
    "postgres-airflow",
    ...ledgerRoles.map((role) => `ledger-${role}`),
  ),
  files: [
    {
      path: settings("postgres-superuser"),
      content: { kind: "text", value: secret("postgres-superuser") },
      mode: 0o600,
    },
    {
      // Nobody else gets in: no line for other databases, none for other addresses, none for sockets.
      path: settings("pg_hba.conf"),
      content: {
        kind: "text",
        value: lines(
          access("all", "postgres"),
          access("ledger", ledgerRoles.join(",")),
          access("catalog", "catalog"),
          access("airflow", "airflow"),
        ),
      },
      mode: 0o600,
    },
    {
      path: settings("postgres-setup.json"),
      content: {
        kind: "json",
        value: {
          ...address,
          password: secret("postgres-superuser"),
          migrations,
          once_made: path("data", "cluster/gridata-databases"),
          databases: [
            {
              name: "ledger",
              owner: "ledger_owner",
              made_anew: true,
              roles: Object.fromEntries(
                ledgerRoles.map((role) => [role, secret(`ledger-${role}`)] as const),
              ),
            },
            {
              ...{ name: "catalog", owner: "catalog" },
              roles: { catalog: secret("postgres-catalog") },
              // Which files a table has, only it knows: an empty one would be tables without rows.
              made_anew: false,
            },
            {
              ...{ name: "airflow", owner: "airflow" },
              roles: { airflow: secret("postgres-airflow") },
              made_anew: true,
            },
          ],
        },
      },
      mode: 0o600,
    },
  ],
  before: [
    {
      name: "initdb",
      summary: "creating the database cluster",
      argv: [
        "/bin/sh",
        setupProgram("postgres/initdb.sh"),
        tool("postgres", "embedded_postgres/pginstall/bin/initdb"),
        cluster,
        settings("postgres-superuser"),
      ],
      unless: path("data", "cluster/PG_VERSION"),
      unprivileged: true,
      deadlineSeconds: 60,
    },
    {
      name: "unlock",
      summary: "",
      argv: ["/bin/sh", setupProgram("postgres/unlock.sh"), cluster],
      deadlineSeconds: 10,
    },
  ],
  process: {
    argv: [
      tool("postgres", "embedded_postgres/pginstall/bin/postgres"),
      "-D",
      cluster,
      "-p",
      endpoint("postgres", "sql", "port"),
      ...[
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        text`hba_file=${settings("pg_hba.conf")}`,
        "password_encryption=scram-sha-256",
        sized("shared_buffers=64MB", "shared_buffers=32MB"),
        "max_connections=100",
        "max_wal_size=256MB",
        // After a crash: one call for the file system, not one for each of two thousand files, seconds on a busy disk.
        "recovery_init_sync_method=syncfs",
        // Statements of the ledger are short: compiling them costs more than it saves.
        "jit=off",
        "timezone=UTC",
        "log_line_prefix=%m [%p] %q%u@%d ",
      ].flatMap((setting) => ["-c", setting]),
    ],
    env: {},
    unprivileged: true,
    // The fast shutdown: open sessions are ended, nothing is lost.
    stop: { signal: "SIGINT", graceSeconds: 10 },
  },
  ready: [{ kind: "log", pattern: "database system is ready to accept connections" }],
  readyDeadlineSeconds: 60,
  // The protocol's question whether it speaks TLS: a new backend answers it.
  alive: { kind: "answers", port: "sql", send: "0000000804d2162f" },
  after: [
    {
      name: "migrate",
      summary: "roles, databases and the ledger's migrations",
      argv: [node, setupProgram("postgres/setup.ts"), settings("postgres-setup.json")],
      once: {
        mark: path("data", "cluster/gridata-setup"),
        inputs: [
          ...[setupProgram("postgres/setup.ts"), setupProgram("postgres/migrate.ts")],
          ...[settings("postgres-setup.json"), migrations],
        ],
      },
      made: {
        ...{ service: "postgres", port: "sql", database: "postgres" },
        ...{ user: "postgres", password: secret("postgres-superuser") },
        missing: `select format('database %s is gone', name) from unnest('{ledger,catalog,airflow}'::name[]) as name
                   where not exists (select from pg_database where datname = name)`,
      },
      deadlineSeconds: 60,
    },
  ],
  accepting: true,
  data: { tool: "postgres", migrations },
  memoryMb: { normal: 90, small: 60 },
};
