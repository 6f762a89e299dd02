"""What a text of each type looks like, and what it means, in SQL.

A cast alone lets through what nobody meant: `1.239` as 1.24, `1e3`, ` 7 `, `0x1f`, `1_000`, `yes`, `infinity`, 24:00. So the form
is checked too. Regular expressions cost more than the rest together; a number whose canonical text is the cell itself needs none.
"""

import re
from typing import Any

from gridata.validation.sql import duckdb_type, text

Column = dict[str, Any]
Dialect = dict[str, Any]

# How every format that has no dialect of its own writes numbers and words.
STANDARD: Dialect = {"decimal": ".", "thousands": None, "trueTexts": ["true"], "falseTexts": ["false"]}

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HOURS, _SIXTY = "([01][0-9]|2[0-3])", "[0-5][0-9]"
_TIME = rf"{_HOURS}:{_SIXTY}(:{_SIXTY}(\.[0-9]{{1,6}})?)?"
_ZONE = r"(Z|[+-][0-9]{2}:?[0-9]{2})"

# Letters of a date pattern: the form of the text, and how strptime calls it.
_PATTERN = {
    "yyyy": ("[0-9]{4}", "%Y"),
    "MM": ("[0-9]{2}", "%m"),
    "dd": ("[0-9]{2}", "%d"),
    "HH": (_HOURS, "%H"),
    "hh": ("(0[1-9]|1[0-2])", "%I"),
    "mm": (_SIXTY, "%M"),
    "ss": (_SIXTY, "%S"),
    "SSSSSS": ("[0-9]{6}", "%f"),
    "SSS": ("[0-9]{3}", "%g"),
    "XXX": ("(Z|[+-][0-9]{2}:[0-9]{2})", "%z"),
    "d": ("[0-9]{1,2}", "%-d"),
    "M": ("[0-9]{1,2}", "%-m"),
    "h": ("([1-9]|1[0-2])", "%-I"),
    "a": ("(?i:AM|PM)", "%p"),
}
_NUMBERS = ("int", "long", "decimal", "float", "double")
_TIMES = ("date", "timestamp", "timestamptz")


def plain(column: Column, cell: str, dialect: Dialect) -> str:
    """The text of a number with a point and no separators; any other text as it is."""
    if column["type"]["kind"] not in _NUMBERS:
        return cell
    if dialect["thousands"]:
        cell = f"replace({cell}, {text(dialect['thousands'])}, '')"
    return cell if dialect["decimal"] == "." else f"replace({cell}, {text(dialect['decimal'])}, '.')"


def value(column: Column, cell: str, dialect: Dialect) -> str:
    """The value of a text, NULL where it has none. `cell` is what `plain` gives."""
    kind, type_ = column["type"]["kind"], duckdb_type(column["type"])
    if kind == "string":
        return cell
    if kind == "boolean":
        return (
            f"CASE WHEN {_among(cell, dialect['trueTexts'])} THEN true "
            f"WHEN {_among(cell, dialect['falseTexts'])} THEN false END"
        )
    if kind in _TIMES and column["format"]:
        _, strptime = _pattern(column["format"])
        # ISO order is what the cast reads, with `Z` and every offset; strptime knows no `Z`.
        if not strptime.startswith("%Y-%m-%d"):
            if kind == "timestamptz":
                cell = f"CASE WHEN ends_with({cell}, 'Z') THEN {cell}[:-2] || '+00:00' ELSE {cell} END"
            return f"TRY_CAST(try_strptime({cell}, {text(strptime)}) AS {type_})"
    return f"TRY_CAST({cell} AS {type_})"


def _among(cell: str, texts: list[str]) -> str:
    return f"lower({cell}) IN ({', '.join(text(one.lower()) for one in texts)})"


def misfit(column: Column, cell: str, plain_cell: str, own: str, dialect: Dialect) -> str | None:
    """Whether a text that is there is none of the type; None when every text is. `own` is what `value` gives.

    As cheap as it can be for the usual cell: each part is looked at only for cells that the part before it did not settle.
    """
    kind = column["type"]["kind"]
    if kind == "string":
        return None
    if kind == "boolean":
        return f"{own} IS NULL"
    if kind in _TIMES:
        first, last = (
            ("0001-01-01", "9999-12-31") if kind == "date" else ("0001-01-01 00:00:00", "9999-12-31 23:59:59.999999")
        )
        bound = f"CAST('{first}' AS {duckdb_type(column['type'])})", f"CAST('{last}' AS {duckdb_type(column['type'])})"
        looks = f"NOT regexp_full_match({cell}, {text(_form(column, dialect))})"
        if kind == "date" and column["format"] in (None, "yyyy-MM-dd"):
            looks = f"CAST({own} AS VARCHAR) <> {cell}"
        return f"({own} IS NULL OR {own} < {bound[0]} OR {own} > {bound[1]} OR {looks})"
    looks = f"NOT regexp_full_match({cell}, {text(_form(column, dialect))})"
    if kind == "decimal":
        # A cast rounds; digits that the type can't keep are an error, zeros at the end are none.
        fraction = f"rtrim(split_part({plain_cell}, '.', 2), '0')"
        looks = f"({looks} OR length({fraction}) > {column['type']['scale']})"
    if kind in ("float", "double"):
        # 1e400 is no number that a double has.
        return f"({own} IS NULL OR NOT isfinite({own}) OR {looks})"
    if plain_cell != cell:
        return f"({own} IS NULL OR {looks})"
    return f"({own} IS NULL OR (CAST({own} AS VARCHAR) <> {cell} AND {looks}))"


def _form(column: Column, dialect: Dialect) -> str:
    """Regular expression of what a text of this type looks like."""
    kind = column["type"]["kind"]
    if kind in _TIMES and column["format"]:
        return _pattern(column["format"])[0]
    digits = "[0-9]+"
    if dialect["thousands"]:
        digits = f"([0-9]+|[0-9]{{1,3}}({_escaped(dialect['thousands'])}[0-9]{{3}})+)"
    point = _escaped(dialect["decimal"])
    decimal = rf"[+-]?({digits}({point}[0-9]*)?|{point}[0-9]+)"
    return {
        "int": f"[+-]?{digits}",
        "long": f"[+-]?{digits}",
        "decimal": decimal,
        "float": decimal + r"([eE][+-]?[0-9]{1,3})?",
        "double": decimal + r"([eE][+-]?[0-9]{1,3})?",
        "date": _DATE,
        "timestamp": f"{_DATE}[T ]{_TIME}",
        "timestamptz": f"{_DATE}[T ]{_TIME}{_ZONE}",
    }[kind]


def _pattern(pattern: str) -> tuple[str, str]:
    form, strptime, at = "", "", 0
    while at < len(pattern):
        if pattern[at] == "'":
            end = pattern.index("'", at + 1)
            literal = pattern[at + 1 : end] or "'"
            form, strptime, at = form + _escaped(literal), strptime + literal.replace("%", "%%"), end + 1
            continue
        for letters, (piece, code) in sorted(_PATTERN.items(), key=lambda item: -len(item[0])):
            if pattern.startswith(letters, at):
                form, strptime, at = form + piece, strptime + code, at + len(letters)
                break
        else:
            form, strptime, at = form + _escaped(pattern[at]), strptime + pattern[at].replace("%", "%%"), at + 1
    return form, strptime


def _escaped(literal: str) -> str:
    return re.sub(r"[.\\+*?()\[\]{}|^$]", r"\\\g<0>", literal)
