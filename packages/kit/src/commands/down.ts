/** `down`: ends the stack; nothing of it runs on. */
import { existsSync, rmSync } from "node:fs";
import { removeEmptyFolders } from "../clients/drop-folders.ts";
import { endStack, layoutOf } from "../runtimes/host/control.ts";
import type { CommandDef } from "./command.ts";

const down = {
  name: "down",
  summary: "stop the stack; --purge removes its data too",
  usage: "[--purge]",
  examples: ["down", "down --purge"],
  options: {
    purge: { type: "boolean", summary: "remove data, secrets, logs: everything of this stack" },
  },
  async run(context) {
    const layout = layoutOf(context.checkout, context.stack);
    const stopped = await endStack(layout);
    const removed: string[] = [];
    if (context.options["purge"] && existsSync(layout.state)) {
      rmSync(layout.state, { recursive: true, force: true });
      removed.push(layout.state);
      // Files that nobody took are their owner's.
      await removeEmptyFolders(layout.drop);
    }
    return {
      document: { stopped, removed },
      text: [
        stopped.length > 0
          ? `stopped ${stopped.join(", ")}`
          : `stack '${context.stack}' did not run`,
        ...removed.map((path) => `removed ${path}`),
      ].join("\n"),
    };
  },
} satisfies CommandDef;
export default down;
