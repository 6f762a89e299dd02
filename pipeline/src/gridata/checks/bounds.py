"""Ranges of a column, as the manifests of Iceberg keep them for each data file (the specification's appendix D)."""

import struct
from collections.abc import Iterable
from typing import Any

from gridata.lake.files import DataFile

Span = tuple[Any, Any]


def span(files: Iterable[DataFile], field: int, kind: Any) -> Span | None:
    """The least and the greatest value in the files; None when a file does not tell."""
    low: Any = None
    high: Any = None
    for file in files:
        own = _span_of(file, field, kind)
        if own is None:
            return None
        low = own[0] if low is None else min(low, own[0])
        high = own[1] if high is None else max(high, own[1])
    return None if low is None else (low, high)


def overlaps(file: DataFile, field: int, kind: Any, within: Span | None) -> bool:
    """Whether the file may hold a value within the span; what is not known is taken for yes."""
    own = _span_of(file, field, kind)
    return within is None or own is None or (own[0] <= within[1] and within[0] <= own[1])


def _span_of(file: DataFile, field: int, kind: Any) -> Span | None:
    if field not in file.lower or field not in file.upper:
        return None
    low, high = _value(file.lower[field], kind), _value(file.upper[field], kind)
    return None if low is None or high is None else (low, high)


def _value(raw: bytes, kind: Any) -> Any:
    if kind == "string":
        # Bytes of UTF-8 have the order of the texts. A bound is cut off to a prefix: down for the least, up for the greatest.
        return raw
    if kind in ("int", "long", "date", "timestamp", "timestamptz"):
        # A column that was widened keeps the narrower form in its older files.
        return struct.unpack("<i" if len(raw) == 4 else "<q", raw)[0]
    if isinstance(kind, str) and kind.startswith("decimal"):
        return int.from_bytes(raw, "big", signed=True)
    return None
