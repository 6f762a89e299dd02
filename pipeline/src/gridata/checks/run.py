"""All checks of a snapshot. They read the files that it added, through its manifests, and no more of the table than can matter."""

from typing import TYPE_CHECKING

from gridata.checks.keys import key_columns, key_unique
from gridata.checks.result import CheckResult
from gridata.checks.rows import rows_accounted
from gridata.checks.rules import check_rules
from gridata.config import require
from gridata.lake.catalog import Snapshot, Table
from gridata.lake.files import added_files
from gridata.lake.rows import open_rows

if TYPE_CHECKING:
    from gridata.steps.context import Step
    from gridata.steps.plan import Plan


def check_snapshot(step: "Step", table: Table, plan: "Plan", snapshot: Snapshot) -> list[CheckResult]:
    files = added_files(step.store, snapshot)
    with open_rows(require(step.settings.s3, "s3", step.settings), step.work) as rows:
        rows.add("written", files)
        results = [rows_accounted(rows, plan.fresh)]
        keys = key_columns(step.contract)
        if keys:
            results.append(key_unique(step.store, rows, table, plan, files, keys, step.contract["uniqueScope"]))
        return results + check_rules(step, rows, plan, snapshot)
