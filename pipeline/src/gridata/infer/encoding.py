"""In which encoding a text is, and a copy of it in UTF-8."""

import codecs
from pathlib import Path

_BLOCK = 1 << 20
# Where windows-1252 has letters and latin-1 has control characters.
_ONLY_WINDOWS = frozenset(range(0x80, 0xA0))


def encoding_of(path: Path) -> str:
    """`utf-8`, `utf-16`, `windows-1252` or `latin-1`; the whole file is looked at."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    utf8, windows = codecs.getincrementaldecoder("utf-8")(), False
    valid = True
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            windows = windows or not _ONLY_WINDOWS.isdisjoint(block)
            if valid:
                try:
                    utf8.decode(block)
                except UnicodeDecodeError:
                    valid = False
    if valid:
        return "utf-8"
    return "windows-1252" if windows else "latin-1"


def in_utf8(path: Path, encoding: str, to: Path) -> Path:
    """The file itself when it is UTF-8, else a copy."""
    if encoding == "utf-8":
        return path
    python = {"windows-1252": "cp1252"}.get(encoding, encoding)
    with (
        path.open(encoding=python, errors="replace", newline="") as source,
        to.open("w", encoding="utf-8", newline="") as copy,
    ):
        while text := source.read(_BLOCK):
            copy.write(text)
    return to
