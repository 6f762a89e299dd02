/**
 * A service as inert data: what it needs, what it is given, how one knows that it is ready. Nothing here does I/O. A runtime
 * (host, later compose and k3d) resolves the values and acts.
 */

/** A value that only a runtime can know. References stay structured until the last step. */
export type Value =
  | string
  | { kind: "endpoint"; service: string; port: string; form: "port" | "hostport" | "url" }
  | { kind: "secret"; name: string }
  | { kind: "path"; area: PathArea; rest: string }
  | { kind: "tool"; tool: string; rest: string }
  /** What depends on the size of the machine. */
  | { kind: "sized"; normal: string; small: string }
  /** All jars of a jar set, joined for a class path, in the order of its lock. */
  | { kind: "classpath"; tools: string[] }
  | { kind: "concat"; parts: Value[] };

/**
 * `data` is the service's own folder, `run`, `logs` and `config` are the stack's, `socket` the short private folder for sockets,
 * `state` the stack's state folder, `checkout` the project.
 */
export type PathArea =
  | "data"
  | "run"
  | "logs"
  | "config"
  | "socket"
  | "state"
  | "checkout"
  | "drop";

export const endpoint = (
  service: string,
  port: string,
  form: "port" | "hostport" | "url" = "url",
): Value => ({ kind: "endpoint", service, port, form });
export const secret = (name: string): Value => ({ kind: "secret", name });
export const path = (area: PathArea, rest = ""): Value => ({ kind: "path", area, rest });
export const tool = (name: string, rest = ""): Value => ({ kind: "tool", tool: name, rest });
export const sized = (normal: string, small: string): Value => ({ kind: "sized", normal, small });
export const classpath = (...tools: string[]): Value => ({ kind: "classpath", tools });

/** text`http://${endpoint("s3", "api", "hostport")}/x` */
export function text(strings: TemplateStringsArray, ...values: Value[]): Value {
  const parts: Value[] = [];
  strings.forEach((s, i) => {
    if (s) parts.push(s);
    if (i < values.length) parts.push(values[i]!);
  });
  return { kind: "concat", parts };
}

/** JSON whose leaves may be values. */
export type JsonValue =
  | Value
  | number
  | boolean
  | null
  | JsonValue[]
  | { [member: string]: JsonValue };

export interface SecretDef {
  /** `password`: 32 URL-safe characters; `fernet`: 32 bytes, URL-safe base 64; `kafka-id`: 22 characters. */
  form: "password" | "fernet" | "kafka-id";
}

export interface PortDef {
  /** The scheme of its URL, also what a person reads in `status`: http, postgresql, kafka, sc, ... */
  scheme: string;
  /** How a client proves who it is: every listener asks for something. */
  credentials: string;
}

export interface FileDef {
  path: Value;
  content:
    | { kind: "text"; value: Value }
    | { kind: "json"; value: JsonValue }
    | { kind: "properties"; value: Record<string, Value> };
  mode: 0o600 | 0o644 | 0o700;
}

/** What a task made in a database, asked for there. It is the truth; a mark is a short cut of it. */
export interface MadeDef {
  service: string;
  port: string;
  database: string;
  user: string;
  password: Value;
  /** SQL whose rows, one text each, say what is missing. */
  missing: string;
}

/** A program that a runtime runs to its end: idempotent, because it may die and run again. */
export interface TaskDef {
  name: string;
  /** What a person is told while it runs; empty: it takes no time worth telling. */
  summary: string;
  argv: Value[];
  env?: Record<string, Value>;
  /** Left out when this path exists: the task makes it as its last act. */
  unless?: Value;
  /**
   * Left out while `mark` says that it was done for the same argv, environment and contents of `inputs`. The mark lies within the
   * data that the task changes, so that it is gone when they are.
   */
  once?: { mark: Value; inputs: Value[] };
  /** A task that was done runs again when what it made is gone; a service that runs meanwhile is started again for that. */
  made?: MadeDef;
  /** PostgreSQL's programs refuse to run as root. */
  unprivileged?: boolean;
  deadlineSeconds: number;
}

export type ProbeDef =
  | { kind: "tcp"; port: string }
  /** GET on the port; ready when the status is one of these. */
  | { kind: "http"; port: string; path: string; status: number[] }
  | { kind: "socket"; path: Value }
  /** A line of the service's log of this start, as a regular expression. */
  | { kind: "log"; pattern: string }
  /** Any answer to these bytes (hex), before any sign-in: the program takes turns, not just the kernel. */
  | { kind: "answers"; port: string; send: string }
  /** A socket that is closed in answer to an empty request. */
  | { kind: "closes"; path: Value }
  /** A file that the program touches as long as it takes turns. */
  | { kind: "beat"; path: Value; seconds: number }
  /** What another service's JSON says of this one; while that doesn't answer nothing is known, which is no failure. */
  | { kind: "told"; service: string; port: string; path: string; member: string; is: string };

export interface Need {
  service: string;
  /** `ready`: its probe passes and its `after` tasks are done. */
  until: "started" | "ready";
}

/** How much a stack takes of its machine; `small` is for 8 GB. */
export type Profile = "normal" | "small";

export interface ServiceDef {
  name: string;
  /** One line for `status` and the documents. */
  summary: string;
  /** Entries of the tool catalogue; the service starts when these are in, whatever else is still being fetched. */
  tools: string[];
  needs: Need[];
  ports: Record<string, PortDef>;
  secrets: Record<string, SecretDef>;
  files: FileDef[];
  /** Run in order before the process starts. Tasks need no service but those in `needs`. */
  before: TaskDef[];
  process: {
    argv: Value[];
    env: Record<string, Value>;
    cwd?: Value;
    unprivileged?: boolean;
    stop: { signal: "SIGTERM" | "SIGINT"; graceSeconds: number };
  };
  /** All must pass. */
  ready: ProbeDef[];
  readyDeadlineSeconds: number;
  /** Asked every few seconds while it runs, cheaply. One that is silent several times in a row is restarted. */
  alive: ProbeDef;
  /** Run in order once the probes pass; dependents that need `ready` wait for them. */
  after: TaskDef[];
  /** The stack is `accepting` (a file may be dropped) once every service with this mark is ready. */
  accepting: boolean;
  /** Its data is in the form of this tool's version, and of these migrations: a checkout with older ones can't read it. */
  data?: { tool: string; migrations?: { area: PathArea; rest: string } };
  /** What it takes once it works, in MB: for the look at the machine before a start. */
  memoryMb: Record<Profile, number>;
}

/**
 * What a stack proves of itself before it calls itself ready: a program that goes through several services, as the first user's
 * work would. It runs once in a start, never when running services are found.
 */
export interface ProofDef {
  name: string;
  /** What a person is told while it runs. */
  summary: string;
  /** Services that must be ready, and proofs that must be done. */
  needs: string[];
  task: TaskDef;
  /** Takes away what this and earlier proofs made, those that died too; nobody waits for it. */
  cleanup?: TaskDef;
}

/** What one identity is told in its configuration file: docs/architecture.md, "Configuration of a process". */
export interface IdentityDef {
  name: string;
  /** What it may do, for people. */
  summary: string;
  config: { [member: string]: JsonValue };
}

export interface StackDef {
  services: ServiceDef[];
  identities: IdentityDef[];
  proofs: ProofDef[];
  /** Secrets that belong to no one service. */
  secrets: Record<string, SecretDef>;
}
