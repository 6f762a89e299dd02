"""Validation: a file and its contract in, typed Parquet and evidence of every bad record out. No stack is needed.

Two stages: a reader for each format brings the file to cells, and one judge for all of them decides what becomes of each record.
"""

import shutil
from pathlib import Path

import duckdb

from gridata.validation import avro, csv, excel, json_array, jsonl, parquet
from gridata.validation.cells import Contract, Reader, Refused
from gridata.validation.decompress import decompress
from gridata.validation.judge import Result, judge
from gridata.validation.kinds import format_of
from gridata.validation.rules import text

__all__ = ["Refused", "Result", "validate"]

MEMORY = "768MB"
THREADS = 2

READERS: dict[str, Reader] = {
    "csv": csv.read,
    "jsonl": jsonl.read,
    "json": json_array.read,
    "parquet": parquet.read,
    "avro": avro.read,
    "excel": excel.read,
}


def validate(
    source: Path,
    contract: Contract,
    *,
    file_id: str,
    delivery_id: str,
    parquet: Path,
    evidence: Path,
    arrival: str | None = None,
) -> Result:
    """Reads `source`; writes the accepted rows to `parquet` and each bad record as a line of JSON to `evidence`.

    `_row` is the ordinal of the record in the file, from 1, bad ones counted; under `upsert` and `replace-partitions` every row also has `_arrival`.
    Memory is bounded. Raises `Refused`.
    """
    work = parquet.with_suffix(".work")
    work.mkdir()
    try:
        _check_size(source, contract)
        plain = decompress(source, contract, work / "inflated")
        _check_size(plain, contract)
        with duckdb.connect(":memory:") as db:
            db.execute(f"SET threads = {THREADS}; SET memory_limit = '{MEMORY}'; SET preserve_insertion_order = true")
            db.execute(f"SET temp_directory = {text(str(work / 'spill'))}; SET TimeZone = 'UTC'")
            cells = READERS[format_of(plain, contract)](db, plain, contract, work)
            added = {"_file_id": file_id, "_delivery_id": delivery_id}
            if contract["mode"] in ("upsert", "replace-partitions"):
                added["_arrival"] = arrival or ""
            return judge(db, cells, contract, added, parquet, evidence, work)
    finally:
        shutil.rmtree(work)


def _check_size(source: Path, contract: Contract) -> None:
    limit, size = contract["limits"]["bytes"], source.stat().st_size
    if size > limit:
        raise Refused("FILE_TOO_LARGE", f"it has {size} bytes, the contract allows {limit}")
    if size == 0:
        raise Refused("FILE_EMPTY", "it has no content, not even a header")
