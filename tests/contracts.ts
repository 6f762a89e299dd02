/** Contracts that a test adds while the stack runs, each under a domain of its own. */
import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Delivery } from "@gridata/kit/clients/passports";
import type { World } from "@gridata/testkit";

export interface TableOptions {
  version?: string;
  /** The kit's own properties: mode, order, ... */
  settings: Record<string, unknown>;
  /** `physicalType`, or properties of ODCS, by column. */
  columns: Record<string, string | ({ physicalType: string } & Record<string, unknown>)>;
}

export interface Datasets {
  readonly domain: string;
  /** Saves a contract, as an editor does: whole. */
  save(dataset: string, options: TableOptions): Promise<void>;
  /** Drops a CSV of these records, and waits until it is published. */
  publish(dataset: string, file: string, records: readonly object[]): Promise<Delivery>;
  remove(): Promise<void>;
}

export function datasetsOf(world: World): Datasets {
  const domain = `e2e_${randomBytes(4).toString("hex")}`;
  const folder = join(world.checkout, "contracts", domain);
  return {
    domain,
    async save(dataset, { version = "1.0.0", settings, columns }) {
      const contract = {
        ...{ apiVersion: "v3.2.0", kind: "DataContract", id: `${domain}.${dataset}`, version },
        ...{ name: dataset, status: "active", domain },
        schema: [
          {
            ...{ name: dataset, physicalName: `${dataset}_v1`, physicalType: "table" },
            customProperties: Object.entries({ format: "csv", ...settings }).map(
              ([property, value]) => ({ vendor: "gridata", property, value }),
            ),
            properties: Object.entries(columns).map(([name, column]) => {
              const { physicalType, ...more } =
                typeof column === "string" ? { physicalType: column } : column;
              return { name, logicalType: logicalOf(physicalType), physicalType, ...more };
            }),
          },
        ],
      };
      await mkdir(folder, { recursive: true });
      const path = join(folder, `${dataset}.odcs.yaml`);
      await writeFile(`${path}.tmp`, JSON.stringify(contract, null, 2));
      await rename(`${path}.tmp`, path);
    },
    async publish(dataset, file, records) {
      await world.drop(`${domain}.${dataset}`, file, csv(records));
      // A file that comes before its contract is in effect is parked, and driven again by itself.
      return world.eventually(`${file} to be published`, async () => {
        const found = (await world.deliveries(file)).at(-1);
        if (found?.state === "rejected") throw new Error(JSON.stringify(found.reason));
        return found?.state === "published" && found;
      });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function logicalOf(physical: string): string {
  if (/^(int|bigint)$/.test(physical)) return "integer";
  if (physical.startsWith("decimal")) return "number";
  return physical === "timestamptz" ? "timestamp" : physical;
}

export function csv(records: readonly object[]): string {
  const header = Object.keys(records[0] ?? {});
  const lines = records.map((record) =>
    Object.values(record)
      .map((value) => (value === null ? "" : cell(String(value))))
      .join(","),
  );
  return `${[header.join(","), ...lines].join("\n")}\n`;
}

const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
