from typing import Any

COLUMNS = "device_id string, value double, firmware string"


def test_a_version_has_one_spelling(given: Any, run_job: Any) -> None:
    outcome = run_job(given(COLUMNS, [("dev-00001", 1.5, " 2.0.0-RC1 "), ("dev-00002", 2.0, None)]))
    assert [row["firmware"] for row in outcome.rows] == ["2.0.0-rc1", None]
    assert outcome.dropped == {}


def test_what_the_test_bench_measures_does_not_count(given: Any, run_job: Any) -> None:
    outcome = run_job(given(COLUMNS, [("dev-00000", 9.9, "1.4.0"), ("dev-00001", 1.5, "1.4.0")]))
    assert [row["device_id"] for row in outcome.rows] == ["dev-00001"]
    assert outcome.dropped == {"test_bench": 1}
