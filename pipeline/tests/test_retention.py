"""What may go and what must stay, decided without a stack; the expiry of snapshots on a table of real manifests in memory."""

import io
import os
import re
import runpy
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import pytest
from gridata.lake.catalog import CatalogRefusal, Snapshot, Table
from gridata.log import Log
from gridata.retention import figures, snapshots
from gridata.retention.folders import old_releases, remove_old, runs_of_worlds
from gridata.retention.lake import superseded

DAY_MS = 86_400_000
NOW = 1_000 * DAY_MS
NAME = "sales.transactions_v1"


def history(count: int, *, apart: int = DAY_MS) -> Table:
    """Snapshots 1, 2, .. on main, one a day until now."""
    found = {
        n: Snapshot(n, n - 1 or None, {}, f"s3://curated/w/m/{n}", NOW - (count - n) * apart)
        for n in range(1, count + 1)
    }
    return Table(NAME, "uuid", {"main": count}, found, {}, {}, 0)


def ids(found: list[Snapshot]) -> list[int]:
    return [one.id for one in found]


def test_old_snapshots_beyond_the_kept_ones_expire_oldest_first() -> None:
    assert ids(superseded(history(105), set(), NOW)) == [1, 2, 3, 4, 5]
    assert superseded(history(100), set(), NOW) == []


def test_young_snapshots_stay_however_many_there_are() -> None:
    assert superseded(history(500, apart=1000), set(), NOW) == []


@pytest.mark.parametrize("keep", ["ref", "pin"])
def test_nothing_goes_that_is_as_young_as_what_somebody_holds(keep: str) -> None:
    table = history(120)
    if keep == "ref":
        table = replace(table, refs={**table.refs, "audit_b_1": 4})
    assert ids(superseded(table, {4} if keep == "pin" else set(), NOW)) == [1, 2, 3]


def test_a_side_line_goes_with_the_history_of_its_time_and_stays_with_it() -> None:
    """A snapshot that was rolled back: main can't be moved to it when what came after it is gone."""
    table = history(110)
    for id, at in ((1001, 5), (1002, 50)):
        table.snapshots[id] = Snapshot(id, at, {}, "", table.snapshots[at].at_ms + 1)
    assert 1001 in ids(superseded(table, set(), NOW))
    assert 1002 not in ids(superseded(table, set(), NOW))


class Lake:
    """A store and a catalog in memory. Snapshot n appends data file n; every tenth one rewrites the manifests into one."""

    world = "w"

    def __init__(self, count: int) -> None:
        self.objects: dict[str, Any] = {}
        self.table = history(count)
        self.refuses = False
        manifests: list[str] = []
        for n in range(1, count + 1):
            self._avro(f"w/d/{n}", [])
            manifests = [*manifests, self._manifest(f"w/f/{n}", [n])]
            if n % 10 == 0:
                manifests = [self._manifest(f"w/f/all{n}", list(range(1, n + 1)))]
            self._avro(f"w/m/{n}", [{"manifest_path": one} for one in manifests])
            self.objects[f"w/_batches/b{n}/1.json"] = {"batch": f"b{n}", "snapshot_id": str(n)}
            told = {"gridata.batch": f"b{n}", "gridata.attempt": "1"}
            self.table.snapshots[n] = replace(self.table.snapshots[n], summary=told)

    def _manifest(self, key: str, files: list[int]) -> str:
        self._avro(key, [{"data_file": {"file_path": f"s3://curated/w/d/{n}"}} for n in files])
        return f"s3://curated/{key}"

    def _avro(self, key: str, rows: list[dict[str, Any]]) -> None:
        if rows and "data_file" in rows[0]:
            inner: Any = {"type": "record", "name": "f", "fields": [{"name": "file_path", "type": "string"}]}
            fields: list[Any] = [{"name": "data_file", "type": inner}]
        else:
            fields = [{"name": "manifest_path", "type": "string"}]
        buffer = io.BytesIO()
        fastavro.writer(buffer, {"type": "record", "name": "r", "fields": fields}, rows)
        self.objects[key] = buffer.getvalue()

    def keys(self, bucket: str, prefix: str) -> list[str]:
        return [key for key in self.objects if key.startswith(prefix)]

    def get(self, bucket: str, key: str) -> bytes:
        return self.objects[key]

    def get_json(self, bucket: str, key: str) -> Any:
        return self.objects.get(key)

    def put_json(self, bucket: str, key: str, document: Any) -> None:
        self.objects[key] = document

    def remove(self, bucket: str, key: str) -> None:
        self.objects.pop(key, None)

    def expire(self, table: Table, gone: set[int]) -> None:
        if self.refuses:
            raise CatalogRefusal(409, "CommitFailedException", "main has moved")
        left = {id: one for id, one in self.table.snapshots.items() if id not in gone}
        self.table = replace(self.table, snapshots=left)

    def readable(self) -> set[str]:
        """Data files of every snapshot that is kept, read the way a reader does."""
        found: set[str] = set()
        for one in self.table.snapshots.values():
            for manifest in fastavro.reader(io.BytesIO(self.objects[one.manifest_list.removeprefix("s3://curated/")])):
                key = str(manifest["manifest_path"]).removeprefix("s3://curated/")
                for entry in fastavro.reader(io.BytesIO(self.objects[key])):
                    path = str(entry["data_file"]["file_path"]).removeprefix("s3://curated/")
                    assert path in self.objects, f"snapshot {one.id} lost {path}"
                    found.add(path)
        return found


class Ledger:
    def pinned_snapshots(self, world: str, table: str) -> set[int]:
        return set()

    def receipts_of(self, world: str, table: str, gone: set[int]) -> list[tuple[str, int]]:
        return []


def expire(lake: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(snapshots.time, "time", lambda: NOW / 1000)
    ledger: Any = Ledger()
    return snapshots.expire(lake.table, lake, ledger, lake, Log("test", write=lambda line: None))


def test_expiry_takes_the_files_of_expired_snapshots_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(125)
    # A file that only snapshots 1 to 9 had: it was replaced.
    lake.objects["w/d/gone"] = b""
    lake._avro("w/f/5", [{"data_file": {"file_path": "s3://curated/w/d/gone"}}])
    before = lake.readable() - {"w/d/gone"}
    assert expire(lake, monkeypatch) == 25
    assert sorted(lake.table.snapshots) == list(range(26, 126))
    assert lake.readable() == before
    assert "w/d/gone" not in lake.objects
    assert lake.keys("", "w/m/") == [f"w/m/{n}" for n in range(26, 126)]
    assert lake.keys("", "w/_expired/") == []
    receipts = {n: lake.objects[f"w/_batches/b{n}/1.json"].get("settled") for n in (1, 25, 26)}
    assert receipts == {1: "published", 25: "published", 26: None}


def test_few_snapshots_wait_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert expire(Lake(100 + figures.EXPIRED_TOGETHER - 1), monkeypatch) == 0


def test_a_commit_that_is_refused_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(125)
    lake.refuses = True
    files = lake.readable()
    assert expire(lake, monkeypatch) == 0
    assert lake.readable() == files
    assert lake.keys("", "w/_expired/") == []


@pytest.mark.parametrize("died", ["before the commit", "after the commit"])
def test_a_sweep_that_died_is_gone_on_with(died: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(125)
    files = lake.readable()

    def dies(table: Table, gone: set[int]) -> None:
        if died == "after the commit":
            Lake.expire(lake, table, gone)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(lake, "expire", dies)
        with pytest.raises(KeyboardInterrupt):
            expire(lake, monkeypatch)
    assert len(lake.keys("", "w/_expired/")) == 1
    expire(lake, monkeypatch)
    assert lake.keys("", "w/_expired/") == []
    assert lake.keys("", "w/m/") == [f"w/m/{n}" for n in range(26, 126)]
    assert lake.readable() == files


def test_releases_that_are_old_and_not_pinned_go() -> None:
    week = figures.RELEASE_SECONDS
    in_effect = {f"r{n}": week + n for n in range(figures.RELEASES_KEPT + 3)}
    assert old_releases(in_effect, {"r21"}) == ["r20", "r22"]
    assert old_releases({f"r{n}": float(n) for n in range(100)}, set()) == []


def test_folders_go_by_what_was_written_last_in_them(tmp_path: Path) -> None:
    for name, days in (("dag_id=a/run_id=old", 9), ("dag_id=a/run_id=busy", 9), ("dag_id=b/run_id=new", 1)):
        file = tmp_path / name / "task.log"
        file.parent.mkdir(parents=True)
        file.write_text("x")
        for path in (file, file.parent):
            os.utime(path, (time.time() - days * 86_400,) * 2)
    (tmp_path / "dag_id=a/run_id=busy/more.log").write_text("x")
    assert remove_old(tmp_path, "dag_id=*/run_id=*", 7 * 86_400) == 1
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["run_id=busy", "run_id=new"]


def test_what_tasks_wrote_belongs_to_the_world_of_its_run(tmp_path: Path) -> None:
    run = "b1m88ba88dtd1c.1"
    for name in (f"run_id=gone.{run}", f"run_id=default.{run}", "run_id=scheduled__2026-11-25T00:00:00+00:00"):
        (tmp_path / "dag_id=a" / name).mkdir(parents=True)
    found = {path.name: world for path, world in runs_of_worlds(tmp_path).items()}
    assert found == {f"run_id=gone.{run}": "gone", f"run_id=default.{run}": "default"}


def test_a_day_may_be_made_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDATA_DAY_SECONDS", "240")
    short = runpy.run_path(figures.__file__)
    assert (short["RUN_SECONDS"], short["TYPED_SECONDS"]) == (7 * 240, 10)


def test_the_page_has_the_figures() -> None:
    page = (Path(__file__).parents[2] / "docs/retention.md").read_text(encoding="utf-8")
    told = {name: int(value) for name, value in re.findall(r"`([A-Z_]+)` = ([0-9]+)", page)}
    assert told == {
        name: value for name, value in vars(figures).items() if name.isupper() and name not in ("HOUR", "DAY")
    }
