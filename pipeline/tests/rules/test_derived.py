"""The ledger's rules of derived batches: one state of the upstream, one run."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from gridata import names

WORLD, TABLE, DATASETS = "w", "sales.daily_v1", [{"domain": "sales", "dataset": "daily", "table": "sales.daily_v1"}]


class Derived:
    def __init__(self, port: int, database: str) -> None:
        def connect(role: str) -> psycopg.Connection[Any]:
            return psycopg.connect(host="127.0.0.1", port=port, user=role, dbname=database, autocommit=True)

        self.dispatcher, self.publisher, self.owner = connect("dispatcher"), connect("publisher"), connect("postgres")
        with connect("admin") as admin:
            admin.execute("select ledger.open_world(%s)", [WORLD])
        self.release("r1", "one")

    def close(self) -> None:
        for connection in (self.dispatcher, self.publisher, self.owner):
            connection.close()

    def release(self, release: str, fingerprint: str) -> None:
        datasets = json.dumps([{**DATASETS[0], "fingerprint": fingerprint}])
        self._ask(self.dispatcher, "select ledger.activate_release(%s, %s)", release, datasets)

    def _ask(self, connection: psycopg.Connection[Any], query: str, *parameters: Any) -> Any:
        row = connection.execute(query, parameters).fetchone()  # type: ignore[arg-type]
        return None if row is None else row[0]

    def claim(self, release: str = "r1", **upstream: str | None) -> str | None:
        return self._ask(
            self.dispatcher,
            "select ledger.claim_derived(%s, %s, %s, %s, %s)",
            *(WORLD, TABLE, release, names.new_batch_id(), json.dumps(upstream)),
        )

    def start(self, batch: str | None) -> int:
        return self._ask(self.dispatcher, "select ledger.start_derived_attempt(%s, 60)", batch)

    def publish(self, batch: str | None, snapshot: int = 2) -> None:
        attempt = self.start(batch)
        self._ask(
            self.publisher, "select ledger.close_batch(%s, %s, 1, %s, 'receipt', '[]')::text", batch, attempt, snapshot
        )

    def park(self, batch: str | None) -> None:
        attempt = self.start(batch)
        self._ask(self.publisher, "select ledger.fail_attempt(%s, %s, 'code', '{}')", batch, attempt)

    def holder(self) -> str | None:
        return self._ask(self.dispatcher, "select holder from ledger.slot where world = %s", WORLD)


@pytest.fixture
def derived(server: int, database: str) -> Iterator[Derived]:
    made = Derived(server, database)
    yield made
    made.close()


def test_a_state_of_the_upstream_is_computed_once(derived: Derived) -> None:
    derived.publish(derived.claim(orders="10"))
    assert derived.claim(orders="10") is None
    assert derived.claim(orders="11") is not None


def test_several_publishes_while_it_runs_make_one_next_run(derived: Derived) -> None:
    running = derived.claim(orders="10")
    assert derived.claim(orders="11") is None
    assert derived.claim(orders="12") is None
    derived.publish(running)
    derived.publish(derived.claim(orders="12"), 3)
    assert derived.claim(orders="12") is None


def test_an_upstream_that_was_moved_back_is_computed_again(derived: Derived) -> None:
    derived.publish(derived.claim(orders="10"))
    derived.publish(derived.claim(orders="11"), 3)
    assert derived.claim(orders="10") is not None


def test_what_was_parked_waits_for_another_form_of_its_dataset_or_another_state(derived: Derived) -> None:
    derived.park(derived.claim(orders="10"))
    assert derived.claim(orders="10") is None
    derived.release("r2", "two")
    derived.park(derived.claim("r2", orders="10"))
    assert derived.claim("r2", orders="10") is None
    assert derived.claim("r2", orders="11") is not None


def test_an_attempt_has_the_slot_or_waits_for_it(derived: Derived) -> None:
    derived.owner.execute("insert into ledger.slot (world, table_name, holder) values ('w', %s, 'other')", [TABLE])
    batch = derived.claim(orders="10")
    assert derived.start(batch) == 1
    assert derived.start(batch) is None
    assert derived.holder() == "other"
    derived.owner.execute("delete from ledger.slot")
    granted = derived.dispatcher.execute("select * from ledger.grant_slot('w', %s, 60)", [TABLE]).fetchone()
    assert granted == (batch, 1)
    assert derived.holder() == batch
