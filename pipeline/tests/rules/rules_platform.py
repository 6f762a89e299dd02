"""The steps of a batch against the real ledger and a lake in memory, so that a test can put a crash or a late answer anywhere."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from gridata import config, names
from gridata.config import Config
from gridata.lake.catalog import MAIN, CatalogRefusal, Snapshot, Table
from gridata.ledger import Ledger
from gridata.log import Log
from gridata.steps import check, process, publish
from gridata.steps.context import Step
from gridata.steps.plan import Plan

WORLD, TABLE = "w", "sales.transactions_v1"
SCHEMA: dict[str, Any] = {"fields": []}
CONTRACT: dict[str, Any] = {
    "version": "1.0.0",
    "iceberg": {"schema": SCHEMA, "spec": SCHEMA},
    "redelivery": "ignore",
    "mode": "append",
    "columns": [],
    "quality": [],
}


@dataclass
class Lake:
    """One table with refs and snapshots, its rows by snapshot, and objects. `before_removal` runs when a branch is removed."""

    table: Table = field(
        default_factory=lambda: Table(TABLE, "uuid", {MAIN: 1}, {1: Snapshot(1, None, {})}, SCHEMA, SCHEMA, 0)
    )
    rows: dict[int, list[str]] = field(default_factory=lambda: {1: []})
    objects: dict[str, Any] = field(default_factory=dict[str, Any])
    before_removal: Callable[[], None] = lambda: None
    world: str = WORLD
    ids: Any = field(default_factory=lambda: itertools.count(2))

    # What the steps call of the catalog.
    def load(self, name: str) -> Table:
        return self.table

    def ensure(self, name: str, iceberg: dict[str, Any]) -> Table:
        return self.table

    def create_branch(self, table: Table, branch: str, snapshot: int) -> None:
        if branch in self.table.refs:
            raise CatalogRefusal(409, "CommitFailedException", f"{branch} is there")
        self._set(branch, snapshot)

    def remove_branch(self, table: Table, branch: str) -> None:
        self.before_removal()
        self.table = replace(self.table, refs={k: v for k, v in self.table.refs.items() if k != branch})

    def publish(self, table: Table, base: int, snapshot: int, branch: str) -> None:
        if self.table.main != base or self.table.refs.get(branch) != snapshot:
            raise CatalogRefusal(409, "CommitFailedException", "an assertion does not hold")
        self._set(MAIN, snapshot)

    def _set(self, ref: str, snapshot: int) -> None:
        self.table = replace(self.table, refs={**self.table.refs, ref: snapshot})

    def write(self, branch: str, rows: list[str], summary: dict[str, str], *, parent: int | None = None) -> int:
        """A snapshot on a branch."""
        snapshot = next(self.ids)
        parent = self.table.refs[branch] if parent is None else parent
        added = {"added-records": str(len(rows)), **summary}
        self.table = replace(
            self.table, snapshots={**self.table.snapshots, snapshot: Snapshot(snapshot, parent, added)}
        )
        self.rows[snapshot] = rows
        self._set(branch, snapshot)
        return snapshot

    # And of the store.
    def put_json(self, bucket: str, key: str, document: Any) -> None:
        self.objects[f"{bucket}/{key}"] = document

    def put_text(self, bucket: str, key: str, text: str) -> None:
        self.objects[f"{bucket}/{key}"] = text

    def get_json(self, bucket: str, key: str) -> Any | None:
        return self.objects.get(f"{bucket}/{key}")

    def published(self) -> list[str]:
        """All rows that main shows."""
        return sorted(row for snapshot in self.table.ancestry() for row in self.rows[snapshot.id])


class Platform:
    def __init__(self, port: int, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._port, self._database = port, database
        self.lake = Lake()
        self.contract = CONTRACT
        self._open: list[Any] = []
        self.dispatcher = self._connect("dispatcher")
        self._open.append(self.dispatcher)
        with self._connect("admin") as admin:
            admin.execute("select ledger.open_world(%s)", [WORLD])
        self.dispatcher.execute("select ledger.activate_release('r1', '[]')")
        self._deliveries = itertools.count(1)
        monkeypatch.setattr(process, "write", self._write)
        monkeypatch.setattr(process, "release_earlier_sessions", lambda step: None)
        monkeypatch.setattr(check, "check_snapshot", lambda step, table, plan, snapshot: [])

    def _connect(self, role: str) -> psycopg.Connection[Any]:
        return psycopg.connect(host="127.0.0.1", port=self._port, user=role, dbname=self._database, autocommit=True)

    def close(self) -> None:
        for connection in self._open:
            connection.close()

    def sql(self, query: str, *parameters: Any) -> Any:
        """The first value of the first row."""
        row = self.dispatcher.execute(query, parameters).fetchone()  # type: ignore[arg-type]
        return None if row is None else row[0]

    def _write(self, step: Step, table: Table, plan: Plan) -> None:
        batch, attempt = step.id
        rows = [str((member.result or {})["parquet_key"]) for member in plan.fresh]
        self.lake.write(step.branch, rows, {"gridata.batch": batch, "gridata.attempt": str(attempt)})

    def drop(self, content: str) -> str:
        """A staged delivery with one record. Returns its id."""
        delivery = f"d{next(self._deliveries)}"
        self.sql(
            "select ledger.register_delivery(%s, %s, 'sales', 'transactions', %s, 'v', %s, 1, %s, false, %s)",
            *(delivery, WORLD, delivery, content, int(delivery[1:]), content),
        )
        return delivery

    def claim(self) -> str | None:
        return self.sql(
            "select ledger.claim(%s, %s, 'sales', 'transactions', 'r1', %s, 100, 1000)",
            *(WORLD, TABLE, names.new_batch_id()),
        )

    def attempt(self, batch: str) -> int:
        """The next attempt; the lease of the one before is over."""
        with psycopg.connect(host="127.0.0.1", port=self._port, user="postgres", dbname=self._database) as owner:
            owner.execute("update ledger.batch set lease_until = null, phase = 'ingest' where batch_id = %s", [batch])
        return self.sql("select ledger.start_attempt(%s, 60)", batch)

    def step(self, batch: str, attempt: int) -> Step:
        ledger = Ledger(config.Ledger("127.0.0.1", self._port, self._database, "publisher", ""))
        self._open.append(ledger)
        settings = Config("s", "publisher", Path(), Path())
        lake: Any = self.lake
        return Step(
            *("test", settings, Log("test", write=lambda line: None), ledger, lake, lake),
            *(ledger.batch(batch, attempt), self.contract, Path()),
        )

    def validated(self, batch: str) -> Step:
        """An attempt whose ingest is over, with the slot."""
        step = self.step(batch, self.attempt(batch))
        for member in step.members():
            result = {"records": 1, "accepted": 1, "rejected": 0, "parquet_key": member.name}
            step.ledger.file_validated(*step.id, member.delivery_id, member.name, result)
        assert step.ledger.finish_ingest(*step.id)
        return step

    def publish(self, batch: str) -> Step:
        step = self.validated(batch)
        process.run(step)
        check.run(step)
        publish.run(step)
        return step

    def state(self, delivery: str) -> str:
        return self.sql("select state from ledger.delivery where delivery_id = %s", delivery)
