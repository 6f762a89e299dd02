"""JSON Lines and JSON arrays: the shape of all records, and the texts of their plain members as columns."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from gridata.infer import flat, guess
from gridata.infer.draft import Column, Draft, names_for
from gridata.validation import json_array, jsonl
from gridata.validation.json_records import Number

_BATCH = 8192
_LINE = 1 << 25
# More than so many names in the objects of one member, few of them in each: they are keys of a map.
_MANY_KEYS = 24


@dataclass
class Shape:
    """What values of one member were seen."""

    kinds: set[str] = field(default_factory=set[str])
    seen: int = 0
    digits: int = 0
    scale: int = 0
    low: int = 0
    high: int = 0
    exponent: bool = False
    objects: int = 0
    fields: "dict[str, Shape]" = field(default_factory=dict[str, "Shape"])
    element: "Shape | None" = None

    def add(self, value: Any) -> None:
        if value is None:
            return
        self.seen += 1
        match value:
            case bool():
                self.kinds.add("boolean")
            case Number() | int() | float():
                self.kinds.add("number")
                self._number(str(value))
            case str():
                self.kinds.add("string")
            case list():
                self.kinds.add("list")
                self.element = self.element or Shape()
                for one in list[Any](value):
                    self.element.add(one)
            case _:
                self.kinds.add("object")
                self.objects += 1
                members: dict[str, Any] = value
                for key, one in members.items():
                    self.fields.setdefault(key, Shape()).add(one)

    def _number(self, text: str) -> None:
        self.exponent = self.exponent or "e" in text.lower()
        whole, _, fraction = text.lstrip("+-").partition(".")
        self.digits, self.scale = max(self.digits, len(whole.lstrip("0"))), max(self.scale, len(fraction))
        if not fraction and not self.exponent:
            self.low, self.high = min(self.low, int(text)), max(self.high, int(text))


def infer(db: duckdb.DuckDBPyConnection, path: Path, draft: Draft) -> None:
    records = jsonl.records(path, _LINE) if draft.format == "jsonl" else json_array.records(path, _LINE)
    whole = Shape()
    good = (value for _, _, _, value in records if isinstance(value, dict))
    sources = _members(path, draft.format)
    _load(db, whole, good, sources)
    names = names_for(sources)
    _columns(db, whole, sources, names, draft)
    guess.guess(db, "cells", draft, values=dict(guess.columns_sql(draft).items()))
    for column, source in zip(draft.columns, sources, strict=True):
        shape = whole.fields[source]
        if column.type["kind"] in ("struct", "list", "map"):
            column.required = shape.seen == whole.objects


def _members(path: Path, format_: str) -> list[str]:
    """Names of the members of all records, in the order in which they come."""
    records = jsonl.records(path, _LINE) if format_ == "jsonl" else json_array.records(path, _LINE)
    found: dict[str, None] = {}
    for _, _, _, value in records:
        if isinstance(value, dict):
            found.update(dict.fromkeys(value))  # pyright: ignore[reportUnknownArgumentType]
    return list(found)


def _load(db: duckdb.DuckDBPyConnection, whole: Shape, records: Iterable[Any], sources: list[str]) -> None:
    """Plain members as text into the table `cells`; the shape of everything into `whole`."""
    names = names_for(sources)
    schema = pa.schema([(own, pa.string()) for own in names])

    def batches() -> Iterator[Any]:
        rows: list[dict[str, Any]] = []
        for record in records:
            whole.add(record)
            rows.append(record)
            if len(rows) == _BATCH:
                yield _batch(rows, sources, schema)
                rows = []
        yield _batch(rows, sources, schema)

    reader = pa.RecordBatchReader.from_batches(schema, batches())
    db.register("incoming", reader)
    db.execute("CREATE TABLE cells AS SELECT * FROM incoming")
    db.unregister("incoming")


def _batch(rows: list[dict[str, Any]], sources: list[str], schema: Any) -> Any:
    return pa.RecordBatch.from_arrays(
        [pa.array([_plain(row.get(source)) for row in rows], pa.string()) for source in sources], schema=schema
    )


def _plain(value: Any) -> str | None:
    if value is None or isinstance(value, (dict, list)):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _columns(db: duckdb.DuckDBPyConnection, whole: Shape, sources: list[str], names: list[str], draft: Draft) -> None:
    # Of texts only dates and times are told: a number in quotes is a text by its writer's choice.
    texts = [i for i, source in enumerate(sources) if whole.fields[source].kinds == {"string"}]
    part = Draft(draft.format)
    flat.columns_of(db, "cells", [sources[i] for i in texts], [names[i] for i in texts], part)
    by_name = {column.name: column for column in part.columns}
    for source, own in zip(sources, names, strict=True):
        column = by_name.get(own) or Column(source, own, {"kind": "string"})
        if own not in by_name or column.type["kind"] == "boolean":
            column.type = type_of(whole.fields[source], own, draft)
        if source != own:
            draft.note(f"called {source!r} in the file: kept as physicalName", own)
        draft.columns.append(column)
    draft.notes.extend(part.notes)


def type_of(shape: Shape, path: str, draft: Draft) -> dict[str, Any]:
    kinds = shape.kinds
    if kinds == {"boolean"}:
        return {"kind": "boolean"}
    if kinds == {"number"}:
        return _number_type(shape)
    if kinds == {"list"}:
        element = shape.element or Shape()
        if not element.kinds:
            draft.note("all of its lists are empty: a list of texts is a guess", path)
        return {"kind": "list", "element": type_of(element, path, draft)}
    if kinds == {"object"}:
        return _object_type(shape, path, draft)
    if kinds - {"string"}:
        draft.note(f"values of several kinds ({', '.join(sorted(kinds))}): only texts will be accepted", path)
    return {"kind": "string"}


def _number_type(shape: Shape) -> dict[str, Any]:
    if shape.exponent or shape.scale > 10 or shape.digits + shape.scale > 36:
        return {"kind": "double"}
    if shape.scale == 0 and shape.digits <= 18:
        return {"kind": "int" if shape.low >= -(2**31) and shape.high < 2**31 else "long"}
    precision = next(p for p in (10, 12, 18, 38) if p >= shape.digits + shape.scale + 2)
    return {"kind": "decimal", "precision": precision, "scale": shape.scale}


def _object_type(shape: Shape, path: str, draft: Draft) -> dict[str, Any]:
    fields = shape.fields
    average = sum(one.seen for one in fields.values()) / max(1, shape.objects)
    if len(fields) > _MANY_KEYS and average * 4 < len(fields):
        draft.note(f"{len(fields)} names, few in each object: taken for a map", path)
        merged = Shape()
        for one in fields.values():
            _merge(merged, one)
        return {"kind": "map", "key": {"kind": "string"}, "value": type_of(merged, path, draft)}
    if not fields:
        draft.note("all of its objects are empty: a map of texts is a guess", path)
        return {"kind": "map", "key": {"kind": "string"}, "value": {"kind": "string"}}
    sources = list(fields)
    return {
        "kind": "struct",
        "fields": [
            {
                "name": own,
                "source": source,
                "type": type_of(fields[source], f"{path}.{own}", draft),
                "required": fields[source].seen == shape.objects,
                "classification": None,
            }
            for source, own in zip(sources, names_for(sources), strict=True)
        ],
    }


def _merge(into: Shape, one: Shape) -> None:
    into.kinds |= one.kinds
    into.digits, into.scale = max(into.digits, one.digits), max(into.scale, one.scale)
    into.low, into.high = min(into.low, one.low), max(into.high, one.high)
    into.exponent = into.exponent or one.exponent
    into.objects += one.objects
    for key, shape in one.fields.items():
        _merge(into.fields.setdefault(key, Shape()), shape)
    if one.element:
        into.element = into.element or Shape()
        _merge(into.element, one.element)
