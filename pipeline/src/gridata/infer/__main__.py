"""`python -m gridata.infer FILE`: the draft of a contract that takes this file. Prints one JSON document."""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from gridata.infer import csv_file, json_file, sheet_file, typed_file
from gridata.infer.draft import Draft
from gridata.validation import MEMORY, THREADS, Refused
from gridata.validation.decompress import compression_of, decompress
from gridata.validation.kinds import binary_format, is_workbook
from gridata.validation.sql import text

# As large as a first file may be: its contract states limits of its own.
_LIMITS = {"bytes": 1 << 40, "lineBytes": 1 << 25, "columns": 10_000, "expansionRatio": 1000}


def draft_of(path: Path, work: Path) -> Draft:
    if path.stat().st_size == 0:
        raise Refused("FILE_EMPTY", "it has no content: nothing can be told from it")
    packed = compression_of(path)
    compression = "none" if packed is None or is_workbook(path) else packed
    plain = decompress(path, {"compression": "auto", "limits": _LIMITS}, work / "inflated")
    draft = Draft(format=binary_format(plain) or _text_format(plain), compression=compression)
    with duckdb.connect(str(work / "infer.duckdb")) as db:
        db.execute(f"SET threads = {THREADS}; SET memory_limit = '{MEMORY}'; SET TimeZone = 'UTC'")
        db.execute(f"SET temp_directory = {text(str(work / 'spill'))}")
        match draft.format:
            case "csv":
                csv_file.infer(db, plain, work, draft)
            case "jsonl" | "json":
                json_file.infer(db, plain, draft)
            case "parquet":
                typed_file.infer_parquet(db, plain, draft)
            case "avro":
                typed_file.infer_avro(plain, draft)
            case _:
                sheet_file.infer(db, plain, draft)
    return draft


def _text_format(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        return "json"
    return "jsonl" if start.startswith(b"{") else "csv"


def main() -> int:
    parser = argparse.ArgumentParser(prog="gridata.infer", description="Drafts a contract from one file.")
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    document: dict[str, Any]
    with tempfile.TemporaryDirectory(prefix="gridata-infer-") as work:
        try:
            document = draft_of(arguments.file, Path(work)).document() | {"refused": None}
        except Refused as refused:
            document = {"refused": {"code": refused.code, "reason": refused.reason}}
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
