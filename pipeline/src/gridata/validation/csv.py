"""Reader of CSV: a scan finds the records, DuckDB's parser reads their cells as text.

Of a file in which every line is a record, and that has nothing but cells, several pieces are read at once. Of any other the scan passes on the
records that are whole, through a named pipe, so that neither waits for the other to finish, nothing is written twice and memory is bounded.
"""

import codecs
import contextlib
import fcntl
import os
import tempfile
import threading
from collections.abc import Generator, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb

from gridata.validation.cells import Cells, Contract, Progress, Refused, allowed
from gridata.validation.csv_header import check_header
from gridata.validation.csv_scan import Scan
from gridata.validation.csv_source import BLOCK, blocks
from gridata.validation.rules import text

_PIPE_BYTES = 1 << 20


def read(db: duckdb.DuckDBPyConnection, source: Path, contract: Contract, work: Path) -> Cells:
    dialect = contract["dialect"]
    until = _count(source, contract) - dialect["skipFooter"] if dialect["skipFooter"] else None
    scan = _scan(source, contract)
    header = scan.header()
    # A column is named in the file as its `source` says, in the table by its name.
    own = {column["source"]: column["name"] for column in contract["columns"]}
    if header is None:
        if dialect["header"]:
            raise Refused("FILE_EMPTY", "it has no header and no records, only lines that are blank or skipped")
        names = list(own.values())
    else:
        check_header(header, contract)
        names = [own[cell] for cell in header]
    if until is None and _is_plain(source, scan, dialect):
        as_it_is = _even(source, names, contract, work)
        if as_it_is is not None:
            return as_it_is
    size = source.stat().st_size

    def possible() -> int:
        # A record of n cells has n - 1 delimiters and a line end at least; one of a single cell a character and a line end.
        return scan.records if scan.ended else scan.records + max(size - scan.read, 0) // max(len(names), 2) + 1

    def enough() -> bool:
        return len(scan.broken) > allowed(contract, possible())

    feed = _Feed(scan.body(len(names), until, enough), work / "records.csv")

    return Cells(
        relation=_relation(feed.path, names, contract),
        records=0,
        broken=scan.broken,
        lines=scan.lines.of,
        row_bytes=scan.row_bytes,
        in_order=True,
        progress=lambda: Progress(scan.records, scan.broken, possible(), scan.stopped_at),
        close=feed.close,
        again=lambda: read(db, source, contract, Path(tempfile.mkdtemp(dir=work))),
    )


def _even(source: Path, names: list[str], contract: Contract, work: Path) -> Cells | None:
    """Of a file in which every line is a record with nothing in it but cells."""
    scan = _scan(source, contract)
    scan.header()
    skip = scan.line - 1
    cuts = scan.even(len(names))
    if cuts is None:
        return None

    @contextlib.contextmanager
    def piece(start: int, end: int) -> Generator[str]:
        feed = _Feed(_bytes(source, start, end), work / f"piece-{start}")
        try:
            yield _relation(feed.path, names, contract)
        finally:
            feed.close()
            feed.path.unlink()

    return Cells(
        relation=_relation(source, names, contract, skip),
        parts=[partial(piece, start, end) for start, end in pairwise(cuts)],
        records=scan.records,
        broken=[],
        lines=scan.lines.of,
        row_bytes=scan.row_bytes,
        in_order=True,
    )


def _bytes(source: Path, start: int, end: int) -> Iterator[bytes]:
    with source.open("rb") as file:
        file.seek(start)
        while start < end and (block := file.read(min(BLOCK, end - start))):
            start += len(block)
            yield block


def _scan(source: Path, contract: Contract) -> Scan:
    return Scan(blocks(source, contract["dialect"]["encoding"]), contract["dialect"], contract["limits"]["lineBytes"])


def _count(source: Path, contract: Contract) -> int:
    """All records, those of the footer too: only who knows the end knows the footer."""
    scan = _scan(source, contract)
    header = scan.header()
    for _ in scan.body(len(contract["columns"]) if header is None else len(header)):
        pass
    return scan.records


def _is_plain(source: Path, scan: Scan, dialect: dict[str, Any]) -> bool:
    """Whether the parser finds the first record by the line on which it begins."""
    if dialect["encoding"] != "utf-8" or len(dialect["delimiter"]) > 1:
        return False
    with source.open("rb") as file:
        head = file.read(max(scan.read, 3))
    if head.startswith(codecs.BOM_UTF8):
        return False
    odd = [b"\r", b"\0", b"\n\n", dialect["quote"].encode()]
    return not any(one and one in b"\n" + head[: scan.read] for one in odd)


def _relation(path: Path, names: list[str], contract: Contract, skip: int = 0) -> str:
    dialect = contract["dialect"]
    columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
    # Doubling the quotes makes a record longer.
    longest = 2 * contract["limits"]["lineBytes"] + 4 * len(names) + 2
    # As the scan writes it: no header, one line feed a record, quotes doubled. As the scan found it: no quotes at all.
    return f"""read_csv({text(str(path))}, auto_detect = false, header = false, skip = {skip}, columns = {{{columns}}},
        delim = {text(dialect["delimiter"])}, quote = {text(dialect["quote"])}, escape = {text(dialect["quote"])},
        nullstr = {text(dialect["nullText"])}, allow_quoted_nulls = false, strict_mode = true, new_line = '\\n',
        max_line_size = {longest}, buffer_size = {max(longest, 8 << 20)})"""


class _Feed:
    """Writes the records into a pipe while somebody reads it."""

    def __init__(self, records: Iterator[bytes | memoryview], path: Path) -> None:
        self.path = path
        self.ended = False
        self._records = records
        self._failed: BaseException | None = None
        self._stop = False
        os.mkfifo(path, 0o600)
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self) -> None:
        try:
            with self.path.open("wb", buffering=0) as pipe:
                with contextlib.suppress(OSError):  # a user may own only so much of them
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
                for block in self._records:
                    rest = memoryview(block)
                    while rest and not self._stop:
                        rest = rest[pipe.write(rest) :]
                    if self._stop:
                        return
                self.ended = True
        except BrokenPipeError:
            pass  # the reader has seen enough
        except BaseException as error:
            self._failed = error

    def close(self) -> None:
        """Ends the writing, whether all was read or not. Raises what went wrong in it."""
        self._stop = self._stop or not self.ended
        # It may still wait for a reader: then this is the one.
        end = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        while self._thread.is_alive():
            with contextlib.suppress(BlockingIOError):
                os.read(end, _PIPE_BYTES)
            self._thread.join(0.001)
        os.close(end)
        if self._failed is not None:
            raise self._failed
