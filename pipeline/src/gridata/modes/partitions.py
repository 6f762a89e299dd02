"""`replace` and `replace-partitions`: of each partition (or the whole table) the file that arrived last is what there is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gridata.modes.engine import Engine

Values = tuple[str | None, ...]
"""A partition: a text for each of its fields, None for NULL."""


@dataclass(frozen=True)
class Field:
    column: str
    transform: str
    """Iceberg type of the column."""
    kind: str


@dataclass(frozen=True)
class Share:
    """Rows that one delivery has in one partition."""

    values: Values
    delivery: str
    arrival: str
    rows: int


def partition_fields(contract: Mapping[str, Any]) -> list[Field]:
    """What a file of the dataset is whole in. Buckets and truncated values spread rows over files, nobody delivers by them."""
    types = {field["name"]: field["type"] for field in contract["iceberg"]["schema"]["fields"]}
    return [
        Field(field["column"], field["transform"], types[field["column"]])
        for field in contract["partition"]
        if field["transform"] not in ("bucket", "truncate")
    ]


def winners(shares: Iterable[Share], published: Mapping[Values, str]) -> dict[Values, str]:
    """The delivery that each partition now comes from; no entry where what is published arrived later."""
    last: dict[Values, Share] = {}
    for share in shares:
        if share.values not in last or share.arrival > last[share.values].arrival:
            last[share.values] = share
    return {
        values: share.delivery
        for values, share in last.items()
        if values not in published or share.arrival > published[values]
    }


def value_of(field: Field, engine: Engine) -> str:
    """SQL of the partition's value as a text. Times are cut off in UTC, the zone of every session."""
    column = engine.name(field.column)
    if field.transform != "identity":
        column = f"date_trunc('{field.transform}', {column})"
        if field.transform != "hour":
            column = f"CAST({column} AS date)"
    return f"CAST({column} AS {engine.type('string')})"


def where_any(fields: Sequence[Field], engine: Engine, partitions: Iterable[Values]) -> str:
    """SQL that is true exactly for the rows of these partitions. Iceberg drops whole files by it and opens none."""
    found = sorted(partitions, key=lambda values: [(value is not None, value or "") for value in values])
    if len(fields) == 1:
        return _one_field(fields[0], engine, [values[0] for values in found])
    return " OR ".join(
        f"({' AND '.join(_one_field(field, engine, [value]) for field, value in zip(fields, values, strict=True))})"
        for values in found
    )


def _one_field(field: Field, engine: Engine, values: Sequence[str | None]) -> str:
    column = engine.name(field.column)
    parts = [f"{column} IS NULL"] if None in values else []
    given = [value for value in values if value is not None]
    if field.transform == "identity":
        if given:
            parts.append(f"{column} IN ({', '.join(engine.literal(value, field.kind) for value in given)})")
    else:
        for low, high in _spans(field.transform, given):
            bounds = [f"{column} >= {engine.literal(_text(low, field.kind), field.kind)}"]
            if high is not None:
                bounds.append(f"{column} < {engine.literal(_text(high, field.kind), field.kind)}")
            parts.append(f"({' AND '.join(bounds)})")
    return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"


Span = tuple[datetime, datetime | None]


def _spans(transform: str, values: Iterable[str]) -> list[Span]:
    """From the first moment of each partition to the first of the next; neighbours as one."""
    spans: list[Span] = []
    for low in sorted(datetime.fromisoformat(value).replace(tzinfo=None) for value in values):
        if spans and spans[-1][1] == low:
            spans[-1] = (spans[-1][0], _next(transform, low))
        else:
            spans.append((low, _next(transform, low)))
    return spans


def _next(transform: str, moment: datetime) -> datetime | None:
    """None after the last one that there is."""
    try:
        match transform:
            case "hour":
                return moment + timedelta(hours=1)
            case "day":
                return moment + timedelta(days=1)
            case "month":
                return moment.replace(year=moment.year + moment.month // 12, month=moment.month % 12 + 1)
            case _:
                return moment.replace(year=moment.year + 1)
    except (OverflowError, ValueError):
        return None


def _text(moment: datetime, kind: str) -> str:
    if kind == "date":
        return moment.date().isoformat()
    return moment.isoformat(sep=" ") + ("+00:00" if kind == "timestamptz" else "")
