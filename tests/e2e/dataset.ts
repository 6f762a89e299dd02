/** A dataset of a test's own: contract and job, saved in the checkout while the stack runs, and gone afterwards. */
import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { World } from "@gridata/testkit";

/** Waits until a file is published. One that comes before its contract is in effect is parked, and driven again by itself. */
export const published = (world: World, name: string) =>
  world.eventually(`${name} to be published`, async () => {
    const [delivery] = await world.deliveries(name);
    if (delivery?.state === "rejected") throw new Error(`rejected: ${delivery.reason?.reason}`);
    return delivery?.state === "published" && delivery;
  });

export interface TestDatasets extends AsyncDisposable {
  domain: string;
  contract(dataset: string, yaml: Contract): Promise<void>;
  /** Saves `spark-jobs/<domain>_<dataset>/job.py`, whole at once. */
  job(dataset: string, python: string): Promise<void>;
  remove(): Promise<void>;
}

interface Contract {
  columns: string[];
  /** The kit's own properties. */
  kit?: Record<string, unknown>;
  quality?: unknown[];
  relationships?: unknown[];
  slaProperties?: unknown[];
}

export function testDatasets(checkout: string): TestDatasets {
  const domain = `e2e_${randomBytes(4).toString("hex")}`;
  const made = new Set([join(checkout, "contracts", domain)]);
  async function save(path: string, text: string) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.part`, text);
    await rename(`${path}.part`, path);
  }
  async function remove() {
    for (const path of made) await rm(path, { recursive: true, force: true });
  }
  return {
    domain,
    contract(dataset, { columns, kit = {}, quality = [], relationships = [], slaProperties = [] }) {
      const document = {
        ...{ apiVersion: "v3.2.0", kind: "DataContract", id: `${domain}.${dataset}` },
        ...{ name: dataset, version: "1.0.0", status: "active", domain },
        schema: [
          {
            ...{ name: dataset, physicalName: `${dataset}_v1`, physicalType: "table" },
            customProperties: Object.entries(kit).map(([property, value]) => ({
              ...{ vendor: "gridata", property, value },
            })),
            properties: columns.map((text, i) => column(text, positionOf(columns, i))),
            quality,
            ...(relationships.length > 0 && { relationships }),
          },
        ],
        ...(slaProperties.length > 0 && { slaProperties }),
      };
      // JSON is YAML.
      return save(
        join(checkout, "contracts", domain, `${dataset}.odcs.yaml`),
        JSON.stringify(document, null, 2),
      );
    },
    job(dataset, python) {
      const folder = join(checkout, "spark-jobs", `${domain}_${dataset}`);
      made.add(folder);
      return save(join(folder, "job.py"), python);
    },
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

/** Of a column in the key, from 1. */
const positionOf = (columns: string[], at: number) =>
  columns.slice(0, at + 1).filter((text) => text.split(" ").includes("key")).length;

/** `id bigint key`, `amount decimal(10,2) required`, `note string`. */
function column(text: string, position: number): Record<string, unknown> {
  const [name = "", physicalType = "", ...words] = text.split(" ");
  const kind = physicalType.split("<")[0]!;
  const logicalType = physicalType.startsWith("decimal")
    ? "number"
    : ({
        bigint: "integer",
        int: "integer",
        timestamptz: "timestamp",
        struct: "object",
        map: "object",
      }[kind] ?? kind);
  return {
    ...{ name, logicalType, physicalType },
    required: words.includes("required") || words.includes("key"),
    ...(words.includes("key") && { primaryKey: true, primaryKeyPosition: position }),
  };
}
