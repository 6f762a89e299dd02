"""Reader of one sheet of a workbook (xlsx, ods). A workbook is read whole, so its size is limited more than that of other files.

Numbers, dates, true and false are what the cells hold; a text is judged like a cell of a CSV. Blank rows are no records.
"""

import datetime as dt
import zipfile
import zlib
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any
from xml.parsers import expat

import duckdb
import pyarrow as pa
import python_calamine as calamine

from gridata.validation import forms, nested, rules
from gridata.validation.cells import Cells, Contract, Refused
from gridata.validation.rules import name, text
from gridata.validation.xlsx_scan import Scan, scan

WORKBOOK_BYTES = 64 << 20
INFLATED_BYTES = 256 << 20
_ROWS = 8192
_TIMES = ("date", "timestamp", "timestamptz")
_NUMBERS = ("int", "long", "float", "double", "decimal")


def read(db: duckdb.DuckDBPyConnection, source: Path, contract: Contract, work: Path) -> Cells:
    _check_package(source)
    try:
        book = calamine.load_workbook(str(source))
        sheet = _sheet(book, contract["dialect"]["sheet"])
        is_xlsx = "xl/workbook.xml" in zipfile.ZipFile(source).namelist()
        hidden = scan(source, sheet.name) if is_xlsx else Scan()
    except calamine.PasswordError:
        raise Refused("ARCHIVE_LOCKED", "the workbook is protected by a password; send it without one") from None
    except (calamine.CalamineError, zipfile.BadZipFile, expat.ExpatError, KeyError, ValueError, OSError) as error:
        raise Refused("FILE_CORRUPT", f"it is no whole workbook: cut off or damaged ({str(error)[:200]})") from None
    rows = _Rows(sheet, hidden, contract)
    db.register("batches", pa.RecordBatchReader.from_batches(rows.schema, rows.batches()))
    db.execute("CREATE TEMP TABLE cells AS SELECT * FROM batches")
    db.unregister("batches")

    def lines(wanted: set[int]) -> dict[int, int]:
        query = "SELECT _row, _line FROM cells WHERE _row IN (SELECT unnest(?))"
        return dict(db.execute(query, [sorted(wanted)]).fetchall())

    return Cells(
        relation=_relation(contract),
        records=rows.records,
        broken=[],
        lines=lines,
        typed=frozenset(c["name"] for c in contract["columns"] if c["type"]["kind"] in _TIMES),
        found=True,
    )


def _check_package(source: Path) -> None:
    """Before anything is read whole. Every part is inflated once, because what the package says of itself proves nothing."""
    if source.stat().st_size > WORKBOOK_BYTES:
        raise Refused(
            "FILE_TOO_LARGE",
            f"a workbook is read whole and may have {WORKBOOK_BYTES} bytes, it has {source.stat().st_size}: send a CSV or Parquet file",
        )
    if not zipfile.is_zipfile(source):
        with source.open("rb") as file:
            is_old = file.read(4) == b"\xd0\xcf\x11\xe0"
        if is_old:
            # No reader here tells the errors of formulas in them from empty cells.
            raise Refused(
                "FORMAT_MISMATCH", "it is a workbook of the old form (.xls), or has a password; save it as .xlsx"
            )
        raise Refused(
            "FILE_TRUNCATED", "it is cut off: it was probably not copied or written to its end; send it again"
        )
    try:
        with zipfile.ZipFile(source) as package:
            names = package.namelist()
            total = 0
            for member in names:
                with package.open(member) as file:
                    while block := file.read(1 << 20):
                        total += len(block)
                        if total > INFLATED_BYTES:
                            raise Refused(
                                "FILE_EXPANDS_TOO_MUCH",
                                f"it inflates to more than {INFLATED_BYTES} bytes, which a workbook may have: send a CSV or Parquet file",
                            )
                        if member == "content.xml" and b'value-type="error"' in block:
                            raise Refused(
                                "FORMAT_MISMATCH",
                                "it has cells with errors, which can't be told from empty ones in an .ods; mend them or save it as .xlsx",
                            )
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, EOFError, RuntimeError) as error:
        raise Refused("FILE_CORRUPT", f"it is no whole workbook: cut off or damaged ({str(error)[:200]})") from None
    if "xl/workbook.bin" in names:
        raise Refused("FORMAT_MISMATCH", "it is a binary workbook (.xlsb); save it as .xlsx")


def _sheet(book: Any, wanted: str | None) -> Any:
    names: list[str] = book.sheet_names
    if wanted is not None:
        if wanted not in names:
            raise Refused(
                "SHEET_UNCLEAR", f"the contract names the sheet '{wanted}'; the workbook has {', '.join(names[:10])}"
            )
        return book.get_sheet_by_name(wanted)
    if len(names) != 1:
        raise Refused(
            "SHEET_UNCLEAR",
            f"the workbook has {len(names)} sheets ({', '.join(names[:10])}) and the contract names none (dialect.sheet)",
        )
    return book.get_sheet_by_index(0)


class _Rows:
    """The records of a sheet, and where they stand."""

    def __init__(self, sheet: Any, hidden: Scan, contract: Contract) -> None:
        self._hidden = hidden
        self._dialect = contract["dialect"]
        self._columns: list[dict[str, Any]] = contract["columns"]
        self._first_column: int = (sheet.start or (0, 0))[1]
        if sheet.end is not None and hidden.last_row > sheet.end[0]:
            raise Refused("RECORDS_UNCLEAR", "two readers disagree on the last row of the sheet")
        if sheet.width > contract["limits"]["columns"]:
            raise Refused(
                "FILE_TOO_LARGE",
                f"the sheet has {sheet.width} columns, the contract allows {contract['limits']['columns']}",
            )
        self._sheet = sheet
        self._places = list(range(len(self._columns)))
        self._odd = list(range(len(self._columns), sheet.width))
        filled = self._filled()
        if self._dialect["header"]:
            header = next(filled, None)
            if header is None:
                raise Refused("FILE_EMPTY", "the sheet has no content, not even a header")
            self._read_header(header[1])
        self.records = max(sum(1 for _ in filled) - self._dialect["skipFooter"], 0)
        times = [
            (f"_time_{at}", pa.timestamp("us")) for at, c in enumerate(self._columns) if c["type"]["kind"] in _TIMES
        ]
        texts = [(column["name"], pa.string()) for column in self._columns]
        self.schema = pa.schema([("_row", pa.int64()), ("_line", pa.int64()), ("_found", nested.FOUND), *texts, *times])

    def _filled(self) -> Iterator[tuple[int, list[Any]]]:
        """The rows behind `skipRows` that hold anything."""
        faulty = {row for row, _ in self._hidden.faults}
        for at, cells in enumerate(self._sheet.iter_rows()):
            if at >= self._dialect["skipRows"] and (at in faulty or any(cell != "" for cell in cells)):
                yield at, cells

    def _read_header(self, cells: list[Any]) -> None:
        header = [_shown(cell).strip() for cell in cells]
        wanted = [column["source"] for column in self._columns]
        required = [source for source, c in zip(wanted, self._columns, strict=True) if c["required"] or c["key"]]
        missing = [one for one in required if one not in header]
        unknown = [one for one in header if one and one not in wanted]
        twice = sorted({one for one in header if one and header.count(one) > 1})
        parts = [
            f"{label} {', '.join(columns)}"
            for label, columns in (("it lacks", missing), ("nobody knows", unknown), ("it repeats", twice))
            if columns
        ]
        if parts:
            raise Refused("HEADER_MISMATCH", f"the header does not fit the contract: {'; '.join(parts)}")
        self._places = [header.index(source) if source in header else -1 for source in wanted]
        self._odd = [place for place, one in enumerate(header) if not one]

    def batches(self) -> Iterator[Any]:
        filled = self._filled()
        if self._dialect["header"]:
            next(filled)
        records = enumerate(islice(filled, self.records), 1)
        while part := [self._record(row, at, cells) for row, (at, cells) in islice(records, _ROWS)]:
            yield pa.record_batch([list(values) for values in zip(*part, strict=True)], schema=self.schema)

    def _record(self, ordinal: int, row: int, cells: list[Any]) -> list[Any]:
        faults: list[dict[str, str | None]] = []
        texts: list[str | None] = []
        times: list[dt.datetime | None] = []
        for column, place in zip(self._columns, self._places, strict=True):
            cell = cells[place] if 0 <= place < len(cells) else ""
            kind = column["type"]["kind"]
            hidden = self._hidden.faults.get((row, self._first_column + place)) if place >= 0 else None
            taken = None if hidden is not None else self._take(cell, kind)
            if hidden is not None or taken is _WRONG:
                faults.append({"c": column["name"], "r": "type", "v": hidden or _shown(cell)[:500]})
                taken = None
            texts.append(taken if isinstance(taken, str) else None)
            if kind in _TIMES:
                times.append(taken if isinstance(taken, dt.datetime) else None)
        for place in self._odd:
            if place < len(cells) and cells[place] != "":
                faults.append({"c": None, "r": "cells", "v": _shown(cells[place])[:500]})
        return [ordinal, row + 1, faults, *texts, *times]

    def _take(self, cell: Any, kind: str) -> Any:
        """The text of a cell, or its time; None when it is empty, `_WRONG` when it holds what the column can't."""
        if cell == "" or (isinstance(cell, str) and cell == self._dialect["nullText"]):
            return None
        if isinstance(cell, str):
            return cell
        if isinstance(cell, bool):
            return self._dialect["trueTexts" if cell else "falseTexts"][0] if kind == "boolean" else _WRONG
        if isinstance(cell, int | float):
            written = _number(cell, kind)
            if kind == "string" or written is _WRONG:
                return written
            return written.replace(".", self._dialect["decimal"]) if kind in (*_NUMBERS, "boolean") else _WRONG
        if isinstance(cell, dt.datetime):
            is_day = cell.time() == dt.time(0)
            return cell if kind == "timestamp" or (kind == "date" and is_day) else _WRONG
        if isinstance(cell, dt.date):
            return dt.datetime.combine(cell, dt.time(0)) if kind in ("date", "timestamp") else _WRONG
        return _WRONG  # a time of day or a duration


_WRONG: Any = object()


def _number(cell: float, kind: str) -> Any:
    """A number in digits. A sheet calculates in binary and shows 15 digits: 19.99 * 3 is 59.97 for everyone who looks at it."""
    if kind in ("float", "double"):
        return repr(float(cell))
    if float(cell).is_integer():
        return str(int(cell)) if abs(cell) < 1 << 53 else _WRONG
    return f"{Decimal(f'{cell:.15g}'):f}"


def _shown(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1 << 53:
        return str(int(cell))
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def _relation(contract: Contract) -> str:
    """Of a column of times a cell has its value or a text, which is judged here by its form."""
    selected: list[str] = []
    faults: list[str] = ["coalesce(_found, [])"]
    for at, column in enumerate(contract["columns"]):
        if column["type"]["kind"] not in _TIMES:
            selected.append(name(column["name"]))
            continue
        cell, kind = name(column["name"]), rules.duckdb_type(column["type"])
        form = {**nested.NO_RULES, **{m: column[m] for m in ("name", "type", "format")}, "required": False, "key": 0}
        selected.append(
            f"coalesce(CAST(_time_{at} AS {kind}), {forms.value(form, cell, contract['dialect'])}) AS {cell}"
        )
        fault = f"{{'c': {text(column['name'])}, 'r': {rules.broken_rule(form)}, 'v': {cell}}}"
        faults.append(f"list_filter([{fault}], lambda _one: _one.r IS NOT NULL)")
    found = f"CAST(list_concat({', '.join(faults)}, []) AS {nested.FAULTS})"
    return f"(SELECT _row, {', '.join(selected)}, {found} AS _found FROM cells)"
