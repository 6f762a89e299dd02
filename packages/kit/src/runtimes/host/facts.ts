/** What a stack chose once and keeps: ports and secrets. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Profile, SecretDef, StackDef } from "../../model/service.ts";
import { freePort, isFree } from "../../toolchain/ports.ts";
import type { Layout } from "./layout.ts";
import { refuseNewer, writersOf, type Writers } from "./writers.ts";

interface StackFile extends Writers {
  schema: "gridata.stack/1";
  stack: string;
  sockets: string;
  ports: Record<string, number>;
}

export interface Facts {
  profile: Profile;
  /** By `<service>/<port>`. */
  ports: Record<string, number>;
  secrets: Record<string, string>;
}

export function writePrivate(path: string, content: string, mode = 0o600): void {
  const next = `${path}.${process.pid}`;
  writeFileSync(next, content, { mode });
  renameSync(next, path);
}

/**
 * Reads what was chosen, chooses what is missing. `runs`: whether a service's process of an earlier supervisor lives; `others`: ports that
 * other stacks have.
 */
export async function chooseFacts(
  layout: Layout,
  stack: StackDef,
  profile: Profile,
  runs: (service: string) => boolean,
  others: readonly number[],
): Promise<Facts> {
  refuseNewer(layout, stack);
  for (const dir of [layout.state, layout.secrets, layout.config, layout.sockets])
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const dir of [layout.run, layout.logs, layout.drop, join(layout.config, "services")])
    mkdirSync(dir, { recursive: true });
  const ports = await choosePorts(layout, stack, runs, others);
  return { profile, ports, secrets: chooseSecrets(layout, stack) };
}

/** A port is kept from start to start, unless somebody else has taken it meanwhile. */
async function choosePorts(
  layout: Layout,
  stack: StackDef,
  runs: (service: string) => boolean,
  others: readonly number[],
): Promise<Record<string, number>> {
  const kept = readStackFile(layout);
  const ports: Record<string, number> = { ...kept?.ports };
  for (const [name, port] of Object.entries(ports))
    if (!runs(name.split("/")[0]!) && (others.includes(port) || !(await isFree(port))))
      delete ports[name];
  for (const service of stack.services)
    for (const port of Object.keys(service.ports))
      ports[`${service.name}/${port}`] ??= await freePort([...Object.values(ports), ...others]);
  const file: StackFile = {
    ...{ schema: "gridata.stack/1", stack: layout.stack, ...writersOf(layout, stack) },
    ...{ sockets: layout.sockets, ports },
  };
  writePrivate(layout.stackFile, `${JSON.stringify(file, null, 2)}\n`);
  return ports;
}

function readStackFile(layout: Layout): StackFile | null {
  return existsSync(layout.stackFile)
    ? (JSON.parse(readFileSync(layout.stackFile, "utf8")) as StackFile)
    : null;
}

const forms: Record<SecretDef["form"], () => string> = {
  password: () => randomBytes(24).toString("base64url").replace(/^-/, "x"),
  fernet: () => `${randomBytes(32).toString("base64").replaceAll("+", "-").replaceAll("/", "_")}`,
  "kafka-id": () => randomBytes(16).toString("base64url").replace(/^-/, "x"),
};

function chooseSecrets(layout: Layout, stack: StackDef): Record<string, string> {
  const path = join(layout.secrets, "generated.json");
  const secrets: Record<string, string> = existsSync(path)
    ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, string>)
    : {};
  const wanted = Object.assign(
    {},
    stack.secrets,
    ...stack.services.map((s) => s.secrets),
  ) as Record<string, SecretDef>;
  for (const [name, { form }] of Object.entries(wanted)) secrets[name] ??= forms[form]();
  writePrivate(path, `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets;
}
