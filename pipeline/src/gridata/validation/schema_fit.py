"""Whether the types that a file says it has are those of its contract: the same, or narrower ones that lose nothing.

A file's types are kinds like a contract's, with two more: `null` (a column without any value) and `other` (nothing that a
table takes). Each says what it is `called` in the file.
"""

from typing import Any

from gridata.validation.cells import Contract, Refused
from gridata.validation.nested import Kind
from gridata.validation.rules import name, text

_DIGITS = {"int": 10, "long": 19}
_SHOWN = 12


def check(fields: list[dict[str, Any]], contract: Contract) -> None:
    """Raises `Refused` with every difference between the `fields` of a file (name, type) and the contract's columns."""
    wanted = {"kind": "struct", "fields": contract["columns"]}
    differences = _differences({"kind": "struct", "fields": fields, "called": "record"}, wanted, "")
    if differences:
        shown = "; ".join(differences[:_SHOWN])
        more = f"; and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
        raise Refused("SCHEMA_MISMATCH", f"its columns are not those of the contract: {shown}{more}")


def called(type_: Kind) -> str:
    """How a type is called: as the file does, or as a contract does."""
    if "called" in type_:
        return type_["called"]
    match type_["kind"]:
        case "decimal":
            return f"decimal({type_['precision']},{type_['scale']})"
        case "struct":
            return f"struct<{', '.join(_source(field) + ': ' + called(field['type']) for field in type_['fields'])}>"
        case "list":
            return f"list<{called(type_['element'])}>"
        case "map":
            return f"map<{called(type_['key'])}, {called(type_['value'])}>"
        case kind:
            return kind


def _source(field: dict[str, Any]) -> str:
    # A field of the file has no other name than its own.
    return field.get("source", field["name"])


def _differences(found: Kind, wanted: Kind, path: str) -> list[str]:
    kinds = (found["kind"], wanted["kind"])
    if found["kind"] == "null":
        return []
    if kinds == ("struct", "struct"):
        return _field_differences(found["fields"], wanted["fields"], path)
    if kinds == ("list", "list"):
        return _differences(found["element"], wanted["element"], f"{path}[]")
    if kinds == ("map", "map"):
        keys = _differences(found["key"], wanted["key"], f"{path} (key)")
        return keys + _differences(found["value"], wanted["value"], f"{path}[]")
    if _is_kept(found, wanted):
        return []
    return [f"{path} is {called(found)} in the file and {called(wanted)} in the contract"]


def _field_differences(found: list[dict[str, Any]], wanted: list[dict[str, Any]], path: str) -> list[str]:
    prefix = f"{path}." if path else ""
    names = [field["name"] for field in found]
    own = {field["name"]: field["type"] for field in found}
    differences: list[str] = []
    for field in wanted:
        source = _source(field)
        if source in own:
            differences += _differences(own[source], field["type"], prefix + source)
        elif field["required"] or field.get("key"):
            differences.append(f"{prefix}{source} is missing in the file")
    known = {_source(field) for field in wanted}
    differences += [f"{prefix}{one} ({called(own[one])}) is not in the contract" for one in own if one not in known]
    differences += [f"{prefix}{one} comes twice" for one in own if names.count(one) > 1]
    return differences


def _is_kept(found: Kind, wanted: Kind) -> bool:
    """Whether every value of the one type is one of the other."""
    kind, to = found["kind"], wanted["kind"]
    if to == "decimal":
        whole = wanted["precision"] - wanted["scale"]
        if kind == "decimal":
            return found["scale"] <= wanted["scale"] and found["precision"] - found["scale"] <= whole
        return kind in _DIGITS and whole >= _DIGITS[kind]
    return kind == to or (kind, to) in (("int", "long"), ("int", "double"), ("float", "double"))


def value(cell: str, found: Kind, wanted: Kind, depth: int = 0) -> str:
    """SQL that makes of `cell`, as the file has it, a value in the shape of the contract: by names, missing members NULL."""
    one = f"_m{depth}"
    if found["kind"] == "null" or not _needs_shaping(wanted):
        return cell
    if wanted["kind"] == "struct":
        own = {field["name"]: field["type"] for field in found["fields"]}
        members = ", ".join(
            f"{name(field['name'])} := "
            + (
                value(f"{one}[{text(_source(field))}]", own[_source(field)], field["type"], depth + 1)
                if _source(field) in own
                else "NULL"
            )
            for field in wanted["fields"]
        )
        return _if_any(cell, one, f"struct_pack({members})")
    if wanted["kind"] == "list":
        return f"list_transform({cell}, lambda {one}: {value(one, found['element'], wanted['element'], depth + 1)})"
    inner = value(f"{one}['value']", found["value"], wanted["value"], depth + 1)
    return f"map_from_entries(list_transform(map_entries({cell}), lambda {one}: struct_pack(k := {one}['key'], v := {inner})))"


def _if_any(cell: str, one: str, shaped: str) -> str:
    """The cell may be a long expression: a lambda names it."""
    return f"list_transform([{cell}], lambda {one}: CASE WHEN {one} IS NOT NULL THEN {shaped} END)[1]"


def _needs_shaping(type_: Kind) -> bool:
    """Whether a struct is in it: members are taken by name. The rest is a cast."""
    match type_["kind"]:
        case "struct":
            return True
        case "list":
            return _needs_shaping(type_["element"])
        case "map":
            return _needs_shaping(type_["value"])
        case _:
            return False
