"""Parquet and Avro: the file says its types itself."""

from pathlib import Path
from typing import Any

import duckdb
import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from gridata.infer import guess
from gridata.infer.draft import Column, Draft, names_for
from gridata.validation.sql import name, text


def infer_parquet(db: duckdb.DuckDBPyConnection, path: Path, draft: Draft) -> None:
    schema = pq.read_schema(path)
    sources = list(schema.names)
    names = names_for(sources)
    for source, own in zip(sources, names, strict=True):
        type_ = arrow_type(schema.field(source).type, own, draft)
        draft.columns.append(Column(source, own, type_))
        if source != own:
            draft.note(f"called {source!r} in the file: kept as physicalName", own)
    aliased = ", ".join(f"{name(source)} AS {name(own)}" for source, own in zip(sources, names, strict=True))
    db.execute(f"CREATE VIEW cells AS SELECT {aliased} FROM read_parquet({text(str(path))})")
    guess.guess(db, "cells", draft, values=guess.columns_sql(draft))
    _nested_required(db, draft)


def _nested_required(db: duckdb.DuckDBPyConnection, draft: Draft) -> None:
    for column in draft.columns:
        if column.type["kind"] in ("struct", "list", "map"):
            row = db.execute(f"SELECT count(*) - count({name(column.name)}) FROM cells").fetchone()
            column.required = row is not None and row[0] == 0 and draft.records > 0


def arrow_type(type_: Any, path: str, draft: Draft) -> dict[str, Any]:
    is_ = pa.types
    if is_.is_struct(type_):
        fields = [type_.field(i) for i in range(type_.num_fields)]
        return _struct([(f.name, arrow_type(f.type, f"{path}.{f.name}", draft)) for f in fields])
    if is_.is_map(type_):
        return {
            "kind": "map",
            "key": arrow_type(type_.key_type, path, draft),
            "value": arrow_type(type_.item_type, path, draft),
        }
    if is_.is_list(type_) or is_.is_large_list(type_) or is_.is_fixed_size_list(type_):
        return {"kind": "list", "element": arrow_type(type_.value_type, path, draft)}
    if is_.is_decimal(type_):
        return {"kind": "decimal", "precision": type_.precision, "scale": type_.scale}
    if is_.is_timestamp(type_):
        return {"kind": "timestamptz" if type_.tz else "timestamp"}
    if is_.is_dictionary(type_):
        return arrow_type(type_.value_type, path, draft)
    if str(type_) in _ARROW:
        return {"kind": _ARROW[str(type_)]}
    if is_.is_uint64(type_):
        return {"kind": "decimal", "precision": 20, "scale": 0}
    draft.note(f"a table has no {type_}: string is a guess", path)
    return {"kind": "string"}


def _struct(fields: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    names = names_for([source for source, _ in fields])
    return {
        "kind": "struct",
        "fields": [
            {"name": own, "source": source, "type": type_, "required": False, "classification": None}
            for own, (source, type_) in zip(names, fields, strict=True)
        ],
    }


_ARROW = {
    "bool": "boolean",
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "int"),
    **dict.fromkeys(("int64", "uint32"), "long"),
    **dict.fromkeys(("halffloat", "float"), "float"),
    "double": "double",
    **dict.fromkeys(("date32[day]", "date64[ms]"), "date"),
    **dict.fromkeys(("string", "large_string"), "string"),
}


def infer_avro(path: Path, draft: Draft) -> None:
    with path.open("rb") as file:
        reader = fastavro.reader(file)
        schema: Any = reader.writer_schema
        draft.records = sum(1 for _ in reader)
    sources = [field["name"] for field in schema["fields"]]
    for field, own in zip(schema["fields"], names_for(sources), strict=True):
        column = Column(field["name"], own, avro_type(field["type"], own, draft))
        column.required = not _nullable(field["type"])
        draft.columns.append(column)
    guess.partition_by(draft.columns, draft)


def _nullable(type_: Any) -> bool:
    return type_ == "null" or (isinstance(type_, list) and "null" in type_)


def avro_type(type_: Any, path: str, draft: Draft) -> dict[str, Any]:
    if isinstance(type_, list):
        kinds: list[Any] = [one for one in type_ if one != "null"]  # pyright: ignore[reportUnknownVariableType]
        if len(kinds) == 1:
            return avro_type(kinds[0], path, draft)
        draft.note("a union of several types: string is a guess", path)
        return {"kind": "string"}
    if isinstance(type_, dict):
        return _avro_complex(type_, path, draft)  # pyright: ignore[reportUnknownArgumentType]
    plain = {
        "boolean": "boolean",
        "int": "int",
        "long": "long",
        "float": "float",
        "double": "double",
        "string": "string",
    }
    if type_ not in plain:
        draft.note(f"a table has no {type_}: string is a guess", path)
    return {"kind": plain.get(type_, "string")}


def _avro_complex(type_: dict[str, Any], path: str, draft: Draft) -> dict[str, Any]:
    match type_.get("logicalType"), type_["type"]:
        case ("decimal", _):
            return {"kind": "decimal", "precision": type_["precision"], "scale": type_.get("scale", 0)}
        case ("date", _):
            return {"kind": "date"}
        case ("timestamp-millis" | "timestamp-micros", _):
            return {"kind": "timestamptz"}
        case ("local-timestamp-millis" | "local-timestamp-micros", _):
            return {"kind": "timestamp"}
        case (_, "record"):
            return _struct([(f["name"], avro_type(f["type"], f"{path}.{f['name']}", draft)) for f in type_["fields"]])
        case (_, "array"):
            return {"kind": "list", "element": avro_type(type_["items"], path, draft)}
        case (_, "map"):
            return {"kind": "map", "key": {"kind": "string"}, "value": avro_type(type_["values"], path, draft)}
        case (_, "enum"):
            return {"kind": "string"}
        case (_, inner):
            return avro_type(inner, path, draft)
