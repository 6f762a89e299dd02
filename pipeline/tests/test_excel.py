"""What becomes of each row of a workbook's sheet."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from gridata.validation import Refused, excel
from hypothesis import given
from hypothesis import strategies as st
from validating import Checked, column, contract, refusal


def book(*rows: list[Any], change: Callable[[Any], None] = lambda _: None) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    change(sheet)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


CELLS = [
    ("int", 7, 7),
    ("int", -7.0, -7),
    ("int", 7.5, None),
    ("int", "7", 7),
    ("int", "7 ", None),
    ("int", True, None),
    ("int", dt.date(2026, 1, 1), None),
    ("long", 2**53 - 1, 2**53 - 1),
    ("long", 1e22, None),
    ("decimal(12,2)", 1.1, Decimal("1.10")),
    ("decimal(12,2)", 19.99 * 3, Decimal("59.97")),
    ("decimal(12,2)", 0.1 + 0.2, Decimal("0.30")),
    ("decimal(12,2)", 1.239, None),
    ("decimal(12,2)", "1.20", Decimal("1.20")),
    ("double", 1e-7, 1e-7),
    ("double", 0.1, 0.1),
    ("boolean", True, True),
    ("boolean", False, False),
    ("boolean", "TRUE", True),
    ("boolean", 1, None),
    ("date", dt.date(2028, 2, 29), dt.date(2028, 2, 29)),
    ("date", dt.datetime(2026, 1, 1, 10), None),
    ("date", "2028-02-29", dt.date(2028, 2, 29)),
    ("date", "2027-02-29", None),
    ("date", 46024, None),
    ("date", dt.time(10), None),
    ("timestamp", dt.datetime(2026, 1, 1, 10, 0, 0, 123000), dt.datetime(2026, 1, 1, 10, 0, 0, 123000)),
    ("timestamp", dt.date(2026, 1, 1), dt.datetime(2026, 1, 1)),
    ("timestamp", dt.timedelta(hours=30), None),
    ("timestamptz", dt.datetime(2026, 1, 1, 10), None),
    ("timestamptz", "2026-01-01T10:00:00Z", dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)),
    ("string", "007", "007"),
    ("string", " é\n", " é\n"),
    ("string", "=1+1", "=1+1"),
    ("string", 7, "7"),
    ("string", 7.25, "7.25"),
    ("string", True, None),
    ("string", dt.date(2026, 1, 1), None),
]


def as_text(sheet: Any) -> None:
    """A text that begins with = is a text, as behind an apostrophe."""
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type = "s"


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """All cells in one sheet, each in a row of its own in the column of its type."""
    kinds = list(dict.fromkeys(kind for kind, _, _ in CELLS))
    rows = [[cell if kind == one else None for one in kinds] for kind, cell, _ in CELLS]
    agreed = contract("excel", *(column(kind, kind) for kind in kinds))
    return Checked(tmp_path_factory.mktemp("excel"), book(kinds, *rows, change=as_text), agreed)


@pytest.mark.parametrize("at", range(len(CELLS)), ids=[f"{kind} {cell}" for kind, cell, _ in CELLS])
def test_what_a_cell_becomes(cells: Checked, at: int) -> None:
    kind, _, value = CELLS[at]
    faults = [(line, c, rule) for row, line, c, rule, _ in cells.rules if row == at + 1]
    values = [[v for v in row[1:] if v is not None] for row in cells.rows if row[0] == at + 1]
    if value is None:
        assert (faults, values) == ([(at + 2, kind, "type")], [])
    else:
        assert (faults, values) == ([], [[value]])
        assert type(values[0][0]) is type(value)


def test_dates_in_the_form_of_the_contract_and_as_dates(tmp_path: Path) -> None:
    agreed = contract("excel", column("d", "date", format="dd.MM.yyyy", minimum="2026-01-01"))
    content = book(
        ["d"], ["24.12.2026"], [dt.date(2026, 12, 25)], ["2026-12-24"], ["24.12.2025"], [dt.date(2025, 1, 1)]
    )
    checked = Checked(tmp_path, content, agreed)
    assert checked.values == [dt.date(2026, 12, 24), dt.date(2026, 12, 25)]
    assert [(row, rule) for row, _, _, rule, _ in checked.rules] == [(3, "type"), (4, "range"), (5, "range")]


def test_errors_and_formulas_that_were_never_computed_are_no_empty_cells(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        for place, error in (("B2", "#REF!"), ("A4", "#N/A")):
            sheet[place] = error
            sheet[place].data_type = "e"
        sheet["B3"] = "=A3*2"

    agreed = contract("excel", column("a", "int"), column("b", "int"))
    checked = Checked(tmp_path, book(["a", "b"], [1], [2], [], [4, 4], change=change), agreed)
    assert checked.rules == [
        (1, 2, "b", "type", "#REF!"),
        (2, 3, "b", "type", "a formula without a value"),
        (3, 4, "a", "type", "#N/A"),
    ]
    assert checked.rows == [(4, 4, 4)]


def test_a_formula_is_its_value(tmp_path: Path) -> None:
    content = book(["a", "b"], [2, "=A2*2"])
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.endswith("sheet1.xml"):
                assert b"<v />" in part or b"<v/>" in part
                part = part.replace(b"<v />", b"<v>4</v>").replace(b"<v/>", b"<v>4</v>")
            new.writestr(name, part)
    agreed = contract("excel", column("a", "int"), column("b", "int"))
    assert Checked(tmp_path, changed.getvalue(), agreed).rows == [(1, 2, 4)]


def test_where_the_table_stands(tmp_path: Path) -> None:
    """A title, blank rows, columns in another order that begin further right, a row of totals, merged cells."""

    def change(sheet: Any) -> None:
        sheet["A1"] = "Report of January"
        for place, value in {
            "C4": "b",
            "D4": "a",
            "C5": "x",
            "D5": 1,
            "C8": "y",
            "D8": "two",
            "C9": "z",
            "D9": 3,
            "C11": "Total",
            "D11": 4,
        }.items():
            sheet[place] = value
        sheet.merge_cells("A1:D1")

    agreed = contract("excel", column("a", "int"), column("b", "string"), dialect={"skipRows": 2, "skipFooter": 1})
    checked = Checked(tmp_path, book(change=change), agreed)
    assert checked.rules == [(2, 8, "a", "type", "two")]
    assert checked.rows == [(1, 1, "x"), (3, 3, "z")]


def test_a_value_in_a_column_without_a_name(tmp_path: Path) -> None:
    content = book(["a", None, "b"], [1, None, 2], [3, "note", 4], [5, None, 6, 7])
    checked = Checked(tmp_path, content, contract("excel", column("a", "int"), column("b", "int")))
    assert checked.rules == [(2, 3, None, "cells", "note"), (3, 4, None, "cells", "7")]
    assert checked.rows == [(1, 1, 2)]


def test_without_a_header_columns_come_in_the_order_of_the_contract(tmp_path: Path) -> None:
    agreed = contract("excel", column("a", "int"), column("b", "string"), dialect={"header": False})
    assert Checked(tmp_path, book([1, "x"], [2, None]), agreed).rows == [(1, 1, "x"), (2, 2, None)]


def test_the_sheet_is_the_only_one_or_the_one_that_is_named(tmp_path: Path) -> None:
    def second(sheet: Any) -> None:
        sheet.title = "Notes"
        sheet.parent.create_sheet("Data").append(["a"])
        sheet.parent["Data"].append([5])

    content = book(["x"], change=second)
    agreed = contract("excel", column("a", "int"), dialect={"sheet": "Data"})
    assert Checked(tmp_path, content, agreed).values == [5]
    code, reason = refusal(tmp_path, content, contract("excel", column("a", "int")))
    assert (code, "2 sheets (Notes, Data)" in reason) == ("SHEET_UNCLEAR", True)
    code, reason = refusal(tmp_path, content, contract("excel", column("a", "int"), dialect={"sheet": "data"}))
    assert (code, "the workbook has Notes, Data" in reason) == ("SHEET_UNCLEAR", True)


@pytest.mark.parametrize(
    ("header", "says"),
    [(["b"], "it lacks a"), (["a", "A"], "nobody knows A"), (["a", "a"], "it repeats a")],
)
def test_a_header_that_does_not_fit(tmp_path: Path, header: list[str], says: str) -> None:
    agreed = contract("excel", column("a", "int", required=True), column("b", "int"))
    code, reason = refusal(tmp_path, book(header, [1]), agreed)
    assert (code, says in reason) == ("HEADER_MISMATCH", True)


def test_rules_of_the_contract(tmp_path: Path) -> None:
    agreed = contract(
        "excel",
        column("k", "string", required=True, key=1, pattern="^K[0-9]$"),
        column("n", "int", minimum="1", maximum="9"),
    )
    content = book(["k", "n"], ["K1", 1], [None, 2], ["K3", 0], ["k4", 1], ["K1", 2])
    assert [(row, c, rule) for row, _, c, rule, _ in Checked(tmp_path, content, agreed).rules] == [
        (2, "k", "required"),
        (3, "n", "range"),
        (4, "k", "pattern"),
        (5, "k", "unique"),
    ]


ONE = contract("excel", column("a", "int"), column("b", "string"))
WHOLE = book(["a", "b"], *([n, f"text {n}"] for n in range(50)))


def test_an_empty_sheet_and_one_with_a_header_only(tmp_path: Path) -> None:
    assert refusal(tmp_path, book(), ONE)[0] == "FILE_EMPTY"
    assert Checked(tmp_path, book(["a", "b"]), ONE).result.records == 0


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_workbook_that_is_cut_off(tmp_path: Path, share: float) -> None:
    code, _ = refusal(tmp_path, WHOLE[: int(len(WHOLE) * share)], ONE)
    assert code in ("FILE_TRUNCATED", "FILE_CORRUPT")


def test_old_workbooks_are_refused_with_the_way_out(tmp_path: Path) -> None:
    code, reason = refusal(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ONE)
    assert (code, "save it as .xlsx" in reason) == ("FORMAT_MISMATCH", True)


def ods(cells: str) -> bytes:
    names = ("office", "table", "text")
    spaces = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in names)
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces} xmlns:calcext="urn:calcext">'
        f'<office:body><office:spreadsheet><table:table table:name="S">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return buffer.getvalue()


def ods_cell(kind: str, text: str, **attributes: str) -> str:
    more = "".join(f' office:{key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f'<table:table-cell office:value-type="{kind}"{more}><text:p>{text}</text:p></table:table-cell>'


def test_a_sheet_of_open_document(tmp_path: Path) -> None:
    header = f"<table:table-row>{ods_cell('string', 'a')}{ods_cell('string', 'd')}</table:table-row>"
    row = f"<table:table-row>{ods_cell('float', '7', value='7')}{ods_cell('date', '01.02.26', date_value='2026-02-01')}</table:table-row>"
    agreed = contract("excel", column("a", "int"), column("d", "date"))
    assert Checked(tmp_path, ods(header + row), agreed).rows == [(1, 7, dt.date(2026, 2, 1))]
    error = ods_cell("string", "#REF!").replace("<table:table-cell", '<table:table-cell calcext:value-type="error"')
    code, reason = refusal(tmp_path, ods(f"{header}<table:table-row>{error}</table:table-row>"), agreed)
    assert (code, "cells with errors" in reason) == ("FORMAT_MISMATCH", True)


def test_a_bomb_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "INFLATED_BYTES", 8 << 20)
    content = io.BytesIO(WHOLE)
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", bytes(9 << 20))
    assert refusal(tmp_path, content.getvalue(), ONE)[0] == "FILE_EXPANDS_TOO_MUCH"


@given(at=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_is_no_crash(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int) -> None:
    try:
        checked = Checked(tmp_path_factory.mktemp("excel"), WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :], ONE)
    except Refused as refused:
        assert refused.reason
    else:
        assert checked.result.records == 50


SHEET_TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=0xD7FF), min_size=1, max_size=6)
TIMES = st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2999, 1, 1)).map(lambda one: one.replace(microsecond=0))


@given(
    rows=st.lists(
        st.tuples(
            st.integers(-(2**53) + 1, 2**53 - 1),
            st.none() | st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents) / 100),
            st.none() | SHEET_TEXT,
            st.none() | st.dates(dt.date(1901, 1, 1), dt.date(2999, 1, 1)),
            st.none() | TIMES,
            st.none() | st.booleans(),
        ),
        max_size=4,
    )
)
def test_what_openpyxl_writes_comes_back_equal(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    kinds = ["long", "decimal(12,2)", "string", "date", "timestamp", "boolean"]
    agreed = contract("excel", *(column(name, kind) for name, kind in zip("abcdef", kinds, strict=True)))
    content = book(list("abcdef"), *(list(row) for row in rows), change=as_text)
    checked = Checked(tmp_path_factory.mktemp("excel"), content, agreed)
    assert checked.rules == []
    assert checked.rows == [(at, *row) for at, row in enumerate(rows, 1)]
