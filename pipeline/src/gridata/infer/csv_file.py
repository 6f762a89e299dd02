"""A CSV."""

from pathlib import Path

import duckdb

from gridata.infer import encoding, flat, guess
from gridata.infer.draft import Draft, names_for
from gridata.infer.sniff import Sniffed, sniff
from gridata.validation.sql import name, text


def infer(db: duckdb.DuckDBPyConnection, path: Path, work: Path, draft: Draft) -> None:
    kind = encoding.encoding_of(path)
    utf8 = encoding.in_utf8(path, kind, work / "utf8.csv")
    found = sniff(utf8)
    _dialect(draft, kind, found)
    sources = found.header or [f"column_{i}" for i in range(1, found.width + 1)]
    names = names_for(sources)
    if found.header is None:
        draft.note("the first record has values, not names: columns are named by their place")
    _renamed(sources, names, draft)
    _view(db, utf8, found, names, "")
    word = flat.null_text(db, flat.sample(db, "cells"), names)
    if word:
        draft.dialect["nullText"] = word
        draft.note(f"'{word}' stands for NULL")
        _view(db, utf8, found, names, word)
    flat.columns_of(db, "cells", sources, names, draft)
    guess.guess(db, "cells", draft, values=guess.columns_sql(draft))


def _renamed(sources: list[str], names: list[str], draft: Draft) -> None:
    for source, own in zip(sources, names, strict=True):
        if source != own:
            draft.note(f"called {source!r} in the file: kept as physicalName", own)


def _dialect(draft: Draft, kind: str, found: Sniffed) -> None:
    defaults = {
        "delimiter": ",",
        "quote": '"',
        "escape": found.quote,
        "header": True,
        "encoding": "utf-8",
        "skipRows": 0,
        "skipFooter": 0,
        "comment": None,
    }
    values = {
        "delimiter": found.delimiter,
        "quote": found.quote,
        "escape": found.escape,
        "header": found.header is not None,
        "encoding": kind,
        "skipRows": found.skip_rows,
        "skipFooter": int(found.totals is not None),
        "comment": found.comment,
    }
    draft.dialect = {member: value for member, value in values.items() if value != defaults[member]}
    told = {
        "encoding": f"the text is not UTF-8: read as {kind}",
        "skipRows": f"{found.skip_rows} lines before the header are skipped",
        "skipFooter": f"the last record begins with {found.totals!r}: a row of totals, skipped",
        "comment": f"lines that begin with {found.comment!r} are comments",
    }
    for member in draft.dialect:
        if member in told:
            draft.note(told[member])


def _view(db: duckdb.DuckDBPyConnection, path: Path, found: Sniffed, names: list[str], null: str) -> None:
    columns = ", ".join(f"{text(own)}: 'VARCHAR'" for own in names)
    comment = f", comment = {text(found.comment)}" if found.comment else ""
    skip = found.skip_rows + (found.header is not None)
    totals = f" WHERE {name(names[0])} IS DISTINCT FROM {text(found.totals)}" if found.totals is not None else ""
    db.execute(
        f"""CREATE OR REPLACE VIEW cells AS SELECT * FROM read_csv({text(str(path))}, auto_detect = false, header = false,
        columns = {{{columns}}}, delim = {text(found.delimiter)}, quote = {text(found.quote)}, escape = {text(found.escape)},
        skip = {skip}, nullstr = {text(null)}, allow_quoted_nulls = false, strict_mode = false, ignore_errors = true,
        max_line_size = 33554432{comment}){totals}"""
    )
