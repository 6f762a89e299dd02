/**
 * Brings a server to what the stack's settings say: roles with their passwords, databases with their owners, the ledger's
 * migrations. Each statement may have been done before. `node setup.ts <settings.json>`; secrets come by that file only.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import pg from "pg";
import { migrate } from "./migrate.ts";

interface Database {
  name: string;
  /** Made without a login when it is none of `roles`. */
  owner: string;
  /** Role names with their passwords. */
  roles: Record<string, string>;
  /** What it said can be had again from elsewhere. */
  made_anew: boolean;
}
interface Settings {
  host: string;
  port: number;
  password: string;
  migrations: string;
  /** File in the cluster that names the databases that it ever had. */
  once_made: string;
  databases: Database[];
}

const settings = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as Settings;

async function connect(database: string): Promise<pg.Client> {
  const client = new pg.Client({
    host: settings.host,
    port: settings.port,
    user: "postgres",
    password: settings.password,
    database,
    connectionTimeoutMillis: 5_000,
  });
  await client.connect();
  return client;
}

async function ensureRole(server: pg.Client, name: string, password: string | null) {
  const role = pg.escapeIdentifier(name);
  const { rowCount } = await server.query("select from pg_roles where rolname = $1", [name]);
  if (!rowCount) await server.query(`create role ${role}`);
  if (password !== null)
    await server.query(`alter role ${role} login password ${pg.escapeLiteral(password)}`);
}

/** Names of the databases that this cluster had before. */
const before = new Set(
  existsSync(settings.once_made) ? readFileSync(settings.once_made, "utf8").split("\n") : [],
);

async function ensureDatabase(
  server: pg.Client,
  { name, owner, roles, made_anew: madeAnew }: Database,
) {
  for (const [role, password] of Object.entries(roles)) await ensureRole(server, role, password);
  if (!(owner in roles)) await ensureRole(server, owner, null);
  const database = pg.escapeIdentifier(name);
  const { rowCount } = await server.query("select from pg_database where datname = $1", [name]);
  if (!rowCount && before.has(name) && !madeAnew) {
    // What the table of causes knows (runtimes/host/causes.ts).
    console.error(`the database '${name}' is gone, and nothing else knows what it said`);
    process.exit(1);
  }
  if (!rowCount)
    await server.query(`create database ${database} owner ${pg.escapeIdentifier(owner)}`);
  await server.query(`revoke all on database ${database} from public`);
  const names = Object.keys(roles).map((role) => pg.escapeIdentifier(role));
  await server.query(`grant connect on database ${database} to ${names.join(", ")}`);
}

const server = await connect("postgres");
for (const database of settings.databases) await ensureDatabase(server, database);
await server.end();

const ledger = await connect("ledger");
const applied = await migrate(ledger, settings.migrations, "ledger_owner");
// One that is made for the first time has nothing to learn; one that was lost is built from the lake before a dispatcher starts.
if (!before.has("ledger")) await ledger.query("select ledger.mark_rebuilt()");
await ledger.end();
writeFileSync(settings.once_made, settings.databases.map(({ name }) => name).join("\n"));
console.log(applied.length > 0 ? `applied ${applied.join(", ")}` : "nothing to migrate");
