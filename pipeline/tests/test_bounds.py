"""Which files of a table can hold a key of the batch: none that can may be left out."""

import struct
from typing import Any

import pytest
from gridata.checks.bounds import overlaps, span
from gridata.lake.files import DataFile
from hypothesis import given
from hypothesis import strategies as st

FIELD = 7


def file(low: bytes | None, high: bytes | None) -> DataFile:
    return DataFile("b/k", 1, {} if low is None else {FIELD: low}, {} if high is None else {FIELD: high})


def long(value: int) -> bytes:
    return struct.pack("<q", value)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_a_file_that_shares_a_value_with_the_batch_is_never_left_out(batch: list[int], table: list[int]) -> None:
    within = span([file(long(value), long(value)) for value in batch], FIELD, "long")
    looked_at = overlaps(file(long(min(table)), long(max(table))), FIELD, "long", within)
    assert looked_at or not set(batch) & set(table)


@pytest.mark.parametrize(
    ("kind", "low", "high", "other"),
    [
        ("long", long(-5), long(-1), (long(0), long(9))),
        # A column that was widened: older files keep four bytes.
        ("long", long(2**40), long(2**41), (struct.pack("<i", 1), struct.pack("<i", 2))),
        ("string", b"T0001", b"T0009", (b"T0010", b"T0020")),
        ("decimal(12, 2)", (-700).to_bytes(2, "big", signed=True), b"\x00", (b"\x01", b"\x7f")),
    ],
)
def test_ranges_that_do_not_meet_are_told_apart(kind: Any, low: bytes, high: bytes, other: tuple[bytes, bytes]) -> None:
    within = span([file(low, high)], FIELD, kind)
    assert overlaps(file(low, low), FIELD, kind, within)
    assert not overlaps(file(*other), FIELD, kind, within)


def test_what_is_not_known_is_looked_at() -> None:
    within = span([file(long(1), long(2))], FIELD, "long")
    assert overlaps(file(None, None), FIELD, "long", within)
    assert span([file(long(1), long(2)), file(None, None)], FIELD, "long") is None
    assert overlaps(file(long(8), long(9)), FIELD, "long", None)
    assert overlaps(file(b"\x00", b"\x01"), FIELD, "boolean", span([file(b"\x00", b"\x00")], FIELD, "boolean"))
