"""One sheet of a workbook: its cells as the texts that a CSV would have."""

import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from python_calamine import CalamineWorkbook

from gridata.infer import flat, guess
from gridata.infer.draft import Draft, names_for


def infer(db: duckdb.DuckDBPyConnection, path: Path, draft: Draft) -> None:
    with CalamineWorkbook.from_path(str(path)) as book:
        sheet = book.sheet_names[0]
        if len(book.sheet_names) > 1:
            draft.dialect["sheet"] = sheet
            draft.note(f"of the sheets {', '.join(book.sheet_names)} the first is taken")
        rows = book.get_sheet_by_name(sheet).to_python()
    width = max((len(row) for row in rows), default=0)
    first = next((i for i, row in enumerate(rows) if sum(cell != "" for cell in row) == width), 0)
    if first:
        draft.dialect["skipRows"] = first
        draft.note(f"{first} rows before the header are skipped")
    sources = [str(cell) for cell in rows[first]] if rows else []
    names = names_for(sources)
    texts = [[_text(cell) for cell in row] for row in rows[first + 1 :]]
    arrays = [pa.array([row[i] if i < len(row) else None for row in texts], pa.string()) for i in range(len(names))]
    db.register("incoming", pa.table(arrays, names=names))
    db.execute("CREATE TABLE cells AS SELECT * FROM incoming")
    flat.columns_of(db, "cells", sources, names, draft)
    for source, own in zip(sources, names, strict=True):
        if source != own:
            draft.note(f"called {source!r} in the file: kept as physicalName", own)
    guess.guess(db, "cells", draft, values=guess.columns_sql(draft))


def _text(cell: Any) -> str | None:
    match cell:
        case "" | None:
            return None
        case bool():
            return str(cell).lower()
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime.datetime() if cell.time() == datetime.time():
            return cell.date().isoformat()
        case datetime.datetime() | datetime.date():
            return cell.isoformat()
        case _:
            return str(cell)
