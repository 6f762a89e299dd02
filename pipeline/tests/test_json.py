"""What becomes of each record of JSON Lines and of a JSON array."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from gridata.validation import Refused
from hypothesis import given
from hypothesis import strategies as st
from validating import Checked, column, contract, refusal

FORMATS = ["jsonl", "json"]


def write(format_: str, *records: str) -> bytes:
    """Records as texts, one a line in both forms: record n of the array begins on line n, too."""
    return ("\n".join(records) + "\n" if format_ == "jsonl" else "[" + ",\n".join(records) + "]\n").encode()


SCALARS: list[tuple[Any, str, Any]] = [
    ("int", "7", 7),
    ("int", "-7", -7),
    ("int", "7.0", None),
    ("int", "1e3", None),
    ("int", "1.5", None),
    ("int", '"7"', None),
    ("int", "true", None),
    ("int", "2147483647", 2147483647),
    ("int", "2147483648", None),
    ("long", "9007199254740993", 9007199254740993),
    ("long", "9223372036854775807", 9223372036854775807),
    ("long", "9223372036854775808", None),
    ("long", "9" * 5000, None),
    ("decimal(38,18)", "12345678901234567890.123456789012345678", Decimal("12345678901234567890.123456789012345678")),
    ("decimal(12,2)", "0.1", Decimal("0.10")),
    ("decimal(12,2)", "1.2000", Decimal("1.20")),
    ("decimal(12,2)", "1.239", None),
    ("decimal(12,2)", "1e3", None),
    ("decimal(12,2)", '"1.20"', None),
    ("decimal(4,2)", "100.00", None),
    ("double", "0.1", 0.1),
    ("double", "1e3", 1000.0),
    ("double", "1e400", None),
    ("double", '"NaN"', None),
    ("float", "1e39", None),
    ("boolean", "true", True),
    ("boolean", "false", False),
    ("boolean", '"true"', None),
    ("boolean", "1", None),
    ("date", '"2028-02-29"', date(2028, 2, 29)),
    ("date", '"2026-02-29"', None),
    ("date", "20260228", None),
    ("date", '"infinity"', None),
    ("timestamp", '"2026-01-01T10:00:00.123456"', datetime(2026, 1, 1, 10, 0, 0, 123456)),
    ("timestamp", '"2026-01-01T10:00:00Z"', None),
    ("timestamptz", '"2026-01-01T10:00:00+02:00"', datetime(2026, 1, 1, 8, tzinfo=UTC)),
    ("timestamptz", '"2026-01-01T10:00:00"', None),
    ("timestamptz", "1767261600", None),
    ("string", '" a "', " a "),
    ("string", '""', ""),
    ("string", '"\\u00e9\\ud83d\\ude00\\n"', "é😀\n"),
    ("string", '"NULL"', "NULL"),
    ("string", "7", None),
    ("string", "[]", None),
    ("string", "{}", None),
]


@pytest.fixture(scope="module", params=FORMATS)
def scalars(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """All values in one file, each in a record of its own under the name of its type."""
    kinds = dict.fromkeys(kind for kind, _, _ in SCALARS)
    texts = [f'{{"{kind}": {text}}}' for kind, text, _ in SCALARS]
    agreed = contract(request.param, *(column(kind, kind) for kind in kinds))
    return Checked(tmp_path_factory.mktemp("json"), write(request.param, *texts), agreed)


@pytest.mark.parametrize("at", range(len(SCALARS)), ids=[f"{kind} {text[:30]}" for kind, text, _ in SCALARS])
def test_what_a_value_becomes(scalars: Checked, at: int) -> None:
    kind, text, value = SCALARS[at]
    faults = [(line, c, rule, shown) for row, line, c, rule, shown in scalars.rules if row == at + 1]
    values = [[v for v in row[1:] if v is not None] for row in scalars.rows if row[0] == at + 1]
    if value is None:
        # A text of the wrong kind is shown as JSON, so that its quotes are seen; of the wrong form as it is.
        assert [fault[:3] for fault in faults] == [(at + 1, kind, "type")]
        assert faults[0][3] in (text[:500], text.strip('"'))
        assert values == []
    else:
        assert faults == []
        assert values == [[value]]
        assert type(values[0][0]) is type(value)


@pytest.mark.parametrize("format_", FORMATS)
def test_null_and_a_member_that_is_missing_are_null(tmp_path: Path, format_: str) -> None:
    agreed = contract(format_, column("a", "int", required=True), column("b", "string"))
    checked = Checked(tmp_path, write(format_, '{"a": 1}', '{"a": 2, "b": null}', '{"b": "x"}', '{"a": null}'), agreed)
    assert checked.rows == [(1, 1, None), (2, 2, None)]
    assert checked.rules == [(3, 3, "a", "required", ""), (4, 4, "a", "required", "")]


@pytest.mark.parametrize("format_", FORMATS)
def test_numbers_are_as_json_writes_them_whatever_a_sheet_of_the_dataset_does(tmp_path: Path, format_: str) -> None:
    agreed = contract(format_, column("a", "decimal(8,2)"), dialect={"decimal": ",", "thousands": "."})
    checked = Checked(tmp_path, write(format_, '{"a": 1.25}', '{"a": -1000}'), agreed | {"formats": [format_, "excel"]})
    assert checked.values == [Decimal("1.25"), Decimal("-1000.00")]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_member_that_nobody_knows_and_one_that_comes_twice(tmp_path: Path, format_: str) -> None:
    agreed = contract(format_, column("a", "int"))
    checked = Checked(tmp_path, write(format_, '{"a": 1, "A": [2.50]}', '{"a": 1, "a": 2}', '{"a": 3}'), agreed)
    assert checked.rules == [(1, 1, "A", "cells", "[2.50]"), (2, 2, "a", "cells", "2")]
    assert checked.rows == [(3, 3)]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_member_is_found_by_its_name_in_the_file(tmp_path: Path, format_: str) -> None:
    agreed = contract(format_, column("amount", "int", source="Amount (EUR)"))
    assert Checked(tmp_path, write(format_, '{"Amount (EUR)": 5}'), agreed).values == [5]


@pytest.mark.parametrize("format_", FORMATS)
def test_what_is_no_object_is_no_record(tmp_path: Path, format_: str) -> None:
    agreed = contract(format_, column("a", "int"))
    checked = Checked(tmp_path, write(format_, "7", "[]", "null", '"x"', '{"a": 1}'), agreed)
    assert [(r, n, c, rule, v) for r, n, c, rule, v in checked.rules] == [
        (1, 1, None, "type", "7"),
        (2, 2, None, "type", "[]"),
        (3, 3, None, "type", "null"),
        (4, 4, None, "type", '"x"'),
    ]
    assert checked.rows == [(5, 1)]


@pytest.mark.parametrize("format_", FORMATS)
def test_rules_of_the_contract(tmp_path: Path, format_: str) -> None:
    agreed = contract(
        format_,
        column("k", "string", required=True, key=1, pattern="^K[0-9]$"),
        column("n", "int", minimum="1", maximum="9"),
        column("e", "string", enum=["a", "b"]),
    )
    records = [("K1", 1, "a"), (None, 2, "a"), ("K3", 0, "b"), ("K4", 1, "c"), ("k5", 1, "a"), ("K1", 2, "b")]
    texts = [json.dumps(dict(zip("kne", record, strict=True))) for record in records]
    assert [(r, c, rule) for r, _, c, rule, _ in Checked(tmp_path, write(format_, *texts), agreed).rules] == [
        (2, "k", "required"),
        (3, "n", "range"),
        (4, "e", "enum"),
        (5, "k", "pattern"),
        (6, "k", "unique"),
    ]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_text_that_utf8_cannot_hold(tmp_path: Path, format_: str) -> None:
    agreed = contract(format_, column("a", "string"))
    checked = Checked(tmp_path, write(format_, '{"a": "x\\u0000y"}', '{"a": "ok"}'), agreed)
    assert checked.rules == [(1, 1, "a", "encoding", '"x\\u0000y"')]
    assert checked.values == ["ok"]


def test_half_a_character_is_evidence(tmp_path: Path) -> None:
    agreed = contract("jsonl", column("a", "string"))
    checked = Checked(tmp_path, write("jsonl", '{"a": "x\\ud800"}', '{"a": "ok", "\\udc00": 1}'), agreed)
    assert [(r, c, rule) for r, _, c, rule, _ in checked.rules] == [(1, "a", "encoding"), (2, "?", "cells")]


ADDRESS = {"city!": "string", "geo": {"lat!": "decimal(9,6)", "lon!": "decimal(9,6)"}, "since": "date"}
NESTED = [
    column("id", "long", required=True),
    column("address", ADDRESS),
    column("tags", ["string"]),
    column("scores", [["int"]]),
    column("prices", ("map", "string", "decimal(6,2)")),
    column("by_year", ("map", "int", {"open": "boolean", "rates": ["double"]})),
]


@pytest.mark.parametrize("format_", FORMATS)
def test_nested_values_keep_their_types_exactly(tmp_path: Path, format_: str) -> None:
    text = (
        '{"id": 1, "address": {"city": "Köln", "geo": {"lat": 50.937531, "lon": 6.960279}, "since": "2024-02-29"},'
        ' "tags": ["a", null, ""], "scores": [[1, 2], [], null], "prices": {"EUR": 1.10, "usd": null},'
        ' "by_year": {"2024": {"open": true, "rates": [1e0, 0.1]}}}'
    )
    checked = Checked(
        tmp_path, write(format_, text, '{"id": 2}', '{"id": 3, "tags": [], "prices": {}}'), contract(format_, *NESTED)
    )
    assert checked.rules == []
    assert checked.types == [
        "BIGINT",
        "STRUCT(city VARCHAR, geo STRUCT(lat DECIMAL(9,6), lon DECIMAL(9,6)), since DATE)",
        "VARCHAR[]",
        "INTEGER[][]",
        "MAP(VARCHAR, DECIMAL(6,2))",
        "MAP(INTEGER, STRUCT(open BOOLEAN, rates DOUBLE[]))",
    ]
    geo = {"lat": Decimal("50.937531"), "lon": Decimal("6.960279")}
    assert checked.rows == [
        (
            1,
            1,
            {"city": "Köln", "geo": geo, "since": date(2024, 2, 29)},
            ["a", None, ""],
            [[1, 2], [], None],
            {"EUR": Decimal("1.10"), "usd": None},
            {2024: {"open": True, "rates": [1.0, 0.1]}},
        ),
        (2, 2, None, None, None, None, None),
        (3, 3, None, [], None, {}, None),
    ]


WRONG_INSIDE: list[tuple[str, list[tuple[str, str, str]]]] = [
    ('"address": {"geo": null}', [("address.city", "required", "")]),
    ('"address": {"city": "x", "geo": {"lat": 1, "lon": null}}', [("address.geo.lon", "required", "")]),
    ('"address": {"city": 7}', [("address.city", "type", "7")]),
    ('"address": {"city": "x", "since": "2023-02-29"}', [("address.since", "type", "2023-02-29")]),
    ('"address": {"city": "x", "geo": {"lat": 1.1234567, "lon": 1}}', [("address.geo.lat", "type", "1.1234567")]),
    ('"address": {"city": "x", "zip": 1}', [("address.zip", "cells", "1")]),
    ('"address": {"city": "x", "city": "y"}', [("address.city", "cells", '"y"')]),
    ('"address": ["x"]', [("address", "type", '["x"]')]),
    ('"tags": {"a": "x"}', [("tags", "type", '{"a": "x"}')]),
    ('"tags": ["a", "b", 3, "d", false]', [("tags[2]", "type", "3"), ("tags[4]", "type", "false")]),
    ('"scores": [[1], [2, 1.5]]', [("scores[1][1]", "type", "1.5")]),
    (
        '"prices": {"EUR": 1.234, "USD": 12345.0}',
        [("prices[EUR]", "type", "1.234"), ("prices[USD]", "type", "12345.0")],
    ),
    ('"prices": {"EUR": "1"}', [("prices[EUR]", "type", '"1"')]),
    ('"by_year": {"MMXX": null}', [("by_year[MMXX]", "type", "MMXX")]),
    ('"by_year": {"2020": {"rates": [1, "x"]}}', [("by_year[2020].rates[1]", "type", '"x"')]),
    ('"by_year": {"2020": {"rates": [1e400]}}', [("by_year[2020].rates[0]", "type", "1e400")]),
]


@pytest.mark.parametrize("format_", FORMATS)
def test_what_is_wrong_inside_has_its_path(tmp_path: Path, format_: str) -> None:
    records = [f'{{"id": {at}, {member}}}' for at, (member, _) in enumerate(WRONG_INSIDE, 1)]
    checked = Checked(tmp_path, write(format_, *records, '{"id": 0}'), contract(format_, *NESTED))
    for at, (member, faults) in enumerate(WRONG_INSIDE, 1):
        found = [(line, c, rule, value) for row, line, c, rule, value in checked.rules if row == at]
        assert found == [(at, *fault) for fault in faults], member
    assert [row[0] for row in checked.rows] == [len(WRONG_INSIDE) + 1]


NO_JSON = [
    (b'{"a": 1', "type"),
    (b'{"a": 1}}', "type"),
    (b'{"a": 1} {"a": 2}', "type"),
    (b'{"a": 01}', "type"),
    (b'{"a": 1,}', "type"),
    (b"{'a': 1}", "type"),
    (b'{"a": NaN}', "type"),
    (b'{"a": -Infinity}', "type"),
    (b'{"a": "tab\there"}', "type"),
    (b"a,b,c", "type"),
    (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "type"),
    (b'{"s": "caf\xe9"}', "encoding"),
    (b'{"s": "\xed\xa0\x80"}', "encoding"),
    (b"\xef\xbb\xbf" + b'{"a": 1}', "type"),
]


def test_a_line_that_is_no_json(tmp_path: Path) -> None:
    agreed = contract("jsonl", column("a", "int"), column("s", "string"))
    content = b"\n\n".join([b'{"a": 1}', *(line for line, _ in NO_JSON), b'{"a": 2}'])
    checked = Checked(tmp_path, content, agreed)
    assert checked.rules == [
        (at + 1, 2 * at + 1, None, rule, line.decode("utf-8", "replace")[:500])
        for at, (line, rule) in enumerate(NO_JSON, 1)
    ]
    assert [row[:2] for row in checked.rows] == [(1, 1), (len(NO_JSON) + 2, 2)]


def test_blank_lines_line_ends_and_a_mark_are_no_records(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{"a": 1}\r\n\r\n  \t\n{"a": 2}\n\n{"a": 3}'
    checked = Checked(tmp_path, content, contract("jsonl", column("a", "int")))
    assert checked.rows == [(1, 1), (2, 2), (3, 3)]


def test_a_file_of_blank_lines_has_no_records(tmp_path: Path) -> None:
    assert Checked(tmp_path, b"\n \n", contract("jsonl", column("a", "int"))).result.records == 0


def test_an_array_may_be_written_in_any_way(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf \n [\r\n  {\n "a"\n : 1 }\n,\n\n{"a":2},{"a":"x"} ]\n\n'
    checked = Checked(tmp_path, content, contract("json", column("a", "int")))
    assert checked.rows == [(1, 1), (2, 2)]
    assert checked.rules == [(3, 8, "a", "type", '"x"')]
    assert Checked(tmp_path, b" [ ] ", contract("json", column("a", "int"))).result.records == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"a": 1}\n{"a": 2}\n', "JSON Lines"),
        (b"a,b\n1,2\n", "line 1 begins with 'a'"),
        (b'[{"a": 1},\n{"a": 2}', "line 2 is no JSON: it is cut off"),
        (b'[{"a": 1},\n{"a": 2', "line 2 is no JSON: it is cut off"),
        (b'[{"a": 1},\n{"a": "2', "line 2 is no JSON: unterminated string"),
        (b'[{"a": 1},\n]', "line 2 is no JSON"),
        (b'[{"a": 1}\n{"a": 2}]', "line 2 is no JSON: '{' where , or ] is expected"),
        (b'[{"a": 1}]\n[]', "line 2 is no JSON: more follows"),
        (b'[{"a": NaN}]', "NaN and Infinity are no JSON"),
        (b'[{"a": 1},\n{"a" 2}, {"a": 3}' + b" " * 500_000 + b"]", "line 2 is no JSON: expecting ':'"),
        (b"[" * 100_000, "nested too deeply"),
        (b'[{"a": 1},\n{"a": "caf\xe9"}]', "line 2 is not UTF-8"),
    ],
)
def test_an_array_that_is_no_json_is_refused_with_the_place(tmp_path: Path, content: bytes, says: str) -> None:
    code, reason = refusal(tmp_path, content, contract("json", column("a", "int")))
    assert code == "NOT_JSON"
    assert says in reason


@pytest.mark.parametrize("format_", FORMATS)
def test_a_record_longer_than_the_limit_refuses_the_file_by_its_place(tmp_path: Path, format_: str) -> None:
    agreed = contract(format_, column("a", "string"), limits={"lineBytes": 100_000})
    records = ['{"a": "x"}', f'{{"a": "{"y" * 99_000}"}}', f'{{"a": "{"z" * 3_000_000}"}}']
    assert len(Checked(tmp_path, write(format_, *records[:2]), agreed).rows) == 2
    code, reason = refusal(tmp_path, write(format_, *records), agreed)
    assert code == "LINE_TOO_LONG"
    assert "line 3" in reason


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
SHAPED = st.fixed_dictionaries(
    {},
    optional={
        "id": st.integers(-5, 5) | ANY_JSON,
        "address": st.fixed_dictionaries({"city": st.text(max_size=3)}) | ANY_JSON,
        "tags": st.lists(st.text(max_size=3) | st.none(), max_size=3) | ANY_JSON,
        "prices": st.dictionaries(st.text(max_size=2), st.decimals(0, 99, places=2).map(float), max_size=2) | ANY_JSON,
    },
)


@pytest.mark.parametrize("format_", FORMATS)
@given(records=st.lists(SHAPED | ANY_JSON, max_size=6))
def test_every_record_counts(tmp_path_factory: pytest.TempPathFactory, format_: str, records: list[Any]) -> None:
    """Whatever is in a record, it is accepted or it is evidence (`Checked` holds the sum), and what is accepted was good."""
    texts = [json.dumps(record, ensure_ascii=False) for record in records]
    content = write(format_, *texts) if texts else b"[]"
    checked = Checked(tmp_path_factory.mktemp("json"), content, contract(format_, *NESTED[:3], NESTED[4]))
    assert checked.result.records == (len(records) if format_ == "json" or records else 1)
    for row, id_, address, tags, _ in checked.rows:
        given_ = records[row - 1]
        assert id_ == given_["id"]
        assert (address or {}).get("city") == (given_.get("address") or {}).get("city")
        assert tags == given_.get("tags")


@pytest.mark.parametrize("format_", FORMATS)
@given(content=st.binary(max_size=60) | st.text(alphabet='[]{},:"\\ud8a1.eE-+ \n', max_size=40).map(str.encode))
def test_no_bytes_are_more_than_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, format_: str, content: bytes
) -> None:
    try:
        Checked(tmp_path_factory.mktemp("json"), content, contract(format_, column("a", "int")))
    except Refused as refused:
        assert refused.reason
