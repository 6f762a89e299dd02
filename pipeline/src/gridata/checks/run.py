"""All checks of a snapshot. They read the files that it added, through its manifests, and no more of the table than can matter."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gridata.checks.freshness import check_freshness
from gridata.checks.keys import key_columns, key_unique, keys_once
from gridata.checks.references import check_references
from gridata.checks.result import CheckResult
from gridata.checks.rows import rows_accounted
from gridata.checks.rules import check_rules
from gridata.config import require
from gridata.lake.catalog import Snapshot, Table
from gridata.lake.files import DataFile, added_files
from gridata.lake.rows import Rows, open_rows
from gridata.lake.spark import session, written_view

if TYPE_CHECKING:
    from gridata.steps.context import Step
    from gridata.steps.plan import Plan


def check_snapshot(step: "Step", table: Table, plan: "Plan", snapshot: Snapshot) -> list[CheckResult]:
    files = added_files(step.store, snapshot)
    with open_rows(require(step.settings.s3, "s3", step.settings), step.work) as rows:
        _written(rows, step, plan, files)
        results = [rows_accounted(rows, plan.fresh)]
        keys = key_columns(step.contract)
        if keys and plan.mode == "upsert" and files:
            results.append(keys_once(step.store, rows, table, snapshot, files, keys))
        elif keys and plan.mode == "append":
            results.append(key_unique(step.store, rows, table, plan, files, keys, step.contract["uniqueScope"]))
        if plan.shown == 0 and plan.rows > 0:
            # Everything is older than what is there, or deletes: there is nothing to hold to a rule.
            if step.checked_by_spark:
                with session(step, last=True):
                    pass
            return results
        deliveries = [member.delivery_id for member in plan.fresh]
        return [
            *results,
            *(check_references(step, rows, table, files) if files else []),
            *(check_freshness(step, rows, table, snapshot, datetime.now(UTC)) if files else []),
            *check_rules(step, rows, lambda spark: written_view(step, spark, plan, snapshot.id), deliveries),
        ]


def _written(rows: Rows, step: "Step", plan: "Plan", files: list[DataFile]) -> None:
    if plan.mode == "append":
        rows.add("written", files)
    elif files:
        rows.add("added", files)
        rows.narrow("written", "added", plan.of_batch)
    else:
        rows.add_empty("written", [field["name"] for field in step.contract["iceberg"]["schema"]["fields"]])
