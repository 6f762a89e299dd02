"""Values that may occur once in a file: of the good records with the same values the first one stays."""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from gridata.validation.cells import Cells
from gridata.validation.evidence import Fault
from gridata.validation.places import Places
from gridata.validation.sql import name, text

Columns = list[dict[str, Any]]


def drop_repeated(
    db: duckdb.DuckDBPyConnection, cells: Cells, sets: list[Columns], parquet: Path, work: Path
) -> list[Fault]:
    """Takes the rows that repeat what must be unique out of `parquet`. Returns them as faults, in the order of records."""
    faults: list[Fault] = []
    db.execute("CREATE TEMP TABLE repeated (_row BIGINT)")
    for columns in sets:
        rows = _repeated(db, columns, text(str(parquet)))
        label = ",".join(column["name"] for column in columns)
        shown = _shown(db, cells, columns, rows) if rows else {}
        faults.extend((row, label, "unique", shown[row]) for row in rows)
    if faults:
        kept = work / "unique.parquet"
        db.execute(
            f"""COPY (SELECT * FROM read_parquet({text(str(parquet))}) WHERE _row NOT IN (FROM repeated))
            TO {text(str(kept))} (FORMAT parquet, COMPRESSION zstd)"""
        )
        kept.replace(parquet)
    return sorted(faults, key=lambda fault: fault[0])


def _repeated(db: duckdb.DuckDBPyConnection, columns: Columns, parquet: str) -> list[int]:
    values = ", ".join(name(column["name"]) for column in columns)
    present = " AND ".join(f"{name(column['name'])} IS NOT NULL" for column in columns)
    rows = f"FROM read_parquet({parquet}) WHERE {present}"
    # Different hashes are different values: the usual file is done here, with eight bytes a row.
    different = db.execute(f"SELECT count(*) = count(DISTINCT hash({values})) {rows}").fetchone()
    if different == (True,):
        return []
    found = db.execute(
        f"""INSERT INTO repeated SELECT _row FROM (
          SELECT _row, row_number() OVER (PARTITION BY {values} ORDER BY _row) AS nth {rows}
            AND _row NOT IN (FROM repeated)
            AND hash({values}) IN (SELECT hash({values}) AS h {rows} GROUP BY h HAVING count(*) > 1)
        ) WHERE nth > 1 RETURNING _row"""
    ).fetchall()
    return [row for (row,) in found]


def _shown(db: duckdb.DuckDBPyConnection, cells: Cells, columns: Columns, rows: list[int]) -> dict[int, str]:
    """What stands in the file, for whoever looks for it there: the cells are read once more."""
    again = cells.again() if cells.again else cells
    texts = ", ".join(f"CAST({name(column['name'])} AS VARCHAR)" for column in columns)
    values = f"concat_ws(',', {texts})"
    try:
        if not again.in_order:
            return dict(
                db.execute(
                    f"SELECT _row, {values} FROM {again.relation} WHERE _row IN (SELECT unnest(?))", [rows]
                ).fetchall()
            )
        found, wanted, places, seen = dict[int, str](), np.array(rows), Places(again.broken), 0
        for batch in db.execute(f"SELECT {values} FROM {again.relation}").to_arrow_reader(65_536):
            ordinals = places.of(seen, batch.num_rows)
            seen += batch.num_rows
            for i in np.flatnonzero(np.isin(ordinals, wanted)).tolist():
                found[int(ordinals[i])] = batch.column(0)[i].as_py()
        return found
    finally:
        again.close()
