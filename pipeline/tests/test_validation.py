"""What becomes of each record of a CSV file: accepted with its value, or evidence with place, rule and value."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from gridata.validation import Refused, Result, validate

DIALECT: dict[str, Any] = {
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
}
LIMITS = {"bytes": 1 << 30, "lineBytes": 1 << 20, "columns": 100, "expansionRatio": 100}


def column(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """A column of a compiled contract; `decimal(12,2)` and the like are taken apart."""
    base = kind.partition("(")[0]
    type_: dict[str, Any] = {"kind": base}
    if base == "decimal":
        precision, scale = kind[8:-1].split(",")
        type_ |= {"precision": int(precision), "scale": int(scale)}
    rules = (
        "pattern",
        "enum",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "format",
    )
    base = {"name": name, "source": name, "type": type_, "required": False, "unique": False, "key": 0}
    return {**base, **dict.fromkeys(rules), **more}


def contract(*columns: dict[str, Any], share: float = 1.0) -> dict[str, Any]:
    return {
        "version": "1.0.0",
        "formats": ["csv"],
        "compression": "none",
        "mode": "append",
        "columns": list(columns),
        "dialect": DIALECT,
        "limits": LIMITS,
        "errorThreshold": {"kind": "share", "value": share},
    }


class Checked:
    def __init__(self, folder: Path, content: bytes, agreed: dict[str, Any]) -> None:
        source, parquet, evidence = folder / "f.csv", folder / "f.parquet", folder / "f.jsonl"
        source.write_bytes(content)
        self.result: Result = validate(source, agreed, file_id="f", delivery_id="d", parquet=parquet, evidence=evidence)
        self.bad = [json.loads(line) for line in evidence.read_text(encoding="utf-8").splitlines()]
        names = ", ".join(f'"{c["name"]}"::VARCHAR' for c in agreed["columns"])
        self.rows = (
            duckdb.sql(f"SELECT _row, {names} FROM '{parquet}' ORDER BY _row").fetchall()
            if self.result.refused is None
            else None
        )

    @property
    def rules(self) -> list[tuple[int, int, str | None, str, str]]:
        return [(b["record"], b["line"], b["column"], b["rule"], b["value"]) for b in self.bad]


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("int", "7", "7"),
        ("int", "-7", "-7"),
        ("int", "1.5", None),
        ("int", "1e3", None),
        ("int", " 7 ", None),
        ("int", "2147483648", None),
        ("long", "9007199254740993", "9007199254740993"),
        ("long", "9223372036854775808", None),
        ("decimal(12,2)", "1.20", "1.20"),
        ("decimal(12,2)", "1.2000", "1.20"),
        ("decimal(12,2)", "1.239", None),
        ("decimal(12,2)", "1e3", None),
        ("decimal(4,2)", "100.00", None),
        ("double", "1e3", "1000.0"),
        ("double", "inf", None),
        ("double", "nan", None),
        ("boolean", "true", "true"),
        ("boolean", "FALSE", "false"),
        ("boolean", "yes", None),
        ("boolean", "1", None),
        ("date", "2026-02-28", "2026-02-28"),
        ("date", "2026-02-30", None),
        ("date", "infinity", None),
        ("date", "2026-2-3", None),
        ("timestamp", "2026-01-01T10:00:00", "2026-01-01 10:00:00"),
        ("timestamp", "2026-01-01T10:00:00Z", None),
        ("timestamptz", "2026-01-01T10:00:00+02:00", "2026-01-01 08:00:00+00"),
        ("timestamptz", "2026-01-01T10:00:00", None),
        ("string", " a ", " a "),
    ],
)
def test_what_a_cell_becomes(tmp_path: Path, kind: str, cell: str, value: str | None) -> None:
    checked = Checked(tmp_path, f"a,c\nx,{cell}\n".encode(), contract(column("a", "string"), column("c", kind)))
    if value is None:
        assert checked.rules == [(1, 2, "c", "type", cell)]
    else:
        # DuckDB shows an instant in the zone of its session.
        assert checked.rules == []
        assert checked.rows is not None
        if kind == "timestamptz":
            assert duckdb.sql(f"SELECT TIMESTAMPTZ '{checked.rows[0][2]}' = TIMESTAMPTZ '{value}'").fetchone() == (
                True,
            )
        else:
            assert checked.rows == [(1, "x", value)]


def test_an_empty_quoted_cell_is_a_text_and_an_unquoted_one_is_null(tmp_path: Path) -> None:
    checked = Checked(tmp_path, b'a,c\n"",x\n,y\n', contract(column("a", "string"), column("c", "string")))
    assert checked.rows == [(1, "", "x"), (2, None, "y")]


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    checked = Checked(tmp_path, b"c,a\n1,x\n", contract(column("a", "string"), column("c", "int")))
    assert checked.rows == [(1, "x", "1")]


def test_records_keep_their_ordinal_and_their_line_past_broken_ones_and_line_breaks_in_quotes(tmp_path: Path) -> None:
    content = b'a,c\n"x\ny",1\n\nz\nq,two\n"a"b,3\nlast,4\n'
    checked = Checked(tmp_path, content, contract(column("a", "string"), column("c", "int")))
    assert checked.rules == [(2, 5, None, "cells", "z"), (3, 6, "c", "type", "two"), (4, 7, None, "quote", '"a"b,3')]
    assert checked.rows == [(1, "x\ny", "1"), (5, "last", "4")]
    assert (checked.result.records, checked.result.accepted, checked.result.rejected) == (5, 2, 3)


def test_bytes_that_are_not_utf8_and_nul_are_evidence(tmp_path: Path) -> None:
    checked = Checked(
        tmp_path, b"a,c\ncaf\xe9,1\nn\x00l,2\nok,3\n", contract(column("a", "string"), column("c", "int"))
    )
    assert [(r, rule) for r, _, _, rule, _ in checked.rules] == [(1, "encoding"), (2, "encoding")]
    assert checked.rows == [(3, "ok", "3")]


def test_rules_of_the_contract(tmp_path: Path) -> None:
    agreed = contract(
        column("k", "string", required=True, key=1, pattern="^K[0-9]$"),
        column("n", "int", minimum="1", maximum="9"),
        column("e", "string", enum=["a", "b"]),
    )
    checked = Checked(tmp_path, b"k,n,e\nK1,1,a\n,2,a\nK3,0,b\nK4,1,c\nk5,1,a\nK1,2,b\n", agreed)
    assert [(r, c, rule) for r, _, c, rule, _ in checked.rules] == [
        (2, "k", "required"),
        (3, "n", "range"),
        (4, "e", "enum"),
        (5, "k", "pattern"),
        (6, "k", "unique"),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FILE_EMPTY"),
        (b"a\nx\n", "HEADER_MISMATCH"),
        (b"a,c,d\nx,1,2\n", "HEADER_MISMATCH"),
        (b'a,c\nx,1\n"open,2\ny,3\n', "QUOTE_OPEN"),
    ],
)
def test_a_file_that_is_refused_whole(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        Checked(tmp_path, content, contract(column("a", "string"), column("c", "int")))
    assert refused.value.code == code


def test_more_bad_records_than_allowed(tmp_path: Path) -> None:
    body = b"a,c\n" + b"x,1\n" * 98 + b"x,q\nx,q\n"
    columns = (column("a", "string"), column("c", "int"))
    assert Checked(tmp_path, body, contract(*columns, share=0.02)).result.refused is None
    refused = Checked(tmp_path, body, contract(*columns, share=0.01)).result.refused
    assert refused is not None
    assert refused["code"] == "TOO_MANY_BAD_RECORDS"
    assert "2 of the 100" in refused["reason"]


def test_the_column_is_found_by_its_name_in_the_file(tmp_path: Path) -> None:
    checked = Checked(tmp_path, b"Konto,c\nx,1\n", contract(column("a", "string", source="Konto"), column("c", "int")))
    assert checked.rows == [(1, "x", "1")]


def test_rows_of_an_upsert_know_when_their_file_arrived(tmp_path: Path) -> None:
    source, parquet = tmp_path / "f.csv", tmp_path / "f.parquet"
    source.write_bytes(b"a\nx\n")
    agreed = contract(column("a", "string")) | {"mode": "upsert"}
    evidence = tmp_path / "f.jsonl"
    validate(
        source, agreed, file_id="f", delivery_id="d", parquet=parquet, evidence=evidence, arrival="000000000000007/d"
    )
    assert duckdb.sql(f"SELECT _arrival, _row FROM '{parquet}'").fetchall() == [("000000000000007/d", 1)]


def test_rows_and_faults_keep_their_ordinal_when_several_threads_read_one_file(tmp_path: Path) -> None:
    """So large that the parser deals it out; the last line has no end, and a record on the way is bad."""
    count, bad = 120_000, 70_001
    lines = [f"{'many' if n == bad else n},{n:0200d}" for n in range(1, count + 1)]
    checked = Checked(
        tmp_path, ("a,c\n" + "\n".join(lines)).encode(), contract(column("a", "int"), column("c", "string"))
    )
    assert checked.rules == [(bad, bad + 1, "a", "type", "many")]
    assert checked.rows is not None
    assert [row for row, a, _ in checked.rows if row == int(a)] == [n for n in range(1, count + 1) if n != bad]
