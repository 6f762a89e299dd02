"""The sweep against the real ledger: what a closed batch left goes, what an open one needs stays."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gridata import config, sweep
from gridata.config import Config
from gridata.log import Log
from gridata.modes.state import TOMBSTONES
from gridata.retention import figures
from rules_platform import TABLE, WORLD, Platform


@pytest.fixture
def platform(server: int, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    made = Platform(server, database, monkeypatch)
    yield made
    made.close()


def settings_of(server: int, database: str, state: Path) -> Config:
    return Config(
        *("s", "maintenance", state, state),
        ledger=config.Ledger("127.0.0.1", server, database, "maintenance", ""),
        s3=config.S3("", "", "", ""),
        catalog=config.Catalog("", ""),
        airflow_database=config.Ledger("127.0.0.1", server, "airflow", "airflow", ""),
        drop=config.Drop(str(state / "drop"), str(state / "worlds"), str(state / "intake")),
    )


class Objects:
    """A store in memory; every object has a version, and one has an older one."""

    def __init__(self, staging: list[str], curated: list[str]) -> None:
        self.staging = [(key, "1") for key in staging] + [(staging[0], "0")]
        self.curated = curated

    def versions(self, bucket: str, prefix: str) -> list[tuple[str, str]]:
        return list(self.staging)

    def remove_version(self, bucket: str, key: str, version: str) -> None:
        self.staging.remove((key, version))

    def keys(self, bucket: str, prefix: str) -> list[str]:
        return [key for key in self.curated if key.startswith(prefix)]

    def remove(self, bucket: str, key: str) -> None:
        self.curated.remove(key)


def test_what_a_closed_batch_left_goes_and_what_an_open_one_needs_stays(
    platform: Platform, server: int, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.drop("a")
    closed = platform.claim()
    assert closed is not None
    platform.publish(closed)
    platform.drop("b")
    going_on = platform.claim()
    assert going_on is not None
    lake = platform.lake
    for branch in (f"audit_{closed}_7", f"audit_{going_on}_1", "audit_bnobody_1"):
        lake.create_branch(lake.table, branch, lake.table.main)

    def tombstones(batch: str, attempt: int) -> str:
        return f"{WORLD}/_tombstones/{TABLE}/{batch}/{attempt}"

    # Main may be moved back to a snapshot that names the first one.
    lake.write("main", [], {TOMBSTONES: f"s3://curated/{tombstones(closed, 1)}"})
    lake.write("main", [], {})
    typed = [f"{WORLD}/parquet/{TABLE}/{batch}/1/d.parquet" for batch in (closed, going_on, "bnobody")]
    remembered = [f"{tombstones(*of)}/part-0.parquet" for of in ((closed, 1), (closed, 2), (going_on, 1))]
    store = Objects(typed, list(remembered))
    lines: list[str] = []
    cleaned: list[float] = []

    def clean(settings: config.Ledger, seconds: float) -> dict[str, int]:
        cleaned.append(seconds)
        return {"runs": 3}

    monkeypatch.setattr(figures, "TYPED_SECONDS", -1)
    monkeypatch.setattr(figures, "TOMBSTONE_SECONDS", -1)
    monkeypatch.setattr(sweep, "Store", lambda _: store)
    monkeypatch.setattr(sweep, "Catalog", lambda *_: lake)
    monkeypatch.setattr(sweep.airflow, "clean", clean)
    assert sweep.sweep(settings_of(server, database, tmp_path), Log("test", write=lines.append)) == 0
    assert [ref for ref in lake.table.refs if ref != "main"] == [f"audit_{going_on}_1"]
    assert store.staging == [(key, "1") for key in typed[1:]]
    assert store.curated == [remembered[0], remembered[2]]
    assert cleaned == [figures.RUN_SECONDS]
    said: dict[str, Any] = next(line for line in map(json.loads, lines) if line["msg"] == "swept")
    assert (said["world"], said["queued"], said["typed_files"], said["tombstones"]) == (WORLD, 1, 1, 1)


def test_a_world_that_can_not_be_swept_is_told_and_the_stack_is_swept_nevertheless(
    platform: Platform, server: int, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.drop("a")
    assert platform.claim() is not None
    cleaned: list[float] = []

    def clean(settings: config.Ledger, seconds: float) -> dict[str, int]:
        cleaned.append(seconds)
        return {}

    class Broken:
        world = WORLD

        def load(self, name: str) -> Any:
            raise OSError("no catalog")

    monkeypatch.setattr(sweep, "Store", lambda _: None)
    monkeypatch.setattr(sweep, "Catalog", lambda *_: Broken())
    monkeypatch.setattr(sweep.airflow, "clean", clean)
    lines: list[str] = []
    assert sweep.sweep(settings_of(server, database, tmp_path), Log("test", write=lines.append)) == 1
    assert any("no catalog" in line for line in lines)
    assert cleaned == [figures.RUN_SECONDS]


def test_what_open_batches_and_derived_tables_read_is_pinned(platform: Platform, server: int, database: str) -> None:
    platform.sql("select ledger.claim_derived(%s, 'd.t_v1', 'r1', 'b1', %s::jsonb)", WORLD, json.dumps({TABLE: "11"}))
    ledger = sweep.Ledger(config.Ledger("127.0.0.1", server, database, "maintenance", ""))
    try:
        assert ledger.pinned_snapshots(WORLD, TABLE) == {11}
        assert ledger.pinned_snapshots(WORLD, "sales.other_v1") == set()
        assert ledger.releases()[1] == {"r1"}
    finally:
        ledger.close()
