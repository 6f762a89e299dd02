"""The key of the contract is new to the table, and occurs once in the batch. Within a file validation has seen to it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gridata.checks.bounds import overlaps, span
from gridata.checks.result import CheckResult
from gridata.lake.catalog import Snapshot, Table
from gridata.lake.files import DataFile, live_files
from gridata.lake.rows import Rows
from gridata.lake.store import Store
from gridata.validation.rules import name

if TYPE_CHECKING:
    from gridata.steps.plan import Plan


def key_columns(contract: dict[str, Any]) -> list[str]:
    """Of the primary key, where the mode keeps it unique."""
    if contract["mode"] not in ("append", "upsert"):
        return []
    return [c["name"] for c in sorted(contract["columns"], key=lambda c: c["key"]) if c["key"]]


def key_unique(
    store: Store, rows: Rows, table: Table, plan: "Plan", written: list[DataFile], keys: list[str], scope: str
) -> CheckResult:
    guilty: set[str] = set()
    if scope == "table":
        if len(plan.fresh) > 1:
            guilty |= _twice_in_batch(rows, keys)
        if not plan.base_empty:
            base = live_files(store, table.snapshots[plan.base])
            guilty |= _in_table(rows, list(_near(table, written, base, keys)), keys)
    why = f"keys ({', '.join(keys)}) of {len(guilty)} files are there already" if guilty else ""
    return CheckResult("key_unique", "error", not guilty, why, sorted(guilty))


def keys_once(
    store: Store, rows: Rows, table: Table, snapshot: Snapshot, added: list[DataFile], keys: list[str]
) -> CheckResult:
    """Of an upsert: whatever the batch wrote, the table has its key once. Another engine looks than the one that merged."""
    near = list(_near(table, added, live_files(store, snapshot), keys))
    rows.add("near", near, like="added", columns=keys)
    same = " AND ".join(f"w.{name(key)} = t.{name(key)}" for key in keys)
    columns = ", ".join(f"t.{name(key)}" for key in keys)
    twice = rows.query(
        f"SELECT count(*) FROM (SELECT 1 FROM near t SEMI JOIN written w ON {same} GROUP BY {columns} HAVING count(*) > 1)"
    )[0][0]
    why = f"{twice} keys ({', '.join(keys)}) would be in the table more than once" if twice else ""
    return CheckResult("key_unique", "error", twice == 0, why, [])


def _twice_in_batch(rows: Rows, keys: list[str]) -> set[str]:
    """Deliveries of which a key came before in the batch."""
    found = rows.query(
        "SELECT DISTINCT _delivery_id FROM (SELECT _delivery_id, row_number() OVER "
        f"(PARTITION BY {', '.join(map(name, keys))} ORDER BY _delivery_id, _row) AS nth FROM written) WHERE nth > 1"
    )
    return {str(row[0]) for row in found}


def _near(table: Table, written: list[DataFile], base: Iterable[DataFile], keys: list[str]) -> Iterable[DataFile]:
    """Files whose keys could be the batch's: keys that grow with time are in few of a table's files, and files tell their range."""
    spans = [span(written, *table.fields[key]) for key in keys]
    for file in base:
        if all(overlaps(file, *table.fields[key], within) for key, within in zip(keys, spans, strict=True)):
            yield file


def _in_table(rows: Rows, near: list[DataFile], keys: list[str]) -> set[str]:
    if not near:
        return set()
    rows.add("near", near, like="written", columns=keys)
    same = " AND ".join(f"w.{name(key)} = t.{name(key)}" for key in keys)
    return {str(row[0]) for row in rows.query(f"SELECT DISTINCT w._delivery_id FROM written w JOIN near t ON {same}")}
