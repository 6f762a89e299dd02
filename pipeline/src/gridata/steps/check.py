"""check: reads exactly the snapshot that would be published; its results are in the receipt before anything moves."""

from typing import Any

from gridata.checks import CheckResult, check_snapshot
from gridata.checks.evidence import keep_evidence
from gridata.lake.catalog import Snapshot, Table
from gridata.ledger import Member
from gridata.steps.context import Step, now
from gridata.steps.plan import Plan, kept, make_plan, outcome, published_by, superseded, verdicts_of


class NotTheBatch(Exception):
    """The snapshot on the branch is not what this attempt should have written."""


def run(step: Step) -> None:
    started = now()
    table = step.catalog.load(step.batch.table)
    assert table is not None, f"{step.batch.table} is gone"
    if published_by(step, table) is not None:
        return
    plan = make_plan(step, table)
    snapshot = None
    results: list[CheckResult] = []
    if plan.snapshot:
        snapshot = _written(step, table, plan)
        results = check_snapshot(step, table, plan, snapshot)
        culprits = _culprits(results, plan.fresh)
        if culprits:
            _split(step, table, culprits, results)
            step.hop("checked", started, why="; ".join(r.why for r in results if not r.passed))
            return
    receipt = _receipt(step, plan, snapshot, results)
    step.store.put_json("curated", step.receipt_key, receipt)
    step.hop("checked", started, ref=f"s3://curated/{step.receipt_key}")


def _written(step: Step, table: Table, plan: Plan) -> Snapshot:
    """The head of the branch; it must be one snapshot on the base, of this attempt, with the rows that were accepted."""
    head = table.refs.get(step.branch)
    snapshot = table.snapshots.get(head) if head is not None else None
    if snapshot is None or snapshot.parent != plan.base:
        raise NotTheBatch(f"{step.branch} does not stand on {plan.base}")
    summary = snapshot.summary
    if (summary.get("gridata.batch"), summary.get("gridata.attempt")) != (step.batch.batch_id, str(step.batch.attempt)):
        raise NotTheBatch(f"snapshot {snapshot.id} is of {summary.get('gridata.batch')}")
    if plan.mode != "append":
        _same_total(table, plan, snapshot)
    elif int(summary.get("added-records", -1)) != plan.rows:
        raise NotTheBatch(f"{summary.get('added-records')} rows were written of {plan.rows} accepted")
    return snapshot


def _same_total(table: Table, plan: Plan, snapshot: Snapshot) -> None:
    """R9: each row has an outcome, and the table grew by just what the outcomes say."""
    for member in plan.fresh:
        if outcome(member).total != kept(member):
            raise NotTheBatch(f"{outcome(member).total} of {kept(member)} rows of {member.delivery_id} have an outcome")
    before = 0 if plan.base_empty else int(table.snapshots[plan.base].summary["total-records"])
    expected = before + plan.shown - sum(outcome(member).removed for member in plan.fresh)
    if int(snapshot.summary.get("total-records", -1)) != expected:
        raise NotTheBatch(f"the table has {snapshot.summary.get('total-records')} rows, its changes say {expected}")


def _culprits(results: list[CheckResult], fresh: list[Member]) -> dict[str, str]:
    """Deliveries that a failed check names, with why; where it names none, all that the snapshot has something of."""
    found: dict[str, str] = {}
    present = [member.delivery_id for member in fresh if not superseded(member)]
    for result in results:
        if result.passed or result.severity != "error":
            continue
        for delivery in result.deliveries or present:
            found.setdefault(delivery, result.why)
    return found


def _split(step: Step, table: Table, culprits: dict[str, str], results: list[CheckResult]) -> None:
    facts = _about(step, [member for member in step.members() if member.delivery_id in culprits])
    split = {
        "schema": "gridata.split/1",
        **_head(step),
        "deliveries": [
            {**one, "verdict": "rejected", "reason": _blame(culprits[one["delivery"]])} for one in facts.values()
        ],
        "checks": [result.document() for result in results],
    }
    step.store.put_json("curated", step.receipt_key.replace(".json", ".split.json"), split)
    step.catalog.remove_branch(table, step.branch)
    for member in step.members():
        if member.delivery_id in culprits:
            uri = keep_evidence(step, member, results, culprits[member.delivery_id])
            told = {**(member.result or {}), "rejects_uri": uri}
            step.ledger.file_validated(*step.id, member.delivery_id, str(member.file_id), told)
    rejected = [{"delivery": delivery, "reason": _blame(why)} for delivery, why in culprits.items()]
    step.ledger.split_batch(*step.id, rejected)
    step.log.warn("quality checks failed", rejected=len(rejected))


def _blame(why: str) -> dict[str, str]:
    return {"code": "QUALITY_CHECK_FAILED", "reason": why}


def _receipt(step: Step, plan: Plan, snapshot: Snapshot | None, results: list[CheckResult]) -> dict[str, Any]:
    """R8: all that a rebuilt ledger needs to know of this batch, if and only if the snapshot comes into main."""
    members = step.members()
    facts = _about(step, members)
    rejected: list[dict[str, Any]] = [
        {"delivery": m.delivery_id, "verdict": "rejected", "records": 0} for m in members if m.rejected
    ]
    return {
        "schema": "gridata.receipt/1",
        **_head(step),
        "base_id": str(plan.base),
        "snapshot_id": str(snapshot.id) if snapshot else None,
        "rows": plan.rows,
        "deliveries": [{**facts[one["delivery"]], **one} for one in [*verdicts_of(step, plan), *rejected]],
        "checks": [result.document() for result in results],
    }


def _head(step: Step) -> dict[str, Any]:
    return {
        "world": step.world,
        "batch": step.batch.batch_id,
        "attempt": step.batch.attempt,
        "table": step.batch.table,
        "release": step.batch.release_id,
    }


def _about(step: Step, members: list[Member]) -> dict[str, dict[str, Any]]:
    """By delivery, what the ledger knows of it beside its verdict."""
    return {
        member.delivery_id: {
            "delivery": member.delivery_id,
            "key": step.publication_key(member),
            "file_id": member.file_id,
            "arrival_ms": member.arrival_ms,
            "domain": member.domain,
            "dataset": member.dataset,
            "name": member.name,
            "object_key": member.object_key,
            "version_id": member.version_id,
            "size_bytes": member.size_bytes,
            "again": member.again,
            "result": member.result,
        }
        for member in members
    }
