"""process: the rows of the batch as one snapshot on an audit branch of this attempt. main is not touched."""

from gridata import failpoint
from gridata.lake.catalog import Table
from gridata.lake.spark import append, release_earlier_sessions
from gridata.steps.context import Step, now
from gridata.steps.plan import make_plan, published_by, remove_stale_branches, resolve_intents


def run(step: Step) -> None:
    started = now()
    release_earlier_sessions(step)
    table = step.catalog.ensure(step.batch.table, step.contract["iceberg"])
    table = resolve_intents(step, table)
    table = remove_stale_branches(step, table)
    if published_by(step, table) is not None:
        step.log.info("already published by an earlier attempt")
        return
    plan = make_plan(step, table)
    if plan.rows == 0:
        step.hop("written", started, why="nothing to write")
        return
    step.catalog.create_branch(table, step.branch, plan.base)
    sources = [f"s3://staging/{(m.result or {})['parquet_key']}" for m in plan.fresh]
    failpoint.reach("process.commit", "before", step.world)
    append(step, sources)
    failpoint.reach("process.commit", "after", step.world)
    step.hop("written", started, ref=str(_head(step, table)))
    step.log.info("written", rows=plan.rows, files=len(sources))


def _head(step: Step, table: Table) -> int:
    written = step.catalog.load(table.name)
    assert written is not None
    return written.refs[step.branch]
