"""The structure of a CSV file, found without the parser that reads its values: where each record begins, and which are broken.

It is the count that the values are held against, and it knows physical lines, which the parser does not.
"""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO


@dataclass(frozen=True)
class Broken:
    """A record that the parser must not see. `value` is its text, shortened."""

    record: int
    line: int
    rule: str
    value: str
    start: int
    end: int


@dataclass
class Structure:
    header: list[str] = field(default_factory=list[str])
    records: int = 0
    broken: list[Broken] = field(default_factory=list[Broken])
    """Line on which a quote opens that is never closed."""
    open_quote: int | None = None


class _Lines:
    """Physical lines as text of one character a byte, with the place of the reader in the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.offset = 0
        self.line = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self.offset += len(line)
            self.line += 1
            yield line.decode("latin-1")


csv.field_size_limit(1 << 28)


def _open(file: BinaryIO, dialect: dict[str, Any]) -> tuple[_Lines, Iterator[list[str]]]:
    """A strict reader behind the byte order mark, and where it is."""
    lines = _Lines(file)
    if file.read(3) == codecs.BOM_UTF8:
        lines.offset = 3
    else:
        file.seek(0)
    doubled = dialect["escape"] == dialect["quote"]
    reader = csv.reader(
        iter(lines),
        delimiter=dialect["delimiter"],
        quotechar=dialect["quote"],
        doublequote=doubled,
        escapechar=None if doubled else dialect["escape"],
        strict=True,
    )
    return lines, reader


def scan(path: Path, dialect: dict[str, Any]) -> Structure:
    found = Structure()
    checked = _needs_checking(path)
    with path.open("rb") as file:
        lines, reader = _open(file, dialect)
        width = 0
        while True:
            start, line = lines.offset, lines.line + 1
            rule = None
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    found.open_quote = line
                    break
                cells, rule = [""], "quote"
            if not cells:
                continue  # a blank line is no record, for either reader
            if width == 0:
                if rule:
                    found.open_quote = line
                    break
                found.header = [cell.encode("latin-1").decode("utf-8", "replace") for cell in cells]
                width = len(cells)
                continue
            found.records += 1
            if rule is None and len(cells) != width:
                rule = "cells"
            if rule is None and checked and not _is_clean(cells):
                rule = "encoding"
            if rule:
                found.broken.append(Broken(found.records, line, rule, "", start, lines.offset))
    if found.broken:
        found.broken = _with_text(path, found.broken)
    return found


def line_of(path: Path, dialect: dict[str, Any], records: set[int]) -> dict[int, int]:
    """The physical line on which each of these records begins."""
    if not records:
        return {}
    wanted, found = set(records), dict[int, int]()
    with path.open("rb") as file:
        lines, reader = _open(file, dialect)
        record = -1
        while wanted:
            line = lines.line + 1
            try:
                if not next(reader):
                    continue
            except StopIteration:
                break
            except csv.Error:
                pass
            record += 1
            if record in wanted:
                found[record] = line
                wanted.remove(record)
    return found


def _needs_checking(path: Path) -> bool:
    """Whether the file holds a NUL or bytes that are not UTF-8: then, and only then, each record is looked at."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                if b"\0" in block:
                    return True
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return True
    return False


def _is_clean(cells: list[str]) -> bool:
    try:
        for cell in cells:
            if "\0" in cell:
                return False
            cell.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _with_text(path: Path, broken: list[Broken]) -> list[Broken]:
    with path.open("rb") as file:

        def text(one: Broken) -> str:
            file.seek(one.start)
            return file.read(min(one.end - one.start, 500)).decode("utf-8", "replace").rstrip("\r\n")

        return [Broken(b.record, b.line, b.rule, text(b), b.start, b.end) for b in broken]
