"""The dataset's own job, between the accepted rows and the key rule. What it does wrong parks the batch with the cause."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gridata.errors import KitError
from gridata.jobs import Context
from gridata.jobs.accounting import Account, count, empty, sample, verify
from gridata.jobs.load import Job, load_job, raised
from gridata.jobs.locate import failing, locate
from gridata.jobs.schema import differences
from gridata.lake.outage import is_outage
from gridata.lake.types import spark_type
from gridata.ledger import Member
from gridata.steps.context import Step, release_folder
from gridata.steps.reads import Reads


class TransformError(KitError):
    """`rows`: records at which it went wrong, where that can be told."""

    def __init__(self, error: KitError, rows: list[dict[str, Any]]) -> None:
        super().__init__(error.code, error.what, error.why, error.fix)
        self.rows = rows


@dataclass(frozen=True)
class Transformed:
    """`rows` None: all were dropped by name. `blame` says whether a failure of what computes them is the job's."""

    rows: Any
    blame: Callable[[Exception], Exception]


def job_of(step: Step) -> Job | None:
    folder = release_folder(step.settings, step.batch.release_id) / "spark-jobs"
    return load_job(folder / f"{step.contract['domain']}_{step.contract['dataset']}")


def transformed(step: Step, rows: Any, fresh: list[Member], reads: Reads) -> Transformed:
    """What is to be written instead of `rows`, the accepted ones of `fresh`. The ledger accounts for each record."""
    job = job_of(step)
    if job is None:
        return Transformed(rows, lambda error: error)
    found, context = _run(job, step, rows, reads)

    def blame(error: Exception) -> Exception:
        if is_outage(error):
            return error
        try:
            rows.count()
        except Exception:  # when not even that can be had, it is no fault of the job
            return error
        return TransformError(raised(job, error), _first_bad(job, step, rows, fresh, reads))

    required = [c["name"] for c in step.contract["columns"] if c["required"]]
    try:
        accounts = count(found, context.drops, required)
    except Exception as error:
        raise blame(error) from error
    names = {m.delivery_id: m.name for m in fresh}
    accepted = {m.delivery_id: int((m.result or {})["accepted"]) for m in fresh}
    wrong = verify(job.file, accounts, accepted, names)
    if wrong is not None:
        bad = empty(found, required) if wrong.code == "TRANSFORM_REQUIRED" else sample(rows, found, context.drops)
        raise TransformError(wrong, [row | {"name": names.get(row["delivery_id"])} for row in bad])
    _record(step, fresh, accounts)
    step.log.info("transformed", job=job.file, dropped=sum(sum(a.dropped.values()) for a in accounts.values()))
    return Transformed(found if any(account.kept for account in accounts.values()) else None, blame)


def _run(job: Job, step: Step, rows: Any, reads: Reads) -> tuple[Any, Context]:
    context = Context(
        world=step.world,
        batch=step.batch.batch_id,
        contract=step.contract,
        table=reads.frame,
    )
    found = job.call("transform", rows, context)
    check_schema(job, found, {f.name: f.dataType.simpleString() for f in rows.schema})
    return found.select(*rows.columns), context


def check_schema(job: Job, found: Any, promised: dict[str, str]) -> None:
    """The columns that a job returned against those that it should."""
    from pyspark.sql.dataframe import DataFrame

    if not isinstance(found, DataFrame):
        problems = [f"transform returned {type(found).__name__}, not a DataFrame"]
    else:
        try:
            returned = {f.name: f.dataType.simpleString() for f in found.schema}
        except Exception as error:  # Spark looks at the plan only now: a column that is not there
            raise raised(job, error) from error
        problems = differences(returned, promised)
    if problems:
        raise KitError(
            "TRANSFORM_SCHEMA",
            f"{job.file} returned other columns than the contract's",
            "; ".join(problems),
            "return exactly the contract's columns and those that begin with _; cast where the type differs",
        )


def own_types(contract: dict[str, Any]) -> dict[str, str]:
    """The contract's columns with their types, as Spark's `simpleString` has them."""
    own = {column["name"] for column in contract["columns"]}
    fields = contract["iceberg"]["schema"]["fields"]
    return {field["name"]: re.sub(r"[ `]", "", spark_type(field["type"])) for field in fields if field["name"] in own}


def _record(step: Step, fresh: list[Member], accounts: dict[str, Account]) -> None:
    """An attempt before this one may have found otherwise, where the job reads a table that moved since."""
    for member in fresh:
        dropped = accounts.get(member.delivery_id, Account()).dropped
        result = dict(member.result or {})
        if result.get("dropped", {}) != dropped:
            result["dropped"] = dropped
            step.ledger.file_validated(*step.id, member.delivery_id, str(member.file_id), result)


def _first_bad(job: Job, step: Step, rows: Any, fresh: list[Member], reads: Reads) -> list[dict[str, Any]]:
    def run(part: Any) -> None:
        # Every column is computed and nothing is kept.
        _run(job, step, part, reads)[0].write.format("noop").mode("overwrite").save()

    for member in fresh:
        own = rows.filter(rows["_delivery_id"] == member.delivery_id)
        row = locate(int((member.result or {}).get("records") or 0), failing(run, own))
        if row is not None:
            cells = own.filter(f"_row = {row}").first()
            values = {name: str(value) for name, value in cells.asDict().items()} if cells else {}
            return [{"delivery_id": member.delivery_id, "name": member.name, "row": row, "values": values}]
    return []
