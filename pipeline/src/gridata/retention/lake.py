"""What of a lake nobody needs any more: branches, typed files, tombstones, snapshots. Pure."""

import re
from collections.abc import Iterable, Mapping

from gridata.lake.catalog import Snapshot, Table
from gridata.modes.state import TOMBSTONES
from gridata.retention import figures


def stale_branches(refs: Iterable[str], open_batches: set[str]) -> list[str]:
    """Audit branches of batches that are closed, or that nobody knows. A closed batch never opens again."""
    found: list[str] = []
    for ref in refs:
        audit = re.fullmatch(r"audit_(.+)_[0-9]+", ref)
        if audit and audit[1] not in open_batches:
            found.append(ref)
    return sorted(found)


def stale_files(keys: Iterable[str], closed: Mapping[str, float], seconds: float) -> list[str]:
    """Keys `<w>/<kind>/<table>/<batch>/<attempt>/..` of batches that closed long ago. `closed`: seconds since, by batch."""
    return [key for key in keys if (since := closed.get(key.split("/")[3])) is not None and since > seconds]


def unnamed_tombstones(keys: Iterable[str], tables: Iterable[Table]) -> list[str]:
    """Keys that lie in no folder that a snapshot of its table names: whichever snapshot main is moved to, its tombstones are there."""
    named = {
        summary.rstrip("/").removeprefix("s3://curated/")
        for table in tables
        for snapshot in table.snapshots.values()
        if (summary := snapshot.summary.get(TOMBSTONES)) is not None
    }
    return [key for key in keys if "/".join(key.split("/")[:5]) not in named]


def superseded(table: Table, pinned: set[int], now_ms: float) -> list[Snapshot]:
    """Snapshots that may expire, the oldest first.

    None is as young as one that is kept: whatever main can still be moved to, what has expired lies behind it. Kept are the newest of
    main's history, what any ref points to, what is pinned (an open batch or a derived table reads it), and what is young.
    """
    kept = {one.id for one in table.ancestry()[: figures.SNAPSHOTS_KEPT]} | set(table.refs.values()) | pinned
    horizon = min(
        [
            now_ms - figures.SNAPSHOT_SECONDS * 1000,
            *(table.snapshots[one].at_ms for one in kept if one in table.snapshots),
        ]
    )
    doomed = [one for one in table.snapshots.values() if one.id not in kept and one.at_ms < horizon]
    return sorted(doomed, key=lambda one: (one.at_ms, one.id))
