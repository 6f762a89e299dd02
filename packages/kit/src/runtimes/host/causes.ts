/** Why a service can't run: from the end of its log, how it ended, and what the machine says. Pure. */

export interface Evidence {
  service: string;
  /** The last lines of its log. */
  tail: string;
  /** Exit code, or the signal that ended it; null when nobody saw it end. */
  exit: number | string | null;
  /** Free space where the stack's data lies, in bytes. */
  freeBytes: number | null;
  /** Processes that the kernel killed for want of memory since the service started. */
  oomKills: number;
}

export interface Cause {
  code: string;
  what: string;
  /** The evidence. */
  why: string;
  fix: string;
}

interface Known {
  code: string;
  pattern: RegExp;
  what(found: RegExpExecArray, evidence: Evidence): string;
  fix(found: RegExpExecArray, evidence: Evidence): string;
}

const anew = "`./gridata down --purge` starts anew; it removes the stack's data";

/** In the order in which they are looked for: what explains more comes first. */
const known: Known[] = [
  {
    code: "DISK_FULL",
    pattern: /no space left on device|ENOSPC|disk quota exceeded|EDQUOT/i,
    what: (_, { service }) => `${service}: the disk is full`,
    fix: () => "free some space, then `./gridata dev` again; nothing was lost",
  },
  {
    code: "OUT_OF_MEMORY",
    pattern:
      /java\.lang\.OutOfMemoryError.*|insufficient memory for the Java Runtime|cannot allocate memory|ENOMEM|^MemoryError\b|JavaScript heap out of memory|fatal error: runtime: (?:out of memory|cannot allocate memory)/im,
    what: (_, { service }) => `${service}: there was not enough memory`,
    fix: () => "close what uses memory, or start less: `./gridata dev --profile small`",
  },
  {
    code: "DATA_LOST",
    pattern: /the database '(\w+)' is gone, and nothing else knows what it said/,
    what: ([, database], { service }) => `${service}: its database '${database}' is gone`,
    fix: () => `put back a copy of it, or ${anew}`,
  },
  {
    code: "DATA_IN_USE",
    pattern:
      /lock file "postmaster\.pid" already exists|pre-existing shared memory block|Failed to acquire lock on file \S*\.lock/i,
    what: (_, { service }) => `${service}: another process uses its data`,
    fix: () => "`./gridata down` ends what is left of this stack, then `./gridata dev`",
  },
  {
    code: "PORT_TAKEN",
    pattern:
      /address already in use|EADDRINUSE|port is already in use|\[Errno 98\]|java\.net\.BindException/i,
    what: (_, { service }) => `${service}: another process listens on its port`,
    fix: () => "`./gridata down`, then `./gridata dev`: ports that are taken are chosen anew",
  },
  {
    code: "DATA_VERSION",
    pattern:
      /initialized by PostgreSQL version (\S+), which is not compatible with this version (\S+)|Can't locate revision identified by '(\S+)'|(?:metadata\.version|meta\.properties).*(?:not supported|unsupported|unknown)|Unknown metadata\.version|Unsupported (?:version|format) of (?:backend|xl meta)|Unknown xl header version/i,
    what: ([, wrote, runs], { service }) =>
      wrote && runs
        ? `${service}: its data is of version ${wrote}, the program of ${runs.replace(/[.)]+$/, "")}`
        : `${service}: its data was written by another version`,
    fix: () => `use the checkout that wrote it, or ${anew}`,
  },
  {
    code: "MIGRATION_MISMATCH",
    pattern: /the ledger of this stack does not fit this checkout: (\S+): .*/,
    what: ([, migration], { service }) =>
      `${service}: the ledger of this stack does not fit this checkout: ${migration}`,
    fix: () => `use the checkout that wrote it, or ${anew}`,
  },
  {
    code: "DATA_FOREIGN",
    pattern:
      /Invalid cluster\.id in: \S+|Stored node id \d+ doesn't match|data directory "[^"]+" has (?:wrong ownership|invalid permissions)|"[^"]+" is not a database cluster directory/i,
    what: (_, { service }) => `${service}: its data folder is not its own`,
    fix: () => `put back the folder that belongs to this stack, or ${anew}`,
  },
  {
    code: "LIBRARY_MISSING",
    pattern:
      /error while loading shared libraries: ([^:\s]+)|(\S+\.so[.\d]*): cannot open shared object file|version [`']((?:GLIBC|GLIBCXX|CXXABI)_[\d.]+)' not found|java\.lang\.UnsatisfiedLinkError: (\S+)|ERR_DLOPEN_FAILED/i,
    what: ([, ...names], { service }) =>
      `${service}: the system lacks ${names.find(Boolean) ?? "a library"}`,
    fix: () =>
      "install it with the system's package manager; `./gridata doctor` lists what is needed",
  },
  {
    code: "NAMESPACE_REFUSED",
    pattern: /unshare: .*(?:operation not permitted|permission denied|no space left)/i,
    what: (_, { service }) => `${service}: it can't run as root here`,
    fix: () => "run gridata as an ordinary user, or allow user namespaces",
  },
];

/** Null when the evidence shows none of the known causes. */
export function causeOf(evidence: Evidence): Cause | null {
  for (const one of known) {
    const found = one.pattern.exec(evidence.tail);
    if (!found) continue;
    // Of a user namespace the kernel says "no space" too.
    if (one.code === "DISK_FULL" && /unshare: /.test(lineOf(evidence.tail, found.index))) continue;
    return {
      code: one.code,
      what: one.what(found, evidence),
      why: lineOf(evidence.tail, found.index),
      fix: one.fix(found, evidence),
    };
  }
  const { exit, oomKills, service, freeBytes } = evidence;
  const killed = exit === "SIGKILL" || exit === 137;
  if (killed && oomKills > 0)
    return {
      ...{ code: "OUT_OF_MEMORY", what: `${service}: the kernel killed it for want of memory` },
      why: `it was ended by SIGKILL, and the kernel counts ${oomKills} such kills since it started`,
      fix: "close what uses memory, or start less: `./gridata dev --profile small`",
    };
  if (freeBytes !== null && freeBytes < 2 ** 20)
    return {
      ...{ code: "DISK_FULL", what: `${service}: the disk is full` },
      why: `${freeBytes} bytes are free where the stack's data lies`,
      fix: "free some space, then `./gridata dev` again; nothing was lost",
    };
  return null;
}

function lineOf(text: string, at: number): string {
  const from = text.lastIndexOf("\n", at - 1) + 1;
  const end = text.indexOf("\n", at);
  return text.slice(from, end < 0 ? undefined : end).trim();
}
