"""From a column of a contract to SQL over its text: what the text must look like, its value, the rule that it breaks first.

A cast alone lets through what nobody meant: `1.239` as 1.24, `1e3`, ` 7 `, `yes`, `infinity`. So the form is checked first.
"""

from typing import Any

Column = dict[str, Any]

_INTEGER = r"[+-]?[0-9]{1,19}"
_DECIMAL = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_FLOAT = _DECIMAL + r"([eE][+-]?[0-9]{1,3})?"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
_ZONE = r"(Z|[+-][0-9]{2}:?[0-9]{2})"

_DUCKDB = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
}

# Letters of a date pattern: the form of the text, and how strptime calls it.
_PATTERN = {
    "yyyy": ("[0-9]{4}", "%Y"),
    "MM": ("[0-9]{2}", "%m"),
    "dd": ("[0-9]{2}", "%d"),
    "HH": ("[0-9]{2}", "%H"),
    "mm": ("[0-9]{2}", "%M"),
    "ss": ("[0-9]{2}", "%S"),
    "SSSSSS": ("[0-9]{6}", "%f"),
    "SSS": ("[0-9]{3}", "%g"),
    "XXX": ("(Z|[+-][0-9]{2}:[0-9]{2})", "%z"),
    "d": ("[0-9]{1,2}", "%-d"),
    "M": ("[0-9]{1,2}", "%-m"),
}


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def duckdb_type(type_: dict[str, Any]) -> str:
    match type_["kind"]:
        case "decimal":
            return f"DECIMAL({type_['precision']},{type_['scale']})"
        case "struct":
            fields = (f"{name(field['name'])} {duckdb_type(field['type'])}" for field in type_["fields"])
            return f"STRUCT({', '.join(fields)})"
        case "list":
            return f"{duckdb_type(type_['element'])}[]"
        case "map":
            return f"MAP({duckdb_type(type_['key'])}, {duckdb_type(type_['value'])})"
        case kind:
            return _DUCKDB[kind]


def value(column: Column, typed: bool = False) -> str:
    """The value of the cell: as it is when the format has types, else what its text means, NULL where that is nothing."""
    cell, kind = name(column["name"]), column["type"]["kind"]
    if typed or kind == "string":
        return cell
    if kind in ("date", "timestamp", "timestamptz") and column["format"]:
        _, strptime = _pattern(column["format"])
        # ISO order is what the cast reads, with `Z` and every offset; strptime knows no `Z`.
        if not strptime.startswith("%Y-%m-%d"):
            return f"TRY_CAST(try_strptime({cell}, {text(strptime)}) AS {duckdb_type(column['type'])})"
    return f"TRY_CAST({cell} AS {duckdb_type(column['type'])})"


def _pattern(pattern: str) -> tuple[str, str]:
    form, strptime, at = "", "", 0
    while at < len(pattern):
        if pattern[at] == "'":
            end = pattern.index("'", at + 1)
            literal = pattern[at + 1 : end] or "'"
            form, strptime, at = form + _escaped(literal), strptime + literal, end + 1
            continue
        for letters, (piece, code) in sorted(_PATTERN.items(), key=lambda item: -len(item[0])):
            if pattern.startswith(letters, at):
                form, strptime, at = form + piece, strptime + code, at + len(letters)
                break
        else:
            form, strptime, at = form + _escaped(pattern[at]), strptime + pattern[at], at + 1
    return form, strptime


def _escaped(literal: str) -> str:
    return "".join("\\" + c if c in r".\+*?()[]{}|^$" else c for c in literal)


def _form(column: Column) -> str | None:
    """Regular expression of what a text of this type looks like."""
    kind = column["type"]["kind"]
    if kind in ("date", "timestamp", "timestamptz") and column["format"]:
        return _pattern(column["format"])[0]
    return {
        "boolean": "(?i:true|false)",
        "int": _INTEGER,
        "long": _INTEGER,
        "decimal": _DECIMAL,
        "float": _FLOAT,
        "double": _FLOAT,
        "date": _DATE,
        "timestamp": f"{_DATE}[T ]{_TIME}",
        "timestamptz": f"{_DATE}[T ]{_TIME}{_ZONE}",
    }.get(kind)


def _wrong_type(column: Column) -> str | None:
    cell = name(column["name"])
    form = _form(column)
    if form is None:
        return None
    wrong = f"NOT regexp_full_match({cell}, {text(form)}) OR {value(column)} IS NULL"
    if column["type"]["kind"] == "decimal":
        # A cast rounds; digits that the type can't keep are an error, zeros at the end are none.
        fraction = f"rtrim(split_part({cell}, '.', 2), '0')"
        wrong += f" OR length({fraction}) > {column['type']['scale']}"
    if column["type"]["kind"] in ("float", "double"):
        wrong += f" OR NOT isfinite({value(column)})"  # 1e400 is no number that a double has
    return wrong


def _wrong_value(column: Column) -> str | None:
    """What a format with types has and no column takes: NaN, infinity, a year that has no four digits."""
    cell, kind = name(column["name"]), column["type"]["kind"]
    if kind in ("float", "double"):
        return f"NOT isfinite({cell})"
    if kind in ("date", "timestamp", "timestamptz"):
        return f"NOT isfinite({cell}) OR year({cell}) NOT BETWEEN 1 AND 9999"
    return None


def _bounds(column: Column, typed: bool) -> list[str]:
    own, kind = value(column, typed), duckdb_type(column["type"])
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
        found.append(f"length({name(column['name'])}) < {column['minLength']}")
    if column["maxLength"] is not None:
        found.append(f"length({name(column['name'])}) > {column['maxLength']}")
    return found


def broken_rule(column: Column, typed: bool = False) -> str:
    """SQL that gives the first rule which the cell breaks, or NULL."""
    cell = name(column["name"])
    cases = []
    if column["required"] or column["key"]:
        cases.append(f"WHEN {cell} IS NULL THEN 'required'")
    cases.append(f"WHEN {cell} IS NULL THEN NULL")
    wrong = _wrong_value(column) if typed else _wrong_type(column)
    if wrong:
        cases.append(f"WHEN {wrong} THEN 'type'")
    if typed and column["type"]["kind"] == "string":
        cases.append(f"WHEN contains({cell}, chr(0)) THEN 'encoding'")
    if column["pattern"] is not None:
        cases.append(f"WHEN NOT regexp_full_match({cell}, {text(column['pattern'])}) THEN 'pattern'")
    if column["enum"] is not None:
        cases.append(f"WHEN {cell} NOT IN ({', '.join(map(text, column['enum']))}) THEN 'enum'")
    bounds = _bounds(column, typed)
    if bounds:
        cases.append(f"WHEN {' OR '.join(bounds)} THEN 'range'")
    return f"CASE {' '.join(cases)} END"


def unique_sets(columns: list[Column]) -> list[list[Column]]:
    """Sets of columns whose values occur once: the primary key, and each column that says so."""
    key = sorted((c for c in columns if c["key"]), key=lambda c: c["key"])
    sets = [key] if key else []
    sets.extend([c] for c in columns if c["unique"] and [c] != key)
    return sets
