"""Columns of texts: what type all of their values fit.

The first records tell which types it could be, then one pass over the whole file tells whether it is. DuckDB reads the file; only
the first records are held.
"""

from typing import Any

import duckdb

from gridata.infer.draft import Column, Draft
from gridata.infer.forms import BOOLEANS, TEMPORAL, Numbers
from gridata.infer.guess import text_by_nature
from gridata.validation.sql import name, text

_NULLS = ("NULL", "null", "\\N", "NA", "N/A", "n/a", "None", "NaN", "nan", "-")


def first_row(db: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = db.execute(query).fetchone()
    assert row is not None
    return row


_SAMPLE = 20_000


def sample(db: duckdb.DuckDBPyConnection, relation: str) -> str:
    """The first records as a table of their own."""
    db.execute(f"CREATE OR REPLACE TABLE sampled AS SELECT * FROM {relation} LIMIT {_SAMPLE}")
    return "sampled"


def null_text(db: duckdb.DuckDBPyConnection, relation: str, names: list[str]) -> str | None:
    """The word for NULL: the only text of a column of numbers or dates that is none, while no cell is empty."""
    any_empty = " OR ".join(f"{name(one)} = ''" for one in names)
    words = ", ".join(map(text, _NULLS))
    value = "[+-]?[0-9][0-9.,:/TZ+ -]*"
    parts = [
        f"CASE WHEN count(*) FILTER ({name(one)} NOT IN ({words}) AND NOT regexp_full_match({name(one)}, {text(value)})) = 0 "
        f"AND count(DISTINCT {name(one)}) > 1 THEN min({name(one)}) FILTER ({name(one)} IN ({words})) END"
        for one in names
    ]
    if not parts:
        return None
    empty, *found = first_row(db, f"SELECT count(*) FILTER ({any_empty}), {', '.join(parts)} FROM {relation}")
    said = {word for word in found if word is not None}
    return said.pop() if len(said) == 1 and not empty else None


def numbers(db: duckdb.DuckDBPyConnection, relation: str, names: list[str]) -> Numbers:
    """Whether numbers have decimal commas, and something between their thousands: of the columns, all of whose values fit one way."""
    ways = [Numbers(), Numbers(",", None), Numbers(",", "."), Numbers(".", ","), Numbers(",", " "), Numbers(".", "'")]
    fit = [
        f"count(*) FILTER ({name(one)} IS NOT NULL) > 0 AND "
        f"count(*) FILTER (NOT regexp_full_match({name(one)}, {text(way.form())})) = 0"
        for way in ways
        for one in names
    ]
    row = first_row(db, f"SELECT {', '.join(fit)} FROM {relation}") if fit else ()
    counts = [sum(bool(v) for v in row[i * len(names) : (i + 1) * len(names)]) for i in range(len(ways))]
    # The plainest of those that most columns fit.
    return ways[counts.index(max(counts))]


def columns_of(
    db: duckdb.DuckDBPyConnection, relation: str, sources: list[str], names: list[str], draft: Draft
) -> None:
    """Adds a column to the draft for each column of texts of `relation`."""
    few = sample(db, relation)
    way = numbers(db, few, names) if draft.format in ("csv", "excel") else Numbers()
    answers = {own: _ask(db, few, {own: _questions(own, way)})[own] for own in names}
    # Over the whole file only what the first records left open.
    left = {own: _left(_questions(own, way), found) for own, found in answers.items()}
    for own, found in _ask(db, relation, left).items():
        answers[own] |= found
    words: list[tuple[str, str]] = []
    for source, own in zip(sources, names, strict=True):
        draft.columns.append(_column(source, own, answers[own], words, draft))
    if way.decimal != "." or way.thousands:
        draft.dialect |= {"decimal": way.decimal} | ({"thousands": way.thousands} if way.thousands else {})
        between = f", {way.thousands!r} between thousands" if way.thousands else ""
        draft.note(f"numbers have a decimal {way.decimal!r}{between}")
    _booleans(words, draft)


def _booleans(words: list[tuple[str, str]], draft: Draft) -> None:
    if any(pair != ("true", "false") for pair in words):
        draft.dialect["trueTexts"] = sorted({true for true, _ in words})
        draft.dialect["falseTexts"] = sorted({false for _, false in words})


def _ask(
    db: duckdb.DuckDBPyConnection, relation: str, questions: dict[str, dict[str, str]]
) -> dict[str, dict[str, Any]]:
    """The answers to all questions of all columns, in one pass."""
    flat = [(own, key, sql) for own, asked in questions.items() for key, sql in asked.items()]
    if not flat:
        return {}
    row = first_row(db, f"SELECT {', '.join(sql for _, _, sql in flat)} FROM {relation}")
    answers: dict[str, dict[str, Any]] = {own: {} for own in questions}
    for (own, key, _), answer in zip(flat, row, strict=True):
        answers[own][key] = answer
    return answers


def _questions(own: str, way: Numbers) -> dict[str, str]:
    cell = name(own)
    plain = way.plain(cell)
    asked: dict[str, str] = {
        "filled": f"count({cell})",
        "number": _misses(cell, way.form()),
        "whole": _misses(cell, way.whole()),
        "float": _misses(plain, "[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?"),
        "padded": f"count(*) FILTER (regexp_full_match({cell}, '[+-]?0[0-9]+'))",
        "digits": f"max(length(ltrim(split_part(ltrim({plain}, '+-'), '.', 1), '0')))",
        "scale": f"max(length(split_part({plain}, '.', 2)))",
        "low": f"min(TRY_CAST({plain} AS HUGEINT))",
        "high": f"max(TRY_CAST({plain} AS HUGEINT))",
    }
    for i, (true, false) in enumerate(BOOLEANS):
        pair = f"lower({cell}) IN ({text(true)}, {text(false)})"
        asked[f"bool{i}"] = f"count(*) FILTER ({cell} IS NOT NULL AND NOT {pair})"
        asked[f"both{i}"] = f"count(DISTINCT lower({cell})) FILTER ({pair})"
    for i, one in enumerate(TEMPORAL):
        asked[f"time{i}"] = (
            f"count(*) FILTER ({cell} IS NOT NULL AND (NOT regexp_full_match({cell}, {text(one.form)}) "
            f"OR {one.value.format(cell)} IS NULL))"
        )
    return asked


def _left(questions: dict[str, str], found: dict[str, Any]) -> dict[str, str]:
    """What the whole file is asked of a column: a type that the first records do not fit, it has not."""
    possible = {key for key in questions if key.startswith(("bool", "time")) and not found[key]}
    possible |= {key.replace("bool", "both") for key in possible if key.startswith("bool")}
    numeric = {"number", "whole", "float"}
    if any(not found[key] for key in numeric):
        possible |= {key for key in numeric if not found[key]} | {"padded", "digits", "scale", "low", "high"}
    return {key: sql for key, sql in questions.items() if key in possible or key == "filled"}


def _column(source: str, own: str, found: dict[str, Any], words: list[tuple[str, str]], draft: Draft) -> Column:
    column = Column(source, own, {"kind": "string"})
    if not found["filled"]:
        draft.note("it has no value in this file: string is a guess", own)
        return column
    _typed(column, found, words, draft)
    if column.type["kind"] == "string":
        _almost(column, found, draft)
    return column


def _almost(column: Column, found: dict[str, Any], draft: Draft) -> None:
    """A few values that keep a column from a type are more likely mistakes than texts."""
    misses = {found[f"time{i}"]: one.kind for i, one in reversed(list(enumerate(TEMPORAL)))} | {
        found["number"]: "a number"
    }
    least, looked_at = min(misses), min(found["filled"], _SAMPLE)
    if 0 < least <= looked_at / 50:
        draft.note(
            f"all but {least} of its first {looked_at} values are {misses[least]}: if those are mistakes, change the type "
            "and let errorThreshold pass them",
            column.name,
        )


def _misses(cell: str, form: str) -> str:
    return f"count(*) FILTER ({cell} IS NOT NULL AND NOT regexp_full_match({cell}, {text(form)}))"


def _typed(column: Column, found: dict[str, Any], words: list[tuple[str, str]], draft: Draft) -> None:
    own = column.name
    for i, pair in enumerate(BOOLEANS):
        taken = {one for other in words if other != pair for one in other}
        if not found[f"bool{i}"] and (found[f"both{i}"] == 2 or i == 0) and taken.isdisjoint(pair):
            words.append(pair)
            column.type = {"kind": "boolean"}
            return
    fitting = [one for i, one in enumerate(TEMPORAL) if not found[f"time{i}"]]
    if fitting:
        column.type, column.format = {"kind": fitting[0].kind}, fitting[0].pattern
        if len(fitting) > 1 and "/" in (fitting[0].pattern or ""):
            others = ", ".join(str(one.pattern) for one in fitting[1:] if one.kind == fitting[0].kind)
            draft.note(f"read as {column.format}, and {others} would fit as well: no day in the file decides it", own)
        return
    if draft.format in ("csv", "excel"):
        as_number(column, found, draft)


def as_number(column: Column, found: dict[str, Any], draft: Draft) -> None:
    own = column.name
    if not found["whole"] and found["digits"] <= 18:
        if found["padded"]:
            draft.note("digits with leading zeros: kept as text, as a number would lose them", own)
            return
        if text_by_nature(column.source):
            draft.note("digits, kept as text: nobody computes with them", own)
            return
        fits = found["low"] >= -(2**31) and found["high"] < 2**31
        column.type = {"kind": "int" if fits else "long"}
    elif not found["number"] and found["digits"] + found["scale"] <= 38 and found["scale"] <= 10:
        scale = found["scale"]
        wanted = found["digits"] + scale
        precision = next((p for p in (10, 12, 18, 38) if p >= wanted + 2), 38)
        column.type = {"kind": "decimal", "precision": precision, "scale": scale}
        draft.note(f"at most {found['digits']} digits before the point and {scale} behind it", own)
    elif not found["float"]:
        column.type = {"kind": "double"}
