"""Any interleaving of dispatcher, workers, crashes, lost and late answers: what the protocol promises holds all the while.

The steps, the ledger's client and its functions are the real ones; Spark, the catalog and the store are a lake in memory that keeps
the catalog's assertions. What Hypothesis finds replays: its last lines are the program that fails.
"""

import contextlib
import itertools
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from gridata import config, names
from gridata.config import Config
from gridata.lake.catalog import CatalogRefusal, Table
from gridata.ledger import Ledger
from gridata.log import Log
from gridata.steps import check, process, run
from gridata.steps.context import Step
from gridata.steps.plan import Plan
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from interleaved import Order, Worker
from rules_platform import CONTRACT, TABLE, Lake

FAULTS: list[Order] = ["twice", "fail", "lose", "late", "die", "die-after"]
CONTENTS = ["a", "b", "c"]
WORKERS_AT_ONCE = 2
WHICH = st.integers(0, WORKERS_AT_ONCE - 1)
INTERESTING: list[tuple[str, Order]] = [
    ("append", "twice"),
    ("append", "late"),
    ("append", "die-after"),
    ("put_json", "die-after"),
    ("ledger.open_intent", "die"),
    ("ledger.open_intent", "lose"),
    ("publish", "late"),
    ("publish", "lose"),
    ("publish", "die-after"),
    ("ledger.close_batch", "die"),
    ("ledger.close_batch", "lose"),
    ("remove_branch", "late"),
    ("ledger.finish_ingest", "lose"),
]
LATE = {"publish", "append", "remove_branch", "create_branch"}
_worlds = itertools.count(1)
EXAMPLES = int(os.environ.get("GRIDATA_MODEL_EXAMPLES", "40"))


class Interleavings(RuleBasedStateMachine):
    """One world with one table. Set by the test: where the ledger is."""

    port: int
    database: str

    def __init__(self) -> None:
        super().__init__()
        self.world = f"w{next(_worlds)}"
        self.lake = Lake()
        self.dropped: dict[str, str] = {}
        self.workers: list[Worker] = []
        self.late: list[Callable[[], Any]] = []
        self.zombie_writes: list[str] = []
        self.owner = psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=self.database, autocommit=True
        )
        self.sql("select ledger.open_world(%s)", self.world)
        self.sql("select ledger.activate_release('r1', '[]')")

    def teardown(self) -> None:
        try:
            self.converge()
        finally:
            for worker in self.workers:
                while worker.at is not None:
                    with contextlib.suppress(Exception):
                        worker.step("die")
            self.owner.close()

    def sql(self, query: str, *parameters: Any) -> Any:
        done = self.owner.execute(query, parameters)  # type: ignore[arg-type]
        row = done.fetchone() if done.description else None
        return None if row is None else row[0]

    # What the gateway and the dispatcher do.

    @rule(content=st.sampled_from(CONTENTS))
    def drop(self, content: str) -> None:
        delivery = f"{self.world}-d{len(self.dropped)}"
        self.dropped[delivery] = content
        self.sql(
            "select ledger.register_delivery(%s, %s, 'sales', 'transactions', %s, 'v', %s, 1, %s, false, %s)",
            *(delivery, self.world, delivery, content, len(self.dropped), content),
        )

    @rule()
    def claim(self) -> None:
        self.sql(
            "select ledger.claim(%s, %s, 'sales', 'transactions', 'r1', %s, 100, 1000)",
            *(self.world, TABLE, names.new_batch_id()),
        )

    @precondition(lambda self: len(self.alive()) < WORKERS_AT_ONCE)
    @rule()
    def attempt(self) -> None:
        """The next attempt of the oldest open batch; the lease of the one before is over, whether or not it lives on."""
        self.sql(
            """update ledger.batch set not_before = clock_timestamp(), lease_until = clock_timestamp() - interval '1 second'
                where world = %s and state = 'open' and not (phase = 'publish' and lease_until is null)""",
            self.world,
        )
        batch = self.sql(
            "select batch_id from ledger.batch where world = %s and state = 'open' order by batch_id limit 1",
            self.world,
        )
        if batch is None:
            return
        attempt = self.sql("select ledger.start_attempt(%s, 60)", batch)
        if attempt is not None:
            self.start(batch, attempt, ["validate", "process", "check", "publish"])

    @precondition(lambda self: len(self.alive()) < WORKERS_AT_ONCE)
    @rule()
    def grant(self) -> None:
        row = self.owner.execute(
            "select batch_id, attempt from ledger.grant_slot(%s, %s, 60)", [self.world, TABLE]
        ).fetchone()
        if row is not None:
            self.start(row[0], row[1], ["process", "check", "publish"])

    # What happens to the workers.

    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.at is not None]

    def pick(self, which: int) -> Worker | None:
        alive = self.alive()
        return alive[which % len(alive)] if alive else None

    @precondition(lambda self: self.alive())
    @rule(which=WHICH, effects=st.integers(1, 30))
    def work(self, which: int, effects: int) -> None:
        worker = self.pick(which)
        for _ in range(effects):
            if worker is not None:
                worker.step()

    @precondition(lambda self: self.alive())
    @rule(which=WHICH, strike=st.sampled_from(INTERESTING))
    def strike_at(self, which: int, strike: tuple[str, Order]) -> None:
        """The effects that matter are few: strikes right at one."""
        at, fault = strike
        worker = self.pick(which)
        while worker is not None and worker.at is not None and worker.at != at:
            worker.step()
        self.strike(which, fault)

    @precondition(lambda self: self.alive())
    @rule(which=WHICH, fault=st.sampled_from(FAULTS))
    def strike(self, which: int, fault: Order) -> None:
        worker = self.pick(which)
        if worker is not None:
            worker.step(fault)
            self.late.extend(worker.late)
            worker.late.clear()

    @precondition(lambda self: self.late)
    @rule(which=st.integers(0, 7))
    def arrive(self, which: int) -> None:
        with contextlib.suppress(CatalogRefusal):
            self.late.pop(which % len(self.late))()

    # What holds all the while.

    @invariant()
    def every_content_is_in_main_once(self) -> None:
        rows = self.lake.published()
        assert len(rows) == len(set(rows)), f"doubled in main: {rows}"

    @invariant()
    def every_snapshot_of_main_has_its_receipt(self) -> None:
        for snapshot in self.lake.table.ancestry()[:-1]:
            key = names.receipt_key(
                self.world, snapshot.summary["gridata.batch"], int(snapshot.summary["gridata.attempt"])
            )
            receipt = self.lake.objects[f"curated/{key}"]
            assert receipt["snapshot_id"] == str(snapshot.id), "main shows what was not checked"
            published = [one["key"] for one in receipt["deliveries"] if one["verdict"] == "published"]
            assert sorted(published) == sorted(self.lake.rows[snapshot.id])

    @invariant()
    def only_the_newest_attempt_writes_the_ledger(self) -> None:
        assert not self.zombie_writes

    @invariant()
    def a_void_intent_is_not_in_main(self) -> None:
        void = self.owner.execute(
            "select snapshot_id from ledger.intent where world = %s and state = 'void'", [self.world]
        ).fetchall()
        assert not [snapshot for (snapshot,) in void if self.lake.table.in_main(snapshot)]

    @invariant()
    def what_the_ledger_calls_published_is_in_main(self) -> None:
        rows = self.owner.execute(
            "select publication_key, snapshot_id from ledger.publication where world = %s", [self.world]
        ).fetchall()
        lake = {row: s.id for s in self.lake.table.ancestry() for row in self.lake.rows[s.id]}
        for key, snapshot in rows:
            assert lake.get(key) == snapshot, f"{key} is in {snapshot} by the ledger, in {lake.get(key)} by main"

    def converge(self) -> None:
        """The faults end; nobody helps. Late requests arrive at the end, when they can do the most harm."""
        for _ in range(40):
            for worker in self.alive():
                while worker.at is not None:
                    worker.step()
            self.claim()
            if not self.sql("select count(*) from ledger.batch where world = %s and state = 'open'", self.world):
                break
            self.grant()
            if not self.alive():
                self.attempt()
        while self.late:
            self.arrive(0)
        self.every_content_is_in_main_once()
        assert self.lake.published() == sorted(set(self.dropped.values()))
        states = self.owner.execute(
            "select delivery_id, state, file_id from ledger.delivery where world = %s order by 1", [self.world]
        ).fetchall()
        assert all(state in ("published", "duplicate") for _, state, _ in states), states
        published = sorted(self.dropped[delivery] for delivery, state, _ in states if state == "published")
        assert published == sorted(set(self.dropped.values())), "each content has one delivery that published it"
        assert not self.sql("select count(*) from ledger.intent where world = %s and state = 'open'", self.world)
        assert not self.sql("select count(*) from ledger.slot where world = %s", self.world)

    # The real steps, in a thread that stops before each effect.

    def start(self, batch: str, attempt: int, steps: list[str]) -> None:
        s3, catalog = config.S3("", "", "", ""), config.Catalog("", "")
        settings = Config("s", "publisher", Path(), Path(), ledger=self.ledger_settings(), s3=s3, catalog=catalog)

        def work(worker: Worker) -> None:
            current.worker, current.machine = worker, self
            current.batch, current.attempt = batch, attempt
            for name in steps:
                if run.run_step(settings, Log("test", write=lambda line: None), name, self.world, batch, attempt) != 0:
                    return
                if name == "validate" and not self.sql("select count(*) from ledger.slot where holder = %s", batch):
                    return

        self.workers.append(Worker(work))

    def ledger_settings(self) -> config.Ledger:
        return config.Ledger("127.0.0.1", self.port, self.database, "publisher", "")


class _Current(threading.local):
    """Of this thread: which worker of which machine it is."""

    worker: Worker
    machine: Interleavings
    batch: str
    attempt: int


current = _Current()


def _refused() -> Exception:
    return CatalogRefusal(500, "Injected", "nobody knows whether it was done")


class GatedLedger(Ledger):
    def _rows(self, query: str, parameters: Any) -> list[dict[str, Any]]:
        def lost() -> Exception:
            return psycopg.OperationalError("the connection was lost")

        name = query.removeprefix("select ").split("(")[0] if query.startswith("select ledger.") else "read"

        def ask() -> list[dict[str, Any]]:
            machine = current.machine
            newest = machine.sql("select attempt from ledger.batch where batch_id = %s", current.batch)
            answer = super(GatedLedger, self)._rows(query, parameters)
            if name != "read" and newest != current.attempt:
                machine.zombie_writes.append(f"{name} by attempt {current.attempt} of {newest}")
            return answer

        return current.worker.effect(name, ask, lost, may_be_late=False)

    def another(self) -> "GatedLedger":
        return GatedLedger(current.machine.ledger_settings())


class GatedLake:
    """Catalog and store of the machine that this thread works for."""

    def __init__(self, *_: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        lake = current.machine.lake

        def call(*arguments: Any) -> Any:
            return current.worker.effect(
                name, lambda: getattr(lake, name)(*arguments), _refused, may_be_late=name in LATE
            )

        return call


def _validate(step: Step) -> None:
    for member in step.members():
        result = {"records": 1, "accepted": 1, "rejected": 0, "parquet_key": member.name}
        step.ledger.file_validated(*step.id, member.delivery_id, member.name, result)
    step.ledger.finish_ingest(*step.id)


def _write(step: Step, table: Table, plan: Plan) -> None:
    """Spark: a commit on a branch that must be there. Its client sends it again when it hears no answer."""
    lake, branch = current.machine.lake, step.branch
    batch, attempt = step.id
    rows = [str((member.result or {})["parquet_key"]) for member in plan.fresh]

    def commit() -> None:
        if branch not in lake.table.refs:
            raise CatalogRefusal(409, "CommitFailedException", f"{branch} is gone")
        lake.write(branch, rows, {"gridata.batch": batch, "gridata.attempt": str(attempt)})

    current.worker.effect("append", commit, _refused, may_be_late=True)


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "Ledger", GatedLedger)
    monkeypatch.setattr(run, "Store", GatedLake)
    monkeypatch.setattr(run, "Catalog", GatedLake)
    monkeypatch.setattr(run, "contract_of", lambda *_: CONTRACT)
    monkeypatch.setattr(run, "renewed", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(run, "STEPS", {**run.STEPS, "validate": _validate})
    monkeypatch.setattr(process, "write", _write)
    monkeypatch.setattr(process, "release_earlier_sessions", lambda step: None)
    monkeypatch.setattr(check, "check_snapshot", lambda *_: [])
    # Spark's own failures are told as the catalog's here: both heal.
    monkeypatch.setattr(Step, "hop", lambda *_, **__: None)


def test_any_interleaving(server: int, database: str, gated: None) -> None:
    Interleavings.port, Interleavings.database = server, database
    run_state_machine_as_test(
        Interleavings,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            derandomize="GRIDATA_SEED" not in os.environ,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
