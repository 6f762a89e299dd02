/** `logs`: the last lines of one or all services. */
import { existsSync } from "node:fs";
import { Exit, KitError } from "../model/errors.ts";
import { layoutOf, readStatus, tailOf } from "../runtimes/host/control.ts";
import { stackDef } from "../services/index.ts";
import type { CommandDef } from "./command.ts";
import { join } from "node:path";

const logs = {
  name: "logs",
  summary: "the last lines of services",
  usage: "[SERVICE..] [--lines N]",
  examples: ["logs", "logs dispatcher --lines 100"],
  options: { lines: { type: "string", placeholder: "N", summary: "so many of each (30)" } },
  async run(context) {
    const layout = layoutOf(context.checkout, context.stack);
    const known = [...stackDef.services.map(({ name }) => name), "supervisor"];
    for (const name of context.args)
      if (!known.includes(name))
        throw new KitError({
          code: "NO_SUCH_SERVICE",
          what: `there is no service '${name}'`,
          why: `the stack has ${known.join(", ")}`,
          fix: `./gridata logs ${known[0]}`,
          exit: Exit.notFound,
        });
    const wanted = context.args.length > 0 ? context.args : known;
    const lines = Number(context.options["lines"] ?? 30);
    const entries = wanted.flatMap((service) => {
      const path = join(layout.logs, `${service}.log`);
      if (!existsSync(path)) return [];
      return tailOf(path, lines)
        .split("\n")
        .map((line) => ({ service, line }));
    });
    return {
      document: { state: readStatus(layout)?.state ?? "stopped", entries },
      text: entries.map(({ service, line }) => `${context.style.dim(service)} ${line}`).join("\n"),
    };
  },
} satisfies CommandDef;
export default logs;
