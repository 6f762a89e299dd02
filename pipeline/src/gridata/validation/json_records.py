"""Records of JSON: a text to a value whose numbers keep their digits, and that value to the cells of a contract.

A number stays the text that it was: 12345678901234567890 and 0.1 go through the same rules as the cells of a CSV, unrounded.
What JSON itself tells apart (text, number, true, null) is held against the column's type here; the rules judge the rest.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa

from gridata.validation.cells import Contract
from gridata.validation.nested import FOUND, Kind, is_nested

Faults = list[dict[str, str | None]]
Taker = Callable[[Any, str, Faults], Any]

SHOWN = 500


class Malformed(Exception):
    """The text is no JSON value: `rule` is what it breaks."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Number(str):
    __slots__ = ()


class _Doubled(dict[str, Any]):
    """An object that names a member twice: `names` are those."""

    names: tuple[str, ...] = ()


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    doubled = _Doubled(members)
    seen = [name for name, _ in pairs]
    doubled.names = tuple(dict.fromkeys(name for name in seen if seen.count(name) > 1))
    return doubled


def _no_constant(_: str) -> None:
    raise ValueError("NaN and Infinity are no JSON")


DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=Number, parse_float=Number, parse_constant=_no_constant
)


def decode(line: bytes) -> Any:
    """The value of one line. Raises `Malformed`."""
    try:
        return DECODER.decode(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise Malformed("encoding") from None
    except (ValueError, RecursionError):
        raise Malformed("type") from None


class Batches:
    """Cells of records, collected into batches of Arrow. `_found` holds the faults that JSON itself shows."""

    def __init__(self, contract: Contract) -> None:
        columns = contract["columns"]
        self._sources = [(column["source"], column["name"]) for column in columns]
        self._known = {source for source, _ in self._sources}
        self._takers = [_taker(column["type"]) for column in columns]
        self.schema = pa.schema(
            [
                ("_row", pa.int64()),
                ("_line", pa.int64()),
                ("_found", FOUND),
                *((column["name"], _arrow(column["type"])) for column in columns),
            ]
        )
        self._clear()

    def _clear(self) -> None:
        self._rows: list[int] = []
        self._lines: list[int] = []
        self._found: list[Faults | None] = []
        self._cells: list[list[Any]] = [[] for _ in self._takers]

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: int, line: int, members: dict[str, Any], escapes: bool) -> None:
        """`escapes`: its text has some, so a text may hold what UTF-8 can't."""
        faults: Faults = []
        met = 0
        for (source, name), take, cells in zip(self._sources, self._takers, self._cells, strict=True):
            value = members.get(source)
            if value is not None:
                met += 1
                value = take(value, name, faults)
                if escapes:
                    value = _clean(value, name, faults)
            elif source in members:
                met += 1
            cells.append(value)
        if met != len(members):
            faults.extend(_fault(name, "cells", members[name]) for name in members if name not in self._known)
        if type(members) is _Doubled:
            faults.extend(_fault(name, "cells", members[name]) for name in members.names)
        self._rows.append(row)
        self._lines.append(line)
        self._found.append(faults or None)

    def take(self) -> Any:
        """What was added since the last time."""
        batch = pa.record_batch([self._rows, self._lines, self._found, *self._cells], schema=self.schema)
        self._clear()
        return batch


def shown(value: Any) -> str:
    """The JSON text of a value, shortened."""
    if type(value) is Number:
        return str(value)[:SHOWN]
    if isinstance(value, dict):
        members = (f"{json.dumps(name, ensure_ascii=False)}: {shown(inner)}" for name, inner in value.items())
        return _well_formed(f"{{{_joined(members)}}}")
    if isinstance(value, list):
        return _well_formed(f"[{_joined(map(shown, value))}]")
    return _well_formed(json.dumps(value, ensure_ascii=False)[:SHOWN])


def _joined(parts: Iterable[str]) -> str:
    text = ""
    for part in parts:
        text += f", {part}" if text else part
        if len(text) > SHOWN:
            return text[:SHOWN]
    return text


def _well_formed(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\\u0000")


def _fault(path: str, rule: str, value: Any) -> dict[str, str | None]:
    return {"c": _well_formed(path), "r": rule, "v": shown(value)}


def _clean(value: Any, path: str, faults: Faults) -> Any:
    """None and a fault where a text holds a NUL or half a character: neither can be kept."""
    texts = [value]
    while texts:
        inner = texts.pop()
        if isinstance(inner, dict):
            texts.extend((*inner.keys(), *inner.values()))
        elif isinstance(inner, list | tuple):
            texts.extend(inner)
        elif isinstance(inner, str) and ("\0" in inner or (not inner.isascii() and _well_formed(inner) != inner)):
            faults.append(_fault(path, "encoding", inner))
            return None
    return value


def _arrow(type_: Kind) -> Any:
    """Texts in the shape of the type; only true and false are values by themselves."""
    match type_["kind"]:
        case "boolean":
            return pa.bool_()
        case "struct":
            return pa.struct([(field["name"], _arrow(field["type"])) for field in type_["fields"]])
        case "list":
            return pa.list_(_arrow(type_["element"]))
        case "map":
            return pa.map_(pa.string(), _arrow(type_["value"]))
        case _:
            return pa.string()


def _taker(type_: Kind) -> Taker:
    """How a value that is not null becomes a cell of this type; what JSON says against it is added to the faults."""
    if is_nested(type_):
        return {"struct": _struct, "list": _list, "map": _map}[type_["kind"]](type_)
    if type_["kind"] == "boolean":
        wanted: type = bool
    elif type_["kind"] in ("int", "long", "float", "double", "decimal"):
        wanted = Number
    else:
        wanted = str

    def take(value: Any, path: str, faults: Faults) -> Any:
        if type(value) is wanted:
            return value
        faults.append(_fault(path, "type", value))
        return None

    return take


def _struct(type_: Kind) -> Taker:
    fields = [(f["source"], f["name"], f["required"], _taker(f["type"])) for f in type_["fields"]]
    known = {source for source, *_ in fields}

    def take(value: Any, path: str, faults: Faults) -> Any:
        if not isinstance(value, dict):
            faults.append(_fault(path, "type", value))
            return None
        cells: dict[str, Any] = {}
        for source, name, required, inner in fields:
            member = value.get(source)
            if member is not None:
                member = inner(member, f"{path}.{name}", faults)
            elif required:
                faults.append({"c": f"{path}.{name}", "r": "required", "v": ""})
            cells[name] = member
        doubled = value.names if type(value) is _Doubled else ()
        odd = [member for member in value if member not in known or member in doubled]
        faults.extend(_fault(f"{path}.{member}", "cells", value[member]) for member in odd)
        return cells

    return take


def _list(type_: Kind) -> Taker:
    inner = _taker(type_["element"])

    def take(value: Any, path: str, faults: Faults) -> Any:
        if not isinstance(value, list):
            faults.append(_fault(path, "type", value))
            return None
        return [None if one is None else inner(one, f"{path}[{at}]", faults) for at, one in enumerate(value)]

    return take


def _map(type_: Kind) -> Taker:
    inner = _taker(type_["value"])

    def take(value: Any, path: str, faults: Faults) -> Any:
        if not isinstance(value, dict):
            faults.append(_fault(path, "type", value))
            return None
        if type(value) is _Doubled:
            faults.extend(_fault(f"{path}[{key}]", "cells", value[key]) for key in value.names)
        return [(key, None if one is None else inner(one, f"{path}[{key}]", faults)) for key, one in value.items()]

    return take
