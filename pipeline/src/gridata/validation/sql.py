"""Texts, names and types as DuckDB's SQL spells them."""

from typing import Any

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
