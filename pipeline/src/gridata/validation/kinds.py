"""Which kind of file this is: what the bytes it begins with say, held against what the contract takes."""

import zipfile
from pathlib import Path

from gridata.validation.cells import Contract, Refused

_CALLED = {
    "csv": "CSV",
    "jsonl": "JSON Lines",
    "json": "JSON",
    "parquet": "Parquet",
    "avro": "Avro",
    "excel": "an Excel workbook",
}
# What Excel wrote before 2007 lies in a container of its own.
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def format_of(path: Path, contract: Contract) -> str:
    """The format by which to read the file. Raises `Refused` when it is none that the contract takes."""
    agreed, found = contract["formats"], binary_format(path)
    if found is not None and found in agreed:
        return found
    if found is None:
        text = [one for one in agreed if one in ("csv", "jsonl", "json")]
        if text:
            return text[0]
    what = "none of that" if found is None else _CALLED[found]
    wish = " or ".join(_CALLED[one] for one in agreed)
    raise Refused("FORMAT_MISMATCH", f"the contract takes {wish}; by its first bytes the file is {what}")


def binary_format(path: Path) -> str | None:
    """None: a text, or nothing that is known."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"Obj\x01"):
        return "avro"
    return "excel" if start == _OLE or is_workbook(path) else None


def is_workbook(path: Path) -> bool:
    """Whether it is a zip with the members of a workbook (xlsx, xlsb, ods), whole or damaged: the first member tells."""
    with path.open("rb") as file:
        start = file.read(30)
        if not start.startswith(b"PK\x03\x04"):
            return False
        first = file.read(int.from_bytes(start[26:28], "little"))
    if first.startswith((b"[Content_Types].xml", b"mimetype", b"_rels/", b"docProps/", b"xl/")):
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
