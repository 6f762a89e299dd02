"""One table of the real catalog; beside it what Spark and the store would hold: rows by snapshot, objects by key, both in memory."""

import itertools
import time
from collections.abc import Callable
from typing import Any

from gridata import config
from gridata.lake.catalog import MAIN, Catalog, CatalogRefusal, Snapshot, Table, _table

WORLD = "model"
"""In the catalog. Tables have names of their own."""
Row = tuple[str, str, int]
"""Content, delivery, ordinal."""
SCHEMA = {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "required": False, "type": "long"}]}
ICEBERG: dict[str, Any] = {
    "schema": SCHEMA,
    "spec": {"spec-id": 0, "fields": []},
    "properties": {"format-version": "2"},
}
_snapshots = itertools.count(9_007_199_254_740_993)


class Client(Catalog):
    """The pipeline's client of the catalog; whatever it is told of the table is kept: nobody else changes it."""

    def __init__(self, lake: "Lake", uri: str, role: str) -> None:
        super().__init__(config.Catalog(uri, role), WORLD)
        self._lake = lake

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        document = super()._ask(method, path, body)
        if "metadata" in document:
            self._lake.table = _table(self._lake.name, document)
        return document


class Lake:
    table: Table

    def __init__(self, uri: str, name: str) -> None:
        self.name = name
        self.roles = {role: Client(self, uri, role) for role in ("reader", "engine", "publisher", "admin")}
        self.roles["engine"].ensure(name, ICEBERG)
        self.rows: dict[int, list[Row]] = {self.table.main: []}
        self.objects: dict[str, Any] = {}
        self.checked: set[int] = set()
        self._sequence = itertools.count(2)

    def commit(self, role: str, requirements: list[dict[str, Any]], updates: list[dict[str, Any]]) -> None:
        self.roles[role]._commit(self.table, requirements, updates)

    def append(self, branch: str, rows: list[Row], summary: dict[str, str]) -> Callable[[], None]:
        """The commit of Spark's client on the branch as it is now; a missing branch is refused."""
        head = self.table.refs.get(branch)
        if head is None:
            raise CatalogRefusal(409, "CommitFailedException", f"{branch} is gone")
        snapshot, sequence = next(_snapshots), next(self._sequence)
        add = {
            "snapshot-id": snapshot,
            "parent-snapshot-id": head,
            "sequence-number": sequence,
            "timestamp-ms": time.time_ns() // 1_000_000,
            "manifest-list": f"s3://curated/none/{snapshot}.avro",
            "summary": {"operation": "append", "added-records": str(len(rows)), **summary},
            "schema-id": 0,
        }

        def send() -> None:
            self.commit(
                "engine",
                [{"type": "assert-ref-snapshot-id", "ref": branch, "snapshot-id": head}],
                [{"action": "add-snapshot", "snapshot": add}, set_ref(branch, snapshot)],
            )
            self.rows[snapshot] = rows

        return send

    def main(self) -> list[Snapshot]:
        """What was published, newest first."""
        return [one for one in self.table.ancestry() if one.parent is not None]

    def published(self) -> list[Row]:
        return [row for snapshot in self.main() for row in self.rows[snapshot.id]]

    def audit_branches(self) -> list[str]:
        return sorted(ref for ref in self.table.refs if ref != MAIN)


def set_ref(name: str, snapshot: int) -> dict[str, Any]:
    return {"action": "set-snapshot-ref", "ref-name": name, "type": "branch", "snapshot-id": snapshot}
