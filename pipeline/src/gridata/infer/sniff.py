"""The dialect of a CSV, from its beginning and its end."""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

_SAMPLE = 1 << 18
_DELIMITERS = ",;\t|:"
_TOTALS = re.compile(r"(grand )?total|sum|summe|gesamt|somme|totaal|suma|totale", re.IGNORECASE)
_VALUE = re.compile(r"[+-]?[0-9][0-9.,:/ -]*([TZ+].*)?|true|false|yes|no", re.IGNORECASE)


@dataclass(frozen=True)
class Sniffed:
    delimiter: str
    quote: str
    escape: str
    header: list[str] | None
    width: int
    skip_rows: int
    comment: str | None
    """The first cell of a last record that is a total; None: there is none."""
    totals: str | None


def sniff(path: Path) -> Sniffed:
    """`path` is UTF-8. A file of one column has no delimiter: then it is a comma."""
    lines = _first_lines(path)
    comment = _comment(lines)
    kept = [(number, line) for number, line in enumerate(lines) if not (comment and line.startswith(comment))]
    texts = [line for _, line in kept]
    delimiter, quote = max(
        ((delimiter, quote) for delimiter in _DELIMITERS for quote in "\"'"),
        key=lambda pair: (_score(texts, *pair), pair[1] == '"'),
    )
    escape = "\\" if any("\\" + quote in line for line in texts) and quote * 2 not in "".join(texts) else quote
    rows = _rows(texts, delimiter, quote, escape)
    width = Counter(len(row) for row in rows if row).most_common(1)[0][0] if rows else 1
    first = next((i for i, row in enumerate(rows) if len(row) == width), 0)
    body = rows[first + 1 :]
    header = rows[first] if rows and _is_header(rows[first], body) else None
    return Sniffed(
        delimiter=delimiter,
        quote=quote,
        escape=escape,
        header=header,
        width=width,
        # Physical lines, comments among them: a title never has quoted line ends.
        skip_rows=kept[first][0] if first and kept else 0,
        comment=comment,
        totals=_totals(path, delimiter, quote, escape),
    )


def _first_lines(path: Path) -> list[str]:
    with path.open("rb") as file:
        block = file.read(_SAMPLE)
        whole = len(block) < _SAMPLE
    text = block.decode("utf-8-sig", "replace")
    lines = text.splitlines(keepends=True)
    return lines if whole or len(lines) < 2 else lines[:-1]


def _comment(lines: list[str]) -> str | None:
    """A `#` that begins a line, and is not how every line begins."""
    marked = sum(line.startswith("#") for line in lines)
    return "#" if 0 < marked < len(lines) / 2 and not (lines and marked == 1 and _titles(lines)) else None


def _titles(lines: list[str]) -> bool:
    """Whether the only `#` begins a header such as `#id,name`."""
    return lines[0].startswith("#") and any(c in lines[0] for c in ",;\t|")


def _rows(texts: list[str], delimiter: str, quote: str, escape: str) -> list[list[str]]:
    doubled = escape == quote
    reader = csv.reader(
        iter(texts), delimiter=delimiter, quotechar=quote, doublequote=doubled, escapechar=None if doubled else escape
    )
    try:
        return list(reader)
    except csv.Error:
        return []


def _score(texts: list[str], delimiter: str, quote: str) -> float:
    """The more records have the same number of cells, and the more cells that are, the better."""
    rows = [row for row in _rows(texts, delimiter, quote, quote) if row]
    if not rows:
        return 0
    width, count = Counter(len(row) for row in rows).most_common(1)[0]
    # A quote that was taken for text stands at both ends of its cells.
    open_quotes = sum(cell[:1] in "\"'" and cell[:1] != "" and len(cell) > 1 for row in rows for cell in row)
    return 0 if width == 1 else (count / len(rows)) ** 2 * min(width, 4) - open_quotes / max(1, len(rows) * width)


def _is_header(first: list[str], body: list[list[str]]) -> bool:
    """Names: all there, all different, none of them a value."""
    if not all(cell.strip() for cell in first) or len(set(first)) < len(first):
        return False
    if any(_VALUE.fullmatch(cell.strip()) for cell in first):
        return False
    # Without a record behind it, or without a column of values, names are all that it can be.
    return not any(row == first for row in body)


def _totals(path: Path, delimiter: str, quote: str, escape: str) -> str | None:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 14)))
        lines = [line for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    if len(lines) < 3:
        return None
    row = next(iter(_rows(lines[-1:], delimiter, quote, escape)), [])
    return row[0] if row and len(row) > 1 and _TOTALS.match(row[0].strip()) else None
