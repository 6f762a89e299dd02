"""What a table must hold, computed from all its files at once, row by row: no SQL, no batches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Delivery:
    """Rows of one file; `_row` is their place in it, from 1."""

    arrival: str
    rows: tuple[Row, ...]


def rank(row: Row, order: Iterable[str]) -> tuple[Any, ...]:
    # NULL is less than every value.
    return (*((row[c] is not None, row[c] if row[c] is not None else 0) for c in order), row["_arrival"], row["_row"])


def all_rows(deliveries: Iterable[Delivery]) -> list[Row]:
    return [
        {**row, "_arrival": one.arrival, "_row": at} for one in deliveries for at, row in enumerate(one.rows, start=1)
    ]


def upserted(
    deliveries: Iterable[Delivery], keys: tuple[str, ...], order: tuple[str, ...], dead: Mapping[str, Any] | None
) -> tuple[list[Row], list[Row]]:
    """(rows of the table, tombstones to remember)."""
    greatest: dict[tuple[Any, ...], Row] = {}
    for row in all_rows(deliveries):
        key = tuple(row[k] for k in keys)
        if key not in greatest or rank(row, order) > rank(greatest[key], order):
            greatest[key] = row
    live = [row for row in greatest.values() if dead is None or row[dead["column"]] not in dead["values"]]
    return live, [row for row in greatest.values() if row not in live]


def replaced(deliveries: Iterable[Delivery]) -> list[Row]:
    last = max(deliveries, key=lambda one: one.arrival)
    return all_rows([last])


def partitions_replaced(deliveries: Iterable[Delivery], partition: Any) -> list[Row]:
    """`partition`: of a row."""
    last: dict[Any, str] = {}
    rows = all_rows(deliveries)
    for row in rows:
        last[partition(row)] = max(last.get(partition(row), ""), row["_arrival"])
    return [row for row in rows if row["_arrival"] == last[partition(row)]]
