"""process: the rows of the batch as one snapshot on an audit branch of this attempt. main is not touched."""

import json
from typing import Any

from gridata import failpoint
from gridata.lake.spark import Change, append, release_earlier_sessions
from gridata.steps import derive
from gridata.steps.context import Step, now
from gridata.steps.plan import Plan, loaded, make_plan, published_by, remove_stale_branches, resolve_intents
from gridata.steps.reads import Reads
from gridata.steps.transform import transformed


def run(step: Step) -> None:
    if step.batch.kind == "derived":
        derive.run(step)
        return
    started = now()
    release_earlier_sessions(step)
    table = step.catalog.ensure(step.batch.table, step.contract["iceberg"])
    table = resolve_intents(step, table)
    table = remove_stale_branches(step, table)
    if published_by(step, table) is not None:
        step.log.info("already published by an earlier attempt")
        return
    plan = make_plan(step, table)
    if plan.accepted == 0:
        step.hop("written", started, why="nothing to write")
        return
    step.catalog.create_branch(table, step.branch, plan.base)
    sources = [f"s3://staging/{(m.result or {})['parquet_key']}" for m in plan.fresh]
    failpoint.reach("process.commit", "before", step.world)
    append(step, sources, lambda spark, rows: _changed(step, plan, spark, rows))
    failpoint.reach("process.commit", "after", step.world)
    table = loaded(step)
    head = table.refs[step.branch]
    if head == plan.base:
        step.catalog.remove_branch(table, step.branch)
        step.hop("written", started, why="every row was dropped by a named rule")
        return
    step.hop("written", started, ref=str(head))
    step.log.info("written", accepted=plan.accepted, files=len(sources))


def _changed(step: Step, plan: Plan, spark: Any, rows: Any) -> Change:
    reads = Reads(step, spark)
    found = transformed(step, rows, plan.fresh, reads)
    return Change(found.rows, {"gridata.reads": json.dumps(reads.pinned)} if reads.pinned else {}, found.blame)
