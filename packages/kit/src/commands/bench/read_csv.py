"""`read_csv.py validator|text FILE FOLDER CONTRACT`: a CSV to Parquet, by the validator or by DuckDB alone as texts. Prints what it took.

Both have the same threads, memory and compression. The validator looks at every byte and cell; DuckDB alone at nothing.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
from gridata.validation import MEMORY, THREADS, validate
from gridata.validation.sql import text


def validated(file: Path, folder: Path, contract: dict[str, Any]) -> int:
    parquet, evidence = folder / "rows.parquet", folder / "records.jsonl"
    result = validate(file, contract, file_id="0" * 64, delivery_id="bench", parquet=parquet, evidence=evidence)
    assert result.refused is None, result.refused
    return result.accepted


def as_texts(file: Path, folder: Path, contract: dict[str, Any]) -> int:
    with duckdb.connect(":memory:") as db:
        db.execute(f"SET threads = {THREADS}; SET memory_limit = '{MEMORY}'; SET preserve_insertion_order = true")
        db.execute(f"SET temp_directory = {text(str(folder / 'spill'))}")
        columns = ", ".join(f"{text(column['source'])}: 'VARCHAR'" for column in contract["columns"])
        rows = db.execute(
            f"""COPY (SELECT * FROM read_csv({text(str(file))}, auto_detect = false, header = true, columns = {{{columns}}},
                delim = ',', quote = '"', escape = '"'))
            TO {text(str(folder / "texts.parquet"))} (FORMAT parquet, COMPRESSION zstd)"""
        ).fetchone()
        assert rows is not None
        return int(rows[0])


def main() -> None:
    way, file, folder, contract = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    agreed = json.loads(contract.read_text(encoding="utf-8"))
    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.monotonic()
    records = {"validator": validated, "text": as_texts}[way](file, folder, agreed)
    seconds, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF)
    document = {
        "records": records,
        "seconds": seconds,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        # Linux tells kilobytes.
        "peak_bytes": after.ru_maxrss * 1024,
    }
    sys.stdout.write(json.dumps(document) + "\n")


main()
