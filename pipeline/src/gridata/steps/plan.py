"""What of a batch is to be published at this base, and what already was. Decided under the slot."""

from dataclasses import dataclass
from typing import Any

from gridata import names
from gridata.lake.catalog import Snapshot, Table
from gridata.ledger import Intent, Member
from gridata.modes.outcome import Outcome
from gridata.steps.context import Step


@dataclass(frozen=True)
class Plan:
    base: int
    base_empty: bool
    fresh: list[Member]
    duplicates: list[Member]
    """Of the contract."""
    mode: str = "append"

    @property
    def accepted(self) -> int:
        return sum(accepted(member) for member in self.fresh)

    @property
    def writes(self) -> bool:
        """A file that is the whole table is written even when it has no rows."""
        return self.accepted > 0 or (self.mode == "replace" and bool(self.fresh))

    @property
    def snapshot(self) -> bool:
        """Whether there must be one on the branch. Known once the dataset's job ran."""
        return self.rows > 0 or (self.mode == "replace" and bool(self.fresh))

    @property
    def shown(self) -> int:
        """Rows of the batch that the snapshot shows. Known once the rows were counted."""
        return sum(shown(member) for member in self.fresh)

    @property
    def of_batch(self) -> str:
        """SQL that is true for rows of the batch: a file of the table that was written anew holds rows of earlier ones too."""
        return f"_delivery_id IN ({', '.join(repr(member.delivery_id) for member in self.fresh)})"

    @property
    def rows(self) -> int:
        """What the dataset's job left of the accepted ones. Known once it ran."""
        return sum(kept(member) for member in self.fresh)


def accepted(member: Member) -> int:
    return int((member.result or {})["accepted"])


def dropped(member: Member) -> dict[str, int]:
    """Rows that the dataset's job left out, by the name of the rule."""
    return (member.result or {}).get("dropped", {})


def kept(member: Member) -> int:
    return accepted(member) - sum(dropped(member).values())


def outcome(member: Member) -> Outcome:
    """R9. Of an append every row that was kept is new."""
    counted = (member.result or {}).get("outcome")
    return Outcome(inserted=kept(member)) if counted is None else Outcome(**counted)


def shown(member: Member) -> int:
    return outcome(member).shown


def published_by(step: Step, table: Table) -> Snapshot | None:
    """The snapshot in main's ancestry that an attempt of this batch published."""
    for snapshot in table.ancestry():
        if snapshot.summary.get("gridata.batch") == step.batch.batch_id:
            return snapshot
    return None


def resolve_intents(step: Step, table: Table) -> Table:
    """R4: an open intent whose snapshot is not in main is void only after its branch is gone and main was looked at again."""
    for intent in step.ledger.open_intents(step.world, table.name):
        if table.in_main(intent.snapshot_id):
            continue  # its batch is this one, and closes with it
        step.catalog.remove_branch(table, names.audit_branch(intent.batch_id, intent.attempt))
        table = loaded(step)
        if not table.in_main(intent.snapshot_id):
            _void(step, intent)
    return table


def remove_stale_branches(step: Step, table: Table) -> Table:
    """Branches that earlier attempts of this batch left behind. Nothing reads them: an intent that named one is void by now."""
    batch, attempt = step.id
    stale = [names.audit_branch(batch, earlier) for earlier in range(1, attempt)]
    left = [branch for branch in stale if branch in table.refs]
    for branch in left:
        step.catalog.remove_branch(table, branch)
        step.log.info("branch of an earlier attempt removed", branch=branch)
    return loaded(step) if left else table


def _void(step: Step, intent: Intent) -> None:
    step.ledger.void_intent(*step.id, intent)
    step.log.info("intent void", of_attempt=intent.attempt, snapshot=str(intent.snapshot_id))


def loaded(step: Step) -> Table:
    table = step.catalog.load(step.batch.table)
    assert table is not None
    return table


def make_plan(step: Step, table: Table) -> Plan:
    """R5: what is published at the base is subtracted, by the ledger and by receipts that the ledger does not know."""
    members = [member for member in step.members() if not member.rejected]
    keys = [step.publication_key(member) for member in members]
    published = set(step.ledger.publications(step.world, table.name, keys))
    published |= _keys_of_unknown_receipts(step, table)
    fresh: list[Member] = []
    duplicates: list[Member] = []
    for member, key in zip(members, keys, strict=True):
        (duplicates if key in published else fresh).append(member)
        published.add(key)
    empty = table.snapshots[table.main].summary.get("total-records") == "0"
    return Plan(table.main, empty, fresh, duplicates, step.contract["mode"])


def _keys_of_unknown_receipts(step: Step, table: Table) -> set[str]:
    """Publications of snapshots in main whose batch the ledger has not closed: their receipts say what they hold."""
    known = step.ledger.known_snapshots(step.world, table.name)
    found: set[str] = set()
    for snapshot in table.ancestry():
        batch, attempt = snapshot.summary.get("gridata.batch"), snapshot.summary.get("gridata.attempt")
        if batch is None or attempt is None or snapshot.id in known:
            continue
        receipt = step.store.get_json("curated", names.receipt_key(step.world, batch, int(attempt)))
        found |= {one["key"] for one in (receipt or {}).get("deliveries", []) if one["verdict"] == "published"}
    return found


def verdicts_of(step: Step, plan: Plan) -> list[dict[str, Any]]:
    """As `close_batch` takes them: the published ones first."""

    def verdict(member: Member, word: str) -> dict[str, Any]:
        return {
            "delivery": member.delivery_id,
            "verdict": word,
            "key": step.publication_key(member),
            "file_id": member.file_id,
            "arrival_ms": member.arrival_ms,
            "records": kept(member) if word == "published" else 0,
            "dropped": dropped(member) if word == "published" else {},
            "outcome": outcome(member).document() if word == "published" else None,
            "reason": _why_superseded(member) if word == "published" else None,
        }

    return [verdict(m, "published") for m in plan.fresh] + [verdict(m, "duplicate") for m in plan.duplicates]


def superseded(member: Member) -> bool:
    """Whether the file changes nothing, because all of it is older than what there is."""
    return 0 < kept(member) == outcome(member).superseded


def _why_superseded(member: Member) -> dict[str, str] | None:
    if not superseded(member):
        return None
    return {"code": "SUPERSEDED", "reason": f"all of its {kept(member)} rows are older than what the table holds"}
