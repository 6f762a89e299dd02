import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openWorld, type World } from "@gridata/testkit";
import {
  addSnapshot,
  assertRef,
  createRequest,
  newId,
  restOf,
  setRef,
  type Answer,
  type Rest,
  type Role,
} from "./rest.ts";

describe("the catalog", () => {
  let world: World;
  let rest: Rest;
  let table: string;
  let uuid: string;
  let base: string;
  let tables = 0;

  beforeAll(async () => {
    world = await openWorld();
    rest = restOf(world.checkout, world.name);
    expect((await rest("pipeline", "POST", "/namespaces", { namespace: ["c"] })).status).toBe(200);
  });
  afterAll(async () => {
    await world?.close();
  });
  beforeEach(async () => {
    table = `/namespaces/c/tables/t${++tables}`;
    const created = await rest(
      "pipeline",
      "POST",
      "/namespaces/c/tables",
      createRequest(`t${tables}`),
    );
    expect(created.status).toBe(200);
    uuid = created.body.metadata["table-uuid"];
    base = String(created.body.metadata.refs.main["snapshot-id"]);
  });

  const commit = (role: Role | null, requirements: unknown[], updates: unknown[]) =>
    rest(role, "POST", table, {
      requirements: [{ type: "assert-table-uuid", uuid }, ...requirements],
      updates,
    });
  const refs = async (): Promise<Record<string, string>> => {
    const { body } = await rest("reader", "GET", table);
    return Object.fromEntries(
      Object.entries(body.metadata.refs as Record<string, any>).map(([name, ref]) => [
        name,
        String(ref["snapshot-id"]),
      ]),
    );
  };
  /** An audit branch with one snapshot on main. */
  async function audited(branch: string, parent = base): Promise<string> {
    const id = newId();
    const answer = await commit(
      "pipeline",
      [assertRef(branch, null)],
      [addSnapshot(id, parent), setRef(branch, id)],
    );
    expect(answer.status).toBe(200);
    return id;
  }
  const publish = (from: string, to: string, role: Role = "publisher") =>
    commit(role, [assertRef("main", from)], [setRef("main", to)]);

  it("gives a world as the prefix, and refuses a name that is none", async () => {
    const { uri, token } = (await import("@gridata/kit/clients/stack")).readStackConfig(
      world.checkout,
      process.env["GRIDATA_STACK"] ?? "default",
      "reader",
    ).catalog!;
    const ask = (warehouse: string) =>
      fetch(`${uri}/v1/config?warehouse=${encodeURIComponent(warehouse)}`, {
        headers: { authorization: `Bearer ${token}` },
      });
    expect(((await (await ask(world.name)).json()) as any).overrides.prefix).toBe(world.name);
    expect((await ask("../x")).status).toBe(400);
  });

  it("keeps worlds apart", async () => {
    const other = restOf(world.checkout, `${world.name}x`);
    expect((await other("reader", "GET", table)).status).toBe(404);
    expect((await other("reader", "GET", "/namespaces")).body.namespaces).toEqual([]);
  });

  it("lists and loads namespaces and tables, and says 404 of those that are not there", async () => {
    expect((await rest("reader", "GET", "/namespaces")).body.namespaces).toEqual([["c"]]);
    const listed = (await rest("reader", "GET", "/namespaces/c/tables")).body.identifiers;
    expect(listed).toContainEqual({ namespace: ["c"], name: `t${tables}` });
    expect((await rest("reader", "HEAD", table)).status).toBe(204);
    expect((await rest("reader", "GET", "/namespaces/c/tables/none")).status).toBe(404);
    expect((await rest("reader", "GET", "/namespaces/none")).status).toBe(404);
  });

  it("makes a table once, with an empty snapshot on main", async () => {
    expect(await refs()).toEqual({ main: base });
    const again = await rest(
      "pipeline",
      "POST",
      "/namespaces/c/tables",
      createRequest(`t${tables}`),
    );
    expect(again.status).toBe(409);
    expect(await refs()).toEqual({ main: base });
  });

  it("makes a namespace and a table once for all who ask at the same time, and tells the others 409", async () => {
    const race = async (ask: () => Promise<Answer>) => {
      const answers = await Promise.all([ask(), ask(), ask(), ask()]);
      return answers.map(({ status }) => status).toSorted();
    };
    const once = [200, 409, 409, 409];
    for (const name of ["r1", "r2", "r3", "r4", "r5"]) {
      const namespace = () => rest("pipeline", "POST", "/namespaces", { namespace: [name] });
      expect(await race(namespace)).toEqual(once);
      const path = `/namespaces/${name}/tables`;
      expect(await race(() => rest("pipeline", "POST", path, createRequest("t")))).toEqual(once);
    }
  });

  it("keeps 64-bit ids digit by digit", async () => {
    const id = await audited("audit_a_1");
    expect(BigInt(id) > BigInt(Number.MAX_SAFE_INTEGER)).toBe(true);
    expect((await refs())["audit_a_1"]).toBe(id);
  });

  it("publishes by one compare-and-swap, and refuses a stale assertion with 409", async () => {
    const first = await audited("audit_a_1");
    const second = await audited("audit_b_1");
    expect((await publish(base, first)).status).toBe(200);
    expect((await publish(base, second)).status).toBe(409);
    expect((await refs())["main"]).toBe(first);
  });

  it("answers a repeated publish with 409 and leaves main where the first one put it", async () => {
    const id = await audited("audit_a_1");
    const answers = [await publish(base, id), await publish(base, id)];
    expect(answers.map(({ status }) => status)).toEqual([200, 409]);
    expect((await refs())["main"]).toBe(id);
  });

  it("lets exactly one of two racing publishers through", async () => {
    for (let round = 0; round < 5; round++) {
      const from = (await refs())["main"]!;
      const ids = [
        await audited(`audit_r${round}_1`, from),
        await audited(`audit_r${round}_2`, from),
      ];
      const answers: Answer[] = await Promise.all(ids.map((id) => publish(from, id)));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
      const winner = ids[answers.findIndex(({ status }) => status === 200)];
      expect((await refs())["main"]).toBe(winner);
    }
  });

  it("R7: moves main for the publisher alone, and only with an assertion", async () => {
    const id = await audited("audit_a_1");
    expect((await publish(base, id, "pipeline")).status).toBe(403);
    expect((await publish(base, id, "reader")).status).toBe(403);
    expect((await commit("publisher", [], [setRef("main", id)])).status).toBe(400);
    expect(await refs()).toEqual({ main: base, audit_a_1: id });
  });

  it("R7: refuses a snapshot that does not descend from main, except for the role that rolls back", async () => {
    const first = await audited("audit_a_1");
    const beside = await audited("audit_b_1");
    await publish(base, first);
    expect((await publish(first, beside)).status).toBe(403);
    expect((await publish(first, base)).status).toBe(403);
    expect((await refs())["main"]).toBe(first);
    expect((await publish(first, base, "admin")).status).toBe(200);
  });

  it("R7: lets engines write audit branches and nothing else", async () => {
    const id = await audited("audit_a_1");
    expect((await commit("pipeline", [], [setRef("release", id)])).status).toBe(403);
    expect(
      (await commit("pipeline", [], [{ action: "remove-snapshot-ref", "ref-name": "main" }]))
        .status,
    ).toBe(403);
    expect((await rest("pipeline", "DELETE", table)).status).toBe(403);
    expect(
      (await commit("pipeline", [], [{ action: "remove-snapshot-ref", "ref-name": "audit_a_1" }]))
        .status,
    ).toBe(200);
  });

  it("R7: lets engines widen the schema, and nobody but the admin change it otherwise", async () => {
    const fields = (...extra: unknown[]) => [
      { id: 1, name: "id", required: false, type: "long" },
      { id: 2, name: "dt", required: false, type: "date" },
      ...extra,
    ];
    const evolve = (role: Role, changed: unknown[]) =>
      commit(
        role,
        [],
        [
          { action: "add-schema", schema: { type: "struct", "schema-id": 1, fields: changed } },
          { action: "set-current-schema", "schema-id": -1 },
        ],
      );
    const [id, dt] = fields() as [object, object];
    const n = { id: 3, name: "n", required: false, type: "int" };
    for (const changed of [
      [id],
      [{ ...id, type: "int" }, dt],
      [{ ...id, name: "key" }, dt],
      [{ ...id, required: true }, dt],
      fields({ ...n, required: true }),
      [dt, { ...id, id: 3 }],
    ])
      expect((await evolve("publisher", changed)).status, JSON.stringify(changed)).toBe(403);
    expect((await evolve("pipeline", fields(n))).status).toBe(200);
    expect((await evolve("pipeline", fields({ ...n, type: "long" }))).status).toBe(200);
    // Back to a schema that the table had is narrower, too.
    const back = [{ action: "set-current-schema", "schema-id": 0 }];
    expect((await commit("pipeline", [], back)).status).toBe(403);
    const { body } = await rest("reader", "GET", table);
    const current = body.metadata.schemas.find(
      (schema: any) => schema["schema-id"] === body.metadata["current-schema-id"],
    );
    expect(current.fields.map(({ name, type }: any) => [name, type])).toEqual([
      ["id", "long"],
      ["dt", "date"],
      ["n", "long"],
    ]);
    for (const update of [
      { action: "set-properties", updates: { "write.format.default": "orc" } },
      { action: "add-spec", spec: { "spec-id": 1, fields: [] } },
      { action: "set-default-spec", "spec-id": 0 },
    ])
      expect((await commit("publisher", [], [update])).status, update.action).toBe(403);
  });

  it("R7: does not remove a snapshot that a ref points to", async () => {
    const id = await audited("audit_a_1");
    const { int64 } = await import("@gridata/kit/clients/json64");
    const removed = (which: string) => ({
      action: "remove-snapshots",
      "snapshot-ids": [int64(which)],
    });
    expect((await commit("pipeline", [], [removed(id)])).status).toBe(403);
    expect((await commit("admin", [], [removed(base)])).status).toBe(403);
    expect(await refs()).toEqual({ main: base, audit_a_1: id });
  });

  it("refuses readers every write and everybody without a token everything", async () => {
    const id = newId();
    expect(
      (await commit("reader", [], [addSnapshot(id, base), setRef("audit_x_1", id)])).status,
    ).toBe(403);
    expect((await rest("reader", "POST", "/namespaces", { namespace: ["n"] })).status).toBe(403);
    expect((await rest(null, "GET", "/namespaces")).status).toBe(401);
    expect((await commit(null, [], [])).status).toBe(401);
  });

  it("says what is wrong with a body that it can't read", async () => {
    const answer = await rest("pipeline", "POST", "/namespaces/c/tables", { name: 7 });
    expect(answer.status).toBe(400);
    expect(answer.body.error.message).toMatch(/CreateTableRequest|name|schema/);
  });
});
