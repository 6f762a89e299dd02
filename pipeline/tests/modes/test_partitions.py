"""Whole partitions, decided over any files in any batches, against an oracle that knows no batches."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from gridata.modes.engine import DUCKDB
from gridata.modes.partitions import Field, Share, value_of, where_any, winners
from gridata.names import arrival
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Delivery, partitions_replaced

FIELDS = [Field("seen", "day", "timestamp"), Field("shop", "identity", "string")]


def partition(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["seen"] and row["seen"].date(), row["shop"])


moments = st.integers(0, 3 * 24 * 6).map(lambda n: datetime(2026, 1, 30) + timedelta(minutes=10 * n))
rows = st.fixed_dictionaries({"seen": st.none() | moments, "shop": st.none() | st.sampled_from(["a'", "b\\"])})


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_batching_and_any_order_gives_the_same_table(data: st.DataObject) -> None:
    files = data.draw(st.lists(st.lists(rows, max_size=4), min_size=1, max_size=6))
    deliveries = [Delivery(arrival(i // 2, f"d{i}"), tuple(file)) for i, file in enumerate(files)]
    db = duckdb.connect(":memory:")
    db.execute("CREATE TABLE target (seen TIMESTAMP, shop VARCHAR, _row BIGINT, _arrival VARCHAR)")
    db.execute("CREATE TABLE incoming AS SELECT * FROM target")
    parts = ", ".join(value_of(field, DUCKDB) for field in FIELDS)
    for one in data.draw(st.permutations(deliveries)):
        if data.draw(st.booleans()):
            _overwrite(db, parts)
        for at, row in enumerate(one.rows, start=1):
            db.execute("INSERT INTO incoming VALUES (?, ?, ?, ?)", [row["seen"], row["shop"], at, one.arrival])
    _overwrite(db, parts)
    found = db.execute("SELECT * FROM target").fetchall()
    expected = [(r["seen"], r["shop"], r["_row"], r["_arrival"]) for r in partitions_replaced(deliveries, partition)]
    assert Counter(found) == Counter(expected)


def _overwrite(db: duckdb.DuckDBPyConnection, parts: str) -> None:
    """What arrived since the last time, as one batch."""
    found = db.execute(f"SELECT {parts}, _arrival, count(*) FROM incoming GROUP BY ALL").fetchall()
    shares = [Share((day, shop), a, a, n) for day, shop, a, n in found]
    published = {
        (d, s): a for d, s, a in db.execute(f"SELECT {parts}, max(_arrival) FROM target GROUP BY ALL").fetchall()
    }
    won = winners(shares, published)
    if won:
        db.execute(f"DELETE FROM target WHERE {where_any(FIELDS, DUCKDB, won)}")
        for delivery in set(won.values()):
            own = where_any(FIELDS, DUCKDB, [values for values, by in won.items() if by == delivery])
            db.execute(f"INSERT INTO target SELECT * FROM incoming WHERE _arrival = '{delivery}' AND ({own})")
    db.execute("DELETE FROM incoming")


@pytest.mark.parametrize(
    ("kind", "transform", "value", "inside", "outside"),
    [
        ("date", "identity", "2026-02-28", date(2026, 2, 28), date(2026, 3, 1)),
        ("date", "day", "2026-02-28", date(2026, 2, 28), date(2026, 3, 1)),
        ("date", "month", "2026-12-01", date(2026, 12, 31), date(2027, 1, 1)),
        ("date", "year", "2024-01-01", date(2024, 2, 29), date(2025, 1, 1)),
        ("date", "year", "9999-01-01", date(9999, 12, 31), date(9998, 12, 31)),
        ("date", "day", "0001-01-01", date(1, 1, 1), date(1, 1, 2)),
        ("timestamp", "hour", "2026-01-01 23:00:00", datetime(2026, 1, 1, 23, 59, 59, 999999), datetime(2026, 1, 2)),
        ("timestamp", "month", "2026-01-01", datetime(2026, 1, 31, 23), datetime(2026, 2, 1)),
        ("int", "identity", "-7", -7, 7),
        ("string", "identity", "o'clock \\", "o'clock \\", "o'clock"),
        ("boolean", "identity", "true", True, False),
    ],
)
def test_a_partition_is_named_by_its_value_and_filtered_exactly(
    kind: str, transform: str, value: str, inside: Any, outside: Any
) -> None:
    field = Field("c", transform, kind)
    db = duckdb.connect(":memory:")
    db.execute(f"CREATE TABLE t (c {DUCKDB.type(kind)})")
    db.executemany("INSERT INTO t VALUES (?)", [[inside], [outside], [None]])
    named = db.execute(f"SELECT {value_of(field, DUCKDB)} FROM t").fetchall()
    assert named[0] == (value,)
    assert db.execute(f"SELECT c FROM t WHERE {where_any([field], DUCKDB, [(value,)])}").fetchall() == [(inside,)]
    assert db.execute(f"SELECT c FROM t WHERE {where_any([field], DUCKDB, [(None,)])}").fetchall() == [(None,)]


def test_neighbouring_days_are_one_span_of_the_filter() -> None:
    sql = where_any([Field("c", "day", "date")], DUCKDB, [("2026-01-02",), ("2026-01-01",), ("2026-01-05",)])
    assert sql.count(" AND ") == 2
    assert "'2026-01-03'" in sql
