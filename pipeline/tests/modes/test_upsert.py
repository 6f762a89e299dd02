"""The key rule, run by DuckDB over any files in any batches, against an oracle that knows no batches."""

from collections import Counter
from typing import Any

import duckdb
import pytest
from gridata.modes import upsert
from gridata.modes.engine import DUCKDB
from gridata.modes.upsert import KeyRule, Tombstone
from gridata.names import arrival
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle import Delivery, upserted

RULE = KeyRule(
    ("id", "region"),
    ("changed",),
    Tombstone("op", ("D", "X")),
    {"region": "string", "id": "long", "changed": "int", "op": "string", "value": "int"}
    | {"_delivery_id": "string", "_row": "long", "_arrival": "string"},
)
DEAD = {"column": "op", "values": ("D", "X")}
COLUMNS = list(RULE.types)


class Table:
    """A table and its remembered tombstones. Each batch goes the way that it goes in production."""

    def __init__(self, rule: KeyRule) -> None:
        self.rule = rule
        self.db = duckdb.connect(":memory:")
        columns = ", ".join(f'"{c}" {DUCKDB.type(t)}' for c, t in rule.types.items())
        for name in ("target", "arrived"):
            self.db.execute(f"CREATE TABLE {name} ({columns})")
        known = ", ".join(DUCKDB.name(c) for c in rule.remembered)
        self.db.execute(f"CREATE TABLE tombstones AS SELECT {known} FROM target")

    def apply(self, batch: list[Delivery]) -> Counter[tuple[str, int]]:
        """Counts by (outcome, whether a row of the key was there)."""
        db, rule = self.db, self.rule
        db.execute("DELETE FROM arrived")
        for one in batch:
            for at, row in enumerate(one.rows, start=1):
                own = {**row, "_delivery_id": one.arrival, "_row": at, "_arrival": one.arrival}
                db.execute(
                    f"INSERT INTO arrived VALUES ({', '.join('?' * len(rule.types))})", [own[c] for c in rule.types]
                )
        db.execute("CREATE OR REPLACE VIEW incoming AS SELECT * FROM arrived")
        found = db.execute(upsert.extent(rule, DUCKDB)).fetchone()
        assert found is not None
        where = upsert.within(rule, DUCKDB, found, "t")
        table = "target" if self.count("target") else None
        tombstones = "tombstones" if self.count("tombstones") else None
        found_of_each = upsert.outcomes(rule, DUCKDB, table, tombstones, where)
        db.execute(f"CREATE OR REPLACE TABLE outcomes AS {found_of_each}")
        counts = Counter(
            {
                (o, live): n
                for o, live, n in db.execute("SELECT _outcome, _live, count(*) FROM outcomes GROUP BY ALL").fetchall()
            }
        )
        db.execute(f"CREATE OR REPLACE TABLE source AS {upsert.changes(rule, DUCKDB, 'outcomes')}")
        db.execute(upsert.merge(rule, DUCKDB, "target", "source", where))
        db.execute(
            f"CREATE OR REPLACE TABLE tombstones AS {upsert.buried_after(rule, DUCKDB, 'outcomes', 'tombstones')}"
        )
        return counts

    def count(self, table: str) -> int:
        found = self.db.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert found is not None
        return int(found[0])

    def rows(self, table: str) -> list[dict[str, Any]]:
        result = self.db.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def canonical(rows: list[dict[str, Any]], columns: list[str]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row[c] for c in columns) for row in rows), key=repr)


values = st.fixed_dictionaries(
    {
        "id": st.integers(1, 3),
        "region": st.sampled_from(["eu", "us'\\"]),
        "changed": st.none() | st.integers(-1, 2),
        "op": st.none() | st.sampled_from(["U", "D", "X"]),
        "value": st.integers(0, 9),
    }
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Delivery], list[list[Delivery]]]:
    """Files, and the batches that they come in: any batching, any order of arrival."""
    files = draw(st.lists(st.lists(values, max_size=4), min_size=1, max_size=6))
    times = draw(st.lists(st.integers(0, 3), min_size=len(files), max_size=len(files)))
    deliveries = [
        Delivery(arrival(ms, f"d{i}"), tuple(rows)) for i, (ms, rows) in enumerate(zip(times, files, strict=True))
    ]
    shuffled = draw(st.permutations(deliveries))
    batches: list[list[Delivery]] = [[]]
    for one in shuffled:
        if batches[-1] and draw(st.booleans()):
            batches.append([])
        batches[-1].append(one)
    return deliveries, batches


def one(key: int, changed: int | None, op: str, value: int) -> dict[str, Any]:
    return {"id": key, "region": "eu", "changed": changed, "op": op, "value": value}


NEW, OLD, DEL = (
    Delivery("2/n", (one(1, 1, "U", 1),)),
    Delivery("1/o", (one(1, 0, "U", 0),)),
    Delivery("3/d", (one(1, 2, "D", 0),)),
)


@settings(max_examples=80, deadline=None)
@given(histories())
@example(([OLD, NEW, DEL], [[NEW], [DEL], [OLD]]))
@example(
    (
        [NEW, Delivery("3/d", (one(1, 1, "D", 0), one(1, 1, "U", 7)))],
        [[NEW], [Delivery("3/d", (one(1, 1, "D", 0), one(1, 1, "U", 7)))]],
    )
)
def test_any_batching_and_any_order_gives_the_same_table(history: tuple[list[Delivery], list[list[Delivery]]]) -> None:
    deliveries, batches = history
    table = Table(RULE)
    for batch in batches:
        before = table.count("target")
        counts = table.apply(batch)
        assert sum(counts.values()) == sum(len(d.rows) for d in batch)
        after = before + counts["inserted", 0] - counts["deleted", 1]
        assert table.count("target") == after
    live, dead = upserted(deliveries, RULE.keys, RULE.order, DEAD)
    shown = ["region", "id", "changed", "op", "value", "_row", "_arrival"]
    assert canonical(table.rows("target"), shown) == canonical(live, shown)
    remembered = list(RULE.remembered)
    assert canonical(table.rows("tombstones"), remembered) == canonical(dead, remembered)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("int", "-5", "7"),
        ("long", "-9223372036854775808", "9223372036854775807"),
        ("string", "it's \\", "zürich"),
        ("date", "0001-01-01", "9999-12-31"),
        ("timestamp", "1969-12-31 23:59:59.999999", "2026-01-01 00:00:00"),
        ("timestamptz", "1969-12-31 23:59:59.999999+00", "2026-01-01 00:00:00+00"),
        ("decimal(38, 10)", "-0.0000000001", "9999999999999999999999999999.0000000001"),
        ("boolean", "false", "true"),
        ("double", "0.1", "1e300"),
        ("float", "0.1", "1"),
    ],
)
def test_a_key_of_any_type_finds_its_row(kind: str, low: str, high: str) -> None:
    rule = KeyRule(("k",), (), None, {"k": kind, "v": "int", "_row": "long", "_arrival": "string"})
    table = Table(rule)
    table.db.execute("SET TimeZone = 'UTC'")
    table.apply([Delivery("1", tuple({"k": k, "v": 1} for k in (low, high)))])
    counts = table.apply([Delivery("2", tuple({"k": k, "v": 2} for k in (low, high)))])
    assert counts == Counter({("updated", 1): 2})
    assert table.db.execute("SELECT v FROM target").fetchall() == [(2,), (2,)]


def test_without_order_columns_the_last_arrival_wins_and_a_late_file_does_not() -> None:
    rule = KeyRule(("k",), (), None, {"k": "int", "v": "string", "_row": "long", "_arrival": "string"})
    table = Table(rule)
    a, b = ({"k": 1, "v": "a"},), ({"k": 1, "v": "b"},)
    for at, rows in ((2, a), (3, b), (4, a), (1, b)):
        table.apply([Delivery(arrival(at, f"d{at}"), rows)])
    assert [row["v"] for row in table.rows("target")] == ["a"]
