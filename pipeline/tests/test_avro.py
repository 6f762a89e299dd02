"""What becomes of an Avro file: by the schema in it, then record by record."""

import datetime as dt
import io
import json
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pytest
import zstandard
from gridata.validation import Refused
from hypothesis import given
from hypothesis import strategies as st
from validating import Checked, column, contract, refusal


def write(schema: Any, records: list[Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    fastavro.writer(buffer, fastavro.parse_schema(schema), records, sync_marker=b"0123456789abcdef", **options)
    return buffer.getvalue()


def record(**fields: Any) -> dict[str, Any]:
    return {"type": "record", "name": "r", "fields": [{"name": k, "type": v} for k, v in fields.items()]}


def logical(base: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": base, "logicalType": name, **more}


NOON = dt.datetime(2026, 3, 1, 12, 0, 0, 123456)
UTC_NOON = NOON.replace(tzinfo=dt.UTC)
INNER = {
    "type": "record",
    "name": "inner",
    "fields": [{"name": "b", "type": "int"}, {"name": "a", "type": ["null", "string"]}],
}

TAKEN = [
    ("int", "int", 7, 7),
    ("int", "long", -(2**31), -(2**31)),
    ("long", "long", 2**63 - 1, 2**63 - 1),
    ("long", "decimal(19,0)", 2**63 - 1, Decimal(2**63 - 1)),
    ("float", "double", 0.5, 0.5),
    ("double", "double", 0.1, 0.1),
    ("boolean", "boolean", True, True),
    ("string", "string", "é😀", "é😀"),
    (["null", "string"], "string", None, None),
    (["string", "null"], "string", "x", "x"),
    ({"type": "enum", "name": "e", "symbols": ["A", "B"]}, "string", "B", "B"),
    (
        logical("string", "uuid"),
        "string",
        "78787878-7878-7878-7878-787878787878",
        "78787878-7878-7878-7878-787878787878",
    ),
    (logical("bytes", "decimal", precision=12, scale=2), "decimal(14,3)", Decimal("-1.10"), Decimal("-1.100")),
    (
        logical("bytes", "decimal", precision=38, scale=9),
        "decimal(38,9)",
        Decimal("9" * 29 + "." + "9" * 9),
        Decimal("9" * 29 + "." + "9" * 9),
    ),
    (logical("int", "date"), "date", dt.date(9999, 12, 31), dt.date(9999, 12, 31)),
    (logical("long", "timestamp-micros"), "timestamptz", UTC_NOON, UTC_NOON),
    (
        logical("long", "timestamp-millis"),
        "timestamptz",
        UTC_NOON.replace(microsecond=5000),
        UTC_NOON.replace(microsecond=5000),
    ),
    (logical("long", "local-timestamp-micros"), "timestamp", NOON, NOON),
    ({"type": "array", "items": ["null", "int"]}, ["long"], [1, None], [1, None]),
    ({"type": "map", "values": "double"}, ("map", "string", "double"), {"é": 1.5}, {"é": 1.5}),
    (INNER, {"a": "string", "b": "long", "c": "date"}, {"b": 1, "a": "x"}, {"a": "x", "b": 1, "c": None}),
    ({"type": "array", "items": INNER}, [{"b": "int", "a": "string"}], [{"b": 1, "a": None}], [{"b": 1, "a": None}]),
]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """All of them as fields of one record. A schema is named once."""
    seen: set[str] = set()
    fields = {f"f{at}": _named_once(schema, seen) for at, (schema, *_) in enumerate(TAKEN)}
    agreed = contract("avro", *(column(f"f{at}", kind) for at, (_, kind, *_) in enumerate(TAKEN)))
    content = write(record(**fields), [{f"f{at}": value for at, (_, _, value, _) in enumerate(TAKEN)}])
    return Checked(tmp_path_factory.mktemp("avro"), content, agreed)


def _named_once(schema: Any, seen: set[str]) -> Any:
    if isinstance(schema, dict) and isinstance(schema.get("items"), dict):
        return {**schema, "items": _named_once(schema["items"], seen)}
    if isinstance(schema, dict) and schema.get("name") in seen:
        return schema["name"]
    if isinstance(schema, dict) and "name" in schema:
        seen.add(schema["name"])
    return schema


@pytest.mark.parametrize("at", range(len(TAKEN)), ids=[f"{kind}" for _, kind, _, _ in TAKEN])
def test_a_type_that_is_the_same_or_narrower_is_taken(taken: Checked, at: int) -> None:
    assert taken.rules == []
    assert taken.rows[0][1 + at] == TAKEN[at][3]


REFUSED = [
    ("long", "int", "c is long in the file and int in the contract"),
    ("double", "decimal(12,2)", "c is double in the file and decimal(12,2)"),
    ("string", "int", "c is string in the file and int"),
    ("bytes", "string", "c is bytes in the file"),
    (logical("long", "timestamp-micros"), "timestamp", "c is timestamp-micros in the file and timestamp"),
    (
        logical("long", "local-timestamp-micros"),
        "timestamptz",
        "c is local-timestamp-micros in the file and timestamptz",
    ),
    (logical("long", "timestamp-nanos"), "timestamptz", "c is timestamp-nanos in the file"),
    (logical("int", "time-millis"), "int", "c is time-millis in the file"),
    (["null", "int", "string"], "string", "c is a union of int, string in the file"),
    (logical("bytes", "decimal", precision=12, scale=3), "decimal(12,2)", "c is decimal(12,3) in the file"),
    ({"type": "array", "items": "long"}, ["int"], "c[] is long in the file and int"),
    (INNER, {"b": "int"}, "c.a (string) is not in the contract"),
    (INNER, {"b": "int", "a": "string", "z!": "int"}, "c.z is missing in the file"),
]


@pytest.mark.parametrize(("schema", "kind", "says"), REFUSED)
def test_another_type_is_refused_with_both(tmp_path: Path, schema: Any, kind: Any, says: str) -> None:
    code, reason = refusal(tmp_path, write(record(c=schema), []), contract("avro", column("c", kind)))
    assert code == "SCHEMA_MISMATCH"
    assert says in reason


def test_a_record_in_a_namespace_that_is_named_again(tmp_path: Path) -> None:
    schema = {
        "type": "record",
        "name": "outer",
        "namespace": "org.example",
        "fields": [
            {"name": "a", "type": {"type": "record", "name": "point", "fields": [{"name": "x", "type": "int"}]}},
            {"name": "b", "type": ["null", "point"]},
        ],
    }
    content = write(schema, [{"a": {"x": 1}, "b": {"x": 2}}])
    agreed = contract("avro", column("a", {"x": "int"}), column("b", {"x": "int"}))
    assert Checked(tmp_path, content, agreed).rows == [(1, {"x": 1}, {"x": 2})]


def test_rules_of_the_contract(tmp_path: Path) -> None:
    agreed = contract(
        "avro",
        column("k", "string", required=True, key=1, pattern="^K[0-9]$"),
        column("n", "long", minimum="1"),
        column("f", "double"),
        column("s", {"x": "double", "y!": "string"}),
    )
    nullable = {
        "type": "record",
        "name": "s",
        "fields": [{"name": "x", "type": "double"}, {"name": "y", "type": ["null", "string"]}],
    }
    content = write(
        record(k=["null", "string"], n="long", f="double", s=["null", nullable]),
        [
            {"k": "K1", "n": 1, "f": 1.0, "s": {"x": 1.0, "y": "x"}},
            {"k": None, "n": 1, "f": 1.0},
            {"k": "K3", "n": 0, "f": 1.0},
            {"k": "k4", "n": 1, "f": 1.0},
            {"k": "K1", "n": 1, "f": 1.0},
            {"k": "K6", "n": 1, "f": float("inf")},
            {"k": "K7", "n": 1, "f": 1.0, "s": {"x": float("nan"), "y": None}},
        ],
        sync_interval=1,
    )
    checked = Checked(tmp_path, content, agreed)
    assert checked.rules == [
        (2, None, "k", "required", ""),
        (3, None, "n", "range", "0"),
        (4, None, "k", "pattern", "k4"),
        (5, None, "k", "unique", "K1"),
        (6, None, "f", "type", "inf"),
        (7, None, "s.x", "type", "nan"),
        (7, None, "s.y", "required", ""),
    ]
    assert [row[0] for row in checked.rows] == [1]


def test_text_that_is_not_utf8_is_evidence(tmp_path: Path) -> None:
    content = write(record(c="string"), [{"c": "ok"}, {"c": "cafx"}]).replace(b"cafx", b"caf\xe9")
    checked = Checked(tmp_path, content, contract("avro", column("c", "string")))
    assert [(row, c, rule) for row, _, c, rule, _ in checked.rules] == [(2, "c", "encoding")]
    assert checked.values == ["ok"]


@pytest.mark.parametrize("unit", ["micros", "millis"])
def test_a_time_that_no_calendar_shows_is_evidence(tmp_path: Path, unit: str) -> None:
    values = [2**62, -(2**63), 2**63 - 1, 0]
    content = write(record(c=logical("long", f"timestamp-{unit}")), [{"c": value} for value in values])
    checked = Checked(tmp_path, content, contract("avro", column("c", "timestamptz")))
    assert [(row, c, rule) for row, _, c, rule, _ in checked.rules] == [(row, "c", "type") for row in (1, 2, 3)]
    assert checked.values == [dt.datetime(1970, 1, 1, tzinfo=dt.UTC)]


ROWS = [{"c": n, "s": f"text {n}"} for n in range(3000)]
TWO = contract("avro", column("c", "long"), column("s", "string"))
FILES = {
    codec: write(record(c="long", s="string"), ROWS, codec=codec, sync_interval=4000)
    for codec in ("null", "deflate", "bzip2", "xz")
}


def recoded(codec: str, compress: Callable[[bytes], bytes]) -> bytes:
    """The file as writers with libraries that fastavro lacks here write it."""
    sync, header = b"0123456789abcdef", io.BytesIO()
    meta = {"avro.schema": json.dumps(record(c="long", s="string")).encode(), "avro.codec": codec.encode()}
    fastavro.schemaless_writer(header, {"type": "map", "values": "bytes"}, meta)
    content = b"Obj\x01" + header.getvalue() + sync
    for block in fastavro.block_reader(io.BytesIO(FILES["null"])):
        data = compress(block.bytes_.getvalue())
        sizes = io.BytesIO()
        for size in (block.num_records, len(data)):
            fastavro.schemaless_writer(sizes, {"type": "long"}, size)
        content += sizes.getvalue() + data + sync
    return content


FILES["zstandard"] = recoded("zstandard", zstandard.ZstdCompressor().compress)
FILES["snappy"] = recoded(
    "snappy",
    lambda data: pa.Codec("snappy").compress(data, asbytes=True) + zlib.crc32(data).to_bytes(4, "big"),
)


@pytest.mark.parametrize("codec", FILES)
def test_blocks_of_every_codec(tmp_path: Path, codec: str) -> None:
    checked = Checked(tmp_path, FILES[codec], TWO)
    assert checked.rows == [(n + 1, n, f"text {n}") for n in range(3000)]


@pytest.mark.parametrize("codec", ["null", "deflate"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_a_file_that_is_cut_off_is_refused_with_its_block(tmp_path: Path, codec: str, share: float) -> None:
    whole = FILES[codec]
    code, reason = refusal(tmp_path, whole[: int(len(whole) * share)], TWO)
    assert code == "FILE_TRUNCATED"
    assert "cut off in block" in reason


def test_a_changed_sync_marker_is_refused(tmp_path: Path) -> None:
    at = FILES["null"].rindex(b"0123456789abcdef")
    code, reason = refusal(tmp_path, FILES["null"][:at] + b"X" + FILES["null"][at + 1 :], TWO)
    assert (code, "is damaged" in reason) == ("FILE_CORRUPT", True)


def test_a_codec_that_nobody_reads_is_named(tmp_path: Path) -> None:
    content = FILES["null"].replace(b"\x08null", b"\x08lz4x", 1)
    code, reason = refusal(tmp_path, content, TWO)
    assert (code, "lz4x" in reason) == ("COMPRESSION_MISMATCH", True)


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    content = write(record(c="string"), [{"c": "0" * (30 << 20)}], codec="deflate")
    assert refusal(tmp_path, content, contract("avro", column("c", "string")))[0] == "FILE_EXPANDS_TOO_MUCH"


def test_no_records(tmp_path: Path) -> None:
    assert Checked(tmp_path, write(record(c="long"), []), contract("avro", column("c", "long"))).result.records == 0


@given(
    at=st.integers(0, len(FILES["deflate"]) - 1),
    byte=st.integers(0, 255),
    codec=st.sampled_from(["null", "deflate", "snappy"]),
)
def test_a_changed_byte_never_breaks_the_count(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, codec: str
) -> None:
    whole = FILES[codec]
    at %= len(whole)
    try:
        Checked(tmp_path_factory.mktemp("avro"), whole[:at] + bytes([byte]) + whole[at + 1 :], TWO)
    except Refused as refused:
        assert refused.reason


VALUES = {
    "id": ("long", "long", st.integers(-(2**63), 2**63 - 1)),
    "price": (
        logical("bytes", "decimal", precision=12, scale=2),
        "decimal(12,2)",
        st.decimals(-(10**9), 10**9, places=2),
    ),
    "name": ("string", "string", st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)),
    "day": (logical("int", "date"), "date", st.dates()),
    "at": (
        logical("long", "timestamp-micros"),
        "timestamptz",
        st.datetimes(dt.datetime(1900, 1, 1), timezones=st.just(dt.UTC)),
    ),
    "tags": (
        {"type": "array", "items": ["null", "int"]},
        ["int"],
        st.lists(st.integers(-9, 9) | st.none(), max_size=3),
    ),
}


@given(rows=st.lists(st.tuples(*(st.none() | values for _, _, values in VALUES.values())), max_size=5))
def test_what_fastavro_writes_comes_back_equal(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    schema = record(**{name: ["null", type_] for name, (type_, _, _) in VALUES.items()})
    agreed = contract("avro", *(column(name, kind) for name, (_, kind, _) in VALUES.items()))
    content = write(schema, [dict(zip(VALUES, row, strict=True)) for row in rows])
    checked = Checked(tmp_path_factory.mktemp("avro"), content, agreed)
    assert checked.rules == []
    assert checked.rows == [(at, *row) for at, row in enumerate(rows, 1)]
