"""What a reader makes of a file, whatever its format, and what the judge takes."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb

Contract = dict[str, Any]
Part = Callable[[], AbstractContextManager[str]]
"""A relation that is there while its context lasts."""


class Refused(Exception):
    """The file is refused whole: `code` and a reason for the person who dropped it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def allowed(contract: Contract, records: int) -> float:
    """So many bad records a file of that many may have."""
    threshold = contract["errorThreshold"]
    return threshold["value"] * records if threshold["kind"] == "share" else threshold["value"]


@dataclass(frozen=True)
class Broken:
    """A record that has no cells: its ordinal, the physical line on which it begins (None where a format has no lines), rule and text."""

    record: int
    line: int | None
    rule: str
    value: str


@dataclass(frozen=True)
class Progress:
    """How far a reader is that passes on records while it still reads."""

    records: int
    broken: list[Broken]
    possible: int
    """So many records the file has at most."""
    stopped_at: int
    """The record after which it read no more because too many were broken; 0 when it reads to the end."""


@dataclass(frozen=True)
class Cells:
    """The records of one file, in their order.

    `relation` is SQL that can stand after FROM: every column of the contract by its name and, unless it is `in_order`,
    `_row BIGINT` (ordinal in the file, from 1, broken ones counted). A column in `typed` has values; any other is VARCHAR and is
    judged as text.
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
    dialect: dict[str, Any] | None = None
    """How its texts are written, where the format says that and not the contract."""
    row_bytes: float = 1000.0
    """Of a usual record."""
    parts: Sequence[Part] = ()
    """The relation in pieces, one after the other: several are read at once. `relation` has them all."""
    in_order: bool = False
    """The relation has all records but the broken ones, in the order of the file: the ordinal of each follows from that."""
    progress: Callable[[], Progress] | None = None
    """Of a reader that still reads, and whose relation is `in_order`: `records` is not known before."""
    close: Callable[[], None] = lambda: None
    """Ends the reading, early or not. Raises what went wrong in it, as `Refused`."""
    again: "Callable[[], Cells] | None" = None
    """Reads the file from its beginning. None: the relation can be read several times."""


class Reader(Protocol):
    """Brings a file to cells. It may leave files in `work`, a folder of its own that is removed afterwards. Raises `Refused`."""

    def __call__(self, db: duckdb.DuckDBPyConnection, source: Path, contract: Contract, work: Path) -> Cells: ...
