/** `open`: the page of a service in the browser. */
import { spawn } from "node:child_process";
import { readStackConfig } from "../clients/stack.ts";
import { Exit, KitError } from "../model/errors.ts";
import { onPath } from "../toolchain/machine.ts";
import { usage, type CommandDef } from "./command.ts";

const open = {
  name: "open",
  summary: "open the pages of Airflow",
  usage: "airflow [--print]",
  examples: ["open airflow", "open airflow --print"],
  options: { print: { type: "boolean", summary: "only print the address" } },
  async run(context) {
    if (context.args.length !== 1 || context.args[0] !== "airflow")
      throw usage(open, "there are pages of: airflow");
    const { airflow } = readStackConfig(context.checkout, context.stack, "admin");
    const { uri: url, username, password } = airflow!;
    if (!context.options["print"]) {
      const opener = onPath("xdg-open", process.env) ?? onPath("open", process.env);
      if (!opener)
        throw new KitError({
          code: "NO_BROWSER",
          what: "no program opens a browser here",
          why: "neither xdg-open nor open is on the PATH",
          fix: `open ${url} yourself`,
          exit: Exit.prerequisite,
        });
      spawn(opener, [url], { detached: true, stdio: "ignore" }).unref();
    }
    // A person who asked for the page needs the password; programs take it from the credentials file.
    return {
      document: { url },
      text: context.tty ? `${url}\nuser ${username}, password ${password}` : url,
    };
  },
} satisfies CommandDef;
export default open;
