"""What a text means, held against plain Python: the guards are written to be cheap, and must let through nothing more for it."""

import datetime as dt
import re
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
from gridata.validation import csv_scan, validate
from hypothesis import given, settings
from hypothesis import strategies as st
from validating import Checked, column, contract

EUROPE = {"decimal": ",", "thousands": "."}


def integer(text: str, bits: int, thousands: str | None) -> int | None:
    form = rf"[+-]?(\d+|\d{{1,3}}({re.escape(thousands)}\d{{3}})+)" if thousands else r"[+-]?\d+"
    if not re.fullmatch(form, text, re.ASCII):
        return None
    value = int(text.replace(thousands or "\0", ""))
    return value if -(2 ** (bits - 1)) <= value < 2 ** (bits - 1) else None


def decimal(text: str, precision: int, scale: int, point: str, thousands: str | None) -> Decimal | None:
    digits = rf"(\d+|\d{{1,3}}({re.escape(thousands)}\d{{3}})+)" if thousands else r"\d+"
    p = re.escape(point)
    if not re.fullmatch(rf"[+-]?({digits}({p}\d*)?|{p}\d+)", text, re.ASCII):
        return None
    try:
        value = Decimal(text.replace(thousands or "\0", "").replace(point, "."))
    except InvalidOperation:
        return None
    kept = value.quantize(Decimal(1).scaleb(-scale), context=Context(prec=100))
    return kept if kept == value and abs(kept) < 10 ** (precision - scale) else None


def date(text: str) -> dt.date | None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def timestamp(text: str) -> dt.datetime | None:
    form = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
    if not re.fullmatch(form, text, re.ASCII):
        return None
    try:
        whole, _, fraction = text.partition(".")
        return dt.datetime.fromisoformat(whole).replace(microsecond=int(fraction.ljust(6, "0")) if fraction else 0)
    except ValueError:
        return None


DIALECTS: dict[str, dict[str, Any]] = {"plain": {"thousands": None, "decimal": "."}, "europe": EUROPE}
digits = st.text(st.sampled_from("0123456789"), min_size=1, max_size=12)
numbers = st.one_of(
    st.text(st.sampled_from("0019+-.,_ eExX"), min_size=1, max_size=8),
    st.tuples(st.sampled_from(["", "+", "-"]), digits, st.sampled_from([".", ",", ""]), digits).map("".join),
    st.integers(-(2**65), 2**65).map(str),
    st.sampled_from(
        ["1.234.567", "1.23", "12.345,6", "2147483647", "2147483648", "-2147483648", "nan", "inf", "00", "-0"]
    ),
    st.sampled_from(["٣", "1\u00a0000", "½", "1e3", "0x1f", "1_0", " 7", "7 ", "\t7", "5.", ".5", "-.5", ".", "+"]),
)
times = st.one_of(
    st.dates().map(str),
    st.datetimes().map(lambda d: d.isoformat()),
    st.datetimes().map(lambda d: d.isoformat(" ")),
    st.tuples(
        st.sampled_from(
            ["2024-02-29", "2026-02-29", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "2026-1-1"]
        ),
        st.sampled_from(["", "T", " ", "t"]),
        st.sampled_from(
            ["", "24:00", "23:59:60", "00:00", "1:00", "12:30:15.1234567", "12:30:15.5", "10:00:00Z", "10:00+01"]
        ),
    ).map("".join),
    st.sampled_from(["infinity", "-infinity", "epoch", "today", "20260101", "2026-01-01 (BC)", "2026/01/01"]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=40), st.sampled_from(sorted(DIALECTS)))
def test_numbers(tmp_path_factory: Any, texts: list[str], dialect: str) -> None:
    point, thousands = DIALECTS[dialect]["decimal"], DIALECTS[dialect]["thousands"]
    wanted: dict[str, Any] = {
        "int": lambda text: integer(text, 32, thousands),
        "long": lambda text: integer(text, 64, thousands),
        "decimal(8,2)": lambda text: decimal(text, 8, 2, point, thousands),
        "decimal(38,10)": lambda text: decimal(text, 38, 10, point, thousands),
    }
    _compare(tmp_path_factory.mktemp("numbers"), texts, wanted, DIALECTS[dialect])


@settings(max_examples=25, deadline=None)
@given(st.lists(times, min_size=1, max_size=40))
def test_days_and_times(tmp_path_factory: Any, texts: list[str]) -> None:
    _compare(tmp_path_factory.mktemp("times"), texts, {"date": date, "timestamp": timestamp}, {})


def _compare(folder: Path, texts: list[str], wanted: dict[str, Any], dialect: dict[str, Any]) -> None:
    kinds = list(wanted)
    columns = [column(f"c{i}", kind) for i, kind in enumerate(kinds)]
    agreed = contract("csv", *columns, dialect={"delimiter": "|", "quote": "", "escape": "", **dialect})
    for i, kind in enumerate(kinds):
        # One column at a time has the texts, so that each is judged alone.
        lines = ["|".join(c["name"] for c in columns)]
        lines += ["|".join(text if j == i else "" for j in range(len(kinds))) for text in texts]
        content = ("\n".join(lines) + "\n").encode()
        (folder / kind).mkdir()
        checked = Checked(folder / kind, content, agreed)
        found = {row[0]: row[1 + i] for row in checked.rows}
        expected = {n: value for n, text in enumerate(texts, 1) if (value := wanted[kind](text)) is not None}
        assert found == expected
        assert {(b["record"], b["rule"]) for b in checked.bad} == {
            (n, "type") for n in range(1, len(texts) + 1) if n not in expected
        }


@pytest.mark.parametrize(
    ("kind", "format_", "cell", "value"),
    [
        ("date", "dd.MM.yyyy", "28.02.2026", dt.date(2026, 2, 28)),
        ("date", "dd.MM.yyyy", "29.02.2026", None),
        ("date", "dd.MM.yyyy", "1.2.2026", None),
        ("date", "M/d/yyyy", "2/3/2026", dt.date(2026, 2, 3)),
        ("date", "M/d/yyyy", "13/3/2026", None),
        ("timestamp", "MM/dd/yyyy hh:mm a", "02/03/2026 12:05 AM", dt.datetime(2026, 2, 3, 0, 5)),
        ("timestamp", "MM/dd/yyyy hh:mm a", "02/03/2026 01:05 pm", dt.datetime(2026, 2, 3, 13, 5)),
        ("timestamp", "MM/dd/yyyy hh:mm a", "02/03/2026 13:05 PM", None),
        ("timestamp", "dd.MM.yyyy HH:mm", "03.02.2026 24:00", None),
        (
            "timestamptz",
            "dd.MM.yyyy HH:mm XXX",
            "03.02.2026 01:30 +02:00",
            dt.datetime(2026, 2, 2, 23, 30, tzinfo=dt.UTC),
        ),
        ("timestamptz", "dd.MM.yyyy HH:mm XXX", "03.02.2026 01:30 Z", dt.datetime(2026, 2, 3, 1, 30, tzinfo=dt.UTC)),
        ("timestamptz", None, "2026-02-03T01:30:00", None),
        ("timestamptz", None, "0001-01-01T00:00:00+02:00", None),
        ("timestamptz", None, "2026-02-03T01:30:00+02:00", dt.datetime(2026, 2, 2, 23, 30, tzinfo=dt.UTC)),
    ],
)
def test_patterns(tmp_path: Path, kind: str, format_: str | None, cell: str, value: Any) -> None:
    checked = Checked(
        tmp_path, f"a,c\nx,{cell}\n".encode(), contract("csv", column("a", "string"), column("c", kind, format=format_))
    )
    assert [row[2] for row in checked.rows] == ([] if value is None else [value])


@pytest.mark.parametrize(("cell", "value"), [("Ja", True), ("ja", True), ("nein", False), ("true", None), ("1", None)])
def test_words_for_true_and_false(tmp_path: Path, cell: str, value: bool | None) -> None:
    dialect = {"trueTexts": ["ja"], "falseTexts": ["nein"]}
    checked = Checked(tmp_path, f"c\n{cell}\n".encode(), contract("csv", column("c", "boolean"), dialect=dialect))
    assert checked.values == ([] if value is None else [value])


def test_a_hopeless_file_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Of 60 MB, whose every record is bad, with a number of bad records that is soon reached. Where every line has its cells the lines are
    counted first, which is a tenth of the work; their cells are not judged to the end.
    """
    agreed = contract("csv", column("a", "string"), column("c", "int"), limits={"bytes": 1 << 30})
    agreed["errorThreshold"] = {"kind": "count", "value": 1000}
    read: list[int] = []
    more = csv_scan.Scan._more  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(csv_scan.Scan, "_more", lambda self, wanted: read.append(1) or more(self, wanted))
    for record in (b"some text of a name,notanumber\n", b"three,cells,here\n"):
        read.clear()
        folder = tmp_path / str(len(record))
        folder.mkdir()
        source = folder / "f"
        source.write_bytes(b"a,c\n" + record * (60_000_000 // len(record)))
        result = validate(source, agreed, file_id="f", delivery_id="d", parquet=folder / "p", evidence=folder / "e")
        assert result.refused is not None
        assert result.refused["code"] == "TOO_MANY_BAD_RECORDS"
        assert result.refused["reason"].startswith("at least ")
        assert result.records is None
        if record.count(b",") != 1:
            assert len(read) < 45  # of about 60 blocks
