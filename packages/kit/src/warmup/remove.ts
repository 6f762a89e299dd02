/** Takes away the worlds of rehearsals, those of earlier starts too. `GRIDATA_CONFIG` is the admin's. */
import { readConfig } from "../clients/config.ts";
import { createPool } from "../clients/pg.ts";
import { readStackConfig } from "../clients/stack.ts";
import { removeWorld } from "../worlds/remove.ts";
import { isRehearsal } from "./input.ts";

const { checkout, stack } = readConfig();
const config = readStackConfig(checkout, stack, "admin");
const pool = createPool(config.ledger, "warmup", 1);
const { rows } = await pool.query<{ world: string }>("select world from ledger.world");
for (const { world } of rows.filter((row) => isRehearsal(row.world)))
  await removeWorld({
    ...{ world, config },
    ledger: { query: async (sql, parameters = []) => pool.query(sql, [...parameters]) },
  });
await pool.end();
