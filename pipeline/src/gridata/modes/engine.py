"""How an engine spells names, texts and types. The key rule is one SQL text: Spark runs it in production, DuckDB in tests."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Engine:
    name: Callable[[str], str]
    text: Callable[[str], str]
    """Its own names where they are not Iceberg's."""
    types: dict[str, str]

    def literal(self, value: str, kind: str) -> str:
        """A value of an Iceberg type, from its text. Engines fold the cast, so that a filter still prunes files."""
        return f"CAST({self.text(value)} AS {self.types.get(kind, kind)})"


SPARK = Engine(
    name=lambda column: f"`{column}`",
    text=lambda value: "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'",
    types={"long": "bigint", "timestamp": "timestamp_ntz", "timestamptz": "timestamp"},
)
DUCKDB = Engine(
    name=lambda column: '"' + column.replace('"', '""') + '"',
    text=lambda value: "'" + value.replace("'", "''") + "'",
    types={"long": "bigint", "string": "varchar"},
)
