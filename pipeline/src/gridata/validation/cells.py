"""What a reader makes of a file, whatever its format, and what the judge takes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb

Contract = dict[str, Any]


class Refused(Exception):
    """The file is refused whole: `code` and a reason for the person who dropped it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Broken:
    """A record that has no cells: its ordinal, the physical line on which it begins (None where a format has no lines), rule and text."""

    record: int
    line: int | None
    rule: str
    value: str


@dataclass(frozen=True)
class Cells:
    """The records of one file.

    `relation` is SQL that can stand after FROM: `_row BIGINT` (ordinal in the file, from 1, broken ones counted) and every
    column of the contract by its name. A column in `typed` has values; any other is VARCHAR and is judged as text.
    """

    relation: str
    records: int
    """Counted independently of what reads the relation; the broken ones are among them."""
    broken: list[Broken]
    lines: Callable[[set[int]], dict[int, int]]
    """The physical line of each of these records; empty where a format has no lines."""
    typed: frozenset[str] = frozenset()
    found: bool = False
    """The relation also has `_found`: what its reader found wrong in cells, as a list of {c: column or path, r: rule, v: text}."""


class Reader(Protocol):
    """Brings a file to cells. It may leave files in `work`, a folder of its own that is removed afterwards. Raises `Refused`."""

    def __call__(self, db: duckdb.DuckDBPyConnection, source: Path, contract: Contract, work: Path) -> Cells: ...
