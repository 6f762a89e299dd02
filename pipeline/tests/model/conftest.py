"""Where the model runs: one ledger and one catalog for all schedules of a test."""

from collections.abc import Iterator

import pytest
from catalog import catalog
from rebuild import Rebuilder, rebuilder
from run import Place, play

__all__ = ["catalog", "rebuilder"]


@pytest.fixture
def place(
    server: int, database: str, catalog: str, rebuilder: Rebuilder, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    play(monkeypatch)
    made = Place(server, database, catalog, rebuilder)
    yield made
    made.close()
