"""Nested types in SQL: what is wrong inside a struct, list or map, each with its path, by the rules that hold for a cell."""

from typing import Any

import pyarrow as pa

from gridata.validation import rules
from gridata.validation.rules import name, text

Kind = dict[str, Any]

NO_RULES = dict.fromkeys(
    (
        "pattern",
        "enum",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "format",
    )
)
# A list of what is wrong in cells, in SQL and in Arrow.
FAULTS = "STRUCT(c VARCHAR, r VARCHAR, v VARCHAR)[]"
FOUND = pa.list_(pa.struct([("c", pa.string()), ("r", pa.string()), ("v", pa.string())]))


def is_nested(type_: Kind) -> bool:
    return type_["kind"] in ("struct", "list", "map")


def faults(column: dict[str, Any], *, typed: bool) -> str:
    """SQL for a list of {c, r, v}: what is wrong inside of a cell of a nested type."""
    return _inside(name(column["name"]), column["type"], text(column["name"]), typed, 0)


def _inside(value: str, type_: Kind, path: str, typed: bool, depth: int) -> str:
    match type_["kind"]:
        case "struct":
            parts = [
                _named(
                    f"{value}.{name(field['name'])}",
                    {**field, "required": field["required"] and typed},
                    f"{path} || {text('.' + field['name'])}",
                    typed,
                    depth,
                )
                for field in type_["fields"]
            ]
            return f"CASE WHEN {value} IS NULL THEN [] ELSE {_concat(parts)} END"
        case "list":
            return _each(value, type_["element"], f"{path} || '[' || (AT - 1) || ']'", typed, depth)
        case "map":
            keys, values = f"map_keys({value})", f"map_values({value})"
            key = f"CAST({keys}[AT] AS VARCHAR)"
            return _concat(
                [
                    _each(keys, type_["key"], f"{path} || '[' || {key} || ']'", typed, depth),
                    _each(values, type_["value"], f"{path} || '[' || {key} || ']'", typed, depth),
                ]
            )
        case _:
            raise AssertionError(type_)


def _each(values: str, type_: Kind, path: str, typed: bool, depth: int) -> str:
    one, at = f"_v{depth}", f"_i{depth}"
    inner = _of(one, {"type": type_, "required": False}, path.replace("AT", at), typed, depth + 1)
    return f"flatten(list_transform(coalesce({values}, []), lambda {one}, {at}: {inner}))"


def _named(value: str, field: dict[str, Any], path: str, typed: bool, depth: int) -> str:
    """The rules are written for a column: a lambda gives the value such a name."""
    one = f"_v{depth}"
    return f"flatten(list_transform([{value}], lambda {one}: {_of(one, field, path, typed, depth + 1)}))"


def _of(one: str, field: dict[str, Any], path: str, typed: bool, depth: int) -> str:
    column = {**NO_RULES, "name": one, "type": field["type"], "required": field["required"], "key": 0}
    parts: list[str] = []
    if is_nested(field["type"]):
        if field["required"]:
            parts.append(_fault(f"CASE WHEN {one} IS NULL THEN 'required' END", path, "''"))
        parts.append(_inside(one, field["type"], path, typed, depth))
    else:
        by_value = typed or field["type"]["kind"] == "boolean"
        parts.append(_fault(rules.broken_rule(column, by_value), path, f"coalesce(CAST({one} AS VARCHAR), '')"))
    return _concat(parts)


def _fault(rule: str, path: str, value: str) -> str:
    return f"list_filter([{{'c': {path}, 'r': {rule}, 'v': {value}}}], lambda _one: _one.r IS NOT NULL)"


def _concat(parts: list[str]) -> str:
    return f"CAST(list_concat({', '.join(parts)}) AS {FAULTS})" if parts else f"CAST([] AS {FAULTS})"
