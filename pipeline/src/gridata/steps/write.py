"""The rows of a batch, by the mode of their contract, as one snapshot on the attempt's branch."""

import json
from typing import Any

from gridata import failpoint, names
from gridata.lake.catalog import Table
from gridata.lake.spark import session, summary_of
from gridata.lake.types import spark_schema
from gridata.modes.outcome import Outcome
from gridata.modes.state import state_of
from gridata.modes.write import Prepared, Work, prepare
from gridata.steps.context import Step
from gridata.steps.plan import Plan
from gridata.steps.reads import Reads
from gridata.steps.transform import transformed


def write(step: Step, table: Table, plan: Plan) -> None:
    """The branch stands at the base. Writes nothing when the dataset's job dropped every row, but for a file that is the whole table."""
    with session(step, last=not step.checked_by_spark) as spark:
        rows = _staged(step, spark, plan)
        reads = Reads(step, spark)
        changed = transformed(step, rows, plan.fresh, reads)
        if changed.rows is None and step.contract["mode"] != "replace":
            spark.stop()
            return
        more = {"gridata.reads": json.dumps(reads.pinned)} if reads.pinned else {}
        work = _work(step, spark, table, plan, rows.limit(0) if changed.rows is None else changed.rows, more)
        try:
            prepared = prepare(work)
        except Exception as error:
            raise changed.blame(error) from error
        _record(step, plan, prepared)
        failpoint.reach("process.commit", "before", step.world)
        try:
            prepared.commit()
        except Exception as error:
            raise changed.blame(error) from error
        failpoint.reach("process.commit", "after", step.world)


def _staged(step: Step, spark: Any, plan: Plan) -> Any:
    sources = [f"s3://staging/{(member.result or {})['parquet_key']}" for member in plan.fresh]
    # Without a schema Spark would first run a job that looks into the files for one.
    return spark.read.schema(spark_schema(step.contract["iceberg"]["schema"]["fields"])).parquet(*sources)


def _work(step: Step, spark: Any, table: Table, plan: Plan, rows: Any, more: dict[str, str]) -> Work:
    return Work(
        spark,
        step.contract,
        rows,
        f"{step.world}.{step.batch.table}.branch_{step.branch}",
        0 if plan.base_empty else int(table.snapshots[plan.base].summary["total-records"]),
        {member.delivery_id: names.arrival(member.arrival_ms, member.delivery_id) for member in plan.fresh},
        state_of(table),
        summary_of(step, more),
        f"s3://curated/{names.tombstones_key(step.world, step.batch.table, *step.id)}",
    )


def _record(step: Step, plan: Plan, prepared: Prepared) -> None:
    """R9, before the commit: check compares them with what it finds. Of an append the accepted rows say it all."""
    if step.contract["mode"] == "append":
        return
    for member in plan.fresh:
        outcome = prepared.outcomes.get(member.delivery_id, Outcome())
        result = {**(member.result or {}), "outcome": outcome.document()}
        if result != member.result:
            step.ledger.file_validated(*step.id, member.delivery_id, str(member.file_id), result)
