"""What the tests of every reader share: contracts in their compiled form, and what became of a file under one."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from gridata.validation import Refused, Result, validate

DIALECT = {
    "delimiter": ",",
    "quote": '"',
    "escape": '"',
    "header": True,
    "encoding": "utf-8",
    "nullText": "",
    "skipRows": 0,
    "skipFooter": 0,
    "comment": None,
    "decimal": ".",
    "thousands": None,
    "trueTexts": ["true"],
    "falseTexts": ["false"],
    "sheet": None,
}
LIMITS = {"bytes": 1 << 30, "lineBytes": 1 << 20, "columns": 100, "expansionRatio": 100}
_RULES = (
    *("pattern", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "format"),
)


def type_of(kind: Any) -> dict[str, Any]:
    """`decimal(12,2)`, `[long]`, `{city: string!}` as a dict, `("map", key, value)`; a name with ! is required."""
    if isinstance(kind, dict):
        fields = [
            {"name": k.rstrip("!"), "source": k.rstrip("!"), "type": type_of(v), "required": k.endswith("!")}
            for k, v in kind.items()
        ]
        return {"kind": "struct", "fields": fields}
    if isinstance(kind, list):
        return {"kind": "list", "element": type_of(kind[0])}
    if isinstance(kind, tuple):
        return {"kind": "map", "key": type_of(kind[1]), "value": type_of(kind[2])}
    base = kind.partition("(")[0]
    if base == "decimal":
        precision, scale = kind[8:-1].split(",")
        return {"kind": base, "precision": int(precision), "scale": int(scale)}
    return {"kind": base}


def column(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    base = {"name": name, "source": name, "type": type_of(kind), "required": False, "unique": False, "key": 0}
    return {**base, **dict.fromkeys(_RULES), **more}


def contract(format_: str, *columns: dict[str, Any], share: float = 1.0, **more: Any) -> dict[str, Any]:
    return {
        "version": "1.0.0",
        "formats": [format_],
        "compression": "none",
        "mode": "append",
        "columns": list(columns),
        "dialect": DIALECT | more.pop("dialect", {}),
        "limits": LIMITS | more.pop("limits", {}),
        "errorThreshold": {"kind": "share", "value": share},
        **more,
    }


class Checked:
    """What became of a file. Rows are as pyarrow reads them from what the validator wrote with DuckDB."""

    def __init__(self, folder: Path, content: bytes, agreed: dict[str, Any]) -> None:
        source, parquet, evidence = folder / "f", folder / "f.parquet", folder / "f.jsonl"
        source.write_bytes(content)
        self.result: Result = validate(source, agreed, file_id="f", delivery_id="d", parquet=parquet, evidence=evidence)
        self.bad = [json.loads(line) for line in evidence.read_text(encoding="utf-8").splitlines()]
        self.rows: list[tuple[Any, ...]] = []
        self.types: list[str] = []
        if self.result.refused is None:
            names = [column["name"] for column in agreed["columns"]]
            self.types = [str(t) for t in duckdb.read_parquet(str(parquet)).select(*names).types]
            rows = pq.read_table(parquet).sort_by("_row").to_pylist(maps_as_pydicts="strict")
            self.rows = [(row["_row"], *(row[name] for name in names)) for row in rows]
        rejected = len({b["record"] for b in self.bad})
        assert self.result.records == self.result.accepted + self.result.rejected
        assert self.result.rejected == rejected
        if self.result.refused is None:
            assert len(self.rows) == self.result.accepted

    @property
    def rules(self) -> list[tuple[int, int | None, str | None, str, str]]:
        return [(b["record"], b["line"], b["column"], b["rule"], b["value"]) for b in self.bad]

    @property
    def values(self) -> list[Any]:
        """Of a contract of one column: what its good records hold."""
        return [row[1] for row in self.rows]


def refusal(folder: Path, content: bytes, agreed: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        Checked(folder, content, agreed)
    return refused.value.code, refused.value.reason
