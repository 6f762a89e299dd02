"""How an engine spells names, texts and types. The key rule is one SQL text: Spark runs it in production, DuckDB in tests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gridata.lake.types import spark_type


@dataclass(frozen=True)
class Engine:
    name: Callable[[str], str]
    text: Callable[[str], str]
    """Of a type in Iceberg's JSON."""
    type: Callable[[Any], str]

    def literal(self, value: str, kind: str) -> str:
        """A value of an Iceberg type, from its text. Engines fold the cast, so that a filter still prunes files."""
        return f"CAST({self.text(value)} AS {self.type(kind)})"


SPARK = Engine(
    name=lambda column: f"`{column}`",
    text=lambda value: "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'",
    type=spark_type,
)
DUCKDB = Engine(
    name=lambda column: '"' + column.replace('"', '""') + '"',
    text=lambda value: "'" + value.replace("'", "''") + "'",
    type=lambda kind: {"long": "bigint", "string": "varchar"}.get(str(kind), str(kind)),
)
