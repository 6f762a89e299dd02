"""What a draft makes of files. That the validator accepts them by it is tested with the command."""

import datetime
import decimal
from pathlib import Path
from typing import Any

import fastavro
import openpyxl
import pytest
from gridata.infer.__main__ import draft_of
from gridata.infer.draft import Draft, names_for
from gridata.validation import Refused


def draft(tmp_path: Path, content: bytes | str) -> Draft:
    path = tmp_path / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return _draft(tmp_path, path)


def _draft(tmp_path: Path, path: Path) -> Draft:
    work = tmp_path / "work"
    work.mkdir()
    return draft_of(path, work)


def kinds(found: Draft) -> dict[str, str]:
    return {column.name: column.type["kind"] for column in found.columns}


def said(found: Draft) -> str:
    return "\n".join(f"{note['column']}: {note['text']}" for note in found.notes)


@pytest.mark.parametrize(
    ("content", "dialect", "expected"),
    [
        ("# a title\na,b\n1,2\n# a remark\n3,4\n", {"comment": "#"}, {"a": "int", "b": "int"}),
        ("Report of May\n\na;b\n1;x\n2;y\n", {"delimiter": ";", "skipRows": 2}, {"a": "int", "b": "string"}),
        ("a;b\nx;1,5\ny;2.000,25\nTotal;2.001,75\n", None, {"a": "string", "b": "decimal"}),
        ("a,b\nx,NULL\ny,2\n", {"nullText": "NULL"}, {"a": "string", "b": "int"}),
        ("a,b\nx,ja\ny,NEIN\n", {"trueTexts": ["ja"], "falseTexts": ["nein"]}, {"a": "string", "b": "boolean"}),
        ("a,b\n1,yes\n2,yes\n", {}, {"a": "int", "b": "string"}),
        ("a\n1\n2\n", {}, {"a": "int"}),
        ("a,b\n2026-02-30,2026-02-28\n", {}, {"a": "string", "b": "date"}),
        ("a,b\n2026-01-01T10:00:00,2026-01-01T10:00:00Z\n", {}, {"a": "timestamp", "b": "timestamptz"}),
        ("\ufeffa,b\r\n1,x\r\n", {}, {"a": "int", "b": "string"}),
    ],
)
def test_dialect_and_types_of_a_csv(
    tmp_path: Path, content: str, dialect: dict[str, Any] | None, expected: dict[str, str]
) -> None:
    found = draft(tmp_path, content)
    assert kinds(found) == expected
    if dialect is None:
        dialect = {"delimiter": ";", "skipFooter": 1, "decimal": ",", "thousands": "."}
    assert found.dialect == dialect


def test_a_few_values_of_another_kind_are_told(tmp_path: Path) -> None:
    found = draft(tmp_path, "a,b\n" + "".join(f"{i},{'x' if i == 70 else i}\n" for i in range(100)))
    assert kinds(found) == {"a": "int", "b": "string"}
    assert "b: all but 1 of its first 100 values are a number" in said(found)


def test_what_comes_after_the_first_records_counts(tmp_path: Path) -> None:
    found = draft(tmp_path, "a,b\n" + "".join(f"{i},{i}\n" for i in range(30_000)) + "x,3000000000\n")
    assert kinds(found) == {"a": "string", "b": "long"}


def test_personal_data_is_told_by_name_and_by_value(tmp_path: Path) -> None:
    rows = "".join(f"Ada,a{i}@example.com,DE89 3704 0044 0532 0130 0{i % 10},4111111111111111\n" for i in range(3))
    found = draft(tmp_path, "first_name,contact,account,card_number\n" + rows)
    assert [column.classification for column in found.columns] == ["pii"] * 4
    assert kinds(found)["card_number"] == "string"


def test_avro_says_its_types_itself(tmp_path: Path) -> None:
    def union(kind: object) -> list[object]:
        return ["null", kind]

    amount = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
    fields = [
        {"name": "id", "type": "long"},
        {"name": "amount", "type": union(amount)},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    ]
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    path = tmp_path / "file.avro"
    with path.open("wb") as file:
        record = {"id": 1, "amount": decimal.Decimal("1.25"), "tags": ["x"], "at": at}
        fastavro.writer(file, {"type": "record", "name": "r", "fields": fields}, [record])
    found = _draft(tmp_path, path)
    assert kinds(found) == {"id": "long", "amount": "decimal", "tags": "list", "at": "timestamptz"}
    assert [column.required for column in found.columns] == [True, False, True, True]
    assert (found.format, found.partition) == ("avro", ["day(at) as dt"])


def test_a_sheet_is_read_as_its_cells(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Data"
    for row in [["Order No", "Sold on", "Amount"], [7, datetime.date(2026, 1, 31), 1.25], [8, None, 2]]:
        sheet.append(row)
    book.create_sheet("Notes")
    path = tmp_path / "file.xlsx"
    book.save(path)
    found = _draft(tmp_path, path)
    assert kinds(found) == {"Order_No": "long", "Sold_on": "date", "Amount": "decimal"}
    assert (found.format, found.dialect) == ("excel", {"sheet": "Data"})


def test_names_are_valid_and_all_different() -> None:
    assert names_for(["Größe", "groesse", "1st", "", "日本", "a-b", "a b"]) == [
        *["Groesse", "groesse_2", "column_1st", "column_4", "column_5", "a_b", "a_b_2"]
    ]


def test_nothing_is_told_from_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        draft(tmp_path, b"")
