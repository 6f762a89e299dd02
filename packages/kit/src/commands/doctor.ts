/** `doctor`: prerequisites and tools: what was found, what is missing, how to mend it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, statfsSync } from "node:fs";
import { Exit } from "../model/errors.ts";
import {
  inspectTools,
  machineGo,
  onPath,
  probePython,
  pythonCommands,
  pythonRange,
} from "../toolchain/doctor.ts";
import { unprivilegedPrefix } from "../runtimes/host/process.ts";
import { cacheRoot } from "../toolchain/paths.ts";
import type { CommandDef } from "./command.ts";
import { columns } from "./style.ts";

interface CheckResult {
  name: string;
  ok: boolean;
  /** False: something is slower or larger without it. */
  needed: boolean;
  found: string;
  wanted: string;
  fix: string | null;
}

const gigabyte = 1e9;
const [unshare = "", ...inNamespace] = unprivilegedPrefix;

const doctor = {
  name: "doctor",
  summary: "prerequisites and tools of this machine, and how to mend what is missing",
  usage: "",
  examples: ["doctor", "doctor --json"],
  options: {},
  async run(context) {
    const checks = machineChecks();
    const tools = inspectTools(context.checkout);
    const ok = checks.every((check) => check.ok || !check.needed);
    const { style } = context;
    return {
      exit: ok ? Exit.done : Exit.prerequisite,
      document: { checks, tools },
      text: [
        columns(
          [
            ["check", "", "found", "wanted"],
            ...checks.map((c) => [
              c.name,
              c.ok ? "ok" : c.needed ? "missing" : "optional",
              c.found,
              c.wanted,
            ]),
          ],
          style.dim,
        ),
        ...checks.filter((c) => !c.ok && c.fix).map((c) => `${c.name}: ${c.fix}`),
        "",
        columns(
          [
            ["tool", "version", "source", "size", "path"],
            ...tools.map((t) => [
              t.name,
              t.version,
              t.source ?? "not there yet",
              t.size_bytes === null ? "" : `${(t.size_bytes / 1e6).toFixed(0)} MB`,
              t.path ?? "",
            ]),
          ],
          style.dim,
        ),
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default doctor;

function machineChecks(): CheckResult[] {
  const cache = cacheRoot();
  mkdirSync(cache, { recursive: true });
  const disk = statfsSync(cache);
  const free = disk.bavail * disk.bsize;
  const python = pythonCommands
    .map((command) => probePython(command, process.env))
    .find((probe) => probe.ok);
  const go = machineGo("1.26", process.env);
  const maven = onPath("mvn", process.env);
  const namespaces =
    process.getuid?.() !== 0 || spawnSync(unshare, [...inNamespace, "true"]).status === 0;
  return [
    {
      ...{ name: "python", ok: !!python, needed: true, wanted: `${pythonRange} with venv` },
      found: python?.ok ? python.python.version : "none",
      fix: "install Python with its venv module (Debian, Ubuntu: apt-get install python3-venv)",
    },
    {
      ...{ name: "disk", ok: free > 10 * gigabyte, needed: true, wanted: "10 GB free" },
      found: `${(free / gigabyte).toFixed(0)} GB free for ${cache}`,
      fix: "make room, or set GRIDATA_CACHE to a folder on another disk",
    },
    {
      ...{
        name: "user namespaces",
        ok: namespaces,
        needed: true,
        wanted: "for PostgreSQL as root",
      },
      found: namespaces ? "yes" : "not allowed",
      fix: "run as an ordinary user: PostgreSQL refuses to run as root",
    },
    {
      ...{ name: "go", ok: !!go, needed: false, wanted: "1.26 (else one is fetched)" },
      found: go?.version ?? "none in range",
      fix: null,
    },
    {
      ...{ name: "maven", ok: !!maven, needed: false, wanted: "any (else jars come by jgo)" },
      found: maven ?? "none",
      fix: null,
    },
  ];
}
