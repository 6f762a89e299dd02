"""process of a derived batch: the job over the pinned upstream snapshots, as one snapshot on an audit branch.

Where the job says which partitions a change can touch, those alone are computed and replaced; else the whole table is.
"""

import json
from collections.abc import Mapping
from typing import Any

from gridata import failpoint
from gridata.errors import KitError
from gridata.jobs import Context
from gridata.jobs.load import Job, raised
from gridata.lake.catalog import Snapshot, Table
from gridata.lake.spark import release_earlier_sessions, session, summary_options
from gridata.steps.changes import changed_rows
from gridata.steps.context import Step, now
from gridata.steps.plan import loaded, published_by, remove_stale_branches, resolve_intents
from gridata.steps.reads import Reads
from gridata.steps.transform import check_schema, job_of, own_types

UPSTREAM, FINGERPRINT, TOUCHED = "gridata.upstream", "gridata.fingerprint", "gridata.touched"
"""More than these partitions, and the whole table is computed anew: their names must fit into a snapshot's summary."""
MOST_TOUCHED = 400

Pinned = Mapping[str, int | None]


def run(step: Step) -> None:
    started = now()
    release_earlier_sessions(step)
    table = step.catalog.ensure(step.batch.table, _own(step.contract))
    table = resolve_intents(step, table)
    table = remove_stale_branches(step, table)
    if published_by(step, table) is not None:
        step.log.info("already published by an earlier attempt")
        return
    pinned = upstream_of(step)
    gone = _gone(step, pinned)
    if gone is not None:
        step.ledger.cancel_derived(*step.id, {"code": "UPSTREAM_GONE", "reason": gone})
        return
    before = newest(table)
    if before is not None and _read(before) == pinned and before.summary.get(FINGERPRINT) == _fingerprint(step):
        step.hop("written", started, why="this state of its upstream is what the table holds")
        return
    job = job_of(step)
    if job is None:
        raise KitError(
            "TRANSFORM_MISSING",
            f"{step.batch.table} is derived and has no job",
            "a derived table is what its job makes of its upstream tables",
            f"write spark-jobs/{step.contract['domain']}_{step.contract['dataset']}/job.py",
        )
    with session(step, last=not step.checked_by_spark) as spark:
        reads = Reads(step, spark, dict(pinned))
        partitions = _touched(step, job, reads, before, pinned)
        if partitions == []:
            step.hop("written", started, why="nothing that it is computed from has changed")
            spark.stop()
            return
        column = _partition_column(step, job) if partitions is not None else None
        rows = _computed(step, job, reads, pinned, column, partitions)
        step.catalog.create_branch(table, step.branch, table.main)
        failpoint.reach("derive.commit", "before", step.world)
        summary = {UPSTREAM: told(pinned), FINGERPRINT: _fingerprint(step)}
        if partitions is not None:
            summary[TOUCHED] = json.dumps([column, *(str(one) for one in partitions)])
        _write(step, job, rows, column, partitions, summary)
        failpoint.reach("derive.commit", "after", step.world)
    step.hop("written", started, ref=str(loaded(step).refs[step.branch]), why=_words(partitions))
    step.log.info("derived", upstream=told(pinned), partitions=None if partitions is None else len(partitions))


def _own(contract: dict[str, Any]) -> dict[str, Any]:
    """Rows that are computed come from no file: the table has none of the columns that tell of one."""
    iceberg = contract["iceberg"]
    own = {column["name"] for column in contract["columns"]}
    fields = [field for field in iceberg["schema"]["fields"] if field["name"] in own]
    return {**iceberg, "schema": {**iceberg["schema"], "fields": fields}}


def upstream_of(step: Step) -> dict[str, int | None]:
    """In the contract's order: the first one is what `transform` gets as its rows."""
    pinned = step.batch.upstream or {}
    return {name: None if pinned.get(name) is None else int(str(pinned[name])) for name in step.contract["derives"]}


def newest(table: Table) -> Snapshot | None:
    """The derived snapshot that main shows."""
    return next((one for one in table.ancestry() if UPSTREAM in one.summary), None)


def _read(snapshot: Snapshot) -> dict[str, int | None]:
    found = json.loads(snapshot.summary[UPSTREAM])
    return {name: None if one is None else int(one) for name, one in found.items()}


def told(pinned: Pinned) -> str:
    """Snapshot ids as texts: they have 64 bits."""
    return json.dumps({name: None if one is None else str(one) for name, one in pinned.items()})


def _fingerprint(step: Step) -> str:
    """Of the contract and its job: what another form of them computed is no ground to go on from."""
    return str(step.contract["fingerprint"])


def _gone(step: Step, pinned: Pinned) -> str | None:
    for name, snapshot in pinned.items():
        if snapshot is None:
            continue
        table = step.catalog.load(name)
        if table is None or snapshot not in table.snapshots:
            return f"snapshot {snapshot} of {name} is not there any more"
    return None


def _touched(step: Step, job: Job, reads: Reads, before: Snapshot | None, pinned: Pinned) -> list[Any] | None:
    """The partitions to compute anew; None: all of them."""
    if before is None or not hasattr(job.module, "touched") or before.summary.get(FINGERPRINT) != _fingerprint(step):
        return None
    keys = [c["name"] for c in step.contract["columns"] if c["key"]]
    if keys and _partition_column(step, job) not in keys:
        # A key of a partition that is replaced could be in one that stays.
        return None
    earlier = _read(before)
    changed: dict[str, Any] = {}
    for name, snapshot in pinned.items():
        rows = changed_rows(reads, name, earlier.get(name), snapshot)
        if rows is None:
            step.log.info("the whole table is computed: what changed can't be told", upstream=name)
            return None
        changed[name] = rows
    found = job.call("touched", changed, _context(step, reads, None))
    if found is None:
        return None
    column = _partition_column(step, job)
    try:
        if found.columns != [column]:
            raise KitError(
                "TRANSFORM_TOUCHED",
                f"{job.file} says which partitions are touched by other columns than the table's",
                f"touched returned {', '.join(found.columns)}; the table is partitioned by {column}",
                f"return a DataFrame with the column {column} alone, or None for the whole table",
            )
        values = [
            row[0] for row in found.filter(f"`{column}` IS NOT NULL").distinct().limit(MOST_TOUCHED + 1).collect()
        ]
    except KitError:
        raise
    except Exception as error:
        raise raised(job, error) from error
    return sorted(values) if len(values) <= MOST_TOUCHED else None


def _partition_column(step: Step, job: Job) -> str:
    columns = [field["column"] for field in step.contract["partition"] if field["transform"] == "identity"]
    if columns:
        return str(columns[0])
    raise KitError(
        "TRANSFORM_TOUCHED",
        f"{job.file} says which partitions are touched, and the table has none",
        "only whole partitions by a column's own value can be replaced",
        "partition the table by that column, or take 'touched' out of the job",
    )


def _context(step: Step, reads: Reads, partitions: list[Any] | None) -> Context:
    return Context(
        world=step.world,
        batch=step.batch.batch_id,
        contract=step.contract,
        table=reads.frame,
        touched=partitions,
    )


def _computed(
    step: Step, job: Job, reads: Reads, pinned: Pinned, column: str | None, partitions: list[Any] | None
) -> Any:
    from pyspark.sql import functions as f

    rows = job.call("transform", reads.frame(next(iter(pinned))), _context(step, reads, partitions))
    promised = own_types(step.contract)
    check_schema(job, rows, promised)
    rows = rows.select(*promised)
    return rows if partitions is None else rows.filter(f.col(str(column)).isin(partitions))


def _write(
    step: Step, job: Job, rows: Any, column: str | None, partitions: list[Any] | None, summary: Mapping[str, str]
) -> None:
    from pyspark.sql import functions as f

    writer = rows.writeTo(f"{step.world}.{step.batch.table}.branch_{step.branch}")
    for name, value in summary_options(step, summary).items():
        writer = writer.option(name, value)
    replaced = f.lit(True) if partitions is None else f.col(str(column)).isin(partitions)
    try:
        writer.overwrite(replaced)
    except Exception as error:
        try:
            rows.write.format("noop").mode("overwrite").save()
        except Exception as own:
            if all(_readable(rows.sparkSession, step, name, one) for name, one in upstream_of(step).items()):
                raise raised(job, own) from error
        raise


def _readable(spark: Any, step: Step, name: str, snapshot: int | None) -> bool:
    """When not even the upstream can be read, it is no fault of the job."""
    try:
        Reads(step, spark).at(name, snapshot).limit(1).collect()
    except Exception:
        return False
    return True


def _words(partitions: list[Any] | None) -> str:
    if partitions is None:
        return "the whole table"
    shown = ", ".join(str(one) for one in partitions[:5])
    return f"{len(partitions)} partitions: {shown}{', ...' if len(partitions) > 5 else ''}"
