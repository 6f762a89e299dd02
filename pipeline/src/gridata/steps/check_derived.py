"""check of a derived batch: no file is to blame, so what fails parks the run until contract, job or upstream is another."""

import json
from datetime import UTC, datetime
from typing import Any

from gridata.checks import CheckResult
from gridata.checks.freshness import check_freshness
from gridata.checks.rules import check_rules
from gridata.config import require
from gridata.errors import KitError
from gridata.lake.catalog import Snapshot, Table
from gridata.lake.files import added_files
from gridata.lake.rows import Rows, open_rows
from gridata.steps.check import NotTheBatch
from gridata.steps.context import Step, now
from gridata.steps.derive import TOUCHED, UPSTREAM, told, upstream_of
from gridata.steps.plan import loaded, published_by
from gridata.validation.rules import name


def run(step: Step) -> None:
    started = now()
    table = loaded(step)
    if published_by(step, table) is not None:
        return
    base = table.main
    head = table.refs.get(step.branch)
    snapshot = None if head is None else _written(step, table, head)
    rows, results = (0, []) if snapshot is None else _results(step, table, snapshot)
    failed = [one for one in results if not one.passed and one.severity == "error"]
    if failed:
        key = step.receipt_key.replace(".json", ".checks.json")
        step.store.put_json("curated", key, [one.document() for one in results])
        raise KitError(
            "QUALITY_CHECK_FAILED",
            f"what was computed of {step.batch.table} is not what its contract promises",
            "; ".join(one.why for one in failed),
            f"mend contract or job; the results are in s3://curated/{key}",
        )
    step.store.put_json("curated", step.receipt_key, _receipt(step, base, snapshot, rows, results))
    step.hop("checked", started, ref=f"s3://curated/{step.receipt_key}")


def _written(step: Step, table: Table, head: int) -> Snapshot:
    """One snapshot on the base, of this attempt, made of what the batch is pinned to."""
    snapshot = table.snapshots[head]
    if snapshot.parent != table.main:
        raise NotTheBatch(f"{step.branch} does not stand on {table.main}")
    summary = snapshot.summary
    if (summary.get("gridata.batch"), summary.get("gridata.attempt")) != (step.batch.batch_id, str(step.batch.attempt)):
        raise NotTheBatch(f"snapshot {snapshot.id} is of {summary.get('gridata.batch')}")
    if summary.get(UPSTREAM) != told(upstream_of(step)):
        raise NotTheBatch(f"snapshot {snapshot.id} was computed from {summary.get(UPSTREAM)}")
    return snapshot


def _results(step: Step, table: Table, snapshot: Snapshot) -> tuple[int, list[CheckResult]]:
    """Of the partitions that the run replaced: every key is within them, or the job's keys would not be the partition's."""
    files = added_files(step.store, snapshot)
    with open_rows(require(step.settings.s3, "s3", step.settings), step.work) as rows:
        if files:
            rows.add("written", files)
        elif TOUCHED in snapshot.summary:
            # Days that nothing is left of: no rule of a day's rows applies.
            return 0, []
        else:
            rows.add_empty("written", [c["name"] for c in step.contract["columns"]])
        results = [_complete(step, rows)]
        keys = [name(c["name"]) for c in step.contract["columns"] if c["key"]]
        if keys:
            results.append(_unique(rows, ", ".join(keys)))
        results.extend(check_freshness(step, rows, table, snapshot, datetime.now(UTC)))
        results.extend(check_rules(step, rows, lambda spark: _view(step, spark, snapshot)))
        return rows.query("SELECT count(*) FROM written")[0][0], results


def _view(step: Step, spark: Any, snapshot: Snapshot) -> str:
    written = spark.sql(f"SELECT * FROM {step.world}.{step.batch.table} VERSION AS OF {snapshot.id}")
    touched = json.loads(snapshot.summary.get(TOUCHED, "[]"))
    if touched:
        written = written.filter(written[touched[0]].cast("string").isin(touched[1:]))
    written.createOrReplaceTempView("written")
    return "written"


def _complete(step: Step, rows: Rows) -> CheckResult:
    required = [c["name"] for c in step.contract["columns"] if c["required"]]
    empty = ", ".join(f"count_if({name(column)} IS NULL)" for column in required) or "0"
    found = dict(zip(required, rows.query(f"SELECT {empty} FROM written")[0], strict=False))
    why = ", ".join(f"{column} is empty in {n} rows" for column, n in found.items() if n)
    return CheckResult("required", "error", not why, why, [])


def _unique(rows: Rows, columns: str) -> CheckResult:
    same = rows.query(f"SELECT {columns} FROM written GROUP BY ALL HAVING count(*) > 1 LIMIT 5")
    shown = "; ".join(", ".join(str(value) for value in row) for row in same)
    why = f"there are several rows of the key ({columns}): {shown}" if same else ""
    return CheckResult("key_unique", "error", not same, why, [])


def _receipt(step: Step, base: int, snapshot: Snapshot | None, rows: int, results: list[CheckResult]) -> dict[str, Any]:
    return {
        "schema": "gridata.receipt/1",
        "kind": "derived",
        "world": step.world,
        "batch": step.batch.batch_id,
        "attempt": step.batch.attempt,
        "table": step.batch.table,
        "release": step.batch.release_id,
        "upstream": {name: None if one is None else str(one) for name, one in upstream_of(step).items()},
        "base_id": str(base),
        "snapshot_id": str(snapshot.id) if snapshot else None,
        "rows": rows,
        "deliveries": [],
        "checks": [one.document() for one in results],
    }
