"""A file that is parked waits for a change that is still to come, never for one that came while it was parked."""

import json
from collections.abc import Iterator

import pytest
from rules_platform import Platform

DATASET = {"domain": "sales", "dataset": "transactions", "table": "sales.transactions_v1", "fingerprint": "f1"}
REASON = json.dumps({"code": "NO_CONTRACT", "reason": "no contract"})


@pytest.fixture
def platform(server: int, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    made = Platform(server, database, monkeypatch)
    yield made
    made.close()


def test_a_file_whose_contract_came_meanwhile_is_not_parked(platform: Platform) -> None:
    delivery = platform.drop("a")
    platform.sql("select ledger.activate_release('r2', %s)", json.dumps([DATASET]))
    # By a dispatcher that looked at the release before.
    platform.sql("select ledger.park_staged(%s, null, %s)::text", delivery, REASON)
    assert platform.state(delivery) == "staged"


def test_a_file_without_a_contract_is_parked_until_there_is_one(platform: Platform) -> None:
    delivery = platform.drop("a")
    platform.sql("select ledger.park_staged(%s, null, %s)::text", delivery, REASON)
    assert platform.state(delivery) == "parked"
    platform.sql("select ledger.activate_release('r2', %s)", json.dumps([DATASET]))
    assert platform.state(delivery) == "staged"
