"""What the rules promise, asked of ledger and lake: at any moment, at each write, and when all is over."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from gridata import names
from lake import Lake

FINAL = ("published", "duplicate", "rejected")
REFUSED = ("bad", "refused")
NEEDS_SLOT = {"open_intent", "void_intent", "close_batch", "split_batch"}
UNFENCED = {"record_hop"}
STATE = """
select json_build_object(
  'deliveries', (select coalesce(json_agg(d), '[]') from (
    select delivery_id, state from ledger.delivery where world = %(world)s) d),
  'batches', (select coalesce(json_agg(b), '[]') from (
    select batch_id, state, attempt, receipt_key, exists (select 1 from ledger.slot s where s.holder = b.batch_id) as holds
      from ledger.batch b where world = %(world)s) b),
  'members', (select coalesce(json_agg(m), '[]') from (
    select batch_id, delivery_id from ledger.member join ledger.batch using (batch_id)
     where world = %(world)s order by delivery_id) m),
  'intents', (select coalesce(json_agg(i), '[]') from (
    select snapshot_id, state from ledger.intent where world = %(world)s) i),
  'publications', (select coalesce(json_agg(p), '[]') from (
    select publication_key, snapshot_id from ledger.publication where world = %(world)s) p),
  'slots', (select count(*) from ledger.slot where world = %(world)s))
"""
ACCOUNT = """
select json_build_object(
  'deliveries', (select json_agg(d order by delivery_id) from (
    select delivery_id, state, domain, dataset, file_id, reason->>'code' as code, records_published,
           case when state <> 'rejected' then table_name end as table_name,
           case when state <> 'rejected' then snapshot_id end as snapshot_id, coalesce(outcome->>'inserted', '0') as inserted
      from ledger.delivery where world = %(world)s) d),
  'batches', (select json_agg(b order by batch_id) from (
    select batch_id, state, base_id, snapshot_id, receipt_key from ledger.batch
     where world = %(world)s and state in ('published', 'nothing')) b),
  'publications', (select json_agg(p order by publication_key) from (
    select publication_key, table_name, delivery_id, file_id, batch_id, snapshot_id
      from ledger.publication where world = %(world)s) p))
"""
Fence = tuple[int, str, bool]
"""Newest attempt, state, and whether the batch holds the slot."""


class Broken(AssertionError):
    """A promise, and the schedule that broke it."""


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Broken(otherwise)


class Promises:
    def __init__(self, lake: Lake, contents: dict[str, str], sql: Callable[..., Any], world: str) -> None:
        self._lake, self._contents, self._sql, self._world = lake, contents, sql, world
        self._broken: list[str] = []
        self._members: dict[str, list[str]] = {}
        self._verdicts: dict[str, str] = {}
        self._writers: dict[str, tuple[str, int]] = {}
        self._lost = False
        self.complete = True
        """Whether the ledger knows all that ever happened."""
        self._forgotten: set[int] = set()
        """Snapshots that a lost ledger knew of."""

    def _state(self) -> dict[str, Any]:
        return self._sql(STATE.replace("%(world)s", f"'{self._world}'"))

    # At any moment.

    def look(self) -> None:
        expect(not self._broken, "; ".join(self._broken))
        state = self._state()
        self._allocation(state)
        self._main()
        self._verdicts_true(state)
        void = {one["snapshot_id"] for one in state["intents"] if one["state"] == "void"}
        expect(not void & {one.id for one in self._lake.main()}, "R4: the snapshot of a void intent is in main")
        if not state["slots"]:
            self._agree(state)

    def _allocation(self, state: dict[str, Any]) -> None:
        open_ = {one["batch_id"] for one in state["batches"] if one["state"] == "open"}
        waiting = [one["batch_id"] for one in state["batches"] if one["state"] == "open" and not one["holds"]]
        expect(len(waiting) <= 1, f"R1: batches {waiting} are open and have no slot")
        held = Counter(one["delivery_id"] for one in state["members"] if one["batch_id"] in open_)
        twice = [delivery for delivery, times in held.items() if times > 1]
        expect(not twice, f"R1: {twice} are in two open batches")
        for batch, members in self._members.items():
            now = [one["delivery_id"] for one in state["members"] if one["batch_id"] == batch]
            expect(now == members, f"R1: the set of {batch} changed from {members} to {now}")

    def _main(self) -> None:
        counted = Counter((content, row) for content, _, row in self._lake.published())
        twice = sorted({content for (content, _), times in counted.items() if times > 1})
        expect(not twice, f"I1: {twice} are in main twice")
        for snapshot in self._lake.main():
            expect(snapshot.id in self._lake.checked, f"R3: main shows {snapshot.id}, which no check has read")
            receipt = self._receipt(snapshot.summary["gridata.batch"], int(snapshot.summary["gridata.attempt"]))
            expect(receipt is not None, f"R8: main shows {snapshot.id}, which has no receipt")
            assert receipt is not None
            expect(receipt["snapshot_id"] == str(snapshot.id), f"R8: the receipt of {snapshot.id} is of another one")
            told = Counter({(one["key"], one["delivery"]): one["records"] for one in published(receipt)})
            held = Counter((content, delivery) for content, delivery, _ in self._lake.rows[snapshot.id])
            expect(told == held, f"R9: {snapshot.id} holds {dict(held)}, its receipt says {dict(told)}")

    def _verdicts_true(self, state: dict[str, Any]) -> None:
        deliveries = {delivery for _, delivery, _ in self._lake.published()}
        contents = {content for content, _, _ in self._lake.published()}
        for one in state["deliveries"]:
            delivery, verdict = one["delivery_id"], one["state"]
            before = self._verdicts.get(delivery)
            again = self._lost and verdict not in FINAL
            expect(before in (None, verdict) or again, f"V: {delivery} was {before} and is {verdict}")
            if verdict in FINAL:
                self._verdicts[delivery] = verdict
            if verdict == "published":
                expect(delivery in deliveries, f"V: {delivery} is published, and not in main")
            if verdict == "duplicate":
                expect(self._contents[delivery] in contents, f"V: {delivery} is a duplicate of nothing")
            if verdict == "rejected":
                expect(delivery not in deliveries, f"V: {delivery} is rejected, and in main")

    def _agree(self, state: dict[str, Any]) -> None:
        """The slot is free: the ledger knows what main shows."""
        ledger = {(one["publication_key"], one["snapshot_id"]) for one in state["publications"]}
        lake = {
            (content, snapshot.id)
            for snapshot in self._lake.main()
            if snapshot.id not in self._forgotten
            for content, _, _ in self._lake.rows[snapshot.id]
        }
        expect(ledger == lake, f"E: published are {sorted(ledger)} by the ledger, {sorted(lake)} by main")

    # At each write.

    def fence(self, batch: str) -> Fence:
        found = self._sql(
            """select json_build_array(attempt, state, exists (select 1 from ledger.slot where holder = batch_id))
                 from ledger.batch where batch_id = %s""",
            batch,
        )
        return (0, "gone", False) if found is None else tuple(found)  # type: ignore[return-value]

    def wrote(self, name: str, batch: str, attempt: int, before: Fence, parameters: Sequence[Any]) -> None:
        """A write of the ledger that went through."""
        newest, state, slot = before
        if name in UNFENCED:
            return
        if attempt != newest:
            self._broken.append(f"R2: {name} by attempt {attempt} of {batch}, whose newest is {newest}")
        if state != "open":
            self._broken.append(f"R2: {name} of {batch}, which is {state}")
        if name in NEEDS_SLOT and not slot:
            self._broken.append(f"R2: {name} of {batch}, which does not hold the slot")
        if name == "open_intent":
            receipt = self._receipt(batch, attempt)
            if receipt is None or receipt["snapshot_id"] != str(parameters[3]):
                self._broken.append(f"R8: the intent of {batch}.{attempt} is there, its receipt is not")

    def wrote_under(self, name: str, by: tuple[str, int]) -> None:
        """A branch or a receipt. Evidence lies where its delivery is: a later batch writes the same there."""
        if self._writers.setdefault(name, by) != by:
            self._broken.append(f"R6: {by} wrote {name}, which is of {self._writers[name]}")

    def wrote_by_spark(self, by: tuple[str, int]) -> None:
        later = [a for name, (b, a) in self._writers.items() if b == by[0] and a > by[1] and name.startswith("audit_")]
        if later:
            self._broken.append(f"R6: Spark works for {by}, and attempt {max(later)} writes already")

    def landed(self, batch: str, snapshot: int, before: Fence) -> None:
        """A commit that moved main."""
        _, state, slot = before
        if state != "open" or not slot:
            self._broken.append(f"R4: a commit of {batch} moved main; the batch is {state}, slot: {slot}")
        intent = self._sql(
            "select state from ledger.intent where batch_id = %s and snapshot_id = %s order by attempt desc limit 1",
            *(batch, snapshot),
        )
        if intent != "open":
            self._broken.append(f"R4: a commit of {batch} moved main; its intent is {intent}")

    # Told by the run.

    def claimed(self, batch: str) -> None:
        self._members[batch] = [one["delivery_id"] for one in self._state()["members"] if one["batch_id"] == batch]

    def deliveries(self) -> dict[str, str]:
        """Their states."""
        return {one["delivery_id"]: one["state"] for one in self._state()["deliveries"]}

    def ledger_lost(self, *, rebuilt: bool) -> None:
        """What had a verdict has the same one in the end, if the ledger was made anew from the lake."""
        self._members.clear()
        self._lost = True
        if not rebuilt:
            self.complete = False
            self._verdicts.clear()
            self._forgotten = {one.id for one in self._lake.main()}

    def account(self) -> set[str]:
        """What a ledger that is made anew from the lake says again."""
        found = self._sql(ACCOUNT.replace("%(world)s", f"'{self._world}'"))
        return {f"{kind}: {json.dumps(row)}" for kind, rows in found.items() for row in rows or []}

    # When all is over.

    def over(self) -> None:
        self.look()
        state = self._state()
        waiting = [one for one in state["deliveries"] if one["state"] not in FINAL]
        expect(not waiting, f"LIVE: {waiting} have no verdict")
        expect(not state["slots"], "LIVE: the slot is held")
        expect(all(one["state"] != "open" for one in state["intents"]), "LIVE: an intent is open")
        dropped = set(self._contents.values()) - set(REFUSED)
        shown = {content for content, _, _ in self._lake.published()}
        expect(shown == dropped, f"LIVE: main shows {sorted(shown)} of {sorted(dropped)}")
        for one in state["deliveries"]:
            refused = self._contents[one["delivery_id"]] in REFUSED
            expect(
                refused == (one["state"] == "rejected"), f"V: {one} has content {self._contents[one['delivery_id']]}"
            )
        for one in state["batches"]:
            if one["state"] in ("published", "nothing"):
                receipt = self._lake.objects.get(f"curated/{one['receipt_key']}")
                told = sorted(d["delivery"] for d in (receipt or {}).get("deliveries", []))
                members = self._members.get(one["batch_id"], told)
                expect(
                    told == members, f"R8: the receipt of {one['batch_id']} tells of {told}, its files are {members}"
                )

    def _receipt(self, batch: str, attempt: int) -> dict[str, Any] | None:
        return self._lake.objects.get(f"curated/{names.receipt_key(self._world, batch, attempt)}")


def published(receipt: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in receipt["deliveries"] if one["verdict"] == "published"]
