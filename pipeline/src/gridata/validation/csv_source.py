"""The bytes of a CSV file as UTF-8 without a byte order mark, block by block."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from gridata.validation.cells import Refused

BLOCK = 1 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CODECS = {"latin-1": "latin-1", "windows-1252": "cp1252", "utf-16": "utf-16"}


def _nul(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\0", error.end


# What an encoding has no character for becomes a NUL, which no record may have: rule `encoding`.
codecs.register_error("gridata.nul", _nul)


def blocks(path: Path, encoding: str) -> Iterator[bytes]:
    with path.open("rb") as file:
        start = file.read(3)
        for mark, marked in _MARKS:
            if start.startswith(mark) and marked != encoding:
                raise Refused(
                    "ENCODING_WRONG",
                    f"it begins with the mark of {marked}, its contract says {encoding}: save it as {encoding}, or let the contract say {marked}",
                )
        file.seek(3 if start == codecs.BOM_UTF8 else 0)
        if encoding == "utf-8":
            while block := file.read(BLOCK):
                yield block
            return
        decoder = codecs.getincrementaldecoder(_CODECS[encoding])("gridata.nul")
        while block := file.read(BLOCK):
            yield decoder.decode(block).encode("utf-8", "replace")
        yield decoder.decode(b"", final=True).encode("utf-8", "replace")
