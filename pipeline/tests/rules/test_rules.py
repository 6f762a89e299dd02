"""Each rule of the publish protocol, by what breaks without it. `rules.json` says how each is taken out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gridata import config
from gridata.config import Config
from gridata.ledger import Superseded
from gridata.ledger.client import LEASE_SECONDS
from gridata.log import Log
from gridata.steps import check, process, publish, run
from gridata.steps.plan import resolve_intents
from rules_platform import CONTRACT, WORLD, Platform


@pytest.fixture
def platform(server: int, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    made = Platform(server, database, monkeypatch)
    yield made
    made.close()


def test_r1_files_that_come_while_a_batch_is_open_wait_for_the_next_one(platform: Platform) -> None:
    platform.drop("a")
    first = platform.claim()
    assert first is not None
    late = platform.drop("b")
    assert platform.claim() is None
    assert platform.state(late) == "staged"
    platform.publish(first)
    second = platform.claim()
    assert second is not None
    platform.publish(second)
    assert platform.lake.published() == ["a", "b"]


def test_r2_a_zombie_can_not_write_the_ledger(platform: Platform) -> None:
    delivery = platform.drop("a")
    batch = platform.claim()
    assert batch is not None
    zombie = platform.validated(batch)
    current = platform.validated(batch)
    with pytest.raises(Superseded):
        zombie.ledger.reject(*zombie.id, delivery, {"code": "LATE"})
    with pytest.raises(Superseded):
        zombie.ledger.open_intent(*zombie.id, 1, 2)
    assert platform.state(delivery) == "running"
    process.run(current)
    check.run(current)
    publish.run(current)
    assert platform.state(delivery) == "published"


def test_r3_only_a_snapshot_that_stands_on_the_base_is_checked_and_published(platform: Platform) -> None:
    platform.drop("a")
    batch = platform.claim()
    assert batch is not None
    step = platform.validated(batch)
    process.run(step)
    summary = platform.lake.table.snapshots[platform.lake.table.refs[step.branch]].summary
    platform.lake.write(step.branch, ["a"], {k: v for k, v in summary.items() if k.startswith("gridata")})
    with pytest.raises(check.NotTheBatch):
        check.run(step)
    assert platform.lake.published() == []


def test_r3_a_snapshot_of_another_attempt_is_not_checked(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.drop("a")
    batch = platform.claim()
    assert batch is not None
    step = platform.validated(batch)
    other = {"gridata.batch": batch, "gridata.attempt": "7"}
    monkeypatch.setattr(process, "write", lambda s, table, plan: platform.lake.write(s.branch, ["a"], other))
    process.run(step)
    with pytest.raises(check.NotTheBatch, match="is of"):
        check.run(step)


def test_r4_an_intent_whose_commit_lands_late_is_not_void(platform: Platform) -> None:
    delivery = platform.drop("a")
    batch = platform.claim()
    assert batch is not None
    first = platform.validated(batch)
    process.run(first)
    check.run(first)
    table = platform.lake.table
    base, snapshot = table.main, table.refs[first.branch]
    first.ledger.open_intent(*first.id, base, snapshot)
    # The commit is still on its way when the next attempt looks; it arrives just before its branch is removed.
    platform.lake.before_removal = lambda: platform.lake.publish(table, base, snapshot, first.branch)
    second = platform.validated(batch)
    resolve_intents(second, platform.lake.table)
    assert platform.sql("select state from ledger.intent where batch_id = %s and attempt = 1", batch) == "open"
    platform.lake.before_removal = lambda: None
    for step in (process, check, publish):
        step.run(second)
    assert platform.lake.published() == ["a"]
    assert platform.state(delivery) == "published"


def test_r4_a_commit_that_arrives_after_its_branch_was_removed_fails(platform: Platform) -> None:
    platform.drop("a")
    batch = platform.claim()
    assert batch is not None
    first = platform.validated(batch)
    process.run(first)
    check.run(first)
    table = platform.lake.table
    snapshot = table.refs[first.branch]
    first.ledger.open_intent(*first.id, table.main, snapshot)
    second = platform.validated(batch)
    resolve_intents(second, platform.lake.table)
    assert platform.sql("select state from ledger.intent where batch_id = %s and attempt = 1", batch) == "void"
    assert first.branch not in platform.lake.table.refs
    for step in (process, check, publish):
        step.run(second)
    assert platform.lake.published() == ["a"]


def test_r5_what_the_ledger_knows_as_published_is_not_written_again(platform: Platform) -> None:
    platform.drop("a")
    first = platform.claim()
    assert first is not None
    platform.publish(first)
    again, fresh = platform.drop("a"), platform.drop("b")
    second = platform.claim()
    assert second is not None
    platform.publish(second)
    assert platform.lake.published() == ["a", "b"]
    assert (platform.state(again), platform.state(fresh)) == ("duplicate", "published")


def test_r5_what_only_the_lake_knows_as_published_is_not_written_again(platform: Platform) -> None:
    # A ledger that forgot: the snapshot and its receipt are all that is left.
    lake = platform.lake
    lake.create_branch(lake.table, "audit_blost_1", 1)
    lost = lake.write("audit_blost_1", ["a"], {"gridata.batch": "blost", "gridata.attempt": "1"})
    lake.put_json("curated", f"{WORLD}/_batches/blost/1.json", {"deliveries": [{"key": "a", "verdict": "published"}]})
    lake.publish(lake.table, 1, lost, "audit_blost_1")
    platform.drop("a")
    platform.drop("b")
    batch = platform.claim()
    assert batch is not None
    step = platform.validated(batch)
    process.run(step)
    check.run(step)
    assert lake.rows[lake.table.refs[step.branch]] == ["b"]


def test_r6_an_attempt_writes_under_names_of_its_own(platform: Platform) -> None:
    platform.drop("a")
    batch = platform.claim()
    assert batch is not None
    first = platform.validated(batch)
    second = platform.validated(batch)
    assert first.branch != second.branch
    assert first.receipt_key != second.receipt_key


def test_r8_the_receipt_is_in_the_lake_before_main_moves(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = platform.drop("a")
    batch = platform.claim()
    assert batch is not None
    lake, seen = platform.lake, list[object]()
    commit = lake.publish

    def watched(table: object, base: int, snapshot: int, branch: str) -> None:
        seen.extend(lake.objects.values())
        commit(lake.table, base, snapshot, branch)

    monkeypatch.setattr(lake, "publish", watched)
    platform.publish(batch)
    assert len(seen) == 1
    receipt = seen[0]
    assert isinstance(receipt, dict)
    assert receipt["snapshot_id"] == str(lake.table.main)
    assert [(d["delivery"], d["verdict"]) for d in receipt["deliveries"]] == [(delivery, "published")]


def test_r9_a_snapshot_with_fewer_rows_than_were_accepted_is_refused(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.drop("a")
    platform.drop("b")
    batch = platform.claim()
    assert batch is not None
    step = platform.validated(batch)
    lossy = {"gridata.batch": batch, "gridata.attempt": "1"}
    monkeypatch.setattr(process, "write", lambda s, table, plan: platform.lake.write(s.branch, ["a"], lossy))
    process.run(step)
    with pytest.raises(check.NotTheBatch, match="1 rows were written of 2"):
        check.run(step)


def test_r2_a_step_that_is_done_leaves_the_scheduler_time_to_start_the_next_one(
    platform: Platform, server: int, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.drop("a")
    batch = platform.claim()
    assert batch is not None
    attempt = platform.validated(batch).batch.attempt
    monkeypatch.setattr(run, "STEPS", {"process": lambda step: None})
    monkeypatch.setattr(run, "Store", lambda *_: platform.lake)
    monkeypatch.setattr(run, "Catalog", lambda *_: platform.lake)
    monkeypatch.setattr(run, "contract_of", lambda *_: CONTRACT)
    ledger = config.Ledger("127.0.0.1", server, database, "publisher", "")
    s3, catalog = config.S3("", "", "", ""), config.Catalog("", "")
    settings = Config("s", "publisher", Path(), Path(), ledger=ledger, s3=s3, catalog=catalog)
    log = Log("test", write=lambda line: None)
    assert run.run_step(settings, log, "process", WORLD, batch, attempt) == 0
    left = platform.sql("select extract(epoch from lease_until - clock_timestamp()) from ledger.batch")
    assert left > LEASE_SECONDS
