"""Values that may occur once in a file: of the good records with the same values the first one stays."""

from pathlib import Path
from typing import Any

import duckdb

from gridata.validation.evidence import Fault
from gridata.validation.sql import name, text


def drop_repeated(
    db: duckdb.DuckDBPyConnection, sets: list[list[dict[str, Any]]], parquet: Path, work: Path
) -> list[Fault]:
    """Takes the rows that repeat what must be unique out of `parquet`. Returns them as faults, in the order of records."""
    faults: list[Fault] = []
    db.execute("CREATE TEMP TABLE repeated (_row BIGINT)")
    for columns in sets:
        faults.extend(_repeated(db, columns, text(str(parquet))))
    if faults:
        kept = work / "unique.parquet"
        db.execute(
            f"""COPY (SELECT * FROM read_parquet({text(str(parquet))}) WHERE _row NOT IN (FROM repeated))
            TO {text(str(kept))} (FORMAT parquet, COMPRESSION zstd)"""
        )
        kept.replace(parquet)
    return sorted(faults, key=lambda fault: fault[0])


def _repeated(db: duckdb.DuckDBPyConnection, columns: list[dict[str, Any]], parquet: str) -> list[Fault]:
    values = ", ".join(name(column["name"]) for column in columns)
    present = " AND ".join(f"{name(column['name'])} IS NOT NULL" for column in columns)
    rows = f"FROM read_parquet({parquet}) WHERE {present}"
    # Different hashes are different values: the usual file is done here, with eight bytes a row.
    different = db.execute(f"SELECT count(*) = count(DISTINCT hash({values})) {rows}").fetchone()
    if different == (True,):
        return []
    label = ",".join(column["name"] for column in columns)
    found = db.execute(
        f"""INSERT INTO repeated SELECT _row FROM (
          SELECT _row, row_number() OVER (PARTITION BY {values} ORDER BY _row) AS nth {rows}
            AND _row NOT IN (FROM repeated)
            AND hash({values}) IN (SELECT hash({values}) AS h {rows} GROUP BY h HAVING count(*) > 1)
        ) WHERE nth > 1 RETURNING _row"""
    ).fetchall()
    if not found:
        return []
    shown = db.execute(
        f"""SELECT _row, concat_ws(',', {", ".join(f"CAST({name(c['name'])} AS VARCHAR)" for c in columns)})
        FROM read_parquet({parquet}) WHERE _row IN (SELECT unnest(?)) ORDER BY _row""",
        [[row for (row,) in found]],
    ).fetchall()
    return [(row, label, "unique", value) for row, value in shown]
