"""Any bytes at all, in any dialect: no record is lost, none is invented, and nothing but a refusal comes of it."""

import random
from typing import Any

import csv_oracle
import pytest
from gridata.validation import Refused, csv_scan
from gridata.validation.csv_record import Grammar
from gridata.validation.csv_scan import Scan
from hypothesis import given, settings
from hypothesis import strategies as st
from validating import DIALECT, Checked, column, contract

PIECES = [
    b",",
    b";",
    b'"',
    b'""',
    b"'",
    b"\n",
    b"\r\n",
    b"\r",
    b"a",
    b"bc",
    b"\\",
    b'\\"',
    b"#",
    b" ",
    b"\t",
    b"\xc3\xa9",
]
RARE = [b"\0", b"\xe9", b"NA"]

dialects = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t"]),
        "quote": st.sampled_from(['"', "'", ""]),
        "comment": st.sampled_from([None, "#"]),
        "nullText": st.sampled_from(["", "NA"]),
        "backslash": st.booleans(),
    }
).map(
    lambda d: (
        DIALECT
        | {k: v for k, v in d.items() if k != "backslash"}
        | {"escape": "\\" if d["backslash"] and d["quote"] else d["quote"]}
    )
)
texts = st.lists(st.sampled_from(PIECES * 4 + RARE), max_size=60).map(b"".join)


def _scanned(content: bytes, dialect: dict[str, Any], width: int, block: int) -> tuple[Scan, bytes]:
    scan = Scan((content[i : i + block] for i in range(0, len(content), block)), dialect | {"header": False}, 1 << 20)
    assert scan.header() is None
    return scan, b"".join(bytes(piece) for piece in scan.body(width))


def _compare(content: bytes, dialect: dict[str, Any], width: int, block: int) -> None:
    try:
        expected = csv_oracle.records(content, dialect)
    except csv_oracle.Open as opened:
        with pytest.raises(Refused) as refused:
            _scanned(content, dialect, width, block)
        assert refused.value.code == "QUOTE_OPEN"
        assert f"line {opened.line} " in refused.value.reason
        return
    scan, out = _scanned(content, dialect, width, block)
    rules = [rule if rule == "quote" or len(cells or []) == width else "cells" for _, cells, rule in expected]
    assert scan.records == len(expected)
    assert [(b.record, b.line, b.rule) for b in scan.broken] == [
        (i, line, rule) for i, ((line, _, _), rule) in enumerate(zip(expected, rules, strict=True), 1) if rule
    ]
    lines = scan.lines.of(set(range(1, len(expected) + 1)))
    assert [lines[i + 1] for i in range(len(expected))] == [line for line, _, _ in expected]
    # What is passed on, read again by the plain reader, is what was there.
    whole = [cells for (_, cells, _), rule in zip(expected, rules, strict=True) if rule is None]
    canonical = dialect | {"escape": dialect["quote"], "comment": None}
    again = [cells for _, cells, _ in csv_oracle.records(out, canonical)]
    assert again == [
        [(c, q or (bool(dialect["quote"]) and dialect["quote"] in c)) for c, q in row or []] for row in whole
    ]
    assert b"\r" not in out.replace(b"\r", b"") and out.count(b"\n") >= len(whole)


@settings(max_examples=400, deadline=None)
@given(texts, dialects, st.integers(1, 3), st.sampled_from([1, 3, 1 << 20]))
def test_the_scan_finds_what_a_plain_reader_finds(
    content: bytes, dialect: dict[str, Any], width: int, block: int
) -> None:
    _compare(content, dialect, width, block)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(1, 3), max_size=6),
    st.sampled_from(["a", "é", ""]),
    st.integers(1, 2),
    st.sampled_from(["\n", ""]),
)
def test_lines_with_nothing_but_delimiters_in_them(cells: list[int], cell: str, width: int, end: str) -> None:
    """One with a delimiter too few and one with too many are as many as two good ones."""
    _compare(("\n".join(",".join([cell] * n) for n in cells) + end).encode(), DIALECT, width, 1 << 20)


@pytest.mark.parametrize("seed", range(6))
def test_where_blocks_end_makes_no_difference(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long files, small blocks: the fast way and the exact way take turns."""
    dice = random.Random(seed)
    monkeypatch.setattr(csv_scan, "_WINDOW", 64)
    monkeypatch.setattr(csv_scan, "_SLOWLY", 24)
    good = ["a,b\n", '"a,1",b\r\n', '"x\ny","q""q"\n', ",\n", "\n"]
    odd = ['a"b,c\n', '"a"b,c\n', "1,2,3\n", "# no\n", '"\\",\n', "caf\xe9,\0\n", " \r"]
    content = "".join(dice.choice(good * 4 + odd) for _ in range(400)).encode("latin-1") + b'"z"'
    for escape in ('"', "\\"):
        _compare(content, DIALECT | {"comment": "#", "escape": escape}, 2, 50)


@settings(max_examples=60, deadline=None)
@given(texts, dialects)
def test_any_bytes_are_accepted_told_or_refused(tmp_path_factory: Any, content: bytes, dialect: dict[str, Any]) -> None:
    delimiter = dialect["delimiter"].encode()
    agreed = contract("csv", column("a", "string"), column("b", "string"), dialect=dialect)
    body = b"a" + delimiter + b"b\n" + content
    try:
        checked = Checked(tmp_path_factory.mktemp("csv"), body, agreed)
    except Refused as refused:
        assert refused.code == "QUOTE_OPEN"
        with pytest.raises(csv_oracle.Open):
            csv_oracle.records(body, dialect)
        return
    expected = csv_oracle.records(body, dialect)[1:]
    assert checked.result.records == len(expected)
    null = dialect["nullText"]
    good = [
        (i, *(None if cell == null and not quoted else cell for cell, quoted in cells or []))
        for i, (_, cells, rule) in enumerate(expected, 1)
        if rule is None and len(cells or []) == 2
    ]
    assert checked.rows == good


cell_texts = st.none() | st.text(st.sampled_from(list("ab ,;\t\"'\\\n\r#é€𝄞")), max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(cell_texts, cell_texts), max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(['"', "'"]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
)
def test_any_table_written_in_any_dialect_is_read_back(
    tmp_path_factory: Any,
    rows: Any,
    delimiter: str,
    quote: str,
    backslash: bool,
    end: str,
    encoding: str,
    all_quoted: bool,
) -> None:
    escape = "\\" if backslash else quote

    def write(cell: str | None) -> str:
        if cell is None:
            return "NULL"
        if all_quoted or cell in ("", "NULL") or any(c in cell for c in (delimiter, quote, "\r", "\n", "#")):
            for special in {escape, quote}:
                cell = cell.replace(special, "\0" + special)
            return quote + cell.replace("\0", escape) + quote
        return cell

    content = end.join([f"a{delimiter}b", *(delimiter.join(map(write, row)) for row in rows)]) + end
    dialect = {"delimiter": delimiter, "quote": quote, "escape": escape, "nullText": "NULL", "comment": "#"}
    dialect["encoding"] = "utf-16" if encoding == "utf-16" else "utf-8"
    agreed = contract("csv", column("a", "string"), column("b", "string"), dialect=dialect)
    checked = Checked(tmp_path_factory.mktemp("csv"), content.encode(encoding), agreed)
    assert checked.rules == []
    assert checked.rows == [(i, *row) for i, row in enumerate(rows, 1)]


def test_the_exact_reader_and_the_fast_one_are_held_against_each_other() -> None:
    """Guards the tests above: these dialects do go the fast way."""
    content = b'a,"b,\n"\n' * 100
    scan, out = _scanned(content, DIALECT, 2, 1 << 20)
    assert (scan.records, out) == (100, content)
    assert Grammar(DIALECT).record(content, 0, True) is not None
