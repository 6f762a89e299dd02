"""What becomes of each record, the same for every format: accepted with its values, or evidence with its place, rule and value.

The records pass once, in their order, from the reader's relation to Parquet. Uniqueness is looked at afterwards, in what was written.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from gridata.validation import forms, rules
from gridata.validation.batches import in_pieces, stream
from gridata.validation.cells import Cells, Contract, Refused, allowed
from gridata.validation.evidence import Evidence, Fault, write_evidence
from gridata.validation.places import Places
from gridata.validation.rows import Rows
from gridata.validation.sql import name, text
from gridata.validation.unique import drop_repeated

_BATCH_BYTES = 8 << 20


@dataclass(frozen=True)
class Result:
    """`records` is None when reading stopped before the end, at too many bad ones; `rejected` are those found until then."""

    records: int | None
    accepted: int
    rejected: int
    refused: dict[str, str] | None
    """Why the file is refused whole: more bad records than its contract allows."""


def judge(
    db: duckdb.DuckDBPyConnection,
    cells: Cells,
    contract: Contract,
    added: dict[str, str],
    parquet: Path,
    evidence: Path,
    work: Path,
) -> Result:
    """Writes the good records to `parquet`, with the texts `added` as further columns, and each bad one to `evidence`."""
    faults = Evidence(work / "faults.jsonl")
    threshold = contract["errorThreshold"]
    try:
        distinct = {columns[0]["name"] for columns in rules.unique_sets(contract) if len(columns) == 1}
        with Rows(parquet, added, distinct) as rows:
            seen, stopped = _pass(db, cells, contract, rows, faults)
    finally:
        faults.close()
        cells.close()
    records, broken = (cells.progress().records, cells.broken) if cells.progress else (cells.records, cells.broken)
    repeated: list[Fault] = []
    if not stopped:
        if seen != records - len(broken):
            raise Refused(
                "RECORDS_UNCLEAR",
                f"two readers disagree on its records: {records - len(broken)} and {seen}; "
                "look for unusual quotes and line ends",
            )
        repeated = drop_repeated(db, cells, rules.unique_sets(contract), parquet, work)
    else:
        # Of those not yet judged nothing is said.
        broken = [one for one in broken if one.record <= stopped]
    rejected = write_evidence(evidence, faults, broken, repeated, cells.lines, contract, added["_file_id"])
    if stopped:
        refused = _refused(threshold, f"at least {rejected} of the first {stopped} records", "; reading stopped there")
        parquet.unlink()
        return Result(None, 0, rejected, refused)
    accepted = records - rejected
    if rejected > allowed(contract, records):
        refused = _refused(threshold, f"{rejected} of the {records} records", "")
        parquet.unlink()
        return Result(records, accepted, rejected, refused)
    row = db.execute(f"SELECT count(*) FROM read_parquet({text(str(parquet))})").fetchone()
    assert row == (accepted,), f"{row} rows were written of {accepted} accepted"
    return Result(records, accepted, rejected, None)


def _refused(threshold: dict[str, Any], bad: str, after: str) -> dict[str, str]:
    allowed = f"{threshold['value'] * 100:g} %" if threshold["kind"] == "share" else f"{threshold['value']:g}"
    return {
        "code": "TOO_MANY_BAD_RECORDS",
        "reason": f"{bad} are bad, more than {allowed} that the contract allows{after}",
    }


def _pass(
    db: duckdb.DuckDBPyConnection, cells: Cells, contract: Contract, rows: Rows, faults: Evidence
) -> tuple[int, int]:
    """Judges every record. Returns how many there were and, if too many were bad, the one at which it stopped (else 0)."""
    threads = db.execute("SELECT current_setting('threads')").fetchone()
    assert threads is not None
    if cells.progress is not None or cells.parts:
        # What is read as it comes has one reader: a second thread would only look for work, at the cost of a third more.
        db.execute("SET threads = 1")
    try:
        return _judged(db, cells, contract, rows, faults, threads[0])
    finally:
        db.execute(f"SET threads = {threads[0]}")


def _judged(
    db: duckdb.DuckDBPyConnection, cells: Cells, contract: Contract, rows: Rows, faults: Evidence, workers: int
) -> tuple[int, int]:
    size = int(min(max(_BATCH_BYTES / cells.row_bytes, 2048), 122_880))
    query = partial(_query, cells, contract)
    judged = (
        in_pieces(db, cells.parts, query, size, workers) if cells.parts else stream(db, query(cells.relation), size)
    )
    with closing(judged) as batches:
        return _sorted_out(batches, cells, contract, rows, faults)


def _sorted_out(
    batches: Iterator[Any], cells: Cells, contract: Contract, rows: Rows, faults: Evidence
) -> tuple[int, int]:
    places = Places(cells.broken)
    seen = bad = 0
    for batch in batches:
        if batch.num_rows == 0:
            rows.add(batch.drop_columns(["_broken"]), np.empty(0, np.int64))
            continue
        ordinals = places.of(seen, batch.num_rows) if cells.in_order else batch.column("_row").to_numpy()
        seen += batch.num_rows
        found = batch.column("_broken")
        table = batch.drop_columns(["_broken"])
        if found.null_count < len(found):
            wrong = found.value_lengths().fill_null(0).to_numpy(zero_copy_only=False) > 0
            bad += int(wrong.sum())
            for i in np.flatnonzero(wrong).tolist():
                faults.add(int(ordinals[i]), found[i].as_py())
            table, ordinals = table.filter(pa.array(~wrong)), ordinals[~wrong]
        rows.add(table, ordinals)
        last = int(ordinals[-1]) if len(ordinals) else 0
        if _over(cells, contract, bad):
            stopped = max(last, faults.last)
            return (seen, stopped) if next(batches, None) is not None else (seen, 0)
    return seen, cells.progress().stopped_at if cells.progress else 0


def _over(cells: Cells, contract: Contract, bad: int) -> bool:
    """Whether the file is refused, whatever is still to come."""
    possible = cells.progress().possible if cells.progress else cells.records
    return bad + len(cells.broken) > allowed(contract, possible)


def _query(cells: Cells, contract: Contract, relation: str) -> str:
    """Each value is computed once; what is looked at only for bad cells stands behind CASE."""
    dialect = cells.dialect or contract["dialect"]
    plains, owns, values, wrong, checks = [], list[str](), list[str](), list[str](), list[str]()
    for i, column in enumerate(contract["columns"]):
        cell, typed = name(column["name"]), column["name"] in cells.typed
        plain = own = cell
        if not typed:
            sql = forms.plain(column, cell, dialect)
            if sql != cell:
                plain = f"_plain{i}"
                plains.append(f"{sql} AS {plain}")
            sql = forms.value(column, plain, dialect)
            if sql != cell:
                own = f"_own{i}"
                owns.append(f"{sql} AS {own}")
        values.append(f"{own} AS {cell}")
        condition = rules.faulty(column, typed, dialect, own, plain)
        if condition:
            wrong.append(condition)
            rule = rules.broken_rule(column, typed, dialect, own, plain)
            checks.append(f"{{'c': {text(column['name'])}, 'r': {rule}, 'v': left(CAST({cell} AS VARCHAR), 500)}}")
    fault = "STRUCT(c VARCHAR, r VARCHAR, v VARCHAR)[]"
    listed = (
        f"list_filter([{', '.join(checks)}], lambda _check: _check.r IS NOT NULL)" if checks else f"CAST([] AS {fault})"
    )
    broken = f"CASE WHEN {' OR '.join(wrong) or 'false'} THEN {listed} END"
    if cells.found:
        # Of a cell in which the reader found a fault nothing more is said.
        broken = (
            f"CASE WHEN len(_found) > 0 THEN list_concat(_found, list_filter(coalesce({broken}, []), "
            f"lambda _check: NOT list_contains(list_transform(_found, lambda _one: _one.c), _check.c))) ELSE {broken} END"
        )
    row = "" if cells.in_order else ", _row"
    first = f"(SELECT *{''.join(', ' + p for p in plains)} FROM {relation})"
    second = f"(SELECT *{''.join(', ' + o for o in owns)} FROM {first})"
    return f"SELECT {', '.join(values)}{row}, {broken} AS _broken FROM {second}"
