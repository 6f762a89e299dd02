"""From records of JSON, one after another, to cells: what JSON Lines and a JSON array have in common."""

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pyarrow as pa

from gridata.validation import nested
from gridata.validation.cells import Broken, Cells, Contract, Refused
from gridata.validation.forms import STANDARD
from gridata.validation.json_records import SHOWN, Batches, Malformed
from gridata.validation.rules import duckdb_type, name

# A batch is bounded by both, so memory is.
_ROWS = 8192
_BYTES = 4 << 20

# Ordinal, line, its text, its value or what is wrong with it.
Record = tuple[int, int, bytes, Any]


def to_cells(
    db: duckdb.DuckDBPyConnection, records: Iterator[Record], contract: Contract, counted: Callable[[], int]
) -> Cells:
    """`counted` is asked for the independent count once all records were read."""
    batches = Batches(contract)
    broken: list[Broken] = []
    failed: list[Refused] = []

    def produce() -> Iterator[Any]:
        size = 0
        try:
            for row, line, source, value in records:
                if isinstance(value, dict):
                    batches.add(row, line, value, b"\\u" in source)
                else:
                    rule = value.rule if isinstance(value, Malformed) else "type"
                    shown = source[: SHOWN * 4].decode("utf-8", "replace").strip()[:SHOWN]
                    broken.append(Broken(row, line, rule, shown))
                size += len(source)
                if len(batches) >= _ROWS or size >= _BYTES:
                    size = 0
                    yield batches.take()
            yield batches.take()
        except Refused as refused:
            # Through DuckDB it would come as an error of its own.
            failed.append(refused)

    reader = pa.RecordBatchReader.from_batches(batches.schema, produce())
    db.register("batches", reader)
    db.execute("CREATE TEMP TABLE cells AS SELECT * FROM batches")
    db.unregister("batches")
    if failed:
        raise failed[0]

    def lines(rows: set[int]) -> dict[int, int]:
        found = db.execute("SELECT _row, _line FROM cells WHERE _row IN (SELECT unnest(?))", [sorted(rows)]).fetchall()
        return dict(found)

    return Cells(
        relation=_relation(contract),
        records=counted(),
        broken=broken,
        lines=lines,
        typed=frozenset(c["name"] for c in contract["columns"] if _is_typed(c)),
        found=True,
        dialect=STANDARD,
    )


def _is_typed(column: dict[str, Any]) -> bool:
    return column["type"]["kind"] == "boolean" or nested.is_nested(column["type"])


def _relation(contract: Contract) -> str:
    columns = ["_row"]
    found = "coalesce(_found, [])"
    inner = [nested.faults(c, typed=False) for c in contract["columns"] if nested.is_nested(c["type"])]
    if inner:
        # Of what JSON itself shows to be wrong nothing more is said.
        more = f"list_concat({', '.join(inner)})"
        found = (
            f"list_concat({found}, list_filter({more}, "
            f"lambda _check: NOT list_contains(list_transform({found}, lambda _one: _one.c), _check.c)))"
        )
    for column in contract["columns"]:
        cell = name(column["name"])
        if nested.is_nested(column["type"]):
            # A map whose key means nothing does not give NULL but fails the query.
            cell = f"CASE WHEN len(_found) = 0 THEN CAST({cell} AS {duckdb_type(column['type'])}) END AS {cell}"
        columns.append(cell)
    names = ", ".join(name(column["name"]) for column in contract["columns"])
    return f"(SELECT {', '.join(columns)}, _found FROM (SELECT _row, {names}, {found} AS _found FROM cells))"
