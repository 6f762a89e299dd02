"""The age of the newest value that the table shows. Late data is no reason to refuse a file: it is a warning."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gridata.checks.bounds import span
from gridata.checks.result import CheckResult
from gridata.lake.catalog import Snapshot, Table
from gridata.lake.files import live_files
from gridata.lake.rows import Rows
from gridata.validation.rules import name

if TYPE_CHECKING:
    from gridata.steps.context import Step

DAY_SECONDS = 86_400


def check_freshness(step: "Step", rows: Rows, table: Table, snapshot: Snapshot, now: datetime) -> list[CheckResult]:
    promised = step.contract["freshness"]
    if promised is None:
        return []
    column, seconds = promised["column"], promised["seconds"]
    newest = _of_written(rows, column, table.fields[column][1])
    if newest is None or now.timestamp() - newest > seconds:
        newest = _of_table(step, table, snapshot, column) or newest
    if newest is None:
        return [CheckResult("freshness", "warning", False, f"{column} has no value", [])]
    age = now.timestamp() - newest
    shown = datetime.fromtimestamp(newest, UTC).isoformat()
    why = "" if age <= seconds else f"the newest {column} is {shown}, {age / DAY_SECONDS:.1f} days old"
    return [CheckResult("freshness", "warning", not why, why, [])]


def _of_written(rows: Rows, column: str, kind: str) -> float | None:
    """Seconds since the epoch of a day's end or an instant, as a number: an instant as a Python object would want pytz."""
    micros = rows.query(f"SELECT epoch_us(max({name(column)})) FROM written")[0][0]
    if micros is None:
        return None
    return micros / 1_000_000 + (DAY_SECONDS if kind == "date" else 0)


def _of_table(step: "Step", table: Table, snapshot: Snapshot, column: str) -> float | None:
    """By what the manifests know of each file."""
    field, kind = table.fields[column]
    found = span(live_files(step.store, snapshot), field, kind)
    if found is None:
        return None
    return (found[1] + 1) * DAY_SECONDS if kind == "date" else found[1] / 1_000_000
