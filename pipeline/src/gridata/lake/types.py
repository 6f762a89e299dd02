"""Types of Iceberg's JSON as Spark's SQL spells them."""

from typing import Any

_SPARK = {"long": "bigint", "timestamp": "timestamp_ntz", "timestamptz": "timestamp"}


def spark_schema(fields: list[dict[str, Any]]) -> str:
    """A schema as DDL, from `schema.fields` of a compiled contract's `iceberg`."""
    return ", ".join(f"{_quoted(field['name'])} {spark_type(field['type'])}" for field in fields)


def spark_type(kind: Any) -> str:
    if isinstance(kind, str):
        return _SPARK.get(kind, kind)
    if kind["type"] == "struct":
        members = ", ".join(f"{_quoted(field['name'])}: {spark_type(field['type'])}" for field in kind["fields"])
        return f"struct<{members}>"
    if kind["type"] == "list":
        return f"array<{spark_type(kind['element'])}>"
    return f"map<{spark_type(kind['key'])}, {spark_type(kind['value'])}>"


def _quoted(name: str) -> str:
    return f"`{name}`"
