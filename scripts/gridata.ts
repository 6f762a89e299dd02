/** The command line's process. */
import { join } from "node:path";
import { main } from "@gridata/kit/commands/framework";

process.exitCode = await main(process.argv.slice(2), join(import.meta.dirname, ".."));
