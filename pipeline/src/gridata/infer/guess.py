"""What can only be guessed: the key, words that are few, a time to partition by, personal data. Each guess is told."""

import re
from typing import Any

import duckdb

from gridata.infer.draft import Column, Draft
from gridata.validation.sql import name, text

_IDENTIFIER = re.compile(r"(^|[_ .-])(id|key|uuid|guid|code|no|nr|number|sku|ref|isbn|ean)\.?$|id$", re.IGNORECASE)
_TIME = re.compile(r"(^|_)(date|time|at|on|ts|day|datum|timestamp|created|occurred)(_|$)|date|time", re.IGNORECASE)
_TEXT = re.compile(r"phone|tel|mobile|fax|zip|post_?code|plz|card|iban|ssn|tax", re.IGNORECASE)

_PERSONAL = [
    ("an e-mail address", re.compile(r"e[_ -]?mail", re.IGNORECASE), r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"),
    ("an IBAN", re.compile(r"iban", re.IGNORECASE), r"[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){3,7}( ?[A-Z0-9]{1,3})?"),
    (
        "a card number",
        re.compile(r"(^|_)(pan|card_?(no|nr|num|number)|credit_?card)", re.IGNORECASE),
        r"[3-6][0-9]{3}([ -]?[0-9]{4}){3}",
    ),
    (
        "a telephone number",
        re.compile(r"phone|(^|_)tel(efon)?(_|$)|mobile|fax", re.IGNORECASE),
        r"\+[0-9][0-9 ()/-]{6,18}",
    ),
    (
        "the name of a person",
        re.compile(
            r"(first|last|full|sur|given|family|middle|vor|nach|holder|customer|person|employee|contact)_?name|^name$|holder$",
            re.IGNORECASE,
        ),
        None,
    ),
    ("an address", re.compile(r"street|stra(ss|ß)e|address", re.IGNORECASE), None),
    ("a date of birth", re.compile(r"birth|geburt|(^|_)dob(_|$)", re.IGNORECASE), None),
    ("an identity number", re.compile(r"ssn|passport|tax_?id|social_?sec", re.IGNORECASE), None),
]
_KEYS = ("string", "int", "long", "date", "timestamp", "timestamptz")
_FEW, _ENOUGH = 12, 50
_SAMPLE = 20_000


def text_by_nature(source: str) -> bool:
    """Digits that are no number: telephone, postcode, card."""
    return _TEXT.search(source) is not None


def guess(db: duckdb.DuckDBPyConnection, relation: str, draft: Draft, *, values: dict[str, str]) -> None:
    """`values` has the SQL of each column of plain values, by name."""
    asked = [
        f"count({value}), count(DISTINCT {value}), max(length(CAST({value} AS VARCHAR)))" for value in values.values()
    ]
    row = db.execute(f"SELECT count(*), {', '.join(asked)} FROM {relation}").fetchone() if asked else (draft.records,)
    assert row is not None
    draft.records = int(row[0])
    counts = {own: row[1 + i * 3 : 4 + i * 3] for i, own in enumerate(values)}
    plain = [column for column in draft.columns if column.name in counts]
    few = f"(SELECT * FROM {relation} LIMIT {_SAMPLE})"
    for column in plain:
        if column.type["kind"] == "int" and draft.format != "parquet" and _IDENTIFIER.search(column.source):
            column.type = {"kind": "long"}  # what is counted on and on outgrows 32 bits
    for column in plain:
        column.required = draft.records > 0 and counts[column.name][0] == draft.records
        _personal(db, few, values[column.name], column, draft)
    for column in draft.columns:
        _personal_parts(column, draft)
    _key(plain, counts, draft)
    for column in plain:
        _enum(db, relation, values[column.name], column, counts[column.name], draft)
    partition_by(plain, draft)


def _personal_parts(column: Column, draft: Draft) -> None:
    """Personal data in the fields of an object, by their names."""
    for field in column.type.get("fields", []):
        for what, called, _ in _PERSONAL:
            if called.search(field["source"]):
                field["classification"] = column.classification = "pii"
                draft.note(f"it seems to be {what}, by its name: classified as pii", f"{column.name}.{field['name']}")
                break


def _personal(db: duckdb.DuckDBPyConnection, relation: str, value: str, column: Column, draft: Draft) -> None:
    kind = column.type["kind"]
    for what, called, form in _PERSONAL:
        why = "by its name" if called.search(column.source) and kind in ("string", "date") else None
        if why is None and form is not None and kind == "string":
            matching, filled = _one(
                db, f"SELECT count(*) FILTER (regexp_full_match({value}, {text(form)})), count({value}) FROM {relation}"
            )
            why = "by its values" if filled and matching / filled >= 0.9 else None
        if why:
            column.classification = "pii"
            draft.note(f"it seems to be {what}, {why}: classified as pii", column.name)
            return


def _one(db: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = db.execute(query).fetchone()
    assert row is not None
    return row


def _key(columns: list[Column], counts: dict[str, tuple[Any, ...]], draft: Draft) -> None:
    unique = [
        c
        for c in columns
        if c.required and draft.records > 1 and counts[c.name][1] == draft.records and c.type["kind"] in _KEYS
    ]
    named = [c for c in unique if _IDENTIFIER.search(c.source)]
    if not named:
        for column in unique:
            draft.note("no value comes twice: it could be the key", column.name)
        return
    key, *others = named
    key.key = True
    draft.note("no value comes twice and it is called as a key: taken for the primary key", key.name)
    for column in others:
        draft.note("no value comes twice: it could be unique", column.name)


def _enum(
    db: duckdb.DuckDBPyConnection, relation: str, value: str, column: Column, counts: tuple[Any, ...], draft: Draft
) -> None:
    filled, distinct, longest = counts
    few = filled >= _ENOUGH and 2 <= distinct <= _FEW and distinct * 10 <= filled and longest <= 40
    if column.type["kind"] != "string" or column.classification or not few:
        return
    rows = db.execute(f"SELECT DISTINCT {value} FROM {relation} WHERE {value} IS NOT NULL ORDER BY 1").fetchall()
    column.enum = [row[0] for row in rows]
    draft.note(f"only {distinct} values in {filled}: taken for all that there are", column.name)


def partition_by(columns: list[Column], draft: Draft) -> None:
    times = [
        c for c in columns if c.type["kind"] in ("date", "timestamp", "timestamptz") and "birth" not in c.source.lower()
    ]
    best = sorted(times, key=lambda c: (not c.required, c.type["kind"] == "date", not _TIME.search(c.source)))
    if not best:
        draft.note("no date and no time that the table could be partitioned by")
        return
    column = best[0]
    taken = {c.name.lower() for c in draft.columns}
    draft.partition = [f"day({column.name})" + ("" if "dt" in taken else " as dt")]
    draft.note("the table is partitioned by its day", column.name)


def columns_sql(draft: Draft) -> dict[str, str]:
    """Columns of plain values as they stand in a relation that has them by name."""
    nested = ("struct", "list", "map")
    return {c.name: name(c.name) for c in draft.columns if c.type["kind"] not in nested}
