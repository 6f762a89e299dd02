"""The structure of a CSV file, found without the parser that reads its values: where each record ends, and which are broken.

Blocks are looked at whole, with numpy; a record with anything unusual in it is read by `csv_record`. What comes out is the file
as every parser reads it: broken records, blank lines and comments left out, each record ended by one line feed.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gridata.validation.cells import Broken, Refused
from gridata.validation.csv_record import CR, LF, Grammar, lines_in

Array = np.ndarray[Any, Any]

_WINDOW = 1 << 20
# So much is read record by record once one was unusual: others follow, and looking at the whole block again has its price.
_SLOWLY = 1 << 16
_SHOWN = 500
_PIECE = 16 << 20


class Lines:
    """The physical line on which each record begins. Kept are the records where the distance of the two changes."""

    def __init__(self) -> None:
        self._records: list[Array] = []
        self._deltas: list[Array] = []
        self._delta: int | None = None

    def add(self, records: Array, lines: Array) -> None:
        if records.size == 0:
            return
        delta = lines - records
        changed = np.empty(delta.size, bool)
        changed[0] = self._delta is None or int(delta[0]) != self._delta
        np.not_equal(delta[1:], delta[:-1], out=changed[1:])
        if changed.any():
            self._records.append(records[changed])
            self._deltas.append(delta[changed])
        self._delta = int(delta[-1])

    def of(self, records: set[int]) -> dict[int, int]:
        if not self._records or not records:
            return {}
        wanted = np.array(sorted(records))
        at = np.searchsorted(np.concatenate(self._records), wanted, side="right") - 1
        return dict(zip(wanted.tolist(), (wanted + np.concatenate(self._deltas)[at]).tolist(), strict=True))


class Scan:
    """One reading of a file. Its members tell what was found so far."""

    def __init__(self, blocks: Iterator[bytes], dialect: dict[str, Any], line_bytes: int) -> None:
        self._blocks = blocks
        self._grammar = Grammar(dialect)
        self._dialect = dialect
        self._line_bytes = line_bytes
        self._text = b""
        self._last = False
        self.line = 1
        """On which the next record begins."""
        self._width = 0
        self.records = 0
        self.stopped_at = 0
        self.ended = False
        self.read = 0
        """Bytes of the file, in UTF-8, that records were found in."""
        self.broken: list[Broken] = []
        self.lines = Lines()
        self.row_bytes = 200.0

    def _more(self, wanted: int) -> None:
        parts, held = [self._text], len(self._text)
        while held < wanted and not self._last:
            block = next(self._blocks, None)
            if block is None:
                self._last = True
            else:
                parts.append(block)
                held += len(block)
        self._text = b"".join(parts)

    def _pass(self, end: int) -> None:
        self.read += end
        self._text = self._text[end:]

    def header(self) -> list[str] | None:
        """The cells of the first record, after the lines to be skipped; None when there is none."""
        self._more(_WINDOW)
        for _ in range(self._dialect["skipRows"]):
            self._skip_line()
        if not self._dialect["header"]:
            return None
        while self._text:
            if self._grammar.comment and self._text.startswith(self._grammar.comment):
                self._skip_line()
                continue
            line = self.line
            record = self._grammar.record(self._text, 0, self._last)
            if record is None or record.open_quote is not None or record.rule:
                if record is None:
                    self._refuse_length(0)
                raise Refused("QUOTE_OPEN", f"the header on line {line} has a quote that is not closed as it should be")
            self.line += lines_in(self._text, 0, record.end)
            self._pass(record.end)
            if record.is_blank:
                continue
            try:
                cells = [cell.decode("utf-8") for cell, _ in record.cells]
            except UnicodeDecodeError:
                cells = ["\0"]
            if any("\0" in cell for cell in cells):
                raise Refused(
                    "ENCODING_WRONG",
                    f"its header on line {line} is not {self._dialect['encoding']}: save it as that, or let the contract say what it is",
                )
            return cells
        return None

    def _skip_line(self) -> None:
        end = self._grammar.line(self._text, 0, self._last)
        if end is None:
            self._refuse_length(0)
        assert end is not None
        self.line += lines_in(self._text, 0, end)
        self._pass(end)

    def body(
        self, width: int, until: int | None = None, enough: Callable[[], bool] = lambda: False
    ) -> Iterator[bytes | memoryview]:
        """The records, up to number `until`, or until the broken ones are enough to refuse the file."""
        self._width = width
        wanted = _WINDOW
        while until is None or self.records < until:
            self._more(wanted)
            if not self._text:
                break
            if enough():
                self.stopped_at = self.records
                return
            end = self._evenly() if until is None else 0
            at, unusual = (end, False) if end else self._plainly(until)
            if at:
                yield self._out
            if (unusual or self._last) and (until is None or self.records < until):
                read, written = self._slowly(at, until)
                at = read
                if written:
                    yield written
            if at == 0:
                self._refuse_length(0)
                wanted = 2 * len(self._text)
                continue
            self._pass(at)
            wanted = _WINDOW
        self.ended = True

    def _refuse_length(self, start: int) -> None:
        if len(self._text) - start > self._line_bytes:
            raise self._too_long()

    def _too_long(self) -> Refused:
        return Refused(
            "LINE_TOO_LONG",
            f"the record that begins on line {self.line} is longer than {self._line_bytes} bytes that the contract allows "
            "(lineBytes); perhaps a quote in it is never closed",
        )

    def even(self, width: int) -> list[int] | None:
        """
        Reads on to the end, as long as every line is a record of that width with nothing in it but cells. Returns where in the file to
        cut it into pieces of a few MiB, its end included; None when it is another file.
        """
        self._width = width
        cuts = [self.read]
        while True:
            self._more(_WINDOW)
            if not self._text:
                return [*cuts, self.read]
            if self.read - cuts[-1] >= _PIECE:
                cuts.append(self.read)
            if self._last and not self._text.endswith(b"\n"):
                self._text += b"\n"
            end = self._evenly()
            if end == 0:
                return None
            self._pass(end)

    # Everything below is one block at a time.

    def _evenly(self) -> int:
        """
        Takes all records of the block, one a line, if there is nothing else in it: no quote, no carriage return, no comment, and in
        every line the right number of delimiters. Returns where they end; 0 when it is not so, and a closer look is needed.
        """
        g, text = self._grammar, self._text
        odd = [b"\0", b"\r", g.quote, g.comment, b"" if g.doubled else g.escape]
        if len(g.delimiter) > 1 or any(one and one in text for one in odd):
            return 0
        a = np.frombuffer(text, np.uint8)
        stop = np.flatnonzero(a == LF)
        if stop.size == 0:
            return 0
        end, count, inner = int(stop[-1]) + 1, stop.size, self._width - 1
        start = np.empty_like(stop)
        start[0], start[1:] = 0, stop[:-1] + 1
        between = np.flatnonzero(a[:end] == g.delimiter[0])
        if between.size != count * inner or not (stop > start).all():
            return 0
        if inner:
            of_line = between.reshape(count, inner)
            if not ((of_line[:, 0] >= start).all() and (of_line[:, -1] < stop).all()):
                return 0
        if int((stop - start).max()) > self._line_bytes or not (text.isascii() or _is_utf8(text[:end])):
            return 0
        # As many lines as records: the two stay as far from each other as they are.
        self.lines.add(np.array([self.records + 1]), np.array([self.line]))
        self._out = memoryview(text)[:end]
        self.row_bytes = end / count
        self.records += count
        self.line += count
        return end

    def _plainly(self, until: int | None) -> tuple[int, bool]:
        """Takes the records before the first unusual one. Returns where they end, and whether there is an unusual one."""
        g, text = self._grammar, self._text
        if len(g.delimiter) > 1 or len(g.quote) > 1:
            return 0, True
        a = np.frombuffer(text, np.uint8)
        special = (a < 14) | (a == g.delimiter[0])
        if g.quote:
            special |= a == g.quote[0]
        at = np.flatnonzero(special)
        kind = a[at]
        quotes = kind == g.quote[0] if g.quote else None
        outside = None
        limit = len(text)
        if quotes is not None and quotes.any():
            before = np.cumsum(quotes, dtype=np.int32)
            outside = ((before - quotes) & 1) == 0
            limit = min(limit, self._first_odd_quote(a, at[quotes], outside[quotes]))
        limit = min(limit, self._first_odd_byte(a, at, kind))
        feed, back = kind == LF, kind == CR
        ends = feed
        if back.any():
            # A carriage return before a line feed is a part of that line end.
            alone = back & ((at + 1 == a.size) | (a[np.minimum(at + 1, a.size - 1)] != LF))
            if not self._last and kind.size and back[-1] and at[-1] == len(text) - 1:
                alone[-1] = False
            ends = feed | alone
        breaks = np.cumsum(ends)
        delimiters = kind == g.delimiter[0]
        if outside is not None:
            ends, delimiters = ends & outside, delimiters & outside
        index = np.flatnonzero(ends)
        index = index[: np.searchsorted(at[index], limit)]
        if index.size == 0:
            return 0, limit < len(text)
        stop = at[index]
        start = np.empty_like(stop)
        start[0], start[1:] = 0, stop[:-1] + 1
        cells = np.diff(np.cumsum(delimiters)[index], prepend=0) + 1
        content = stop - ((a[stop] == LF) & (stop > start) & (a[stop - 1] == CR))
        is_record = content > start
        count = self.records + np.cumsum(is_record)
        if until is not None and int(count[-1]) > until:
            keep = int(np.searchsorted(count, until, side="right"))
            index, stop, start, cells = index[:keep], stop[:keep], start[:keep], cells[:keep]
            content, is_record, count = content[:keep], is_record[:keep], count[:keep]
            if keep == 0:
                return 0, False
        end = int(stop[-1]) + 1
        lines = np.empty_like(stop)
        lines[0], lines[1:] = self.line, self.line + breaks[index[:-1]]
        long = np.flatnonzero(stop - start > self._line_bytes)
        if long.size:
            self.line = int(lines[long[0]])
            raise self._too_long()
        self.lines.add(count[is_record], lines[is_record])
        wrong = is_record & (cells != self._width)
        garbled = self._garbled(start, content, end) & ~wrong
        for which, rule in ((wrong, "cells"), (garbled, "encoding")):
            for i in np.flatnonzero(which).tolist():
                shown = text[int(start[i]) : int(content[i])][:_SHOWN].decode("utf-8", "replace")
                self.broken.append(Broken(int(count[i]), int(lines[i]), rule, shown))
        if garbled.any():
            self.broken.sort(key=lambda b: b.record)
        self._out = self._write(a, at, kind, start, stop, end, wrong | garbled | ~is_record)
        if count[-1] > self.records:
            self.row_bytes = end / int(count[-1] - self.records)
        self.records = int(count[-1])
        self.line += int(breaks[index[-1]])
        return end, limit < len(text)

    def _first_odd_quote(self, a: Array, quotes: Array, opens: Array) -> int:
        """The first quote that does not stand at an edge of its cell: after a delimiter, before one, or beside another quote."""
        q, d = self._grammar.quote[0], self._grammar.delimiter[0]
        edge = np.zeros(256, bool)
        edge[[d, LF, CR]] = True
        edge[q] = self._grammar.doubled
        odd = np.where(opens, ~edge[a[quotes - 1]] & (quotes > 0), False)
        following = a[np.minimum(quotes + 1, a.size - 1)]
        odd |= ~opens & ~edge[following] & (quotes + 1 < a.size)
        first = np.flatnonzero(odd)
        return int(quotes[first[0]]) if first.size else a.size

    def _first_odd_byte(self, a: Array, at: Array, kind: Array) -> int:
        """The first NUL, escape or comment."""
        g, found = self._grammar, a.size
        nul = at[kind == 0]
        if nul.size:
            found = int(nul[0])
        if not g.doubled:
            escapes = np.flatnonzero(a == g.escape[0])
            if escapes.size:
                found = min(found, int(escapes[0]))
        if g.comment:
            marks = np.flatnonzero(a == g.comment[0])
            marks = marks[(marks == 0) | (a[marks - 1] == LF) | (a[marks - 1] == CR)]
            if marks.size:
                found = min(found, int(marks[0]))
        return found

    def _garbled(self, start: Array, content: Array, end: int) -> Array:
        """Which records are not UTF-8."""
        text = self._text
        garbled = np.zeros(start.size, bool)
        if text.isascii():
            return garbled
        try:
            str(memoryview(text)[:end], "utf-8")
        except UnicodeDecodeError:
            high = np.flatnonzero(np.frombuffer(text, np.uint8)[:end] > 127)
            for i in np.unique(np.searchsorted(start, high, side="right") - 1).tolist():
                garbled[i] = not _is_utf8(text[int(start[i]) : int(content[i])])
        return garbled

    def _write(
        self, a: Array, at: Array, kind: Array, start: Array, stop: Array, end: int, left_out: Array
    ) -> bytes | memoryview:
        returns = (kind == CR) & (at < end)
        if not left_out.any() and not returns.any():
            return memoryview(self._text)[:end]
        out = a[:end].copy()
        keep = np.ones(end, bool)
        if returns.any():
            # Those that end a record; others are a part of a quoted cell.
            out[stop[a[stop] == CR]] = LF
            keep[stop[(a[stop] == LF) & (stop > start) & (a[stop - 1] == CR)] - 1] = False
        for i in np.flatnonzero(left_out).tolist():
            keep[int(start[i]) : int(stop[i]) + 1] = False
        return out[keep].tobytes()

    def _slowly(self, at: int, until: int | None) -> tuple[int, bytes]:
        """Takes some records one by one. Returns where they end, and what is to be read of them."""
        g, text, begin = self._grammar, self._text, at
        out: list[bytes] = []
        while at < len(text) and at - begin < _SLOWLY and (until is None or self.records < until):
            if g.comment and text.startswith(g.comment, at):
                end = g.line(text, at, self._last)
                if end is None:
                    break
                self.line += lines_in(text, at, end)
                at = end
                continue
            record = g.record(text, at, self._last)
            if record is None:
                break
            if record.open_quote is not None:
                line = self.line + lines_in(text, at, record.open_quote)
                raise Refused("QUOTE_OPEN", f"a quote opens on line {line} and is never closed")
            if record.end - at > self._line_bytes:
                raise self._too_long()
            if not record.is_blank:
                self.records += 1
                self.lines.add(np.array([self.records]), np.array([self.line]))
                source = text[at : record.end]
                rule = record.rule
                if rule is None and len(record.cells) != self._width:
                    rule = "cells"
                if rule is None and (b"\0" in source or not _is_utf8(source)):
                    rule = "encoding"
                if rule is None:
                    out.append(g.write(record.cells))
                else:
                    shown = source[:_SHOWN].decode("utf-8", "replace").rstrip("\r\n")
                    self.broken.append(Broken(self.records, self.line, rule, shown))
            self.line += lines_in(text, at, record.end)
            at = record.end
        return at, b"".join(out)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
