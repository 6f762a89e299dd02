"""Avro's types: as kinds of a contract, as Arrow types, and how a decoded value becomes one that Arrow takes."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa

from gridata.validation.nested import Kind

Taker = Callable[[Any, str, list[dict[str, str]]], Any]

_PLAIN = {
    "null": "null",
    "boolean": "boolean",
    "int": "int",
    "long": "long",
    "float": "float",
    "double": "double",
    "string": "string",
    "enum": "string",
}
# Unit of the whole number: the kind, microseconds of one.
_TIMES = {
    "timestamp-millis": ("timestamptz", 1000),
    "timestamp-micros": ("timestamptz", 1),
    "local-timestamp-millis": ("timestamp", 1000),
    "local-timestamp-micros": ("timestamp", 1),
}


def without_conversions(schema: Any) -> Any:
    """The schema for the decoder: times stay numbers, because Python has none after the year 9999; decimals stay exact."""
    if isinstance(schema, list):
        return [without_conversions(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {
        key: value for key, value in schema.items() if key != "logicalType" or value in ("decimal", "uuid")
    }
    for member in ("type", "items", "values"):
        if member in kept:
            kept[member] = without_conversions(kept[member])
    if "fields" in kept:
        fields: list[dict[str, Any]] = kept["fields"]
        kept["fields"] = [{**field, "type": without_conversions(field["type"])} for field in fields]
    return kept


def kind_of(schema: Any, names: dict[str, Any] | None = None) -> Kind:
    """An Avro schema as the kind of a contract that holds all of its values."""
    names = {} if names is None else names
    if isinstance(schema, list):
        others = [one for one in schema if one != "null"]
        if len(others) == 1:
            return kind_of(others[0], names)
        if not others:
            return {"kind": "null", "called": "null"}
        return {"kind": "other", "called": f"a union of {', '.join(_called(one) for one in others)}"}
    if isinstance(schema, str):
        if schema in names:
            return names[schema]
        return {"kind": _PLAIN.get(schema, "other"), "called": schema}
    if isinstance(schema["type"], dict | list):
        return kind_of(schema["type"], names)
    found = _complex(schema, names)
    if "name" in schema:
        names[schema["name"]] = found
        if schema.get("namespace"):
            names[f"{schema['namespace']}.{schema['name']}"] = found
    return found


def _called(schema: Any) -> str:
    return schema if isinstance(schema, str) else str(schema.get("logicalType") or schema.get("name") or schema["type"])


def _complex(schema: dict[str, Any], names: dict[str, Any]) -> Kind:
    logical, base = schema.get("logicalType"), schema["type"]
    if logical in _TIMES and base == "long":
        kind, micros = _TIMES[logical]
        return {"kind": kind, "called": logical, "micros": micros}
    if logical == "date" and base == "int":
        return {"kind": "date", "called": "date"}
    if logical == "decimal" and base in ("bytes", "fixed"):
        return {"kind": "decimal", "precision": schema["precision"], "scale": schema.get("scale", 0)}
    if logical == "uuid" and base == "string":
        return {"kind": "string", "called": "uuid"}
    if logical is not None and base in ("int", "long", "bytes", "fixed"):
        return {"kind": "other", "called": str(logical)}
    match base:
        case "record":
            # A record inside of itself is nothing that a table has.
            names[schema["name"]] = {"kind": "other", "called": f"{schema['name']}, which holds itself"}
            fields = [{"name": field["name"], "type": kind_of(field["type"], names)} for field in schema["fields"]]
            return {"kind": "struct", "fields": fields}
        case "array":
            element = kind_of(schema["items"], names)
            # A list of nulls takes no bytes, however many it says there are.
            return (
                {"kind": "other", "called": "array of null"}
                if element["kind"] == "null"
                else {"kind": "list", "element": element}
            )
        case "map":
            key = {"kind": "string", "called": "string"}
            return {"kind": "map", "key": key, "value": kind_of(schema["values"], names)}
        case _:
            return {"kind": _PLAIN.get(base, "other"), "called": base}


def arrow_type(kind: Kind) -> Any:
    match kind["kind"]:
        case "decimal":
            return pa.decimal128(kind["precision"], kind["scale"])
        case "struct":
            return pa.struct([(field["name"], arrow_type(field["type"])) for field in kind["fields"]])
        case "list":
            return pa.list_(arrow_type(kind["element"]))
        case "map":
            return pa.map_(pa.string(), arrow_type(kind["value"]))
        case plain:
            return _ARROW.get(plain, pa.null())


_ARROW = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}


def _same(value: Any, path: str, faults: list[dict[str, str]]) -> Any:
    return value


def taker(kind: Kind) -> Taker:
    """How a value that is not null becomes one for Arrow; what no table takes is a fault with its path, and None."""
    match kind["kind"]:
        case "string":
            return _text
        case "decimal":
            return _decimal(kind["precision"])
        case "timestamp" | "timestamptz" if kind["micros"] != 1:
            return _milliseconds
        case "struct":
            return _struct([(field["name"], taker(field["type"])) for field in kind["fields"]])
        case "list":
            return _list(taker(kind["element"]))
        case "map":
            return _map(taker(kind["value"]))
        case _:
            return _same


def _text(value: Any, path: str, faults: list[dict[str, str]]) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    if value.isascii():
        return value
    shown = value.encode("utf-8", "replace").decode("utf-8")
    if shown == value:
        return value
    faults.append({"c": path, "r": "encoding", "v": shown[:500]})
    return None


def _decimal(precision: int) -> Taker:
    def take(value: Any, path: str, faults: list[dict[str, str]]) -> Any:
        if isinstance(value, Decimal) and len(value.as_tuple().digits) <= precision:
            return value
        faults.append({"c": path, "r": "type", "v": str(value)[:500]})
        return None

    return take


def _milliseconds(value: Any, path: str, faults: list[dict[str, str]]) -> Any:
    if abs(value) < 1 << 53:
        return value * 1000
    faults.append({"c": path, "r": "type", "v": f"{value} ms"})
    return None


def _struct(fields: list[tuple[str, Taker]]) -> Taker:
    def take(value: Any, path: str, faults: list[dict[str, str]]) -> Any:
        return {
            name: None if value[name] is None else inner(value[name], f"{path}.{name}", faults)
            for name, inner in fields
        }

    return take


def _list(inner: Taker) -> Taker:
    def take(value: Any, path: str, faults: list[dict[str, str]]) -> Any:
        return [None if one is None else inner(one, f"{path}[{at}]", faults) for at, one in enumerate(value)]

    return take


def _map(inner: Taker) -> Taker:
    def take(value: Any, path: str, faults: list[dict[str, str]]) -> Any:
        return [
            (_text(key, path, faults) or "", None if one is None else inner(one, f"{path}[{key}]", faults))
            for key, one in value.items()
        ]

    return take
