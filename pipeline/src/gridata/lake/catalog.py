"""The part of the Iceberg REST protocol that the pipeline speaks itself: load, create, refs, the one publishing commit."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from gridata import config

MAIN = "main"
TIMEOUT_SECONDS = 30


class CatalogRefusal(Exception):
    """The catalog answered with an error. `status` 409: the assertion of a commit did not hold; 5xx: unknown what happened."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(f"{status} {kind}: {message}")
        self.status = status
        self.kind = kind


@dataclass(frozen=True)
class Snapshot:
    id: int
    parent: int | None
    summary: dict[str, str]
    manifest_list: str = ""
    """Milliseconds since the epoch."""
    at_ms: int = 0


@dataclass(frozen=True)
class Table:
    """`schema` and `spec` are the current ones."""

    name: str
    uuid: str
    refs: dict[str, int]
    snapshots: dict[int, Snapshot]
    schema: dict[str, Any]
    spec: dict[str, Any]
    last_column_id: int

    @property
    def fields(self) -> dict[str, tuple[int, Any]]:
        """Ids and types of its columns by their names."""
        return {column["name"]: (column["id"], column["type"]) for column in self.schema["fields"]}

    @property
    def main(self) -> int:
        """Every table has a snapshot on main: the catalog makes an empty one."""
        return self.refs[MAIN]

    def ancestry(self, snapshot: int | None = None) -> list[Snapshot]:
        """From a snapshot (default: main) back to the root, as far as the snapshots are kept."""
        found: list[Snapshot] = []
        at = self.main if snapshot is None else snapshot
        while (current := self.snapshots.get(at)) is not None and len(found) <= len(self.snapshots):
            found.append(current)
            if current.parent is None:
                break
            at = current.parent
        return found

    def in_main(self, snapshot: int) -> bool:
        return any(one.id == snapshot for one in self.ancestry())


class Catalog:
    def __init__(self, settings: config.Catalog, world: str) -> None:
        self._address = urlsplit(settings.uri)
        self._token = settings.token
        self.world = world

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(
            str(self._address.hostname), self._address.port, timeout=TIMEOUT_SECONDS
        )
        try:
            connection.request(
                method,
                f"/v1/{self.world}{path}",
                body=None if body is None else json.dumps(body),
                headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            )
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        document = json.loads(text) if text else {}
        if answer.status >= 400:
            error = document.get("error", {})
            raise CatalogRefusal(answer.status, str(error.get("type", "")), str(error.get("message", "")))
        return document

    def load(self, name: str) -> Table | None:
        try:
            return _table(name, self._ask("GET", _path(name)))
        except CatalogRefusal as refusal:
            if refusal.status == 404:
                return None
            raise

    def ensure(self, name: str, iceberg: dict[str, Any]) -> Table:
        """The table; made from a compiled contract's `iceberg` when there is none."""
        found = self.load(name)
        if found is not None:
            return found
        namespace, _, table = name.partition(".")
        for path, body in (
            ("/namespaces", {"namespace": [namespace]}),
            (
                f"/namespaces/{quote(namespace)}/tables",
                {
                    "name": table,
                    "schema": iceberg["schema"],
                    "partition-spec": iceberg["spec"],
                    "properties": iceberg["properties"],
                },
            ),
        ):
            try:
                self._ask("POST", path, body)
            except CatalogRefusal as refusal:
                # Somebody else was first: as good.
                if refusal.status != 409:
                    raise
        found = self.load(name)
        assert found is not None
        return found

    def evolve(self, table: Table, schema: dict[str, Any], last_column_id: int) -> None:
        """Makes a schema current, if the one that it was derived from still is."""
        self._commit(
            table,
            [
                {"type": "assert-current-schema-id", "current-schema-id": table.schema["schema-id"]},
                {"type": "assert-last-assigned-field-id", "last-assigned-field-id": table.last_column_id},
            ],
            [
                {"action": "add-schema", "schema": schema, "last-column-id": last_column_id},
                {"action": "set-current-schema", "schema-id": -1},
            ],
        )

    def create_branch(self, table: Table, branch: str, snapshot: int) -> None:
        self._commit(
            table,
            [{"type": "assert-ref-snapshot-id", "ref": branch, "snapshot-id": None}],
            [_set_ref(branch, snapshot)],
        )

    def remove_branch(self, table: Table, branch: str) -> None:
        if branch in table.refs:
            self._commit(table, [], [{"action": "remove-snapshot-ref", "ref-name": branch}])

    def expire(self, table: Table, snapshots: set[int]) -> None:
        """Forgets snapshots, if main is where it was. The catalog refuses one that any ref points to."""
        self._commit(
            table,
            [{"type": "assert-ref-snapshot-id", "ref": MAIN, "snapshot-id": table.main}],
            [{"action": "remove-snapshots", "snapshot-ids": sorted(snapshots)}],
        )

    def publish(self, table: Table, base: int, snapshot: int, branch: str) -> None:
        """The one commit that moves main, from `base` to `snapshot` or not at all; the audit branch goes with it.

        It asserts the branch too: once somebody removed it, this commit can't succeed any more, however late it arrives.
        """
        self._commit(
            table,
            [
                {"type": "assert-ref-snapshot-id", "ref": MAIN, "snapshot-id": base},
                {"type": "assert-ref-snapshot-id", "ref": branch, "snapshot-id": snapshot},
            ],
            [_set_ref(MAIN, snapshot), {"action": "remove-snapshot-ref", "ref-name": branch}],
        )

    def _commit(self, table: Table, requirements: list[dict[str, Any]], updates: list[dict[str, Any]]) -> None:
        uuid = {"type": "assert-table-uuid", "uuid": table.uuid}
        self._ask("POST", _path(table.name), {"requirements": [uuid, *requirements], "updates": updates})


def _set_ref(name: str, snapshot: int) -> dict[str, Any]:
    return {"action": "set-snapshot-ref", "ref-name": name, "type": "branch", "snapshot-id": snapshot}


def _path(name: str) -> str:
    namespace, _, table = name.partition(".")
    return f"/namespaces/{quote(namespace)}/tables/{quote(table)}"


def _table(name: str, document: dict[str, Any]) -> Table:
    metadata = document["metadata"]
    return Table(
        name,
        metadata["table-uuid"],
        {ref: value["snapshot-id"] for ref, value in metadata.get("refs", {}).items()},
        {
            one["snapshot-id"]: Snapshot(
                *(one["snapshot-id"], one.get("parent-snapshot-id"), one.get("summary", {})),
                *(one.get("manifest-list", ""), one.get("timestamp-ms", 0)),
            )
            for one in metadata.get("snapshots", [])
        },
        next(s for s in metadata["schemas"] if s["schema-id"] == metadata["current-schema-id"]),
        next(s for s in metadata["partition-specs"] if s["spec-id"] == metadata["default-spec-id"]),
        metadata["last-column-id"],
    )
