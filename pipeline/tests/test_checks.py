"""Whom a failed rule is blamed on, and what the metrics of the standard's library count."""

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
from gridata.checks.culprits import culprits
from gridata.checks.metrics import counted, holds, metric
from gridata.checks.rules import condition_of
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_exactly_the_bad_files_are_blamed(bad: list[bool]) -> None:
    files = [f"d{number}" for number in range(len(bad))]
    wrong = [file for file, is_bad in zip(files, bad, strict=True) if is_bad]
    found = culprits(files, lambda some: not set(some) & set(wrong))
    assert set(wrong) <= set(found)
    if len(wrong) <= 20:
        assert found == wrong


def test_of_two_files_that_do_not_go_together_the_later_is_blamed() -> None:
    assert culprits(["a", "b", "c", "d"], lambda some: not {"b", "d"} <= set(some)) == ["d"]


def test_one_bad_file_of_many_is_found_by_halving() -> None:
    asked: list[int] = []

    def holds_for(some: Sequence[str]) -> bool:
        asked.append(len(some))
        return "d77" not in some

    assert culprits([f"d{n}" for n in range(200)], holds_for) == ["d77"]
    assert len(asked) <= 10


def test_what_no_file_is_the_cause_of_is_blamed_on_all() -> None:
    files = [f"d{n}" for n in range(50)]
    assert culprits(files, lambda some: False) == files


def rule(name: str, *, column: str | None = None, unit: str = "rows", **arguments: Any) -> dict[str, Any]:
    return {"name": "r", "metric": name, "column": column, "unit": unit, "arguments": arguments}


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        (rule("rowCount"), 5),
        (rule("nullValues", column="a"), 1),
        (rule("nullValues", column="a", unit="percent"), 20.0),
        (rule("missingValues", column="a"), 2),
        (rule("missingValues", column="a", missingValues=["n/a"]), 1),
        (rule("invalidValues", column="a"), 0),
        (rule("invalidValues", column="a", validValues=["x", "", "n/a"]), 0),
        (rule("invalidValues", column="a", pattern="[a-z]"), 2),
        (rule("duplicateValues", column="a"), 1),
        (rule("duplicateValues", properties=["a", "b"]), 0),
        (rule("invalidValues", column="ok", validValues=[True]), 1),
    ],
)
def test_metrics_count_what_the_standard_says(asked: dict[str, Any], value: float) -> None:
    db = duckdb.connect()
    db.execute(
        "CREATE TABLE written AS SELECT * FROM (VALUES ('x', 1, true), ('x', 2, true), ('', 3, true), (NULL, 4, true), "
        "('n/a', 5, false)) AS t(a, b, ok)"
    )
    assert db.execute(metric(asked, "written")).fetchall()[0][0] == value
    condition = counted(asked)
    if condition is not None and asked["metric"] != "duplicateValues" and asked["unit"] == "rows":
        assert db.execute(f"SELECT count(*) FROM written WHERE {condition}").fetchall()[0][0] == value


def test_a_value_is_compared_as_the_contract_says() -> None:
    between = {"comparison": "mustBeBetween", "expected": [1, 3]}
    assert [holds(between, value) for value in (0, 1, 3, 4, None)] == [False, True, True, False, False]


def test_a_query_that_counts_rows_of_a_condition_tells_the_condition() -> None:
    assert condition_of("SELECT count(*) FROM ${table} WHERE refunds > transactions") == "refunds > transactions"
    assert condition_of("select count(*) from ${table} t join x on t.a = x.a") is None
    assert condition_of("SELECT count(*) FROM ${table} WHERE a > 1 GROUP BY b") is None
