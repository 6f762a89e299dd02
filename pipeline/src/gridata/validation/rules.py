"""The rules of a column in SQL: which of them a cell breaks first."""

from typing import Any

from gridata.validation import forms
from gridata.validation.forms import STANDARD, Dialect
from gridata.validation.sql import duckdb_type, name, text

Column = dict[str, Any]

__all__ = ["broken_rule", "duckdb_type", "faulty", "name", "text", "unique_sets"]


def _wrong_value(column: Column, cell: str) -> str | None:
    """What a format with types has and no column takes: NaN, infinity, a year that has no four digits."""
    match column["type"]["kind"]:
        case "float" | "double":
            return f"NOT isfinite({cell})"
        case "date" | "timestamp" | "timestamptz":
            return f"(NOT isfinite({cell}) OR year({cell}) NOT BETWEEN 1 AND 9999)"
        case _:
            return None


def _bounds(column: Column, cell: str, own: str) -> list[str]:
    kind = duckdb_type(column["type"])
    found: list[str] = []
    for member, operator in (
        ("minimum", "<"),
        ("maximum", ">"),
        ("exclusiveMinimum", "<="),
        ("exclusiveMaximum", ">="),
    ):
        bound = column[member]
        if bound is not None:
            found.append(f"{own} {operator} CAST({text(bound)} AS {kind})")
    if column["minLength"] is not None:
        found.append(f"length({cell}) < {column['minLength']}")
    if column["maxLength"] is not None:
        found.append(f"length({cell}) > {column['maxLength']}")
    return found


def _breaches(
    column: Column, typed: bool, dialect: Dialect, own: str | None, plain: str | None
) -> list[tuple[str, str]]:
    """Conditions under which a cell that is there breaks a rule, each with the rule, in their order."""
    cell = name(column["name"])
    plain = plain or forms.plain(column, cell, dialect)
    own = own or (cell if typed else forms.value(column, plain, dialect))
    found: list[tuple[str, str]] = []
    wrong = _wrong_value(column, cell) if typed else forms.misfit(column, cell, plain, own, dialect)
    if wrong:
        found.append((wrong, "type"))
    if typed and column["type"]["kind"] == "string":
        found.append((f"contains({cell}, chr(0))", "encoding"))
    if column["pattern"] is not None:
        found.append((f"NOT regexp_full_match({cell}, {text(column['pattern'])})", "pattern"))
    if column["enum"] is not None:
        found.append((f"{cell} NOT IN ({', '.join(map(text, column['enum']))})", "enum"))
    found.extend((bound, "range") for bound in _bounds(column, cell, own))
    return found


def broken_rule(
    column: Column,
    typed: bool = False,
    dialect: Dialect = STANDARD,
    own: str | None = None,
    plain: str | None = None,
) -> str:
    """SQL that gives the first rule which the cell breaks, or NULL. `own` and `plain` are SQL of its value and plain text, if at hand."""
    cell = name(column["name"])
    cases = [f"WHEN {cell} IS NULL THEN {text('required') if column['required'] or column['key'] else 'NULL'}"]
    cases += [f"WHEN {wrong} THEN {text(rule)}" for wrong, rule in _breaches(column, typed, dialect, own, plain)]
    return f"CASE {' '.join(cases)} END"


def faulty(column: Column, typed: bool, dialect: Dialect, own: str, plain: str) -> str | None:
    """SQL that is true where `broken_rule` gives one, for use where it is looked at in turn; None when nothing can be wrong."""
    cell = name(column["name"])
    wrong = [condition for condition, _ in _breaches(column, typed, dialect, own, plain)]
    parts = [f"{cell} IS NULL"] if column["required"] or column["key"] else []
    if wrong:
        parts.append(f"({cell} IS NOT NULL AND ({' OR '.join(wrong)}))")
    return " OR ".join(parts) or None


def unique_sets(contract: dict[str, Any]) -> list[list[Column]]:
    """Sets of columns whose values occur once in a file: the primary key, and each column that says so.

    A file of an upsert may have several versions of a key: the key rule takes the greatest.
    """
    columns: list[Column] = contract["columns"]
    key = sorted((c for c in columns if c["key"]), key=lambda c: c["key"])
    sets = [key] if key and contract["mode"] != "upsert" else []
    sets.extend([c] for c in columns if c["unique"] and [c] != key)
    return sets
