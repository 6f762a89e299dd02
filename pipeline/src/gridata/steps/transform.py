"""The dataset's own job, between the accepted rows and the key rule. What it does wrong parks the batch with the cause."""

from typing import Any

from gridata.errors import KitError
from gridata.jobs import Context
from gridata.jobs.accounting import Account, count, sample, verify
from gridata.jobs.load import Job, load_job, raised
from gridata.jobs.locate import failing, locate
from gridata.jobs.schema import differences
from gridata.ledger import Member
from gridata.steps.context import Step, release_folder
from gridata.steps.reads import Reads


class TransformError(KitError):
    """`rows`: records at which it went wrong, where that can be told."""

    def __init__(self, error: KitError, rows: list[dict[str, Any]]) -> None:
        super().__init__(error.code, error.what, error.why, error.fix)
        self.rows = rows


def job_of(step: Step) -> Job | None:
    folder = release_folder(step.settings, step.batch.release_id) / "spark-jobs"
    return load_job(folder / f"{step.contract['domain']}_{step.contract['dataset']}")


def transformed(step: Step, spark: Any, rows: Any, fresh: list[Member], reads: Reads) -> Any:
    """What is to be written instead of `rows`, the accepted ones of `fresh`; None: nothing. The ledger accounts for each record."""
    job = job_of(step)
    if job is None:
        return rows
    found, context = _run(job, step, rows, reads)
    try:
        accounts = count(found, context.drops)
    except Exception as error:
        rows.count()  # when not even that can be had, it is no fault of the job
        bad = _first_bad(job, step, rows, fresh, reads)
        raise TransformError(raised(job, error), bad) from error
    names = {m.delivery_id: m.name for m in fresh}
    accepted = {m.delivery_id: int((m.result or {})["accepted"]) for m in fresh}
    wrong = verify(job.file, accounts, accepted, names)
    if wrong is not None:
        raise TransformError(wrong, _named(sample(rows, found, context.drops), names))
    _record(step, fresh, accounts)
    step.log.info("transformed", job=job.file, dropped=sum(sum(a.dropped.values()) for a in accounts.values()))
    return found if any(account.kept for account in accounts.values()) else None


def _run(job: Job, step: Step, rows: Any, reads: Reads) -> tuple[Any, Context]:
    context = Context(
        world=step.world,
        batch=step.batch.batch_id,
        contract=step.contract,
        params=step.contract.get("params") or {},
        table=reads.frame,
    )
    found = job.call("transform", rows, context)
    if not hasattr(found, "schema"):
        raise KitError(
            "TRANSFORM_SCHEMA",
            f"{job.file} returned no rows",
            f"transform returned {type(found).__name__}, not a DataFrame",
            "return the DataFrame",
        )
    check_schema(job, found, {f.name: f.dataType.simpleString() for f in rows.schema})
    return found.select(*rows.columns), context


def check_schema(job: Job, found: Any, promised: dict[str, str]) -> None:
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
        count(*_counted(_run(job, step, part, reads)))

    for member in fresh:
        own = rows.filter(rows["_delivery_id"] == member.delivery_id)
        records = int((member.result or {}).get("records") or 0)
        row = locate(records, failing(run, own))
        if row is not None:
            cells = own.filter(f"_row = {row}").first()
            values = {name: str(value) for name, value in cells.asDict().items()} if cells else {}
            return [{"delivery_id": member.delivery_id, "name": member.name, "row": row, "values": values}]
    return []


def _counted(found: tuple[Any, Context]) -> tuple[Any, Any]:
    return found[0], found[1].drops


def _named(rows: list[dict[str, Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    return [row | {"name": names.get(row["delivery_id"])} for row in rows]
