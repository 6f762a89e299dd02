"""process: the rows of the batch as one snapshot on an audit branch of this attempt. main is not touched."""

from gridata.lake.spark import release_earlier_sessions
from gridata.steps.context import Step, now
from gridata.steps.evolve import in_effect
from gridata.steps.plan import loaded, make_plan, published_by, remove_stale_branches, resolve_intents
from gridata.steps.write import write


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
    if not plan.writes:
        step.hop("written", started, why="nothing to write")
        return
    table = in_effect(step, table)
    step.catalog.create_branch(table, step.branch, plan.base)
    write(step, table, plan)
    table = loaded(step)
    head = table.refs[step.branch]
    if head == plan.base:
        step.catalog.remove_branch(table, step.branch)
        step.hop("written", started, why="every row was dropped by a named rule")
        return
    step.hop("written", started, ref=str(head))
    step.log.info("written", accepted=plan.accepted, files=len(plan.fresh))
