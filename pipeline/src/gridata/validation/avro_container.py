"""The container of an Avro file: header, then blocks of records between sync markers. Walked without reading a record.

The library's own reader inflates a block of any size at once and names no place when something is wrong; here a block is
bounded, and the blocks' own counts are the count that the records read are held against.
"""

import bz2
import io
import json
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import fastavro
import pyarrow as pa
import zstandard

from gridata.validation.cells import Contract, Refused

_HEADER = fastavro.parse_schema(
    {
        "type": "record",
        "name": "header",
        "fields": [
            {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
        ],
    }
)
_HEADER_BYTES = 16 << 20
_BLOCK_BYTES = 64 << 20
_CODECS = ("null", "deflate", "snappy", "bzip2", "xz", "zstandard")


@dataclass(frozen=True)
class Header:
    schema: Any
    codec: str
    sync: bytes
    end: int


def header_of(source: Path) -> Header:
    with source.open("rb") as file:
        start = io.BytesIO(file.read(_HEADER_BYTES))
    try:
        header: Any = fastavro.schemaless_reader(start, _HEADER, None)
        meta: dict[str, bytes] = header["meta"]
        codec = meta.get("avro.codec", b"null").decode("ascii")
        schema = json.loads(meta["avro.schema"])
    except Exception as error:
        raise Refused("FILE_CORRUPT", "its Avro header is cut off or damaged") from error
    if codec not in _CODECS:
        known = ", ".join(_CODECS)
        raise Refused(
            "COMPRESSION_MISMATCH", f"its blocks are compressed with {codec[:40]}; what can be read is {known}"
        )
    return Header(schema, codec, header["sync"], start.tell())


def blocks(source: Path, header: Header, contract: Contract) -> Iterator[tuple[int, bytes]]:
    """Number of records and inflated bytes of each block. Raises `Refused` where the container is broken."""
    limits = contract["limits"]
    allowed = max(limits["expansionRatio"] * source.stat().st_size, 1 << 20)
    number = total = 0
    with source.open("rb") as file:
        file.seek(header.end)
        while True:
            number += 1
            count = _long(file, number, may_end=True)
            if count is None:
                return
            size = _long(file, number)
            if count < 0 or size is None or size < 0:
                raise _damaged(number)
            if size > _BLOCK_BYTES:
                raise Refused("LINE_TOO_LONG", f"block {number} has {size} bytes; a block may have {_BLOCK_BYTES}")
            data, sync = file.read(size), file.read(16)
            if len(data) < size or len(sync) < 16:
                raise _cut_off(number)
            if sync != header.sync:
                raise _damaged(number)
            content = _inflate(data, header.codec, number)
            total += len(content)
            if total > limits["bytes"]:
                raise Refused(
                    "FILE_TOO_LARGE", f"it inflates to more than {limits['bytes']} bytes that the contract allows"
                )
            if total > allowed:
                raise Refused(
                    "FILE_EXPANDS_TOO_MUCH",
                    f"it inflates to more than {allowed} bytes, far more than its size justifies (expansionRatio)",
                )
            yield count, content


def _cut_off(block: int) -> Refused:
    return Refused(
        "FILE_TRUNCATED", f"it is cut off in block {block}: it was probably not written or copied to its end"
    )


def _damaged(block: int) -> Refused:
    return Refused("FILE_CORRUPT", f"block {block} is damaged")


def _long(file: BinaryIO, block: int, may_end: bool = False) -> int | None:
    """A zigzag number of up to 64 bits; None at the end of the file where it may end."""
    value = shift = 0
    while shift < 64:
        byte = file.read(1)
        if not byte:
            if may_end and shift == 0:
                return None
            raise _cut_off(block)
        value |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:
            return (value >> 1) ^ -(value & 1)
    raise _damaged(block)


def _inflate(data: bytes, codec: str, block: int) -> bytes:
    """At most one byte more than a block may have comes out, whatever the data says."""
    bound = _BLOCK_BYTES + 1
    try:
        match codec:
            case "deflate":
                content = zlib.decompressobj(-15).decompress(data, bound)
            case "bzip2":
                content = bz2.BZ2Decompressor().decompress(data, bound)
            case "xz":
                content = lzma.LZMADecompressor().decompress(data, bound)
            case "snappy":
                content = _unsnap(data, bound)
            case "zstandard":
                with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(data) as reader:
                    content = reader.read(bound)
            case _:
                content = data
    except (
        zlib.error,
        pa.ArrowException,
        IndexError,
        OSError,
        EOFError,
        lzma.LZMAError,
        zstandard.ZstdError,
        ValueError,
    ):
        raise _damaged(block) from None
    if len(content) == bound:
        raise Refused("FILE_EXPANDS_TOO_MUCH", f"block {block} inflates to more than {_BLOCK_BYTES} bytes")
    return content


def _unsnap(data: bytes, bound: int) -> bytes:
    """Its length is the varint that it begins with; a CRC of the content follows it."""
    size = shift = 0
    for byte in data[:5]:
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if size >= bound:
        return bytes(bound)
    content: bytes = pa.Codec("snappy").decompress(data[:-4], decompressed_size=size, asbytes=True)
    if zlib.crc32(content) != int.from_bytes(data[-4:], "big"):
        raise ValueError("CRC")
    return content
