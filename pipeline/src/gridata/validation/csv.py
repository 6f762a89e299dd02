"""Validation of one CSV file: every record is accepted with its values, or is in the evidence with its place, rule and value."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from gridata.validation import rules
from gridata.validation.rules import name, text
from gridata.validation.scan import Structure, line_of, scan

MEMORY = "768MB"
THREADS = 2


class Refused(Exception):
    """The file is refused whole: `code` and a reason for the person who dropped it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Result:
    records: int
    accepted: int
    rejected: int
    """Why the file is refused whole: more bad records than its contract allows."""
    refused: dict[str, str] | None


def validate_csv(
    source: Path, contract: dict[str, Any], *, file_id: str, delivery_id: str, parquet: Path, evidence: Path
) -> Result:
    """Reads `source`; writes the accepted rows to `parquet` and each bad record as a line of JSON to `evidence`.

    `_row` is the ordinal of the record in the file, from 1, bad ones counted. Memory is bounded. Raises `Refused`.
    """
    _check_size(source, contract)
    structure = scan(source, contract["dialect"])
    _check_structure(structure, contract)
    readable = _without_broken(source, structure, parquet.with_suffix(".clean.csv"))
    scratch = parquet.with_suffix(".duckdb-tmp")
    with duckdb.connect(":memory:") as db:
        db.execute(f"SET threads = {THREADS}; SET memory_limit = '{MEMORY}'; SET preserve_insertion_order = true")
        db.execute(f"SET temp_directory = {text(str(scratch))}; SET TimeZone = 'UTC'")
        _read(db, readable, structure, contract)
        read = _one(db, "SELECT count(*) FROM cells")
        if read != structure.records - len(structure.broken):
            raise Refused(
                "RECORDS_UNCLEAR",
                f"two readers disagree on its records: {structure.records - len(structure.broken)} and {read}; "
                "look for unusual quotes and line ends",
            )
        rejected = _write_evidence(db, source, structure, contract, file_id, evidence)
        accepted = structure.records - rejected
        refused = _over_threshold(contract["errorThreshold"], structure.records, rejected)
        if refused is None:
            _write_rows(db, contract, file_id, delivery_id, parquet)
            written = _one(db, f"SELECT count(*) FROM read_parquet({text(str(parquet))})")
            assert written == accepted, f"{written} rows were written of {accepted} accepted"
    shutil.rmtree(scratch, ignore_errors=True)
    return Result(structure.records, accepted, rejected, refused)


def _one(db: duckdb.DuckDBPyConnection, query: str) -> int:
    row = db.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _check_size(source: Path, contract: dict[str, Any]) -> None:
    limit, size = contract["limits"]["bytes"], source.stat().st_size
    if size > limit:
        raise Refused("FILE_TOO_LARGE", f"it has {size} bytes, the contract allows {limit}")
    if size == 0:
        raise Refused("FILE_EMPTY", "it has no content, not even a header")


def _check_structure(structure: Structure, contract: dict[str, Any]) -> None:
    if structure.open_quote is not None:
        raise Refused("QUOTE_OPEN", f"a quote opens on line {structure.open_quote} and is never closed")
    wanted = [column["name"] for column in contract["columns"]]
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


def _read(db: duckdb.DuckDBPyConnection, path: Path, structure: Structure, contract: dict[str, Any]) -> None:
    dialect = contract["dialect"]
    columns = ", ".join(f"{text(column)}: 'VARCHAR'" for column in structure.header)
    db.execute("CREATE TEMP TABLE removed (position BIGINT, shift BIGINT)")
    # The k-th broken record stood before the record that is now number (ordinal - k + 1).
    removed = [(broken.record - k, k + 1) for k, broken in enumerate(structure.broken)]
    if removed:
        db.executemany("INSERT INTO removed VALUES (?, ?)", removed)
    checks = ", ".join(
        f"{{'c': {text(column['name'])}, 'r': {rules.broken_rule(column)}}}" for column in contract["columns"]
    )
    db.execute(
        f"""CREATE TEMP TABLE cells AS
        WITH numbered AS (
          SELECT row_number() OVER () AS _position, * FROM read_csv({text(str(path))}, auto_detect = false, header = true,
            columns = {{{columns}}}, delim = {text(dialect["delimiter"])}, quote = {text(dialect["quote"])},
            escape = {text(dialect["escape"])}, nullstr = {text(dialect["nullText"])}, allow_quoted_nulls = false,
            strict_mode = true, max_line_size = {contract["limits"]["lineBytes"]}, new_line = {text(_new_line(path))})
        ), placed AS (
          SELECT numbered._position + coalesce(
            (SELECT max(shift) FROM removed WHERE removed.position <= numbered._position), 0) AS _row, * EXCLUDE (_position)
          FROM numbered
        )
        SELECT *, list_filter([{checks}], lambda x: x.r IS NOT NULL) AS _broken FROM placed"""
    )
    for columns_of_set in rules.unique_sets(contract["columns"]):
        _mark_repeated(db, columns_of_set)


def _new_line(path: Path) -> str:
    with path.open("rb") as file:
        first = file.readline(1 << 20)
    return "\\r\\n" if first.endswith(b"\r\n") else "\\n"


def _mark_repeated(db: duckdb.DuckDBPyConnection, columns: list[dict[str, Any]]) -> None:
    """Of the good records with the same values the first one stays."""
    values = ", ".join(rules.value(column) for column in columns)
    present = " AND ".join(f"{name(column['name'])} IS NOT NULL" for column in columns)
    label = text(",".join(column["name"] for column in columns))
    db.execute(
        f"""UPDATE cells SET _broken = [{{'c': {label}, 'r': 'unique'}}] WHERE _row IN (
          SELECT _row FROM (SELECT _row, row_number() OVER (PARTITION BY {values} ORDER BY _row) AS nth FROM cells
            WHERE len(_broken) = 0 AND {present}) WHERE nth > 1)"""
    )


def _write_evidence(
    db: duckdb.DuckDBPyConnection,
    source: Path,
    structure: Structure,
    contract: dict[str, Any],
    file_id: str,
    evidence: Path,
) -> int:
    """One line for each broken cell, in the order of the records. Returns the number of bad records."""
    names = [column["name"] for column in contract["columns"]]
    cases = " ".join(f"WHEN {text(column)} THEN {name(column)}" for column in names)
    rows = db.execute(
        f"""SELECT _row, b.c, b.r, CASE b.c {cases} ELSE {name(names[0])} END
        FROM (SELECT *, unnest(_broken) AS b FROM cells WHERE len(_broken) > 0) ORDER BY _row, b.c"""
    ).fetchall()
    entries: list[tuple[int, int | None, str | None, str, str]] = [
        (row, None, column, rule, value or "") for row, column, rule, value in rows
    ]
    entries.extend((b.record, b.line, None, b.rule, b.value) for b in structure.broken)
    entries.sort(key=lambda entry: entry[0])
    lines = line_of(source, contract["dialect"], {row for row, line, *_ in entries if line is None})
    with evidence.open("w", encoding="utf-8") as file:
        for row, line, column, rule, value in entries:
            document = {
                "file_id": file_id,
                "record": row,
                "line": lines[row] if line is None else line,
                "column": column,
                "rule": rule,
                "value": value[:500],
                "contract_version": contract["version"],
            }
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
    return len({entry[0] for entry in entries})


def _over_threshold(threshold: dict[str, Any], records: int, rejected: int) -> dict[str, str] | None:
    if threshold["kind"] == "share":
        over = records > 0 and rejected / records > threshold["value"]
        allowed = f"{threshold['value'] * 100:g} %"
    else:
        over = rejected > threshold["value"]
        allowed = f"{threshold['value']:g}"
    if not over:
        return None
    return {
        "code": "TOO_MANY_BAD_RECORDS",
        "reason": f"{rejected} of the {records} records are bad, more than {allowed} that the contract allows",
    }


def _write_rows(
    db: duckdb.DuckDBPyConnection, contract: dict[str, Any], file_id: str, delivery_id: str, parquet: Path
) -> None:
    values = ", ".join(f"{rules.value(column)} AS {name(column['name'])}" for column in contract["columns"])
    db.execute(
        f"""COPY (SELECT {values}, {text(file_id)} AS _file_id, {text(delivery_id)} AS _delivery_id, _row
        FROM cells WHERE len(_broken) = 0 ORDER BY _row)
        TO {text(str(parquet))} (FORMAT parquet, COMPRESSION zstd)"""
    )
