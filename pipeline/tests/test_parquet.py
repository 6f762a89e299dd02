"""What becomes of a Parquet file: by its types, then record by record."""

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gridata.validation import Refused
from hypothesis import given
from hypothesis import strategies as st
from validating import Checked, column, contract, refusal


def write(columns: dict[str, Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


NOON = dt.datetime(2026, 3, 1, 12, 0, 0, 123456)
UTC_NOON = NOON.replace(tzinfo=dt.UTC)

TAKEN = [
    (pa.array([1, None, -5], pa.int8()), "int", [1, None, -5]),
    (pa.array([65535], pa.uint16()), "int", [65535]),
    (pa.array([2**32 - 1], pa.uint32()), "long", [2**32 - 1]),
    (pa.array([-(2**31), 2**31 - 1], pa.int32()), "long", [-(2**31), 2**31 - 1]),
    (pa.array([2**63 - 1], pa.int64()), "long", [2**63 - 1]),
    (pa.array([2**63 - 1], pa.int64()), "decimal(21,2)", [Decimal(2**63 - 1).quantize(Decimal("0.01"))]),
    (pa.array([Decimal("1.10"), None], pa.decimal128(4, 2)), "decimal(12,4)", [Decimal("1.1000"), None]),
    (pa.array([Decimal("9" * 38)], pa.decimal128(38, 0)), "decimal(38,0)", [Decimal("9" * 38)]),
    (pa.array([0.1], pa.float32()), "double", [pa.scalar(0.1, pa.float32()).as_py()]),
    (pa.array([1.5], pa.float32()).cast(pa.float16()), "float", [1.5]),
    (pa.array([0.1, 1e300]), "double", [0.1, 1e300]),
    (pa.array([True, None, False]), "boolean", [True, None, False]),
    (pa.array(["é", "", None]), "string", ["é", "", None]),
    (pa.array(["a", "b", "a"]).dictionary_encode(), "string", ["a", "b", "a"]),
    (pa.array(["a"], pa.large_string()), "string", ["a"]),
    (pa.array([b"x" * 16], pa.uuid()), "string", ["78787878-7878-7878-7878-787878787878"]),
    (pa.nulls(2), "decimal(12,2)", [None, None]),
    (pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31)]), "date", [dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
    (pa.array([NOON], pa.timestamp("us")), "timestamp", [NOON]),
    (pa.array([NOON], pa.timestamp("ns")), "timestamp", [NOON]),
    (pa.array([NOON.replace(microsecond=0)], pa.timestamp("s")), "timestamp", [NOON.replace(microsecond=0)]),
    (pa.array([UTC_NOON], pa.timestamp("us", "Europe/Berlin")), "timestamptz", [UTC_NOON]),
    (pa.array([UTC_NOON], pa.timestamp("ns", "UTC")), "timestamptz", [UTC_NOON]),
    (pa.array([[1, None], None, []], pa.list_(pa.int32())), ["long"], [[1, None], None, []]),
    (pa.array([[1, 2]], pa.list_(pa.int32(), 2)), ["int"], [[1, 2]]),
    (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())), ("map", "string", "long"), [{"k": 1}, None]),
    (
        pa.array([{"b": 1, "a": "x"}, None], pa.struct([("b", pa.int32()), ("a", pa.string())])),
        {"a": "string", "b": "long", "c": "date"},
        [{"a": "x", "b": 1, "c": None}, None],
    ),
    (
        pa.array([[{"v": {"n": 1}}], [None]], pa.list_(pa.struct([("v", pa.struct([("n", pa.int8())]))]))),
        [{"v": {"n": "int"}}],
        [[{"v": {"n": 1}}], [None]],
    ),
    (
        pa.array([[("k", {"n": 1})]], pa.map_(pa.string(), pa.struct([("n", pa.int8())]))),
        ("map", "string", {"o": "string", "n": "int"}),
        [{"k": {"o": None, "n": 1}}],
    ),
]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """All of them as columns of one file."""
    longest = max(len(values) for values, _, _ in TAKEN)
    columns = {
        str(at): pa.concat_arrays([values, pa.nulls(longest - len(values), values.type)])
        for at, (values, _, _) in enumerate(TAKEN)
    }
    agreed = contract("parquet", *(column(str(at), kind) for at, (_, kind, _) in enumerate(TAKEN)))
    return Checked(tmp_path_factory.mktemp("parquet"), write(columns), agreed)


@pytest.mark.parametrize("at", range(len(TAKEN)), ids=[f"{v.type} {k}" for v, k, _ in TAKEN])
def test_a_type_that_is_the_same_or_narrower_is_taken(taken: Checked, at: int) -> None:
    expected = TAKEN[at][2]
    assert taken.rules == []
    assert [row[1 + at] for row in taken.rows][: len(expected)] == expected


REFUSED = [
    (pa.array([1], pa.int64()), "int", "c is int64 in the file and int in the contract"),
    (pa.array([1], pa.uint64()), "long", "c is uint64 in the file and long in the contract"),
    (pa.array([1], pa.int64()), "double", "c is int64"),
    (pa.array([1], pa.int32()), "float", "c is int32"),
    (pa.array([1], pa.int32()), "decimal(11,2)", "c is int32 in the file and decimal(11,2)"),
    (pa.array([1], pa.int32()), "string", "c is int32 in the file and string"),
    (pa.array(["1"]), "int", "c is string in the file and int"),
    (pa.array([b"x"]), "string", "c is binary in the file"),
    (pa.array([1.5]), "decimal(12,2)", "c is double in the file and decimal(12,2)"),
    (pa.array([1.5]), "float", "c is double in the file and float"),
    (pa.array([Decimal("1.123")]), "decimal(12,2)", "c is decimal(4,3) in the file and decimal(12,2)"),
    (pa.array([NOON], pa.timestamp("us")), "timestamptz", "c is timestamp[us] in the file and timestamptz"),
    (
        pa.array([UTC_NOON], pa.timestamp("us", "UTC")),
        "timestamp",
        "c is timestamp[us, tz=UTC] in the file and timestamp",
    ),
    (pa.array([NOON.date()]), "timestamp", "c is date32[day] in the file"),
    (pa.array([1], pa.time64("us")), "string", "c is time64[us] in the file"),
    (pa.array([[1]]), ["int"], "c[] is int64 in the file and int in the contract"),
    (pa.array([{"a": 1}]), {"a!": "long", "b!": "int"}, "c.b is missing in the file"),
    (pa.array([{"a": 1, "z": 1}]), {"a": "long"}, "c.z (int64) is not in the contract"),
    (pa.array([{"a": 1}]), "string", "c is struct<a: int64> in the file and string"),
]


@pytest.mark.parametrize(("values", "kind", "says"), REFUSED, ids=[f"{v.type} {k}" for v, k, _ in REFUSED])
def test_another_type_is_refused_with_both(tmp_path: Path, values: Any, kind: Any, says: str) -> None:
    code, reason = refusal(tmp_path, write({"c": values}), contract("parquet", column("c", kind)))
    assert code == "SCHEMA_MISMATCH"
    assert says in reason


def test_all_differences_are_told_at_once(tmp_path: Path) -> None:
    agreed = contract("parquet", column("a", "int", required=True), column("b", "string"), column("C", "date"))
    _, reason = refusal(tmp_path, write({"b": [1], "c": [1.5]}), agreed)
    assert (
        "a is missing in the file; b is int64 in the file and string in the contract; c (double) is not in the"
        in reason
    )


def test_columns_are_found_by_their_name_in_the_file(tmp_path: Path) -> None:
    agreed = contract("parquet", column("a", "string"), column("b", "long", source="The B"), column("z", "int"))
    assert Checked(tmp_path, write({"The B": [1, 2], "a": ["x", "y"]}), agreed).rows == [
        (1, "x", 1, None),
        (2, "y", 2, None),
    ]


def test_rules_of_the_contract(tmp_path: Path) -> None:
    agreed = contract(
        "parquet",
        column("k", "string", required=True, key=1, pattern="^K[0-9]$"),
        column("n", "decimal(6,2)", minimum="1", exclusiveMaximum="9.50"),
        column("e", "string", enum=["a", "b"]),
        column("f", "double"),
        column("s", {"n": {"x": "double", "y!": "int"}}),
        column("t", "string", minLength=1),
    )
    rows = [
        ("K1", "1", "a", 1.0, {"x": 1.0, "y": 1}, "x"),
        (None, "2", "a", 1.0, None, "x"),
        ("K3", "9.5", "b", 1.0, None, "x"),
        ("K4", "2", "c", 1.0, None, "x"),
        ("k5", "1", "a", 1.0, None, "x"),
        ("K1", "2", "b", 1.0, None, "x"),
        ("K7", "2", "b", float("nan"), None, "x"),
        ("K8", "2", "b", float("-inf"), None, "x"),
        ("K9", "2", "b", 1.0, {"x": float("nan"), "y": None}, "x"),
        ("K0", "2", "b", 1.0, None, "nul \0"),
        ("K2", "2", "b", 1.0, None, ""),
    ]
    k, n, e, f, s, t = (list(values) for values in zip(*rows, strict=True))
    shape = pa.struct([("n", pa.struct([("x", pa.float64()), ("y", pa.int32())]))])
    content = write(
        {
            "k": k,
            "n": pa.array([Decimal(v) for v in n], pa.decimal128(6, 2)),
            "e": e,
            "f": f,
            "s": pa.array([None if v is None else {"n": v} for v in s], shape),
            "t": t,
        },
        row_group_size=4,
    )
    checked = Checked(tmp_path, content, agreed)
    assert checked.rules == [
        (2, None, "k", "required", ""),
        (3, None, "n", "range", "9.50"),
        (4, None, "e", "enum", "c"),
        (5, None, "k", "pattern", "k5"),
        (6, None, "k", "unique", "K1"),
        (7, None, "f", "type", "nan"),
        (8, None, "f", "type", "-inf"),
        (9, None, "s.n.x", "type", "nan"),
        (9, None, "s.n.y", "required", ""),
        (10, None, "t", "encoding", "nul \0"),
        (11, None, "t", "range", ""),
    ]
    assert [row[0] for row in checked.rows] == [1]


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_nanoseconds_are_never_cut_off_in_silence(tmp_path: Path, zone: str | None) -> None:
    values = pa.array([1_000, -1_000, 1_500, None, -1], pa.timestamp("ns", zone))
    agreed = contract("parquet", column("c", "timestamptz" if zone else "timestamp"))
    checked = Checked(tmp_path, write({"c": values}, row_group_size=2), agreed)
    assert [(row, c, rule) for row, _, c, rule, _ in checked.rules] == [(3, "c", "type"), (5, "c", "type")]
    assert [row[0] for row in checked.rows] == [1, 2, 4]


def test_the_old_form_of_timestamps(tmp_path: Path) -> None:
    far = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
    values = pa.array([NOON, None], pa.timestamp("us"))
    content = write({"c": values}, use_deprecated_int96_timestamps=True)
    agreed = contract("parquet", column("c", "timestamp"))
    assert Checked(tmp_path, content, agreed).values == [NOON, None]
    content = write({"c": pa.array([1_001, 1_000], pa.timestamp("ns"))}, use_deprecated_int96_timestamps=True)
    assert [r for r, *_ in Checked(tmp_path, content, agreed).rules] == [1]
    content = write({"c": pa.array([far], pa.timestamp("us"))}, use_deprecated_int96_timestamps=True)
    assert Checked(tmp_path, content, agreed).values == [far]


def test_rows_are_numbered_as_they_lie_in_the_file(tmp_path: Path) -> None:
    n = 40_000
    content = write({"c": list(range(n))}, row_group_size=3_000)
    checked = Checked(tmp_path, content, contract("parquet", column("c", "long")))
    assert checked.rows == [(at + 1, at) for at in range(n)]


def test_no_rows(tmp_path: Path) -> None:
    checked = Checked(tmp_path, write({"c": pa.array([], pa.int64())}), contract("parquet", column("c", "long")))
    assert checked.result.records == 0


WHOLE = write({"c": list(range(5000)), "s": [f"text {n}" for n in range(5000)]}, row_group_size=1000)
TWO = contract("parquet", column("c", "long"), column("s", "string"))


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    code, reason = refusal(tmp_path, WHOLE[: int(len(WHOLE) * share)], TWO)
    assert code == "FILE_CORRUPT"
    assert "no whole Parquet file" in reason


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    content = write({"c": pa.array([b"caf\xe9"]).view(pa.string())}, use_dictionary=False)
    code, reason = refusal(tmp_path, content, contract("parquet", column("c", "string")))
    assert (code, reason) == ("FILE_CORRUPT", "a column of text holds bytes that are not UTF-8")


def test_another_kind_of_file_is_called_what_it_is(tmp_path: Path) -> None:
    code, reason = refusal(tmp_path, b"a,b\n1,2\n", TWO)
    assert (code, "takes Parquet" in reason) == ("FORMAT_MISMATCH", True)
    code, reason = refusal(tmp_path, WHOLE, contract("csv", column("c", "long")))
    assert (code, "the file is Parquet" in reason) == ("FORMAT_MISMATCH", True)


@given(at=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_never_breaks_the_count(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int) -> None:
    damaged = WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :]
    try:
        checked = Checked(tmp_path_factory.mktemp("parquet"), damaged, TWO)
    except Refused:
        return
    assert checked.result.records == 5000


VALUES = {
    "id": (pa.int64(), "long", st.integers(-(2**63), 2**63 - 1)),
    "price": (pa.decimal128(12, 2), "decimal(12,2)", st.decimals(-(10**9), 10**9, places=2)),
    "name": (pa.string(), "string", st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)),
    "day": (pa.date32(), "date", st.dates()),
    "at": (pa.timestamp("us", "UTC"), "timestamptz", st.datetimes(timezones=st.just(dt.UTC))),
    "tags": (pa.list_(pa.int32()), ["int"], st.lists(st.integers(-9, 9) | st.none(), max_size=3)),
}


@given(rows=st.lists(st.tuples(*(st.none() | values for _, _, values in VALUES.values())), max_size=5))
def test_what_pyarrow_writes_comes_back_equal(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    columns = {
        name: pa.array([row[at] for row in rows], type_) for at, (name, (type_, _, _)) in enumerate(VALUES.items())
    }
    agreed = contract("parquet", *(column(name, kind) for name, (_, kind, _) in VALUES.items()))
    checked = Checked(tmp_path_factory.mktemp("parquet"), write(columns), agreed)
    assert checked.rules == []
    assert checked.rows == [(at, *row) for at, row in enumerate(rows, 1)]
