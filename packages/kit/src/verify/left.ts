/** I8 nothing left: branches, files and runs of attempts that are over. */
import type { Check } from "./look.ts";
import { openBatches } from "./published.ts";

/** A closed batch's leftovers go with the next sweep. */
const takenGraceSeconds = 90;

export const nothingLeft: Check[] = [
  {
    name: "branches_live",
    invariant: "I8",
    promise: "every audit branch is of an attempt of an open batch",
    run(facts, look) {
      const open = openBatches(facts);
      for (const table of facts.tables)
        for (const ref of Object.keys(table.refs)) {
          const batch = /^audit_(.+)_[0-9]+$/.exec(ref)?.[1];
          // main counts as looked at: a table without branches is one where none is left.
          look.at(
            `${table.name} ${ref}`,
            ref === "main" || (batch && open.has(batch)) ? null : "its batch is closed or unknown",
          );
        }
    },
  },
  {
    name: "taken_brought",
    invariant: "I8",
    promise: "what the gateway took from the drop folder is in the store",
    run(facts, look) {
      for (const { name, age_s } of facts.taken)
        look.at(name, age_s > takenGraceSeconds ? `taken ${Math.round(age_s)} s ago` : null);
      // Each delivery of the gateway was taken once, and nothing is left of that.
      for (const { delivery_id } of facts.deliveries) look.at(delivery_id, null);
    },
  },
  {
    name: "runs_ended",
    invariant: "I8",
    promise: "no Airflow run of a closed batch or an earlier attempt goes on",
    run(facts, look) {
      const newest = new Map(
        facts.batches.filter((b) => b.state === "open").map((b) => [b.batch_id, b.attempt]),
      );
      for (const { dag, batch, attempt, live } of facts.runs ?? [])
        look.at(
          `${dag} ${facts.world}.${batch}.${attempt}`,
          live && newest.get(batch) !== attempt ? "it goes on, and nobody waits for it" : null,
        );
    },
  },
];
