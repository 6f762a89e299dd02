"""CSV read one character at a time: slow, plain, and sharing nothing with the validator."""

from typing import Any

# Line on which the record begins, its cells (text, whether quoted), the rule that it breaks.
Found = tuple[int, list[tuple[str, bool]] | None, str | None]


class Open(Exception):
    """A quote that opens on this line is never closed."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def split(content: bytes) -> list[tuple[bytes, int]]:
    """Lines with their ends, each with its number."""
    lines, start, at = [], 0, 0
    while at < len(content):
        if content[at : at + 2] == b"\r\n":
            at += 2
        elif content[at : at + 1] in (b"\r", b"\n"):
            at += 1
        else:
            at += 1
            if at < len(content):
                continue
        lines.append((content[start:at], len(lines) + 1))
        start = at
    return lines


def records(content: bytes, dialect: dict[str, Any]) -> list[Found]:
    """All records, the header among them. Raises `Open`."""
    found: list[Found] = []
    lines = split(content)
    at = 0
    while at < len(lines):
        text, number = lines[at]
        if dialect["comment"] and text.startswith(dialect["comment"].encode()):
            at += 1
            continue
        if not text.strip(b"\r\n"):
            at += 1
            continue
        whole = b""
        while True:
            whole += text
            at += 1
            cells, state = _cells(whole, dialect)
            if state != "open":
                break
            if at == len(lines):
                raise Open(number + _opening(whole, dialect))
            text = lines[at][0]
        rule = "quote" if state == "bad" else None
        if rule is None and (b"\0" in whole or whole.decode("utf-8", "ignore").encode() != whole):
            rule = "encoding"
        decoded = None if state == "bad" else [(cell.decode("utf-8", "replace"), quoted) for cell, quoted in cells]
        found.append((number, decoded, rule))
    return found


def _opening(whole: bytes, dialect: dict[str, Any]) -> int:
    """On which line of the record the quote opens: the shortest beginning that stays open with everything after it cut."""
    quote, delimiter = dialect["quote"].encode(), dialect["delimiter"].encode()
    last = 0
    for at in range(len(whole)):
        if whole[at : at + 1] == quote and (at == 0 or whole[at - 1 : at] == delimiter):
            _, before = _cells(whole[:at], dialect)
            if before == "ended":
                last = at
    return len(split(whole[:last] + b"x")) - 1


def _cells(whole: bytes, dialect: dict[str, Any]) -> tuple[list[tuple[bytes, bool]], str]:
    quote, delimiter, escape = (dialect[k].encode() for k in ("quote", "delimiter", "escape"))
    cells, cell, state, quoted = [], b"", "start", False
    at = 0
    while at < len(whole):
        c = whole[at : at + 1]
        if state in ("start", "bare"):
            if quote and c == quote and state == "start":
                state, quoted = "quoted", True
            elif c == delimiter:
                cells.append((cell, quoted))
                cell, state, quoted = b"", "start", False
            elif c in (b"\r", b"\n"):
                break
            else:
                cell, state = cell + c, "bare"
        elif state == "quoted":
            after = whole[at + 1 : at + 2]
            if escape != quote and c == escape and after in (quote, escape) and after:
                cell, at = cell + after, at + 1
            elif escape == quote and c == quote and after == quote:
                cell, at = cell + quote, at + 1
            elif c == quote:
                state = "closed"
            else:
                cell += c
        elif c == delimiter:
            cells.append((cell, quoted))
            cell, state, quoted = b"", "start", False
        elif c in (b"\r", b"\n"):
            break
        else:
            return cells, "bad"
        at += 1
    if state == "quoted":
        return cells, "open"
    return [*cells, (cell, quoted)], "ended"
