"""Reader of one JSON array of objects, one record at a time. What is no JSON is refused whole: nobody knows where it goes on."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb

from gridata.validation.cells import Cells, Contract, Refused
from gridata.validation.json_cells import Record, to_cells
from gridata.validation.json_records import DECODER
from gridata.validation.rules import text

_BLOCK = 1 << 16
_BLANK = " \t\r\n"
# Of what the decoder complains about at its beginning: a number's exponent, an escape, `false`.
_LONGEST_TOKEN = 16


def read(db: duckdb.DuckDBPyConnection, source: Path, contract: Contract, work: Path) -> Cells:
    limit = contract["limits"]["lineBytes"]
    return to_cells(db, records(source, limit), contract, lambda: _count(db, source, limit))


def _count(db: duckdb.DuckDBPyConnection, source: Path, limit: int) -> int:
    """By another parser."""
    # An object of that many characters may have four times as many bytes.
    objects = f"read_json_objects({text(str(source))}, format = 'array', maximum_object_size = {4 * limit + (1 << 20)})"
    try:
        row = db.execute(f"SELECT count(*) FROM {objects}").fetchone()
    except duckdb.Error as error:
        why = str(error).split("\n")[0].partition(": ")[2].split(". Try")[0]
        raise Refused("RECORDS_UNCLEAR", f"a second reader can't read it: {why[-200:]}") from None
    assert row is not None
    return int(row[0])


class _Text:
    """The file as text, of which only a part is held: from `at` on."""

    def __init__(self, source: Path) -> None:
        self._file = source.open("rb")
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.held = ""
        self.at = 0
        self.line = 1
        self.ended = False

    def close(self) -> None:
        self._file.close()

    def more(self, size: int = _BLOCK) -> None:
        block = self._file.read(size)
        self.ended = not block
        try:
            read = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].count(b"\n")
            line = self.line + self.held.count("\n", self.at) + before
            raise Refused("NOT_JSON", f"line {line} is not UTF-8, as JSON must be") from None
        self.held, self.at = self.held[self.at :] + read, 0

    def move(self, to: int) -> str:
        """Goes to `to`; returns what it went over."""
        passed = self.held[self.at : to]
        self.line += passed.count("\n")
        self.at = to
        return passed

    def next(self) -> str:
        """The next character that is not blank, not yet passed; empty at the end of the file."""
        while True:
            at = self.at
            while at < len(self.held) and self.held[at] in _BLANK:
                at += 1
            self.move(at)
            if at < len(self.held):
                return self.held[at]
            if self.ended:
                return ""
            self.more()


def records(source: Path, limit: int) -> Iterator[Record]:
    file = _Text(source)
    try:
        yield from _elements(file, limit)
    finally:
        file.close()


def _elements(file: _Text, limit: int) -> Iterator[Record]:
    first = file.next()
    if first != "[":
        hint = "; several objects one after another are JSON Lines" if first == "{" else ""
        raise Refused("NOT_JSON", f"line {file.line} begins with {first!r}, not with the [ of a JSON array{hint}")
    file.move(file.at + 1)
    row = 0
    if file.next() != "]":
        while True:
            file.next()
            row, line = row + 1, file.line
            value, passed = _element(file, limit, row)
            yield row, line, passed.encode("utf-8", "replace"), value
            if file.next() != ",":
                break
            file.move(file.at + 1)
    found = file.next()
    if found != "]":
        raise _not_json(file.line, "it is cut off" if not found else f"{found!r} where , or ] is expected")
    file.move(file.at + 1)
    if file.next():
        raise _not_json(file.line, "more follows after the end of the array")


def _not_json(line: int, why: str) -> Refused:
    return Refused("NOT_JSON", f"line {line} is no JSON: {why}")


def _element(file: _Text, limit: int, row: int) -> tuple[object, str]:
    """One value and its text. It is decoded anew with more of the file for as long as it seems to be cut off."""
    while True:
        try:
            value, end = DECODER.raw_decode(file.held, file.at)
            # What ends where the text held ends may go on, as a number does.
            if end < len(file.held) or file.ended:
                if end - file.at > limit:
                    raise _too_long(file, row, limit)
                return value, file.move(end)
            at, why, open_ended = end, "it is cut off", True
        except json.JSONDecodeError as error:
            at, why = error.pos, error.msg[0].lower() + error.msg[1:]
            # More of the file mends only what is wrong near the end of what is held, or a text that has no end yet.
            open_ended = at > len(file.held) - _LONGEST_TOKEN or "nterminated" in why
        except ValueError as error:
            raise _not_json(file.line, str(error)) from None
        except RecursionError:
            raise _not_json(file.line, "it is nested too deeply") from None
        if file.ended or not open_ended:
            line = file.line + file.held.count("\n", file.at, at)
            raise _not_json(line, "it is cut off" if at >= len(file.held) else why)
        held = len(file.held) - file.at
        if held > limit:
            raise _too_long(file, row, limit)
        file.more(max(_BLOCK, held))


def _too_long(file: _Text, row: int, limit: int) -> Refused:
    return Refused(
        "LINE_TOO_LONG",
        f"record {row}, which begins on line {file.line}, is longer than {limit} bytes that the contract allows (lineBytes)",
    )
