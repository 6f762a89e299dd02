import { describe, expect, it } from "vitest";
import { causeOf, type Evidence } from "./causes.ts";

const evidence = (tail: string, more: Partial<Evidence> = {}): Evidence => ({
  ...{ service: "some", tail, exit: 1, freeBytes: 1e12, oomKills: 0 },
  ...more,
});

// Each as the program wrote it.
const samples: [code: string, what: string, log: string][] = [
  [
    "DATA_VERSION",
    "its data is of version 15, the program of 18.6",
    `2026-11-24 21:00:01.123 UTC [4711] FATAL:  database files are incompatible with server
2026-11-24 21:00:01.123 UTC [4711] DETAIL:  The data directory was initialized by PostgreSQL version 15, which is not compatible with this version 18.6.`,
  ],
  [
    "PORT_TAKEN",
    "another process listens on its port",
    `2026-11-24 21:00:01.123 UTC [4711] LOG:  could not bind IPv4 address "127.0.0.1": Address already in use
2026-11-24 21:00:01.123 UTC [4711] HINT:  Is another postmaster already running on port 41001? If not, wait a few seconds and retry.
2026-11-24 21:00:01.124 UTC [4711] FATAL:  could not create any TCP/IP sockets`,
  ],
  [
    "PORT_TAKEN",
    "another process listens on its port",
    "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 39351): address already in use",
  ],
  [
    "PORT_TAKEN",
    "another process listens on its port",
    `org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:36887: Address already in use.
Caused by: java.net.BindException: Address already in use`,
  ],
  [
    "DATA_IN_USE",
    "another process uses its data",
    `FATAL:  lock file "postmaster.pid" already exists
HINT:  Is another postmaster (PID 4711) running in data directory "/x/cluster"?`,
  ],
  [
    "DATA_IN_USE",
    "another process uses its data",
    "org.apache.kafka.common.KafkaException: Failed to acquire lock on file .lock in /x/log. A Kafka instance in another process or thread is using this directory.",
  ],
  [
    "MIGRATION_MISMATCH",
    "the ledger of this stack does not fit this checkout: 0011_maintenance.sql",
    `file:///x/packages/kit/src/services/postgres/migrate.ts:37
KitError: the ledger of this stack does not fit this checkout: 0011_maintenance.sql: the ledger was written by another version, whose migration is not here
    at pending (file:///x/packages/kit/src/services/postgres/migrate.ts:37:13)`,
  ],
  [
    "DATA_FOREIGN",
    "its data folder is not its own",
    "java.lang.RuntimeException: Invalid cluster.id in: /x/log/meta.properties. Expected 4L6g3nShT-eMCtK--X86sw, but read 9L6g3nShT-eMCtK--X86sw",
  ],
  [
    "DISK_FULL",
    "the disk is full",
    `2026-11-24 21:00:01.123 UTC [4711] PANIC:  could not write to file "pg_wal/xlogtemp.4711": No space left on device`,
  ],
  ["DISK_FULL", "the disk is full", "Error: ENOSPC: no space left on device, write"],
  [
    "OUT_OF_MEMORY",
    "there was not enough memory",
    `OpenJDK 64-Bit Server VM warning: INFO: os::commit_memory(0x00000000c0000000, 1073741824, 0) failed; error='Not enough space' (errno=12)
# There is insufficient memory for the Java Runtime Environment to continue.`,
  ],
  ["OUT_OF_MEMORY", "there was not enough memory", "java.lang.OutOfMemoryError: Java heap space"],
  [
    "OUT_OF_MEMORY",
    "there was not enough memory",
    "FATAL:  could not map anonymous shared memory: Cannot allocate memory",
  ],
  [
    "LIBRARY_MISSING",
    "the system lacks libnuma.so.1",
    "/x/bin/postgres: error while loading shared libraries: libnuma.so.1: cannot open shared object file: No such file or directory",
  ],
  [
    "LIBRARY_MISSING",
    "the system lacks GLIBC_2.38",
    "/x/gridata-s3: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /x/gridata-s3)",
  ],
  [
    "NAMESPACE_REFUSED",
    "it can't run as root here",
    "unshare: unshare failed: Operation not permitted",
  ],
  [
    "NAMESPACE_REFUSED",
    "it can't run as root here",
    "unshare: unshare failed: No space left on device",
  ],
];

describe("the cause of a service's end", () => {
  it.each(samples)("%s: %s", (code, what, log) => {
    const found = causeOf(evidence(`some line before\n${log}\nsome line after`));
    expect(found).toMatchObject({ code, what: `some: ${what}` });
    expect(log).toContain(found!.why);
    expect(found!.fix).not.toBe("");
  });

  it("is want of memory when the kernel killed it and counts it", () => {
    const killed = evidence("all is well", { exit: "SIGKILL", oomKills: 1 });
    expect(causeOf(killed)).toMatchObject({ code: "OUT_OF_MEMORY" });
    expect(causeOf({ ...killed, oomKills: 0 })).toBeNull();
    expect(causeOf({ ...killed, exit: 1 })).toBeNull();
  });

  it("is a full disk when nothing is left of it, whatever the log says", () => {
    expect(causeOf(evidence("", { freeBytes: 0 }))).toMatchObject({ code: "DISK_FULL" });
  });

  it("is unknown when nothing shows it", () => {
    expect(causeOf(evidence("java.lang.NullPointerException\n\tat x.Y.z(Y.java:1)"))).toBeNull();
  });
});
