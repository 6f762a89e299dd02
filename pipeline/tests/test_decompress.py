"""What is inflated, and what is refused before anybody reads it."""

import gzip
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import zstandard
from gridata.validation.cells import Refused
from gridata.validation.decompress import decompress
from hypothesis import given
from hypothesis import strategies as st

TEXT = b"id,amount\n" + b"".join(b"%d,%d.50\n" % (n, n * 37 % 1000) for n in range(20_000))
MIB = 1 << 20


def contract(compression: str, **more: Any) -> dict[str, Any]:
    limits = {"bytes": 1 << 30, "lineBytes": MIB, "columns": 100, "expansionRatio": 100} | more.pop("limits", {})
    return {"compression": compression, "limits": limits}


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def zstd(content: bytes, **options: Any) -> bytes:
    return zstandard.ZstdCompressor(**options).compress(content)


def inflate(folder: Path, content: bytes, agreed: dict[str, Any]) -> bytes:
    source = folder / "original"
    source.write_bytes(content)
    return decompress(source, agreed, folder / "inflated").read_bytes()


FORMS = {
    "none": TEXT,
    "gzip": gzip.compress(TEXT),
    "zstd": zstd(TEXT),
    "zip": zipped(("report.csv", TEXT)),
}


@pytest.mark.parametrize("kind", FORMS)
def test_each_form_is_inflated_by_its_name_and_by_its_first_bytes(tmp_path: Path, kind: str) -> None:
    assert inflate(tmp_path, FORMS[kind], contract(kind)) == TEXT
    assert inflate(tmp_path, FORMS[kind], contract("auto")) == TEXT


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(b"") + gzip.compress(TEXT[100:])),
        ("gzip", gzip.compress(TEXT) + b"\0" * 512),
        ("zstd", zstd(TEXT[:100]) + zstd(b"") + zstd(TEXT[100:], write_checksum=True)),
        ("zstd", zstd(TEXT, level=19, write_content_size=False)),
        ("zip", zipped(("report.csv", TEXT), method=zipfile.ZIP_STORED)),
        ("zip", zipped(("a/", b""), ("a/report.csv", TEXT), ("__MACOSX/a/._report.csv", b"x"), ("a/.DS_Store", b"x"))),
    ],
    ids=["gzip members", "gzip padded", "zstd frames", "zstd without size", "zip stored", "zip of a Mac"],
)
def test_what_tools_write(tmp_path: Path, kind: str, content: bytes) -> None:
    assert inflate(tmp_path, content, contract(kind)) == TEXT


def refusal(folder: Path, content: bytes, agreed: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        inflate(folder, content, agreed)
    assert not (folder / "inflated").exists(), "nothing half-inflated stays"
    return refused.value.code, refused.value.reason


@pytest.mark.parametrize("kind", ["gzip", "zstd", "zip"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_is_cut_off_says_so(tmp_path: Path, kind: str, share: float) -> None:
    whole = FORMS[kind]
    code, reason = refusal(tmp_path, whole[: int(len(whole) * share)], contract(kind))
    assert (code, "cut off" in reason) == ("FILE_TRUNCATED", True)


@pytest.mark.parametrize(
    "content",
    [gzip.compress(TEXT), zstd(TEXT, write_checksum=True), zipped(("a.csv", TEXT))],
    ids=["gzip", "zstd", "zip"],
)
def test_a_file_with_a_changed_byte_says_so(tmp_path: Path, content: bytes) -> None:
    middle = len(content) // 2
    broken = content[:middle] + bytes([content[middle] ^ 0x55]) + content[middle + 1 :]
    code, _ = refusal(tmp_path, broken, contract("auto"))
    assert code in ("FILE_CORRUPT", "FILE_TRUNCATED")


BOMB = b"0" * (24 * MIB)


@pytest.mark.parametrize(
    "content", [gzip.compress(BOMB), zstd(BOMB), zipped(("bomb.csv", BOMB))], ids=["gzip", "zstd", "zip"]
)
def test_a_bomb_is_refused_long_before_it_is_inflated(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content, contract("auto"))[0] == "FILE_EXPANDS_TOO_MUCH"
    generous = contract("auto", limits={"expansionRatio": 10**9, "bytes": 10 * MIB})
    assert refusal(tmp_path, content, generous)[0] == "FILE_TOO_LARGE"


def test_a_small_file_may_repeat_itself(tmp_path: Path) -> None:
    lines = b"same,line\n" * 50_000
    assert inflate(tmp_path, gzip.compress(lines), contract("gzip")) == lines


@pytest.mark.parametrize(
    ("agreed", "content", "says"),
    [
        ("gzip", TEXT, "it is not compressed; the contract asks for files compressed with gzip"),
        ("none", FORMS["gzip"], "compressed with gzip; the contract asks for files that are not compressed"),
        ("zstd", FORMS["gzip"], "compressed with gzip; the contract asks for files compressed with Zstandard"),
        ("none", FORMS["zip"], "compressed with zip"),
        ("auto", b"\xfd7zXZ\x00rest", "compressed with xz"),
        ("auto", b"BZh91AY&SYrest", "compressed with bzip2"),
        ("auto", gzip.compress(FORMS["zip"]), "compressed twice"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_the_name_of_what_it_is(
    tmp_path: Path, agreed: str, content: bytes, says: str
) -> None:
    code, reason = refusal(tmp_path, content, contract(agreed))
    assert code == "COMPRESSION_MISMATCH"
    assert says in reason


def test_a_zip_must_hold_exactly_one_file(tmp_path: Path) -> None:
    code, reason = refusal(tmp_path, zipped(("jan.csv", TEXT), ("feb.csv", TEXT)), contract("zip"))
    assert code == "ARCHIVE_MEMBERS"
    assert "2 files" in reason
    assert "jan.csv, feb.csv" in reason
    assert refusal(tmp_path, zipped(("empty/", b"")), contract("zip")) == ("ARCHIVE_MEMBERS", "its zip holds no file")


def test_a_zip_with_a_password_says_so(tmp_path: Path) -> None:
    content = bytearray(FORMS["zip"])
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(signature) + flags
        content[at : at + 2] = struct.pack("<H", struct.unpack("<H", content[at : at + 2])[0] | 1)
    assert refusal(tmp_path, bytes(content), contract("zip"))[0] == "ARCHIVE_LOCKED"


def test_a_workbook_is_no_archive(tmp_path: Path) -> None:
    workbook = zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>"))
    for compression in ("none", "auto"):
        assert inflate(tmp_path, workbook, contract(compression)) == workbook
    assert inflate(tmp_path, zipped(("book.xlsx", workbook)), contract("zip")) == workbook


def test_an_empty_file_is_left_to_the_reader(tmp_path: Path) -> None:
    assert inflate(tmp_path, b"", contract("gzip")) == b""


@given(
    kind=st.sampled_from(["gzip", "zstd", "zip"]),
    at=st.integers(0, 1 << 30),
    byte=st.integers(0, 255),
    cut=st.booleans(),
)
def test_no_damage_gives_other_content(
    tmp_path_factory: pytest.TempPathFactory, kind: str, at: int, byte: int, cut: bool
) -> None:
    """Of a damaged file either the same content comes out (the byte meant nothing) or it is refused."""
    small = TEXT[:5000]
    whole = {
        "gzip": gzip.compress(small),
        "zstd": zstd(small, write_checksum=True),
        "zip": zipped(("a.csv", small)),
    }[kind]
    at %= len(whole)
    damaged = whole[:at] if cut else whole[:at] + bytes([byte]) + whole[at + 1 :]
    folder = tmp_path_factory.mktemp("damaged")
    try:
        content = inflate(folder, damaged, contract(kind))
    except Refused:
        return
    assert content == small or damaged == b""
