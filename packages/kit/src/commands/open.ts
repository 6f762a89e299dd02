/** `open`: the pages of a service in the browser, signed in. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { airflowClient } from "../clients/airflow.ts";
import { readStackConfig } from "../clients/stack.ts";
import { Exit, KitError } from "../model/errors.ts";
import { onPath } from "../toolchain/machine.ts";
import { usage, type CommandDef } from "./command.ts";

/** How long the address waits for its one visit. */
const seconds = 120;

const open = {
  name: "open",
  summary: "open the pages of Airflow, signed in",
  usage: "airflow [--print]",
  examples: [
    "open airflow",
    "open airflow --print    (only print the address: good for one visit)",
  ],
  options: { print: { type: "boolean", summary: "only print the address" } },
  async run(context) {
    if (context.args.length !== 1 || context.args[0] !== "airflow")
      throw usage(open, "there are pages of: airflow");
    const config = readStackConfig(context.checkout, context.stack, "admin").airflow!;
    const url = await signInAddress(context.checkout, await tokenOf(config), config.uri);
    if (!context.options["print"]) {
      const opener = onPath("xdg-open", process.env) ?? onPath("open", process.env);
      if (!opener)
        throw new KitError({
          code: "NO_BROWSER",
          what: "no program opens a browser here",
          why: "neither xdg-open nor open is on the PATH",
          fix: `open ${url} yourself, within ${seconds} s`,
          exit: Exit.prerequisite,
        });
      spawn(opener, [url], { detached: true, stdio: "ignore" }).unref();
    }
    return { document: { url, pages: config.uri, valid_seconds: seconds }, text: url };
  },
} satisfies CommandDef;
export default open;

async function tokenOf(config: Parameters<typeof airflowClient>[0]): Promise<string> {
  try {
    return await airflowClient(config).signIn();
  } catch (error) {
    throw new KitError({
      code: "AIRFLOW_UNREACHABLE",
      what: "Airflow does not sign anyone in",
      why: error instanceof Error ? error.message : String(error),
      fix: "`./gridata status` shows the state of its services; `./gridata dev` starts them",
      exit: Exit.notRunning,
      cause: error,
    });
  }
}

/** The address that a process of its own serves, once. */
async function signInAddress(checkout: string, token: string, to: string): Promise<string> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(checkout, "packages/kit/src/sign-in.ts")],
    { detached: true, stdio: ["pipe", "pipe", "ignore"] },
  );
  child.stdin.end(JSON.stringify({ token, to, seconds }));
  const [address] = (await once(createInterface({ input: child.stdout }), "line", {
    signal: AbortSignal.timeout(15_000),
  })) as [string];
  child.stdout.destroy();
  child.unref();
  return address;
}
