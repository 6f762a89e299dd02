"""What the pipeline leaves to Spark and Iceberg, against a real server: `./gridata test jobs`."""

import contextlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gridata.checks import rules
from gridata.errors import KitError
from gridata.jobs.load import load_job
from gridata.lake.catalog import Snapshot, Table
from gridata.steps.changes import changed_rows
from gridata.steps.transform import check_schema
from pyspark.sql import functions as F


def test_a_query_that_fails_blames_the_file_whose_rows_it_counts(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def session(step: Any, *, last: bool) -> Iterator[Any]:
        yield spark

    monkeypatch.setattr(rules, "session", session)
    rows = [("d1", 1, 5), ("d2", 1, -1), ("d2", 2, -2), ("d3", 1, 7)]
    spark.createDataFrame(rows, "_delivery_id string, _row bigint, amount int").createOrReplaceTempView("written")
    asked = [
        ("positive", "SELECT count(*) FROM ${table} WHERE amount < 0", "mustBe", 0, "error"),
        ("much", "SELECT sum(amount) FROM ${table}", "mustBeGreaterThan", 100, "warning"),
    ]
    quality = [
        {
            "name": name,
            "kind": "sql",
            "query": query,
            "comparison": comparison,
            "expected": [value],
            "severity": severity,
        }
        for name, query, comparison, value, severity in asked
    ]
    step: Any = SimpleNamespace(contract={"quality": quality})
    nothing: Any = None
    positive, much = rules.check_rules(step, nothing, lambda _: "written", ["d1", "d2", "d3"])
    assert positive.deliveries == ["d2"]
    assert [(row["_row"], row["amount"]) for row in positive.rows] == [(1, -1), (2, -2)]
    assert (much.passed, much.deliveries) == (False, [])


def test_of_a_column_that_is_not_there_the_line_of_the_job_is_told(spark: Any, tmp_path: Path) -> None:
    folder = tmp_path / "sales_daily"
    folder.mkdir()
    lines = [
        "from pyspark.sql import functions as F",
        "",
        "def transform(df, ctx):",
        '    return df.select(F.col("price"))',
    ]
    (folder / "job.py").write_text("\n".join(lines), encoding="utf-8")
    job = load_job(folder)
    assert job is not None
    found = job.call("transform", spark.range(3), None)
    with pytest.raises(KitError) as told:
        check_schema(job, found, {"id": "bigint"})
    assert told.value.code == "TRANSFORM_RAISED"
    assert 'job.py:4: return df.select(F.col("price"))' in told.value.why
    assert "Project" not in told.value.why


@pytest.fixture
def lake(spark: Any, tmp_path: Path) -> str:
    """A catalog of its own, with a table `s.t` of three commits: two that add, one that corrects."""
    catalog = "w_" + "".join(letter for letter in tmp_path.name if letter.isalnum())
    options = {"": "org.apache.iceberg.spark.SparkCatalog", ".type": "hadoop", ".cache-enabled": "false"}
    for option, value in {**options, ".warehouse": str(tmp_path)}.items():
        spark.conf.set(f"spark.sql.catalog.{catalog}{option}", value)
    for statement in (
        f"CREATE NAMESPACE {catalog}.s",
        f"CREATE TABLE {catalog}.s.t (id bigint, day date, v int) USING iceberg PARTITIONED BY (day)",
        f"INSERT INTO {catalog}.s.t VALUES (1, date'2026-01-01', 1), (2, date'2026-01-02', 1), (3, date'2026-01-01', 5)",
        f"INSERT INTO {catalog}.s.t VALUES (4, date'2026-01-03', 1)",
        f"MERGE INTO {catalog}.s.t USING (SELECT 2 AS id, 9 AS v) n ON t.id = n.id WHEN MATCHED THEN UPDATE SET v = n.v",
    ):
        spark.sql(statement).collect()
    return catalog


def test_the_changed_rows_between_two_snapshots_are_found(spark: Any, lake: str) -> None:
    kept = spark.sql(f"SELECT * FROM {lake}.s.t.snapshots ORDER BY committed_at").collect()
    snapshots = {
        row.snapshot_id: Snapshot(row.snapshot_id, row.parent_id, {**row.summary, "operation": row.operation}, "")
        for row in kept
    }
    first, second, third = snapshots
    table = Table("s.t", "uuid", {"main": third}, snapshots, {"fields": []}, {}, 0)
    step = SimpleNamespace(
        catalog=SimpleNamespace(load=lambda name: table), world=lake, log=SimpleNamespace(info=lambda *_, **__: None)
    )
    reads: Any = SimpleNamespace(step=step, spark=spark)

    def changed(earlier: int, later: int) -> list[tuple[int, int]] | None:
        rows = changed_rows(reads, "s.t", earlier, later)
        return None if rows is None else sorted((row.id, row.v) for row in rows.collect())

    assert changed(first, second) == [(4, 1)]
    # A correction is the row as it was and as it is; the rows that were only copied are not among them.
    assert changed(second, third) == [(2, 1), (2, 9)]
    assert changed(first, third) == [(2, 1), (2, 9), (4, 1)]
    assert changed(third, first) is None


def test_partitions_are_replaced_on_a_branch_by_one_snapshot(spark: Any, lake: str) -> None:
    branch = f"{lake}.s.t.branch_audit_x"
    spark.sql(f"ALTER TABLE {lake}.s.t CREATE BRANCH audit_x").collect()
    fresh = spark.sql("SELECT 7L AS id, date'2026-01-01' AS day, 1 AS v")
    touched = F.col("day").isin([date(2026, 1, 1)])
    fresh.writeTo(branch).option("snapshot-property.gridata.touched", "x").overwrite(touched)
    ids = spark.sql(f"SELECT id FROM {lake}.s.t VERSION AS OF 'audit_x' ORDER BY id").collect()
    assert [row.id for row in ids] == [2, 4, 7]
    assert spark.sql(f"SELECT id FROM {lake}.s.t").count() == 4
    newest = spark.sql(f"SELECT summary FROM {lake}.s.t.snapshots ORDER BY committed_at DESC LIMIT 1").collect()[0][0]
    assert newest["gridata.touched"] == "x"
    fresh.limit(0).writeTo(branch).overwrite(F.lit(True))
    assert spark.sql(f"SELECT id FROM {lake}.s.t VERSION AS OF 'audit_x'").count() == 0
