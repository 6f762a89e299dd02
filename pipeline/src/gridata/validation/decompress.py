"""From the file as it came to the bytes that a reader reads: gzip, zstd and zip, inflated to a work file under limits.

Everything is checked while inflating: what is too large, cut off or damaged is refused before a reader sees any of it.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from gridata.validation.cells import Contract, Refused
from gridata.validation.kinds import is_workbook

_BLOCK = 1 << 20
# What a frame of 1 KiB can inflate to is bounded (some 32 MiB), so memory is too.
_ZSTD_BLOCK = 1 << 10
# A file of a few lines may repeat itself more than the ratio of a large one allows.
_ALWAYS_ALLOWED = 1 << 20

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
_KNOWN = {"gzip": "gzip", "zstd": "Zstandard", "zip": "zip"}


def decompress(source: Path, contract: Contract, to: Path) -> Path:
    """The file to read: `source` itself when nothing is compressed, else `to`, written here. Raises `Refused`."""
    agreed, found = contract["compression"], compression_of(source)
    if found == "zip" and is_workbook(source):
        found = None  # a zip by itself, and no archive
    if agreed == "auto":
        agreed = found if found in _KNOWN else "none"
    if source.stat().st_size == 0:
        return source
    _check_kind(agreed, found)
    if agreed == "none":
        return source
    limits = contract["limits"]
    size = source.stat().st_size
    try:
        _write(_inflated(agreed, source), to, limits["bytes"], max(limits["expansionRatio"] * size, _ALWAYS_ALLOWED))
        inner = compression_of(to)
        if inner is not None and not is_workbook(to):
            raise Refused("COMPRESSION_MISMATCH", f"it is compressed twice: inside the {agreed} is {_called(inner)}")
    except Refused:
        to.unlink(missing_ok=True)
        raise
    return to


def compression_of(path: Path) -> str | None:
    """What the first bytes say that this is; None: nothing compressed."""
    with path.open("rb") as file:
        start = file.read(16)
    if start[:3] == b"BZh" and start[4:10] == b"1AY&SY":
        return "bzip2"
    return next((kind for magic, kind in _MAGIC if start.startswith(magic)), None)


def _called(kind: str) -> str:
    return f"a file compressed with {_KNOWN.get(kind, kind)}"


def _check_kind(agreed: str, found: str | None) -> None:
    wanted = None if agreed == "none" else agreed
    if wanted == found:
        return
    what = "not compressed" if found is None else _called(found)
    wish = "files that are not compressed" if wanted is None else f"files compressed with {_KNOWN[wanted]}"
    raise Refused("COMPRESSION_MISMATCH", f"it is {what}; the contract asks for {wish}")


def _write(blocks: Iterator[bytes], to: Path, limit: int, allowed: int) -> None:
    written = 0
    with to.open("wb") as file:
        for block in blocks:
            written += len(block)
            if written > limit:
                raise Refused("FILE_TOO_LARGE", f"it inflates to more than {limit} bytes that the contract allows")
            if written > allowed:
                raise Refused(
                    "FILE_EXPANDS_TOO_MUCH",
                    f"it inflates to more than {allowed} bytes, far more than its compressed size justifies: "
                    "the contract's expansionRatio limits that",
                )
            file.write(block)


def _inflated(kind: str, source: Path) -> Iterator[bytes]:
    return {"gzip": _gzip, "zstd": _zstd, "zip": _zip}[kind](source)


def _cut_off(kind: str) -> Refused:
    return Refused(
        "FILE_TRUNCATED",
        f"it is cut off: its {kind} data ends too early. It was probably not copied or written to its end; send it again",
    )


def _damaged(kind: str) -> Refused:
    return Refused(
        "FILE_CORRUPT", f"it is damaged: its {kind} data does not inflate to what was compressed; send it again"
    )


def _blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    while block := file.read(size):
        yield block


def _gzip(source: Path) -> Iterator[bytes]:
    """All members, one after another, as `cat a.gz b.gz` makes them."""
    try:
        with gzip.open(source, "rb") as file:
            yield from _blocks(file, _BLOCK)  # pyright: ignore[reportArgumentType]
    except EOFError:
        raise _cut_off("gzip") from None
    except (gzip.BadGzipFile, zlib.error):
        raise _damaged("gzip") from None


def _zstd(source: Path) -> Iterator[bytes]:
    """All frames. The library's own stream reader takes a frame that is cut off for a whole one."""
    context = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    frame = None
    try:
        with source.open("rb") as file:
            for block in _blocks(file, _ZSTD_BLOCK):
                rest = block
                while rest:
                    frame = frame or context.decompressobj()
                    yield frame.decompress(rest)
                    rest = frame.unused_data if frame.eof else b""
                    if frame.eof:
                        frame = None
    except zstandard.ZstdError:
        raise _damaged("Zstandard") from None
    if frame is not None:
        raise _cut_off("Zstandard")


def _zip(source: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(source) as archive:
            members = [member for member in archive.infolist() if _is_data(member)]
            if len(members) != 1:
                raise Refused("ARCHIVE_MEMBERS", _members(members))
            if members[0].flag_bits & 1:
                raise Refused("ARCHIVE_LOCKED", "its content is protected by a password; send it without one")
            with archive.open(members[0]) as file:
                yield from _blocks(file, _BLOCK)  # pyright: ignore[reportArgumentType]
    except NotImplementedError:
        raise Refused(
            "COMPRESSION_MISMATCH", "its zip uses a method that nobody here can read; zip it plainly"
        ) from None
    except EOFError:
        raise _cut_off("zip") from None
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError) as error:
        # The table of contents is at the end: a zip without it was cut off.
        if "not a zip file" in str(error):
            raise _cut_off("zip") from None
        raise _damaged("zip") from None


def _is_data(member: zipfile.ZipInfo) -> bool:
    """Not a folder, nor what a Mac adds about a file."""
    name = member.filename.rpartition("/")[2]
    return not (member.is_dir() or member.filename.startswith("__MACOSX/") or name in (".DS_Store", "Thumbs.db"))


def _members(members: list[zipfile.ZipInfo]) -> str:
    if not members:
        return "its zip holds no file"
    names = ", ".join(member.filename[:100] for member in members[:5])
    more = f" and {len(members) - 5} more" if len(members) > 5 else ""
    return f"its zip holds {len(members)} files where one is expected: {names}{more}; send each by itself"
