"""What rows of a table differ between two of its snapshots, from what Iceberg knows of them."""

from typing import Any

from gridata.lake.catalog import Snapshot, Table
from gridata.steps.reads import Reads

# Rows are added, or moved to other files unchanged.
ADDING = {"append", "replace"}


def changed_rows(reads: Reads, name: str, earlier: int | None, later: int | None) -> Any | None:
    """Rows that are in one of the snapshots and not in the other; None when that can't be told. Snapshot None: no such table yet."""
    if earlier == later:
        return reads.at(name, None)
    if earlier is None:
        return reads.at(name, later)
    table = reads.step.catalog.load(name)
    between = None if table is None or later is None else since(table, earlier, later)
    if between is None:
        return None
    place = f"{reads.step.world}.{name}"
    if all(snapshot.summary.get("operation") in ADDING for snapshot in between):
        frame = reads.spark.read.format("iceberg")
        return frame.option("start-snapshot-id", str(earlier)).option("end-snapshot-id", str(later)).load(place)
    view = f"changes_of_{name.replace('.', '_')}"
    try:
        reads.spark.sql(
            f"CALL {reads.step.world}.system.create_changelog_view(table => '{name}', changelog_view => '{view}', "
            f"options => map('start-snapshot-id', '{earlier}', 'end-snapshot-id', '{later}'))"
        ).collect()
        return reads.spark.table(view).drop("_change_type", "_change_ordinal", "_commit_snapshot_id")
    except Exception as error:
        reads.step.log.info("no changelog", upstream=name, why=str(error)[:300])
        return None


def since(table: Table, earlier: int, later: int) -> list[Snapshot] | None:
    """Snapshots after `earlier` up to `later`; None unless the one descends from the other."""
    found: list[Snapshot] = []
    for snapshot in table.ancestry(later):
        if snapshot.id == earlier:
            return found
        found.append(snapshot)
    return None
