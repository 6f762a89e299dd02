"""One record of CSV at a time, exactly and slowly: what the fast scan leaves to it, and the meaning of everything it does itself."""

import re
from dataclasses import dataclass
from typing import Any

LF, CR = 10, 13


@dataclass(frozen=True)
class Record:
    """`end` is where the next one begins. `rule` is why it has no cells. A cell is its text and whether it was quoted."""

    end: int
    cells: list[tuple[bytes, bool]]
    rule: str | None = None
    open_quote: int | None = None
    """Where a quote opens that the text does not close."""

    @property
    def is_blank(self) -> bool:
        return self.rule is None and self.cells == [(b"", False)]


class Grammar:
    """The dialect as bytes of UTF-8."""

    def __init__(self, dialect: dict[str, Any]) -> None:
        self.delimiter: bytes = dialect["delimiter"].encode()
        self.quote: bytes = dialect["quote"].encode()
        self.escape: bytes = dialect["escape"].encode() or self.quote
        self.comment: bytes = (dialect["comment"] or "").encode()
        self.doubled = self.escape == self.quote
        # Without quotes the expressions for them are never used.
        d, q, e = re.escape(self.delimiter), re.escape(self.quote or b'"'), re.escape(self.escape or b'"')
        self._bare = re.compile(rb"[^%b\r\n]*" % d if len(self.delimiter) == 1 else rb"(?:(?!%b)[^\r\n])*" % d)
        if self.doubled:
            self._quoted = re.compile(rb"%b([^%b]*(?:%b%b[^%b]*)*)%b(?!%b)" % (q, q, q, q, q, q, q))
            self._escaped = re.compile(rb"%b(%b)" % (q, q))
        else:
            self._quoted = re.compile(rb"%b([^%b%b]*(?:%b.[^%b%b]*)*)%b" % (q, q, e, e, q, e, q), re.DOTALL)
            # Before anything else the character is itself: a folder of Windows keeps its backslashes.
            self._escaped = re.compile(rb"%b(%b|%b)" % (e, q, e))
        self._line_end = re.compile(rb"\r\n|\n|\r")

    def line(self, text: bytes, start: int, last: bool) -> int | None:
        """Where the next physical line begins; None when the text does not tell."""
        found = self._line_end.search(text, start)
        if found is None or (found.end() == len(text) and found[0] == b"\r"):
            return len(text) if last else None
        return found.end()

    def record(self, text: bytes, start: int, last: bool) -> Record | None:
        """The record at `start`; None when more text is needed to tell. `last`: there is no more."""
        at, cells = start, list[tuple[bytes, bool]]()
        while True:
            quoted = bool(self.quote) and text.startswith(self.quote, at)
            if quoted:
                found = self._quoted.match(text, at)
                if found is None:
                    return Record(len(text), [], "quote", at) if last else None
                end = found.end()
                if end == len(text) and not last:
                    return None
                if end < len(text) and text[end] not in (LF, CR) and not text.startswith(self.delimiter, end):
                    following = self.line(text, end, last)
                    return None if following is None else Record(following, [], "quote")
                cells.append((self._escaped.sub(rb"\1", found[1]), True))
            else:
                found = self._bare.match(text, at)
                assert found is not None
                end = found.end()
                if end == len(text) and not last:
                    return None
                cells.append((found[0], False))
            if end < len(text) and text[end] not in (LF, CR):
                at = end + len(self.delimiter)
                continue
            following = self.line(text, end, last)
            return None if following is None else Record(following, cells)

    def write(self, cells: list[tuple[bytes, bool]]) -> bytes:
        """The record as every parser reads it: quotes doubled, no quote within a cell that has none around it."""
        q = self.quote
        return (
            self.delimiter.join(
                q + cell.replace(q, q + q) + q if quoted or (q and q in cell) else cell for cell, quoted in cells
            )
            + b"\n"
        )


def lines_in(text: bytes, start: int, end: int) -> int:
    return text.count(b"\n", start, end) + text.count(b"\r", start, end) - text.count(b"\r\n", start, end)
