import { rm, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "@gridata/testkit";

describe("what comes into the drop folder", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(async () => {
    await world?.close();
  });

  it("a folder without a contract: parked with that reason, and published by itself once there is one", async () => {
    const domain = `e2e_${world.name}`;
    const contracts = join(world.checkout, "contracts", domain);
    try {
      await world.drop(
        `${domain}.visits`,
        "visits.csv",
        "visit_id,visited_at\nV1,2026-11-01T10:00:00Z\n",
      );
      const parked = await world.verdict("visits.csv");
      expect(parked.state).toBe("parked");
      expect(parked.reason?.reason).toMatch(/no contract/i);
      await mkdir(contracts, { recursive: true });
      await writeFile(join(contracts, "visits.odcs.yaml"), visitsContract(domain));
      const published = await world.eventually("visits.csv to be published", async () => {
        const [delivery] = await world.deliveries("visits.csv");
        return delivery?.state === "published" && delivery;
      });
      expect(published.delivery_id).toBe(parked.delivery_id);
      expect(await world.rows(`${domain}.visits_v1`)).toMatchObject([
        { visit_id: "V1", _row: "1" },
      ]);
    } finally {
      await rm(contracts, { recursive: true, force: true });
    }
  });
});

const visitsContract = (domain: string) => `apiVersion: v3.2.0
kind: DataContract
id: ${domain}.visits
name: visits
version: 1.0.0
status: active
domain: ${domain}
schema:
  - name: visits
    physicalName: visits_v1
    physicalType: table
    customProperties:
      - { vendor: gridata, property: format, value: csv }
      - { vendor: gridata, property: mode, value: append }
      - { vendor: gridata, property: partition, value: ["day(visited_at) as dt"] }
    properties:
      - { name: visit_id, logicalType: string, physicalType: string, required: true }
      - { name: visited_at, logicalType: timestamp, physicalType: timestamptz, required: true }
`;
