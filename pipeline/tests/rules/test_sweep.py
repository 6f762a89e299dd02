"""The sweep against the real ledger: what a closed batch left goes, what an open one needs stays."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gridata import config, sweep
from gridata.config import Config
from gridata.log import Log
from rules_platform import TABLE, WORLD, Platform


@pytest.fixture
def platform(server: int, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    made = Platform(server, database, monkeypatch)
    yield made
    made.close()


def test_what_a_closed_batch_left_goes_and_what_an_open_one_needs_stays(
    platform: Platform, server: int, database: str, monkeypatch: pytest.MonkeyPatch
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
    kept = [f"{WORLD}/parquet/{TABLE}/{going_on}/1/d.parquet", f"{WORLD}/parquet/{TABLE}/bnobody/1/d.parquet"]
    keys = [f"{WORLD}/parquet/{TABLE}/{closed}/1/d.parquet", *kept]
    lines: list[str] = []

    class Objects:
        def keys(self, bucket: str, prefix: str) -> list[str]:
            return list(keys)

        def remove(self, bucket: str, key: str) -> None:
            keys.remove(key)

    monkeypatch.setattr(sweep, "KEEP_SECONDS", -1)
    monkeypatch.setattr(sweep, "Store", lambda _: Objects())
    monkeypatch.setattr(sweep, "Catalog", lambda *_: lake)
    ledger = config.Ledger("127.0.0.1", server, database, "publisher", "")
    s3, catalog = config.S3("", "", "", ""), config.Catalog("", "")
    settings = Config("s", "publisher", Path(), Path(), ledger=ledger, s3=s3, catalog=catalog)
    assert sweep.sweep(settings, Log("test", write=lines.append)) == 0
    assert [ref for ref in lake.table.refs if ref != "main"] == [f"audit_{going_on}_1"]
    assert keys == kept
    said: Any = next(line for line in lines if "swept" in line)
    assert '"queued": 1' in said


def test_a_world_that_can_not_be_swept_is_told(
    platform: Platform, server: int, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.drop("a")
    assert platform.claim() is not None

    def broken(*_: Any) -> Any:
        raise OSError("no store")

    monkeypatch.setattr(sweep, "Store", lambda _: None)
    monkeypatch.setattr(sweep, "Catalog", broken)
    ledger = config.Ledger("127.0.0.1", server, database, "publisher", "")
    s3, catalog = config.S3("", "", "", ""), config.Catalog("", "")
    settings = Config("s", "publisher", Path(), Path(), ledger=ledger, s3=s3, catalog=catalog)
    lines: list[str] = []
    assert sweep.sweep(settings, Log("test", write=lines.append)) == 1
    assert any("no store" in line for line in lines)
