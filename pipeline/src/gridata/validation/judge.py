"""What becomes of each record, the same for every format: accepted with its values, or evidence with its place, rule and value."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from gridata.validation import rules
from gridata.validation.cells import Cells, Contract, Refused
from gridata.validation.rules import name, text


@dataclass(frozen=True)
class Result:
    records: int
    accepted: int
    rejected: int
    """Why the file is refused whole: more bad records than its contract allows."""
    refused: dict[str, str] | None


def judge(
    db: duckdb.DuckDBPyConnection,
    cells: Cells,
    contract: Contract,
    added: dict[str, str],
    parquet: Path,
    evidence: Path,
) -> Result:
    """Writes the good records to `parquet`, with the texts `added` as further columns, and each bad one to `evidence`."""
    _judge_cells(db, cells, contract)
    read = _one(db, "SELECT count(*) FROM judged")
    if read != cells.records - len(cells.broken):
        raise Refused(
            "RECORDS_UNCLEAR",
            f"two readers disagree on its records: {cells.records - len(cells.broken)} and {read}; "
            "look for unusual quotes and line ends",
        )
    rejected = _write_evidence(db, cells, contract, added["_file_id"], evidence)
    accepted = cells.records - rejected
    refused = _over_threshold(contract["errorThreshold"], cells.records, rejected)
    if refused is None:
        _write_rows(db, cells, contract, added, parquet)
        written = _one(db, f"SELECT count(*) FROM read_parquet({text(str(parquet))})")
        assert written == accepted, f"{written} rows were written of {accepted} accepted"
    return Result(cells.records, accepted, rejected, refused)


def _one(db: duckdb.DuckDBPyConnection, query: str) -> int:
    row = db.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _judge_cells(db: duckdb.DuckDBPyConnection, cells: Cells, contract: Contract) -> None:
    checks = ", ".join(
        f"{{'c': {text(column['name'])}, 'r': {rules.broken_rule(column, column['name'] in cells.typed)}, 'v': NULL::VARCHAR}}"
        for column in contract["columns"]
    )
    broken = f"list_filter([{checks}], lambda _check: _check.r IS NOT NULL)"
    if cells.found:
        # Of a cell in which the reader found a fault nothing more is said.
        broken = (
            f"CASE WHEN len(_found) > 0 THEN list_concat(_found, list_filter({broken}, "
            f"lambda _check: NOT list_contains(list_transform(_found, lambda _one: _one.c), _check.c))) ELSE {broken} END"
        )
    db.execute(f"CREATE TEMP TABLE judged AS SELECT *, {broken} AS _broken FROM {cells.relation}")
    for columns_of_set in rules.unique_sets(contract["columns"]):
        _mark_repeated(db, columns_of_set, cells.typed)


def _mark_repeated(db: duckdb.DuckDBPyConnection, columns: list[dict[str, Any]], typed: frozenset[str]) -> None:
    """Of the good records with the same values the first one stays."""
    values = ", ".join(rules.value(column, column["name"] in typed) for column in columns)
    present = " AND ".join(f"{name(column['name'])} IS NOT NULL" for column in columns)
    label = text(",".join(column["name"] for column in columns))
    db.execute(
        f"""UPDATE judged SET _broken = [{{'c': {label}, 'r': 'unique', 'v': NULL}}] WHERE _row IN (
          SELECT _row FROM (SELECT _row, row_number() OVER (PARTITION BY {values} ORDER BY _row) AS nth FROM judged
            WHERE len(_broken) = 0 AND {present}) WHERE nth > 1)"""
    )


def _write_evidence(
    db: duckdb.DuckDBPyConnection, cells: Cells, contract: Contract, file_id: str, evidence: Path
) -> int:
    """One line for each broken cell, in the order of the records. Returns the number of bad records."""
    names = [column["name"] for column in contract["columns"]]
    cases = " ".join(f"WHEN {text(column)} THEN CAST({name(column)} AS VARCHAR)" for column in names)
    rows = db.execute(
        f"""SELECT _row, _fault.c, _fault.r, coalesce(_fault.v, CASE _fault.c {cases} ELSE CAST({name(names[0])} AS VARCHAR) END)
        FROM (SELECT *, unnest(_broken) AS _fault FROM judged WHERE len(_broken) > 0) ORDER BY _row, _fault.c"""
    ).fetchall()
    lines = cells.lines({row for row, *_ in rows})
    entries: list[tuple[int, int | None, str | None, str, str]] = [
        (row, lines.get(row), column, rule, value or "") for row, column, rule, value in rows
    ]
    entries.extend((b.record, b.line, None, b.rule, b.value) for b in cells.broken)
    entries.sort(key=lambda entry: entry[0])
    with evidence.open("w", encoding="utf-8") as file:
        for row, line, column, rule, value in entries:
            document = {
                "file_id": file_id,
                "record": row,
                "line": line,
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
    db: duckdb.DuckDBPyConnection, cells: Cells, contract: Contract, added: dict[str, str], parquet: Path
) -> None:
    values = [
        f"{rules.value(column, column['name'] in cells.typed)} AS {name(column['name'])}"
        for column in contract["columns"]
    ]
    values += [f"{text(value)} AS {column}" for column, value in added.items()]
    db.execute(
        f"""COPY (SELECT {", ".join(values)}, _row FROM judged WHERE len(_broken) = 0 ORDER BY _row)
        TO {text(str(parquet))} (FORMAT parquet, COMPRESSION zstd)"""
    )
