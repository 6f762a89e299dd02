"""The publish protocol under every schedule of a kind: one fault at any effect, a request that arrives at any later moment, an attempt
that is stopped and goes on at any moment of the next one, a ledger that is lost at any moment.

Each schedule ends with no fault and no help, and must converge; what is promised (`promises.py`) is looked at all the way.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from gridata.lake.catalog import CatalogRefusal
from lake import set_ref
from run import Place, Run
from workers import FAULTS, Effect, Order, Worker

Setup = Callable[[Run], Worker]


@contextmanager
def a_run(place: Place) -> Iterator[Run]:
    run = Run(place)
    try:
        yield run
    finally:
        run.close()


def claimed(run: Run, *contents: str) -> Worker:
    """The first attempt of a batch of these, before its first effect."""
    for content in contents:
        run.drop(content)
    batch = run.claim()
    assert batch is not None
    worker = run.start(batch)
    assert worker is not None
    return worker


def appends(run: Run) -> Worker:
    """A new file, the same again, and one that validation refuses."""
    return claimed(run, "a", "a", "refused")


def splits(run: Run) -> Worker:
    """A file that fails its check, and one that was in the same batch."""
    return claimed(run, "a", "bad")


def repeats(run: Run) -> Worker:
    """Nothing that is not published."""
    run.finish(claimed(run, "a"))
    return claimed(run, "a")


SETUPS = [appends, splits, repeats]
ALIKE = ("ledger.renew", "ledger.file_validated")
"""To stop before one of these is no other than to stop before the next change."""


def effects_of(place: Place, setup: Setup) -> list[Effect]:
    """What the attempt does when nothing goes wrong."""
    found: list[Effect] = []
    with a_run(place) as run:
        worker = setup(run)
        while worker.at is not None:
            found.append(worker.at)
            run.step(worker)
        run.end(again=True)
    return found


def telling(effects: list[Effect]) -> list[tuple[int, Effect]]:
    """The first and the last of each name, with their places: what is done for each file is the same each time."""
    names = [effect.name for effect in effects]
    last = {name: at for at, name in enumerate(names)}
    return [(at, one) for at, one in enumerate(effects) if at in (last[one.name], names.index(one.name))]


def changes_of(place: Place, setup: Setup) -> list[Effect]:
    return [effect for effect in effects_of(place, setup) if effect.changes]


@pytest.mark.parametrize("setup", SETUPS)
def test_one_fault_at_any_effect(place: Place, setup: Setup) -> None:
    effects = effects_of(place, setup)
    assert len({effect.name for effect in effects}) > 5
    for at, effect in telling(effects):
        for fault in FAULTS if effect.changes else ("fail", "die"):
            with a_run(place) as run:
                worker = setup(run)
                for _ in range(at):
                    run.step(worker)
                run.step(worker, fault)
                run.finish(worker)
                run.end(again=fault in ("lose", "late"))


@pytest.mark.parametrize("fault", ["late", "echo"])
def test_a_request_that_arrives_at_any_later_moment(place: Place, fault: Order) -> None:
    """late: of an attempt that failed, in the next one. echo: a second time, in the same one."""
    for at, effect in telling(changes_of(place, appends)):
        # The ledger tells a late write by its attempt: at once, and when all is over.
        step = 1 if not effect.name.startswith("ledger.") else 99
        until, going = 0, True
        while going:
            with a_run(place) as run:
                worker = appends(run)
                run.to(worker, at)
                assert worker.at == effect
                run.step(worker, fault)
                if fault == "late":
                    run.finish(worker)
                    following = run.start()
                    assert following is not None
                    worker = following
                going = run.to(worker, until)
                run.arrive()
                run.end()
            until += step


def test_an_attempt_that_was_stopped_goes_on_at_any_moment_of_the_next_one(place: Place) -> None:
    for at, _ in telling(changes_of(place, appends)):
        until, going = 0, True
        while going:
            with a_run(place) as run:
                zombie = appends(run)
                run.to(zombie, at)
                following = run.start()
                assert following is not None
                going = run.to(following, until)
                if following.at is not None and following.at.name in ALIKE:
                    until += 1
                    continue
                run.finish(zombie)
                run.finish(following)
                run.end()
            until += 1


def test_files_that_come_at_any_moment_of_a_batch(place: Place) -> None:
    for at, _ in telling(changes_of(place, appends)):
        with a_run(place) as run:
            worker = appends(run)
            run.to(worker, at)
            run.drop("late")
            run.claim()
            run.finish(worker)
            run.end()


def test_spark_that_loses_a_row_publishes_nothing_of_it(place: Place) -> None:
    with a_run(place) as run:
        worker = appends(run)
        run.lossy = True
        run.finish(worker)
        assert run.lake.main() == []
        run.end()


def test_a_batch_that_waits_for_the_slot_can_not_publish(place: Place) -> None:
    """Whoever starts its run too early: the ledger says no."""
    for until in range(8):
        with a_run(place) as run:
            first = appends(run)
            while first.at is not None and first.at.name != "append":
                run.step(first)
            second = claimed(run, "c")
            run.finish(second)
            early = run.work(*(second.name.split(".")[0], 1, ["process", "check", "publish"]))
            run.to(early, until)
            run.finish(first)
            run.finish(early)
            run.end()


@pytest.mark.parametrize("rebuilt", [True, False])
def test_a_ledger_that_is_lost_at_any_moment(place: Place, rebuilt: bool) -> None:
    """Made anew from the lake it gives every verdict again; empty it still doubles nothing."""
    changes = changes_of(place, appends)
    orders: tuple[Order, ...] = ("die", "late")
    for at, effect in telling(changes):
        for order in orders:
            with a_run(place) as run:
                run.finish(claimed(run, "before"))
                run.finish(claimed(run, "before", "bad"))
                run.converge()
                worker = appends(run)
                run.to(worker, at)
                assert worker.at == effect
                run.step(worker, order)
                while worker.at is not None:
                    run.step(worker, "die")
                run.lose_ledger(rebuilt=rebuilt)
                run.converge()
                run.end()


def test_the_catalog_defends_itself(place: Place) -> None:
    """Requests of someone who is confused or malicious, while a checked snapshot waits to be published."""
    with a_run(place) as run:
        run.finish(claimed(run, "first"))
        worker = claimed(run, "second")
        while worker.at is not None and worker.at.name != "publish":
            run.step(worker)
        lake = run.lake
        root = lake.main()[0].parent
        (branch,) = lake.audit_branches()
        main, waiting = lake.table.main, lake.table.refs[branch]
        assert root is not None
        asserted = [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": main}]
        narrower = {**lake.table.schema, "fields": [], "schema-id": 1}
        for what, status, role, requirements, updates in [
            ("an engine moves main", 403, "engine", asserted, [set_ref("main", waiting)]),
            ("a reader moves main", 403, "reader", asserted, [set_ref("main", waiting)]),
            ("the publisher moves main back", 403, "publisher", asserted, [set_ref("main", root)]),
            ("the publisher asserts nothing", 400, "publisher", [], [set_ref("main", waiting)]),
            ("main is removed", 403, "admin", [], [{"action": "remove-snapshot-ref", "ref-name": "main"}]),
            (
                "what a branch points to expires",
                *(403, "admin", [], [{"action": "remove-snapshots", "snapshot-ids": [waiting]}]),
            ),
            (
                "an engine drops a column",
                *(403, "engine", []),
                [
                    {"action": "add-schema", "schema": narrower, "last-column-id": 1},
                    {"action": "set-current-schema", "schema-id": -1},
                ],
            ),
        ]:
            with pytest.raises(CatalogRefusal) as refused:
                lake.commit(role, requirements, updates)  # type: ignore[arg-type]
            assert refused.value.status == status, what
        found = lake.roles["reader"].load(run.table)
        assert found is not None
        assert (found.main, found.refs[branch]) == (main, waiting)
        run.finish(worker)
        run.end()
