/**
 * `doctor`: prerequisites and tools: what was found, what is missing, how to mend it. `--prune`: what nobody needs goes. `--bundle`: what
 * somebody needs who is asked for help.
 */
import { join } from "node:path";
import { makeBundle, type Bundle } from "../bundle/index.ts";
import { connectLedger } from "../clients/ledger-session.ts";
import { Exit, KitError } from "../model/errors.ts";
import { inspectTools, type ToolReport } from "../toolchain/doctor.ts";
import { prune, type Pruned } from "../toolchain/prune.ts";
import type { CommandDef, Context } from "./command.ts";
import { machineChecks, type CheckResult } from "./machine-checks.ts";
import { columns, type Style } from "./style.ts";

const doctor = {
  name: "doctor",
  summary: "prerequisites and tools of this machine, and how to mend what is missing",
  usage: "[--prune] [--bundle]",
  examples: [
    "doctor",
    "doctor --prune    (remove tools that no checkout and no running stack needs)",
    "doctor --bundle   (logs, ledger, passports, versions in one file, and no secret)",
  ],
  options: {
    prune: {
      type: "boolean",
      summary:
        "remove tools that no checkout needs and no running stack uses, and what builds left",
    },
    bundle: {
      type: "boolean",
      summary: "write what tells of the stack into one file here, without its secrets",
    },
  },
  async run(context) {
    const pruned = context.options["prune"] ? await prune(context.checkout) : null;
    const tools = inspectTools(context.checkout);
    const checks = machineChecks(tools.reduce((sum, t) => sum + (t.size_bytes ?? 0), 0));
    const bundle = context.options["bundle"] ? await bundleOf(context, { checks, tools }) : null;
    const missing = checks.find((check) => check.needed && !check.ok);
    return {
      ...(missing && { failure: prerequisite(missing) }),
      document: { checks, tools, ...(pruned && { pruned }), ...(bundle && { bundle }) },
      text: [
        checkLines(checks, context.style),
        toolLines(tools, context.style),
        ...(pruned ? [prunedLines(pruned, context.style)] : []),
        ...(bundle ? [bundleLines(bundle)] : []),
      ].join("\n\n"),
    };
  },
} satisfies CommandDef;
export default doctor;

function bundleOf({ checkout, stack, cwd }: Context, machine: object): Promise<Bundle> {
  const time = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  return makeBundle({
    ...{ checkout, stack, machine },
    path: join(cwd, `gridata-${stack}-${time}.tar.gz`),
    ledger: () => connectLedger({ checkout, stack }),
  });
}

const bundleLines = ({ path, size_bytes, files, missing }: Bundle) =>
  [
    `${path}: ${files.length} files, ${megabytes(size_bytes)}; no secret is in it, names of files and error messages are`,
    ...missing.map(({ what, why }) => `without ${what}: ${why}`),
  ].join("\n");

const prerequisite = ({ name, found, wanted, fix }: CheckResult) =>
  new KitError({
    code: "PREREQUISITE_MISSING",
    what: `${name}: found ${found}, wanted ${wanted}`,
    ...(fix && { fix }),
    exit: Exit.prerequisite,
  });

const checkLines = (checks: CheckResult[], style: Style) =>
  [
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
    ...checks.filter((c) => !c.ok && c.fix).map((c) => `${style.yellow(c.name)}: ${c.fix}`),
  ].join("\n");

const megabytes = (bytes: number) =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(0)} MB`;

const toolLines = (tools: ToolReport[], style: Style) =>
  [
    columns(
      [
        ["tool", "version", "source", "size", "path"],
        ...tools.map((t) => [
          t.name,
          t.version,
          t.source ?? "not there yet",
          t.size_bytes === null ? "" : megabytes(t.size_bytes),
          t.path ?? "",
        ]),
      ],
      style.dim,
    ),
    ...(tools.some((t) => t.source === null)
      ? [
          "what is not there yet comes when it is needed; `./gridata dev` brings in what a stack needs",
        ]
      : []),
  ].join("\n");

const prunedLines = ({ removed, kept, freed_bytes }: Pruned, style: Style) =>
  [
    ...(removed.length > 0
      ? [
          columns(
            [
              ["removed", "", "size"],
              ...removed.map((r) => [r.what, r.name, megabytes(r.size_bytes)]),
            ],
            style.dim,
          ),
        ]
      : []),
    ...kept.map((k) => `kept ${k.name}: ${k.needed_by} needs it`),
    `freed ${megabytes(freed_bytes)}`,
  ].join("\n");
