"""Reader of JSON Lines: each line that is not blank is one record, one JSON object."""

import codecs
from collections.abc import Iterator
from pathlib import Path

import duckdb

from gridata.validation.cells import Cells, Contract, Refused
from gridata.validation.json_cells import Record, to_cells
from gridata.validation.json_records import Malformed, decode


def read(db: duckdb.DuckDBPyConnection, source: Path, contract: Contract, work: Path) -> Cells:
    limit = contract["limits"]["lineBytes"]
    return to_cells(db, records(source, limit), contract, lambda: _count(source))


def records(source: Path, limit: int) -> Iterator[Record]:
    row = number = 0
    with source.open("rb") as file:
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        while line := file.readline(limit + 2):
            number += 1
            if len(line.rstrip(b"\r\n")) > limit:
                raise Refused(
                    "LINE_TOO_LONG", f"line {number} is longer than {limit} bytes that the contract allows (lineBytes)"
                )
            if line.isspace():
                continue
            row += 1
            try:
                value = decode(line)
            except Malformed as malformed:
                value = malformed
            yield row, number, line, value


def _count(source: Path) -> int:
    """Lines that are not blank."""
    with source.open("rb") as file:
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        return sum(1 for line in file if not line.isspace())
