"""publish: one compare-and-swap moves main to the checked snapshot; then the batch is closed with its verdicts."""

from http.client import HTTPException
from typing import Any

from gridata import failpoint, names
from gridata.lake.catalog import CatalogRefusal, Snapshot, Table
from gridata.steps.context import Step, now
from gridata.steps.plan import published_by


class MainMoved(Exception):
    """main is not the base any more: the next attempt builds on the new one."""


def run(step: Step) -> None:
    started = now()
    table = _load(step)
    earlier = published_by(step, table)
    if earlier is not None:
        _close(step, table, earlier, started)
        return
    receipt = step.store.get_json("curated", step.receipt_key)
    if receipt is None:
        step.log.info("nothing to publish: the checks closed this batch")
        return
    if receipt["snapshot_id"] is None:
        base = int(receipt["base_id"])
        step.ledger.close_batch(*step.id, base, base, step.receipt_key, _verdicts(receipt))
        step.hop("closed", started, why="nothing was new")
        return
    base, snapshot = int(receipt["base_id"]), int(receipt["snapshot_id"])
    if table.refs.get(step.branch) != snapshot:
        raise MainMoved(f"{step.branch} does not point to {snapshot}")
    step.ledger.open_intent(*step.id, base, snapshot)
    failpoint.reach("publish.commit", "before", step.world)
    try:
        step.catalog.publish(table, base, snapshot, step.branch)
    except (CatalogRefusal, HTTPException, OSError) as error:
        # Refused or unknown: only a look at main tells.
        step.log.warn("the publishing commit was not confirmed", why=f"{type(error).__name__}: {error}")
    failpoint.reach("publish.commit", "after", step.world)
    table = _load(step)
    if not table.in_main(snapshot):
        raise MainMoved(f"main is {table.main}, not {snapshot} on {base}")
    _close(step, table, table.snapshots[snapshot], started)


def _load(step: Step) -> Table:
    table = step.catalog.load(step.batch.table)
    assert table is not None, f"{step.batch.table} is gone"
    return table


def _close(step: Step, table: Table, snapshot: Snapshot, started: Any) -> None:
    """The receipt of the attempt that published decides, whichever attempt closes."""
    step.hop("published", started, ref=str(snapshot.id))
    closing = now()
    attempt = int(snapshot.summary["gridata.attempt"])
    key = names.receipt_key(step.world, step.batch.batch_id, attempt)
    receipt = step.store.get_json("curated", key)
    assert receipt is not None, f"the receipt {key} is gone"
    assert table.in_main(snapshot.id)
    failpoint.reach("publish.close", "before", step.world)
    step.ledger.close_batch(*step.id, int(receipt["base_id"]), snapshot.id, key, _verdicts(receipt))
    failpoint.reach("publish.close", "after", step.world)
    step.hop("closed", closing, ref=f"s3://curated/{key}")
    step.log.info("published", snapshot=str(snapshot.id), rows=receipt["rows"])


def _verdicts(receipt: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in receipt["deliveries"] if one["verdict"] != "rejected"]
