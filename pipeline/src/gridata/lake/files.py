"""Data files of a snapshot, as its manifests list them: what a batch wrote, and what a table held before.

Manifests are Avro files whose form the Iceberg specification fixes (v2, "Manifests"). Reading them here takes milliseconds; a query
engine plans for hundreds.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import fastavro

from gridata.lake.catalog import Snapshot
from gridata.lake.store import Store

ADDED, DELETED = 1, 2
DATA = 0


@dataclass(frozen=True)
class DataFile:
    """`path` is `<bucket>/<key>`. Bounds are by field id, in Iceberg's binary form; a column may have none."""

    path: str
    records: int
    lower: dict[int, bytes]
    upper: dict[int, bytes]


def added_files(store: Store, snapshot: Snapshot) -> list[DataFile]:
    """Data files that this very snapshot brought in."""
    return [
        _file(entry)
        for manifest in _manifests(store, snapshot)
        if manifest["added_snapshot_id"] == snapshot.id
        for entry in _entries(store, manifest)
        if entry["status"] == ADDED
    ]


def live_files(store: Store, snapshot: Snapshot) -> Iterator[DataFile]:
    """Data files that a reader of the snapshot reads."""
    for manifest in _manifests(store, snapshot):
        for entry in _entries(store, manifest):
            if entry["status"] != DELETED:
                yield _file(entry)


@dataclass(frozen=True)
class Manifests:
    """Addresses of manifest lists, and of the manifests in them."""

    lists: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()

    def __or__(self, other: "Manifests") -> "Manifests":
        return Manifests(self.lists | other.lists, self.paths | other.paths)


def manifests_of(store: Store, snapshot: Snapshot) -> Manifests:
    """With those of delete files."""
    paths = (str(manifest["manifest_path"]) for manifest in _avro(store, snapshot.manifest_list))
    return Manifests(frozenset([snapshot.manifest_list]), frozenset(paths))


def paths_of(store: Store, manifest: str) -> set[str]:
    """Addresses of all files that a manifest names, those too that its snapshot took out of the table."""
    return {str(entry["data_file"]["file_path"]) for entry in _avro(store, manifest)}


def _manifests(store: Store, snapshot: Snapshot) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = list(_avro(store, snapshot.manifest_list))
    # Every write of the kit is copy-on-write; a table with delete files was written by somebody else.
    if any(manifest["content"] != DATA for manifest in found):
        raise DeleteFiles(f"snapshot {snapshot.id} has delete files")
    return found


def _entries(store: Store, manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return _avro(store, manifest["manifest_path"])


def _avro(store: Store, uri: str) -> Iterator[Any]:
    place = urlsplit(uri)
    return iter(fastavro.reader(io.BytesIO(store.get(place.netloc, place.path.lstrip("/")))))


def _file(entry: dict[str, Any]) -> DataFile:
    file = entry["data_file"]
    place = urlsplit(file["file_path"])
    return DataFile(
        f"{place.netloc}{place.path}",
        int(file["record_count"]),
        _bounds(file.get("lower_bounds")),
        _bounds(file.get("upper_bounds")),
    )


def _bounds(entries: list[dict[str, Any]] | None) -> dict[int, bytes]:
    return {int(entry["key"]): entry["value"] for entry in entries or []}


class DeleteFiles(Exception):
    """The table has rows that are deleted by delete files, which only a query engine reads right."""
