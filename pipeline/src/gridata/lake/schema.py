"""What a contract's columns ask of a table that is there: nothing, an additive or widening change, or a migration.

Fields are matched by name and keep the table's ids, so that old files and snapshots stay readable. Iceberg specification, "Schema evolution".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
_WIDER = {("int", "long"), ("float", "double")}


@dataclass(frozen=True)
class Change:
    """`schema`: to be made current, None when the table's will do. `refused`: why the contract is not in effect until migrated."""

    schema: Schema | None
    last_column_id: int
    refused: list[str]


def schema_change(table: Schema, last_column_id: int, contract: Schema) -> Change:
    last = last_column_id

    def next_id() -> int:
        nonlocal last
        last += 1
        return last

    merge = _Merge(next_id)
    fields = merge.fields("", table["fields"], contract["fields"])
    if merge.refused or not merge.changed:
        return Change(None, last_column_id, merge.refused)
    return Change({**table, "fields": fields}, last, [])


def spec_change(table: Schema, spec: dict[str, Any], contract: dict[str, Any]) -> str | None:
    """Why the contract's partitions are not in effect, or None. Both specs name columns by the ids of their own schema."""
    now, wanted = _partitions(table, spec), _partitions(contract["schema"], contract["spec"])
    if now == wanted:
        return None
    return f"the partitions would change from ({', '.join(now)}) to ({', '.join(wanted)})"


def _partitions(schema: Schema, spec: dict[str, Any]) -> list[str]:
    names = {field["id"]: field["name"] for field in schema["fields"]}
    return [
        f"{field['transform']} of {names[field['source-id']]} as {field['name']}"
        for field in spec["fields"]
        if field["transform"] != "void"
    ]


class _Merge:
    def __init__(self, next_id: Callable[[], int]) -> None:
        self._next_id = next_id
        self.changed = False
        self.refused: list[str] = []

    def fields(self, within: str, old: list[Schema], new: list[Schema]) -> list[Schema]:
        """The fields of the contract in its order, with the table's ids where it has them."""
        known = {field["name"]: field for field in old}
        wanted = {field["name"] for field in new}
        self.refused += [
            f"column {within}{field['name']} would be dropped" for field in old if field["name"] not in wanted
        ]
        return [self._field(within, known.get(field["name"]), field) for field in new]

    def _field(self, within: str, old: Schema | None, new: Schema) -> Schema:
        name = within + new["name"]
        if old is None:
            self.changed = True
            # Rows that are there have no value for it.
            added = {"id": self._next_id(), "name": new["name"], "required": False}
            return {**added, "type": self._numbered(new["type"])}
        if new["required"] and not old["required"]:
            self.refused.append(f"column {name} would become required")
        if old["required"] and not new["required"]:
            self.changed = True
        return {**old, "required": new["required"], "type": self._type(name, old["type"], new["type"])}

    def _type(self, name: str, old: Any, new: Any) -> Any:
        if isinstance(old, dict) and isinstance(new, dict) and old["type"] == new["type"]:
            return self._nested(name, old, new)
        if _plain(old) == _plain(new):
            return old
        if _widens(old, new):
            self.changed = True
            return new
        verb = "narrow" if _widens(new, old) else "change"
        self.refused.append(f"column {name} would {verb} from {_words(old)} to {_words(new)}")
        return old

    def _nested(self, name: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        if old["type"] == "struct":
            return {**old, "fields": self.fields(f"{name}.", old["fields"], new["fields"])}
        if old["type"] == "list":
            return {**old, "element": self._type(f"{name}.element", old["element"], new["element"])}
        # A key of a map never changes: the specification forbids it.
        if _unnumbered(old["key"]) != _unnumbered(new["key"]):
            self.refused.append(f"the keys of column {name} would change")
        return {**old, "value": self._type(f"{name}.value", old["value"], new["value"])}

    def _numbered(self, kind: Any) -> Any:
        """A new type: everything in it is new, its ids too."""
        if not isinstance(kind, dict):
            return kind
        ids = {key: self._next_id() for key in kind if key in ("element-id", "key-id", "value-id")}
        inner = {key: self._numbered(kind[key]) for key in ("element", "key", "value") if key in kind}
        numbered = {**kind, **ids, **inner}
        if "fields" in kind:
            numbered["fields"] = [
                {**field, "id": self._next_id(), "required": False, "type": self._numbered(field["type"])}
                for field in kind["fields"]
            ]
        return numbered


def _plain(kind: Any) -> Any:
    return kind.replace(" ", "") if isinstance(kind, str) else kind


def _decimal(kind: Any) -> tuple[int, int] | None:
    found = re.fullmatch(r"decimal\((\d+),(\d+)\)", _plain(kind)) if isinstance(kind, str) else None
    return (int(found[1]), int(found[2])) if found else None


def _widens(old: Any, new: Any) -> bool:
    before, after = _decimal(old), _decimal(new)
    if before and after:
        return after[1] == before[1] and after[0] > before[0]
    return isinstance(old, str) and isinstance(new, str) and (old, new) in _WIDER


def _words(kind: Any) -> str:
    return _plain(kind) if isinstance(kind, str) else kind["type"]


def _unnumbered(kind: Any) -> Any:
    if isinstance(kind, list):
        return [_unnumbered(one) for one in kind]
    if not isinstance(kind, dict):
        return _plain(kind)
    return {key: _unnumbered(value) for key, value in kind.items() if key != "id" and not key.endswith("-id")}
