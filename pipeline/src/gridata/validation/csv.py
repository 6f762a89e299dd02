"""Reader of CSV: a scan finds the records and those that are broken, DuckDB's parser reads the cells of the others as text."""

from pathlib import Path
from typing import Any

import duckdb

from gridata.validation.cells import Broken, Cells, Contract, Refused
from gridata.validation.rules import text
from gridata.validation.scan import Structure, line_of, scan


def read(db: duckdb.DuckDBPyConnection, source: Path, contract: Contract, work: Path) -> Cells:
    dialect = contract["dialect"]
    structure = scan(source, dialect)
    _check_structure(structure, contract)
    _parse(db, _without_broken(source, structure, work / "clean.csv"), structure, contract)
    return Cells(
        relation="cells",
        records=structure.records,
        broken=[Broken(b.record, b.line, b.rule, b.value) for b in structure.broken],
        lines=lambda records: line_of(source, dialect, records),
    )


def _check_structure(structure: Structure, contract: Contract) -> None:
    if structure.open_quote is not None:
        raise Refused("QUOTE_OPEN", f"a quote opens on line {structure.open_quote} and is never closed")
    wanted = [column.get("source") or column["name"] for column in contract["columns"]]
    header = structure.header
    missing = [column for column in wanted if column not in header]
    unknown = [column for column in header if column not in wanted]
    twice = sorted({column for column in header if header.count(column) > 1})
    if missing or unknown or twice:
        parts = [
            f"{label} {', '.join(columns)}"
            for label, columns in (("it lacks", missing), ("nobody knows", unknown), ("it repeats", twice))
            if columns
        ]
        raise Refused("HEADER_MISMATCH", f"the header does not fit the contract: {'; '.join(parts)}")


def _without_broken(source: Path, structure: Structure, to: Path) -> Path:
    """A copy without the records that the parser must not see; the file itself when there are none."""
    if not structure.broken:
        return source
    with source.open("rb") as original, to.open("wb") as copy:
        at = 0
        for broken in structure.broken:
            _copy(original, copy, at, broken.start)
            at = broken.end
        _copy(original, copy, at, source.stat().st_size)
    return to


def _copy(original: Any, copy: Any, start: int, end: int) -> None:
    original.seek(start)
    while start < end:
        block = original.read(min(1 << 20, end - start))
        copy.write(block)
        start += len(block)


def _parse(db: duckdb.DuckDBPyConnection, path: Path, structure: Structure, contract: Contract) -> None:
    dialect = contract["dialect"]
    db.execute("CREATE TEMP TABLE removed (position BIGINT, shift BIGINT)")
    # The k-th broken record stood before the record that is now number (ordinal - k + 1).
    removed = [(broken.record - k, k + 1) for k, broken in enumerate(structure.broken)]
    if removed:
        db.executemany("INSERT INTO removed VALUES (?, ?)", removed)
    # A column is named in the file as its `source` says, in the table by its name.
    own = {column.get("source") or column["name"]: column["name"] for column in contract["columns"]}
    columns = ", ".join(f"{text(own[cell])}: 'VARCHAR'" for cell in structure.header)
    db.execute(
        f"""CREATE TEMP TABLE cells AS
        WITH numbered AS (
          SELECT row_number() OVER () AS _position, * FROM read_csv({text(str(path))}, auto_detect = false, header = true,
            columns = {{{columns}}}, delim = {text(dialect["delimiter"])}, quote = {text(dialect["quote"])},
            escape = {text(dialect["escape"])}, nullstr = {text(dialect["nullText"])}, allow_quoted_nulls = false,
            strict_mode = true, max_line_size = {contract["limits"]["lineBytes"]}, new_line = {text(_new_line(path))})
        )
        SELECT _position + coalesce(
          (SELECT max(shift) FROM removed WHERE removed.position <= numbered._position), 0) AS _row, * EXCLUDE (_position)
        FROM numbered"""
    )


def _new_line(path: Path) -> str:
    with path.open("rb") as file:
        first = file.readline(1 << 20)
    return "\\r\\n" if first.endswith(b"\r\n") else "\\n"
