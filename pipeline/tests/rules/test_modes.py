"""What the rules ask of modes other than append: outcomes, content that comes again, a contract that does not fit its table."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from gridata.checks import CheckResult
from gridata.errors import KitError
from gridata.lake.catalog import Table
from gridata.modes.outcome import Outcome
from gridata.steps import check, process, publish
from gridata.steps.context import Step
from gridata.steps.plan import Plan
from rules_platform import Platform

Wrote = Callable[[Step, Table, Plan], None]


@pytest.fixture
def platform(server: int, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    made = Platform(server, database, monkeypatch)
    made.contract = {**made.contract, "mode": "upsert", "redelivery": "apply", "order": []}
    made.contract["columns"] = [{"name": "k", "key": 1}]
    first = made.lake.table.snapshots[1]
    made.lake.table = replace(made.lake.table, snapshots={1: replace(first, summary={"total-records": "0"})})
    yield made
    made.close()


def wrote(platform: Platform, outcome: Outcome, total: int) -> Wrote:
    """A write that leaves these outcomes of each delivery, and a table with so many rows."""

    def write(step: Step, table: Table, plan: Plan) -> None:
        for member in plan.fresh:
            counted = {**(member.result or {}), "outcome": outcome.document()}
            step.ledger.file_validated(*step.id, member.delivery_id, str(member.file_id), counted)
        batch, attempt = step.id
        summary = {"gridata.batch": batch, "gridata.attempt": str(attempt), "total-records": str(total)}
        summary["gridata.mode"] = "upsert key (k)"
        platform.lake.write(step.branch, [], summary)

    return write


def started(platform: Platform) -> Step:
    batch = platform.claim()
    assert batch is not None
    return platform.validated(batch)


def test_r9_a_row_without_an_outcome_is_refused(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.drop("a")
    monkeypatch.setattr(process, "write", wrote(platform, Outcome(), 0))
    step = started(platform)
    process.run(step)
    with pytest.raises(check.NotTheBatch, match="0 of 1 rows"):
        check.run(step)


def test_r9_a_table_that_grew_by_other_than_the_outcomes_is_refused(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.drop("a")
    monkeypatch.setattr(process, "write", wrote(platform, Outcome(inserted=1), 2))
    step = started(platform)
    process.run(step)
    with pytest.raises(check.NotTheBatch, match="the table has 2 rows, its changes say 1"):
        check.run(step)


def test_content_that_comes_again_is_applied_again(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "write", wrote(platform, Outcome(updated=1, removed=1), 0))
    deliveries: list[str] = []
    for content in ("a", "b", "a"):
        deliveries.append(platform.drop(content))
        step = started(platform)
        for run in (process.run, check.run, publish.run):
            run(step)
    assert [platform.state(delivery) for delivery in deliveries] == ["published"] * 3
    assert len(platform.lake.table.ancestry()) == 4


def test_a_file_that_is_older_than_the_table_is_published_and_says_so(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = platform.drop("late")
    monkeypatch.setattr(process, "write", wrote(platform, Outcome(superseded=1), 0))
    step = started(platform)
    for run in (process.run, check.run, publish.run):
        run(step)
    assert platform.state(delivery) == "published"
    told = platform.sql("select reason->>'code' from ledger.delivery where delivery_id = %s", delivery)
    counted = platform.sql("select outcome->>'superseded' from ledger.delivery where delivery_id = %s", delivery)
    assert (told, counted) == ("SUPERSEDED", "1")


def test_a_contract_that_does_not_fit_its_table_writes_nothing(platform: Platform) -> None:
    platform.drop("a")
    fields = [{"id": 1, "name": "k", "required": False, "type": "long"}]
    platform.lake.table = replace(platform.lake.table, schema={"schema-id": 0, "fields": fields})
    platform.contract = {**platform.contract, "version": "1.1.0"}
    step = started(platform)
    with pytest.raises(KitError, match=r"until .* is migrated: column k would be dropped") as refused:
        process.run(step)
    assert refused.value.code == "SCHEMA_NOT_IN_EFFECT"
    assert list(platform.lake.table.refs) == ["main"]


def test_another_key_is_not_in_effect_on_rows_that_are_there(platform: Platform) -> None:
    platform.drop("a")
    summary = {"total-records": "3", "gridata.mode": "upsert key (k, region)"}
    first = replace(platform.lake.table.snapshots[1], summary=summary)
    platform.lake.table = replace(platform.lake.table, snapshots={1: first})
    platform.contract = {**platform.contract, "version": "1.1.0"}
    with pytest.raises(
        KitError, match=r"kept by 'upsert key \(k\)', the table's are kept by 'upsert key \(k, region\)'"
    ):
        process.run(started(platform))


def test_a_failed_check_blames_no_file_that_the_snapshot_has_nothing_of(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, new = platform.drop("late"), platform.drop("new")

    def write(step: Step, table: Table, plan: Plan) -> None:
        wrote(platform, Outcome(inserted=1), 1)(step, table, plan)
        old = next(member for member in step.members() if member.delivery_id == late)
        counted = {**(old.result or {}), "outcome": Outcome(superseded=1).document()}
        step.ledger.file_validated(*step.id, late, str(old.file_id), counted)

    monkeypatch.setattr(process, "write", write)
    failed = CheckResult("not_wrong", "error", False, "it is wrong", [])
    monkeypatch.setattr(check, "check_snapshot", lambda step, table, plan, snapshot: [failed])
    monkeypatch.setattr(check, "keep_evidence", lambda step, member, results, why: "s3://raw/evidence/")
    step = started(platform)
    process.run(step)
    check.run(step)
    assert (platform.state(late), platform.state(new)) == ("staged", "rejected")
