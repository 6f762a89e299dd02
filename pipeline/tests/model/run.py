"""One run of the protocol: a table, its deliveries, a dispatcher that the schedule plays, workers that it stops.

The steps, the ledger's client and functions, the catalog and its client are the real ones. Spark, the store and what the validator
and the checks find of a file are played: `bad` content fails its check, `refused` content its validation.
"""

import contextlib
import itertools
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from gridata import config, names
from gridata.checks import CheckResult
from gridata.config import Config
from gridata.lake.catalog import CatalogRefusal, Snapshot, Table
from gridata.ledger import Ledger, Member, Superseded
from gridata.log import Log
from gridata.steps import check, process, run, validate
from gridata.steps.context import Step
from gridata.steps.plan import Plan
from lake import ICEBERG, Lake
from promises import FINAL, Broken, Promises, expect
from rebuild import Rebuilder
from workers import Effect, Late, Order, Worker

CONTRACT: dict[str, Any] = {
    "version": "1.0.0",
    "iceberg": ICEBERG,
    "redelivery": "ignore",
    "mode": "append",
    "columns": [],
    "quality": [],
}
RECORDS = 2
"""Of each file."""
INGEST, PUBLISH = ["validate", "process", "check", "publish"], ["process", "check", "publish"]
ROUNDS = 12
_runs = itertools.count(1)
_batches = itertools.count(1)


@dataclass
class Place:
    """Where all runs of a session are."""

    port: int
    database: str
    catalog: str
    rebuilder: Rebuilder

    def __post_init__(self) -> None:
        self.connections = {role: self._connect(role) for role in ("postgres", "dispatcher", "admin")}
        self.ledgers: dict[str, Any] = {}
        """What the steps' own client connects by."""

    def _connect(self, role: str) -> psycopg.Connection[Any]:
        return psycopg.connect(host="127.0.0.1", port=self.port, user=role, dbname=self.database, autocommit=True)

    def close(self) -> None:
        for connection in [*self.connections.values(), *self.ledgers.values()]:
            connection.close()


class Run:
    def __init__(self, place: Place) -> None:
        self.number = next(_runs)
        self.place = place
        self.world, self.table = f"w{self.number}", f"sales.t{os.getpid()}_{self.number}"
        self.lake = Lake(place.catalog, self.table)
        self.contents: dict[str, str] = {}
        self.workers: list[Worker] = []
        self.late: list[Late] = []
        self.history: list[str] = []
        self.promises = Promises(self.lake, self.contents, self.sql, self.world)
        self.released: set[tuple[str, int]] = set()
        """Sessions of Spark that a later attempt ended."""
        self.lossy = False
        """Whether Spark loses a row of its next write."""
        self.sql("select ledger.open_world(%s)", self.world)
        self.sql("select ledger.activate_release('r1', '[]')")

    def sql(self, query: str, *parameters: Any, role: str = "postgres") -> Any:
        """The first value of the first row."""
        done = self.place.connections[role].execute(query, parameters)  # type: ignore[arg-type]
        row = done.fetchone() if done.description else None
        return None if row is None else row[0]

    def close(self) -> None:
        for worker in self.workers:
            while worker.at is not None:
                with contextlib.suppress(Exception):
                    worker.step("die")
        self.sql("select ledger.forget_world(%s)", self.world)

    def say(self, what: str) -> None:
        self.history.append(what)

    def look(self) -> None:
        """Everything that is promised at any moment."""
        try:
            self.promises.look()
        except Broken as broken:
            raise self.broken(str(broken)) from None

    def broken(self, what: str) -> Broken:
        return Broken("\n  ".join([what, *self.history]))

    # The gateway and the dispatcher.

    def drop(self, content: str) -> str:
        delivery = f"{len(self.contents):08x}-0000-7000-8000-{self.number:012x}"
        self.contents[delivery] = content
        self.say(f"drop {delivery}: {content}")
        self._register(delivery)
        return delivery

    def _register(self, delivery: str) -> None:
        content = self.contents[delivery]
        self.sql(
            "select ledger.register_delivery(%s, %s, 'sales', 'some', %s, 'v', %s, %s, %s, false, %s)",
            *(delivery, self.world, delivery, content, RECORDS, arrival(delivery), content),
            role="dispatcher",
        )

    def claim(self) -> str | None:
        batch = self.sql(
            "select ledger.claim(%s, %s, 'sales', 'some', 'r1', %s, 100, 1000)",
            *(self.world, self.table, names.new_batch_id(next(_batches))),
            role="dispatcher",
        )
        if batch is not None:
            self.say(f"claimed {batch}")
            self.promises.claimed(batch)
        self.look()
        return batch

    def start(self, batch: str | None = None) -> Worker | None:
        """The next attempt of a batch, or of the oldest open one that does not wait for the slot, although the one before may live on."""
        batch = batch or self.sql(
            """select batch_id from ledger.batch
                where world = %s and state = 'open' and not (phase = 'publish' and lease_until is null)
                order by batch_id limit 1""",
            self.world,
        )
        if batch is None:
            return None
        if self.sql("select lease_until > clock_timestamp() from ledger.batch where batch_id = %s", batch):
            early = self.sql("select ledger.start_attempt(%s, 60)", batch, role="dispatcher")
            if early is not None:
                raise self.broken("R2: a next attempt began although the lease of the newest one runs")
        self.sql(
            """update ledger.batch set not_before = clock_timestamp(), lease_until = clock_timestamp() - interval '1 second'
                where batch_id = %s""",
            batch,
        )
        attempt = self.sql("select ledger.start_attempt(%s, 60)", batch, role="dispatcher")
        return None if attempt is None else self.work(batch, attempt, INGEST)

    def grant(self) -> Worker | None:
        row = (
            self.place.connections["dispatcher"]
            .execute("select batch_id, attempt from ledger.grant_slot(%s, %s, 60)", [self.world, self.table])
            .fetchone()
        )
        return None if row is None else self.work(row[0], row[1], PUBLISH)

    # The workers.

    def work(self, batch: str, attempt: int, steps: list[str]) -> Worker:
        def work(worker: Worker) -> None:
            current.worker, current.run, current.batch, current.attempt = worker, self, batch, attempt
            for name in steps:
                ledger = config.Ledger("127.0.0.1", self.place.port, self.place.database, run.IDENTITY[name], "")
                settings = Config("s", run.IDENTITY[name], Path(), Path(), ledger=ledger, s3=_S3, catalog=_CATALOG)
                current.role = "publisher" if name == "publish" else "engine"
                if run.run_step(settings, _LOG, name, self.world, batch, attempt) != 0:
                    return
                if name == "validate" and not self.sql("select 1 from ledger.slot where holder = %s", batch):
                    return

        name = f"{batch}.{attempt}"
        self.say(f"{name} starts")
        worker = Worker(name, work)
        self.workers.append(worker)
        return worker

    def step(self, worker: Worker, order: Order = "go") -> None:
        at = worker.at
        if at is None:
            return
        if at.changes or order != "go":
            self.say(f"{worker.name} {order} {at.name}")
        worker.step(order)
        self.late.extend(worker.late)
        worker.late.clear()

    def to(self, worker: Worker, changes: int) -> bool:
        """Stops the worker before its change of that number. False when it ended before."""
        left = changes
        while worker.at is not None:
            if worker.at.changes:
                if left == 0:
                    self.look()
                    return True
                left -= 1
            self.step(worker)
        self.look()
        return False

    def finish(self, worker: Worker) -> None:
        while worker.at is not None:
            self.step(worker)
        self.look()

    def arrive(self) -> None:
        """Whatever is still on its way arrives now."""
        for late in self.late:
            self.say(f"late {late.name} arrives")
            with contextlib.suppress(CatalogRefusal, psycopg.Error, Superseded):
                late.arrive()
        self.late.clear()
        self.look()

    def converge(self) -> None:
        """The faults are over; nobody helps."""
        for _ in range(ROUNDS):
            for worker in self.workers:
                self.finish(worker)
            self.claim()
            if not self.sql("select 1 from ledger.batch where world = %s and state = 'open' limit 1", self.world):
                return
            for worker in (self.grant(), self.start()):
                if worker is not None:
                    self.finish(worker)
        raise self.broken("LIVE: after all faults were over, batches stay open")

    def end(self, *, again: bool = False) -> None:
        """Converges, gives what is late its worst moment, and `again` takes in what came before. A ledger that is made anew from the
        lake then says the same."""
        self.converge()
        self.arrive()
        if again:
            for content in sorted(set(self.contents.values())):
                self.drop(content)
            self.drop("new")
            self.converge()
        try:
            self.promises.over()
            if self.promises.complete:
                before = self.promises.account()
                self._rebuild(staged=[])
                after = self.promises.account()
                expect(before == after, f"R8: rebuilt, {sorted(before - after)} became {sorted(after - before)}")
        except Broken as broken:
            raise self.broken(str(broken)) from None

    def lose_ledger(self, *, rebuilt: bool) -> None:
        """Its database is made anew, and either from the lake or empty. Audit branches go first; what had no final verdict is staged,
        and some of what had one."""
        self.say(f"the ledger is lost, rebuilt: {rebuilt}")
        deliveries = self.promises.deliveries()
        staged = [d for d, state in deliveries.items() if state not in FINAL or (rebuilt and d[7] in "13579")]
        for branch in self.lake.audit_branches():
            self.lake.roles["engine"].remove_branch(self.lake.table, branch)
        if rebuilt:
            self._rebuild(staged)
        else:
            self.sql("select ledger.forget_world(%s)", self.world)
            self.sql("select ledger.open_world(%s)", self.world)
        self.promises.ledger_lost(rebuilt=rebuilt)
        known = self.promises.deliveries()
        for delivery in staged:
            if delivery not in known:
                self._register(delivery)

    def _rebuild(self, staged: list[str]) -> None:
        rows = self.place.rebuilder.rows(self.lake, staged)
        releases = [{"release_id": "r1", "datasets": [], "activated_at": "1970-01-01T00:00:00Z"}]
        self.sql("select ledger.begin_rebuild(%s)", self.world, role="admin")
        self.sql(
            "select ledger.rebuild_world(%s, %s)", self.world, json.dumps({**rows, "releases": releases}), role="admin"
        )
        self.sql("select ledger.rebuild_outcomes(%s, %s)", self.world, json.dumps(rows["deliveries"]), role="admin")


def arrival(delivery: str) -> int:
    """A delivery id begins with the time of its arrival."""
    return int(delivery.replace("-", "")[:12], 16)


class _Current(threading.local):
    """Of this thread: what it works for."""

    worker: Worker
    run: Run
    batch: str
    attempt: int
    role: str


current = _Current()
_S3, _CATALOG = config.S3("", "", "", ""), config.Catalog("", "")
_LOG = Log("test", write=lambda line: None)
_READS = {"load", "get_json"}


def _refused() -> Exception:
    return CatalogRefusal(500, "Injected", "nobody knows whether it was done")


def _gate(name: str, do: Callable[[], Any], **more: Callable[[], Any]) -> Any:
    return current.worker.effect(Effect(name, name not in _READS), do, _refused, **more)


class GatedLedger(Ledger):
    """On the connections of the place: only one worker proceeds at a time."""

    def _connect(self) -> Any:
        place, role = current.run.place, self._settings.user
        if role not in place.ledgers:
            place.ledgers[role] = super()._connect()
        return place.ledgers[role]

    def close(self) -> None:
        pass

    def another(self) -> "GatedLedger":
        return GatedLedger(self._settings)

    def _rows(self, query: str, parameters: Any) -> list[dict[str, Any]]:
        def lost() -> Exception:
            return psycopg.OperationalError("the connection was lost")

        write = query.startswith("select ledger.")
        name = query.removeprefix("select ").split("(")[0] if write else "read"
        promises, batch, attempt = current.run.promises, current.batch, current.attempt

        def ask() -> list[dict[str, Any]]:
            before = promises.fence(batch) if write else None
            answer = super(GatedLedger, self)._rows(query, parameters)
            if before is not None:
                promises.wrote(name, batch, attempt, before, parameters)
            return answer

        return current.worker.effect(Effect(name, write), ask, lost)


class GatedCatalog:
    def __init__(self, *_: Any) -> None:
        self._lake, self._client = current.run.lake, current.run.lake.roles[current.role]

    def load(self, name: str) -> Table | None:
        return _gate("load", lambda: self._lake.table)

    def ensure(self, name: str, iceberg: dict[str, Any]) -> Table:
        return self.load(name)  # type: ignore[return-value]

    def create_branch(self, table: Table, branch: str, snapshot: int) -> None:
        promises, by = current.run.promises, (current.batch, current.attempt)

        def create() -> None:
            self._client.create_branch(table, branch, snapshot)
            promises.wrote_under(branch, by)

        _gate("create_branch", create)

    def remove_branch(self, table: Table, branch: str) -> None:
        _gate("remove_branch", lambda: self._client.remove_branch(table, branch))

    def publish(self, table: Table, base: int, snapshot: int, branch: str) -> None:
        promises, batch = current.run.promises, current.batch

        def commit() -> None:
            before = promises.fence(batch)
            self._client.publish(table, base, snapshot, branch)
            promises.landed(batch, snapshot, before)

        _gate("publish", commit)


class GatedStore:
    def __init__(self, *_: Any) -> None:
        self._objects = current.run.lake.objects

    def put_json(self, bucket: str, key: str, document: Any) -> None:
        promises, by = current.run.promises, (current.batch, current.attempt)

        def put() -> None:
            self._objects[f"{bucket}/{key}"] = document
            if bucket == "curated":
                promises.wrote_under(key, by)

        _gate("put_json", put)

    def put_text(self, bucket: str, key: str, text: str) -> None:
        _gate("put_text", lambda: self._objects.update({f"{bucket}/{key}": text}))

    def get_json(self, bucket: str, key: str) -> Any | None:
        return _gate("get_json", lambda: self._objects.get(f"{bucket}/{key}"))


def _validate(step: Step, member: Member) -> None:
    content = member.name
    result: dict[str, Any] = {"records": RECORDS, "accepted": RECORDS, "rejected": 0, "refused": None}
    result |= {"rejects_uri": None}
    if content == "refused":
        prefix = names.rejected_prefix(
            step.world, member.domain, member.dataset, content, member.delivery_id, step.batch.attempt
        )
        result |= {"accepted": 0, "rejected": RECORDS, "refused": {"code": "REFUSED", "reason": "it is refused"}}
        verdict = {**result, "name": content, "file_id": content, "delivery_id": member.delivery_id}
        step.store.put_json("raw", f"{prefix}verdict.json", verdict)
        result |= {"rejects_uri": f"s3://raw/{prefix}"}
    step.ledger.file_validated(*step.id, member.delivery_id, content, result)
    if result["refused"]:
        step.ledger.reject(*step.id, member.delivery_id, result["refused"])


def _release_earlier_sessions(step: Step) -> None:
    batch, attempt = step.id
    current.run.released.update((batch, earlier) for earlier in range(1, attempt))


def _write(step: Step, table: Table, plan: Plan) -> None:
    """Spark: a commit on the attempt's branch. Its client makes another one when it hears no answer."""
    this, id, branch = current.run, step.id, step.branch
    rows = [(str(member.file_id), member.delivery_id, row) for member in plan.fresh for row in range(RECORDS)]
    if this.lossy:
        this.lossy = False
        rows = rows[:-1]
    summary = {"gridata.batch": id[0], "gridata.attempt": str(id[1])}

    def request() -> Callable[[], None]:
        return this.lake.append(branch, rows, summary)

    def commit() -> None:
        if id in this.released:
            raise CatalogRefusal(500, "SESSION_CLOSED", "the session was released")
        request()()
        this.promises.wrote_by_spark(id)

    _gate("append", commit, sent=request)


def _check_snapshot(step: Step, table: Table, plan: Plan, snapshot: Snapshot) -> list[CheckResult]:
    lake = current.run.lake
    lake.checked.add(snapshot.id)
    bad = sorted({delivery for content, delivery, _ in lake.rows[snapshot.id] if content == "bad"})
    return [CheckResult("not_bad", "error", not bad, "it is bad", bad)]


def play(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the gates between the steps and everything else."""
    monkeypatch.setattr(run, "Ledger", GatedLedger)
    monkeypatch.setattr(run, "Store", GatedStore)
    monkeypatch.setattr(run, "Catalog", GatedCatalog)
    monkeypatch.setattr(run, "contract_of", lambda *_: CONTRACT)
    monkeypatch.setattr(run, "renewed", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(validate, "_validate", _validate)
    monkeypatch.setattr(process, "write", _write)
    monkeypatch.setattr(process, "release_earlier_sessions", _release_earlier_sessions)
    monkeypatch.setattr(check, "check_snapshot", _check_snapshot)
    monkeypatch.setattr(Step, "hop", lambda *_, **__: None)
