"""Calls of the ledger's functions, each a transaction of its own. Rules: docs/architecture.md; what each checks: the SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from gridata import config

LEASE_SECONDS = 15
"""Between two steps nobody renews: a busy scheduler may take its time. More with each attempt, so that a slow machine gets there."""
HANDOVER_SECONDS = 60


def handover_seconds(attempt: int) -> int:
    return HANDOVER_SECONDS * min(attempt, 5)


"""As ledger.fence says it."""
_UNKNOWN = "is not in the ledger"


class Superseded(Exception):
    """This attempt is not the newest, its batch is closed, or it lacks the slot: stop, having changed nothing."""


class Forgotten(Superseded):
    """The ledger was lost and knows no such batch: no later attempt will take away what this one made."""


@dataclass(frozen=True)
class Batch:
    batch_id: str
    world: str
    table: str
    release_id: str
    state: str
    phase: str
    attempt: int
    """`ingest`: of deliveries. `derived`: of the snapshots of upstream tables that `upstream` pins, ids as texts."""
    kind: str
    upstream: dict[str, str | None] | None


@dataclass(frozen=True)
class Member:
    """One delivery of a batch. `result` is what validation left; None before."""

    delivery_id: str
    position: int
    domain: str
    dataset: str
    object_key: str
    version_id: str
    name: str
    size_bytes: int
    arrival_ms: int
    again: bool
    state: str
    file_id: str | None
    result: dict[str, Any] | None

    @property
    def rejected(self) -> bool:
        return self.state == "rejected"


@dataclass(frozen=True)
class Intent:
    batch_id: str
    attempt: int
    base_id: int
    snapshot_id: int


class Ledger:
    def __init__(self, settings: config.Ledger) -> None:
        self._settings = settings
        self._connection = self._connect()

    def _connect(self) -> psycopg.Connection[dict[str, Any]]:
        return psycopg.Connection[dict[str, Any]].connect(
            host=self._settings.host,
            port=self._settings.port,
            dbname=self._settings.database,
            user=self._settings.user,
            password=self._settings.password,
            connect_timeout=10,
            application_name="gridata-step",
            autocommit=True,
            row_factory=dict_row,
        )

    def close(self) -> None:
        self._connection.close()

    def another(self) -> "Ledger":
        """A connection of its own, for the thread that renews the lease."""
        return Ledger(self._settings)

    def _rows(self, query: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            return self._connection.execute(query, parameters).fetchall()  # type: ignore[arg-type]
        except psycopg.Error as error:
            if error.sqlstate == "GD001":
                reason = error.diag.message_primary or str(error)
                raise (Forgotten if reason.endswith(_UNKNOWN) else Superseded)(reason) from error
            raise

    def _call(self, function: str, *arguments: Any) -> Any:
        holes = ", ".join(["%s"] * len(arguments))
        rows = self._rows(f"select ledger.{function}({holes}) as answer", arguments)
        return rows[0]["answer"]

    def batch(self, batch: str, attempt: int) -> Batch:
        """The batch, if this attempt may still work on it."""
        rows = self._rows(
            "select batch_id, world, table_name as table, release_id, state, phase, attempt, kind, upstream from ledger.batch where batch_id = %s",
            [batch],
        )
        if not rows:
            raise Forgotten(f"batch {batch} {_UNKNOWN}")
        found = Batch(**rows[0])
        if found.attempt != attempt or found.state != "open":
            raise Superseded(f"batch {batch} is {found.state}, its newest attempt is {found.attempt}")
        return found

    def members(self, batch: str) -> list[Member]:
        rows = self._rows(
            """select m.delivery_id, m.position, d.domain, d.dataset, d.object_key, d.version_id, d.name, d.size_bytes,
                      d.arrival_ms, d.again, d.state, m.file_id, m.result
                 from ledger.member m join ledger.delivery d using (delivery_id)
                where m.batch_id = %s order by m.position""",
            [batch],
        )
        return [Member(**row) for row in rows]

    def first_arrival(self, world: str, file_id: str) -> int | None:
        rows = self._rows(
            "select min(arrival_ms) as first from ledger.delivery where world = %s and file_id = %s", [world, file_id]
        )
        return rows[0]["first"]

    def publications(self, world: str, table: str, keys: Sequence[str]) -> dict[str, int]:
        """Which of these keys are currently published, by which snapshot."""
        rows = self._rows(
            """select publication_key, snapshot_id from ledger.publication
                where world = %s and table_name = %s and publication_key = any(%s)""",
            [world, table, list(keys)],
        )
        return {row["publication_key"]: row["snapshot_id"] for row in rows}

    def known_snapshots(self, world: str, table: str) -> set[int]:
        """Snapshots that a closed batch published."""
        rows = self._rows(
            "select snapshot_id from ledger.batch where world = %s and table_name = %s and state = 'published'",
            [world, table],
        )
        return {row["snapshot_id"] for row in rows}

    def open_intents(self, world: str, table: str) -> list[Intent]:
        rows = self._rows(
            """select batch_id, attempt, base_id, snapshot_id from ledger.intent
                where world = %s and table_name = %s and state = 'open'""",
            [world, table],
        )
        return [Intent(**row) for row in rows]

    def open_worlds(self) -> list[str]:
        return [row["world"] for row in self._rows("select world from ledger.world where state = 'open'", [])]

    def tables(self, world: str) -> list[str]:
        """Every table that a batch was ever of."""
        rows = self._rows("select distinct table_name from ledger.batch where world = %s order by 1", [world])
        return [row["table_name"] for row in rows]

    def open_batches(self, world: str) -> set[str]:
        rows = self._rows("select batch_id from ledger.batch where world = %s and state = 'open'", [world])
        return {row["batch_id"] for row in rows}

    def closed_batches(self, world: str) -> dict[str, float]:
        """Seconds since each was closed."""
        rows = self._rows(
            """select batch_id, extract(epoch from clock_timestamp() - closed_at)::float8 as since
                 from ledger.batch where world = %s and state <> 'open'""",
            [world],
        )
        return {row["batch_id"]: row["since"] for row in rows}

    def pinned_snapshots(self, world: str, table: str) -> set[int]:
        """Of a table: what an open batch or intent works with, and what each derived table was computed from last."""
        rows = self._rows(
            """select (b.upstream ->> %(table)s)::bigint as pinned from ledger.batch b
                where b.world = %(world)s and b.upstream ->> %(table)s is not null
                  and (b.state = 'open' or b.batch_id in (
                        select max(batch_id) from ledger.batch
                         where world = %(world)s and kind = 'derived' and state in ('published', 'nothing')
                         group by table_name))
                union select unnest(array[base_id, snapshot_id]) from ledger.intent
                       where world = %(world)s and table_name = %(table)s and state = 'open'""",
            {"world": world, "table": table},
        )
        return {row["pinned"] for row in rows}

    def receipts_of(self, world: str, table: str, snapshots: set[int]) -> list[tuple[str, int]]:
        """Receipts of closed batches that published these snapshots, or had nothing to add to them."""
        rows = self._rows(
            """select receipt_key, snapshot_id from ledger.batch
                where world = %s and table_name = %s and state in ('published', 'nothing')
                  and receipt_key is not null and snapshot_id = any(%s)""",
            [world, table, list(snapshots)],
        )
        return [(row["receipt_key"], row["snapshot_id"]) for row in rows]

    def releases(self) -> tuple[dict[str, float], set[str]]:
        """Seconds since each took effect, and those that an open batch pins."""
        rows = self._rows(
            """select release_id, extract(epoch from clock_timestamp() - activated_at)::float8 as since,
                      exists (select from ledger.batch b where b.release_id = r.release_id and b.state = 'open') as pinned
                 from ledger.release r""",
            [],
        )
        return {row["release_id"]: row["since"] for row in rows}, {r["release_id"] for r in rows if r["pinned"]}

    def waiting(self, world: str) -> dict[str, int]:
        """How many deliveries have no verdict, by state."""
        rows = self._rows(
            """select state, count(*)::int as files from ledger.delivery
                where world = %s and state in ('staged', 'queued', 'running', 'parked') group by state""",
            [world],
        )
        return {row["state"]: row["files"] for row in rows}

    def renew(self, batch: str, attempt: int, *, seconds: int = LEASE_SECONDS) -> None:
        self._call("renew", batch, attempt, seconds)

    def hand_over(self, batch: str, attempt: int) -> None:
        """The step is done; the next one, which renews the lease itself, is the scheduler's to start."""
        self._call("renew", batch, attempt, handover_seconds(attempt))

    def file_validated(self, batch: str, attempt: int, delivery: str, file_id: str, result: dict[str, Any]) -> None:
        self._call("file_validated", batch, attempt, delivery, file_id, json.dumps(result))

    def reject(self, batch: str, attempt: int, delivery: str, reason: dict[str, Any]) -> None:
        self._call("reject", batch, attempt, delivery, json.dumps(reason))

    def finish_ingest(self, batch: str, attempt: int) -> bool:
        return bool(self._call("finish_ingest", batch, attempt, handover_seconds(attempt)))

    def open_intent(self, batch: str, attempt: int, base: int, snapshot: int) -> None:
        self._call("open_intent", batch, attempt, base, snapshot)

    def void_intent(self, batch: str, attempt: int, of: Intent) -> None:
        self._call("void_intent", batch, attempt, of.batch_id, of.attempt)

    def close_batch(
        self, batch: str, attempt: int, base: int, snapshot: int, receipt: str | None, verdicts: list[dict[str, Any]]
    ) -> None:
        self._call("close_batch", batch, attempt, base, snapshot, receipt, json.dumps(verdicts))

    def split_batch(self, batch: str, attempt: int, rejected: list[dict[str, Any]]) -> None:
        self._call("split_batch", batch, attempt, json.dumps(rejected))

    def cancel_derived(self, batch: str, attempt: int, reason: dict[str, Any]) -> None:
        self._call("cancel_derived", batch, attempt, json.dumps(reason))

    def fail_attempt(self, batch: str, attempt: int, failure: str, error: dict[str, Any]) -> str:
        return str(self._call("fail_attempt", batch, attempt, failure, json.dumps(error)))

    def record_hop(
        self,
        world: str,
        batch: str,
        attempt: int,
        name: str,
        started: datetime,
        ended: datetime,
        *,
        delivery: str | None = None,
        ref: str | None = None,
        why: str | None = None,
        failed: bool = False,
    ) -> None:
        state = "failed" if failed else "done"
        self._call("record_hop", world, delivery, batch, attempt, name, state, started, ended, ref, why)
