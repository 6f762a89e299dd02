/** Builds a ledger that was lost from the lake, before a dispatcher starts on it. `GRIDATA_CONFIG` is the admin's. */
import { setTimeout as pause } from "node:timers/promises";
import { readConfig } from "../clients/config.ts";
import { icebergCatalog } from "../clients/iceberg.ts";
import { connectLedger } from "../clients/ledger-session.ts";
import { createLogger } from "../clients/log.ts";
import { readStackConfig } from "../clients/stack.ts";
import { rebuildLedger } from "./index.ts";

const { checkout, stack } = readConfig();
const config = readStackConfig(checkout, stack, "admin");
const log = createLogger("dispatcher");
// The catalog starts beside this; the runtime ends whoever waits too long.
const catalog = icebergCatalog(config.catalog!, "default");
while (!(await catalog.listNamespaces().catch(() => null))) await pause(200);

await using ledger = await connectLedger({ checkout, stack, identity: "admin" });
for (const { world, ...found } of await rebuildLedger({ config, ledger }, () => {}))
  log.info("built from the lake", { world, ...found });
