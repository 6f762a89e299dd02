"""Values that must be in another table: at its present main, whose snapshot the result names."""

from typing import TYPE_CHECKING, Any

from gridata.checks.bounds import overlaps, span
from gridata.checks.result import CheckResult
from gridata.lake.catalog import Table
from gridata.lake.files import DataFile, live_files
from gridata.lake.rows import Rows
from gridata.validation.rules import name

if TYPE_CHECKING:
    from gridata.steps.context import Step

SAMPLE = 20


def check_references(step: "Step", rows: Rows, table: Table, written: list[DataFile]) -> list[CheckResult]:
    return [_check(step, rows, table, written, reference) for reference in step.contract["references"]]


def _check(step: "Step", rows: Rows, table: Table, written: list[DataFile], reference: dict[str, Any]) -> CheckResult:
    other = step.catalog.load(reference["table"])
    near = [] if other is None else _near(step, table, written, other, reference)
    pairs = list(zip(reference["columns"], reference["to"], strict=True))
    # A reference with a NULL in it refers to nothing.
    lost = " AND ".join(f"w.{name(column)} IS NOT NULL" for column, _ in pairs)
    if near:
        rows.add("referred", near)
        same = " AND ".join(f"r.{name(to)} = w.{name(column)}" for column, to in pairs)
        lost += f" AND NOT EXISTS (SELECT 1 FROM referred r WHERE {same})"
    by_delivery = rows.query(f"SELECT w._delivery_id, count(*) FROM written w WHERE {lost} GROUP BY 1 ORDER BY 1")
    passed = not by_delivery
    why = ""
    if not passed:
        columns = ", ".join(reference["columns"])
        why = f"{columns} of {sum(n for _, n in by_delivery)} rows is not in {reference['table']}"
    return CheckResult(
        reference["name"],
        reference["severity"],
        passed,
        why,
        [delivery for delivery, _ in by_delivery],
        [] if passed else rows.dicts(f"SELECT w.* FROM written w WHERE {lost} LIMIT {SAMPLE}"),
        {reference["table"]: None if other is None else str(other.main)},
    )


def _near(
    step: "Step", table: Table, written: list[DataFile], other: Table, reference: dict[str, Any]
) -> list[DataFile]:
    """Files of the other table whose range could hold what was written; of another type, all of them."""
    column, to = table.fields[reference["columns"][0]], other.fields[reference["to"][0]]
    within = span(written, *column) if column[1] == to[1] else None
    every = live_files(step.store, other.snapshots[other.main])
    return [file for file in every if file.records > 0 and overlaps(file, *to, within)]
