"""Files that are wrong, or look wrong, and what becomes of each. `docs/bad-input.md` is made from this table."""

from dataclasses import dataclass, field
from typing import Any

Rows = list[tuple[Any, ...]]
# Record, line, column, rule, value.
Told = list[tuple[int, int | None, str | None, str, str]]


@dataclass(frozen=True)
class Case:
    group: str
    title: str
    content: bytes
    rows: Rows = field(default_factory=list)
    told: Told = field(default_factory=list)
    refused: tuple[str, str] | None = None
    dialect: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    share: float = 1.0
    note: str = ""


B01 = "B01 Nothing in it"
B02 = "B02 Encodings and line ends"
B03 = "B03 Quotes"
B04 = "B04 Columns"
B05 = "B05 Cells of a record"
B06 = "B06 Values"
B07 = "B07 Values that may occur once"
B08 = "B08 Size"
B12 = "B12 Formulas, SQL and shell text"
OFFICE = "What offices send"

# Each file is held against these columns: id int (key), name string, amount decimal(8,2), day date.
HEAD = b"id,name,amount,day\n"
GOOD = b"1,Ada,1.50,2026-02-28\n"
ROW = (1, 1, "Ada", "1.50", "2026-02-28")
EUROPE = {"delimiter": ";", "decimal": ",", "thousands": "."}
GERMAN_DAY = {"day": {"format": "dd.MM.yyyy"}}

CASES = [
    Case(B01, "An empty file", b"", refused=("FILE_EMPTY", "it has no content, not even a header")),
    Case(B01, "A header and nothing else", HEAD),
    Case(
        B01,
        "Blank lines only",
        b"\n\n",
        refused=("FILE_EMPTY", "it has no header and no records, only lines that are blank or skipped"),
    ),
    Case(B02, "A byte order mark before the header", b"\xef\xbb\xbf" + HEAD + GOOD, [ROW]),
    Case(
        B02,
        "UTF-16 where the contract says UTF-8",
        (HEAD + GOOD).decode().encode("utf-16"),
        refused=(
            "ENCODING_WRONG",
            "it begins with the mark of utf-16, its contract says utf-8: save it as utf-8, or let the contract say utf-16",
        ),
    ),
    Case(
        B02,
        "UTF-16 that the contract says",
        (HEAD + GOOD).decode().encode("utf-16"),
        [ROW],
        dialect={"encoding": "utf-16"},
    ),
    Case(
        B02,
        "Latin-1 names where the contract says UTF-8",
        HEAD + GOOD + b"2,Jos\xe9,2,2026-03-01\n",
        [ROW],
        [(2, 3, None, "encoding", "2,Jos\ufffd,2,2026-03-01")],
    ),
    Case(
        B02,
        "Latin-1 names that the contract says",
        HEAD + b"2,Jos\xe9,2,2026-03-01\n",
        [(1, 2, "José", "2.00", "2026-03-01")],
        dialect={"encoding": "latin-1"},
    ),
    Case(
        B02,
        "A byte that windows-1252 has no character for",
        HEAD + GOOD + b"2,\x81,2,2026-03-01\n3,\x80,3,2026-03-01\n",
        [ROW, (3, 3, "€", "3.00", "2026-03-01")],
        [(2, 3, None, "encoding", "2,\0,2,2026-03-01")],
        dialect={"encoding": "windows-1252"},
    ),
    Case(
        B02,
        "A NUL byte",
        HEAD + b"1,A\0da,1.50,2026-02-28\n" + GOOD.replace(b"1,", b"2,", 1),
        [(2, 2, "Ada", "1.50", "2026-02-28")],
        [(1, 2, None, "encoding", "1,A\0da,1.50,2026-02-28")],
    ),
    Case(
        B02,
        "Line ends of every kind in one file",
        b"id,name,amount,day\r\n1,a,1,2026-01-01\n2,b,2,2026-01-02\r3,c,3,2026-01-03",
        [(1, 1, "a", "1.00", "2026-01-01"), (2, 2, "b", "2.00", "2026-01-02"), (3, 3, "c", "3.00", "2026-01-03")],
    ),
    Case(B02, "Line ends of an old Mac", (HEAD + GOOD).replace(b"\n", b"\r"), [ROW]),
    Case(
        B03,
        "A quote that is never closed",
        HEAD + GOOD + b'2,"Grace,2,2026-03-01\n3,c,3,2026-03-02\n',
        refused=("QUOTE_OPEN", "a quote opens on line 3 and is never closed"),
    ),
    Case(
        B03,
        "Line breaks, delimiters and doubled quotes inside quotes",
        HEAD + b'1,"Ada,\nCountess of ""Lovelace""",1.50,2026-02-28\n2,b,x,2026-01-01\n',
        [(1, 1, 'Ada,\nCountess of "Lovelace"', "1.50", "2026-02-28")],
        [(2, 4, "amount", "type", "x")],
    ),
    Case(
        B03,
        "Text after a closing quote",
        HEAD + b'1,"Ada" L,1.50,2026-02-28\n2,b,2,2026-01-01\n',
        [(2, 2, "b", "2.00", "2026-01-01")],
        [(1, 2, None, "quote", '1,"Ada" L,1.50,2026-02-28')],
    ),
    Case(
        B03,
        "Quotes inside a cell that is not quoted: text, as in a log",
        HEAD + b'1,said "hi" to 5" pipes,1.50,2026-02-28\n',
        [(1, 1, 'said "hi" to 5" pipes', "1.50", "2026-02-28")],
    ),
    Case(
        B03,
        "Quotes escaped by a backslash",
        HEAD + b'1,"C:\\new \\"x\\"",1.50,2026-02-28\n',
        [(1, 1, 'C:\\new "x"', "1.50", "2026-02-28")],
        dialect={"escape": "\\"},
    ),
    Case(B04, "Columns in another order", b"day,amount,name,id\n2026-02-28,1.50,Ada,1\n", [ROW]),
    Case(
        B04,
        "A column is missing",
        b"id,name,day\n1,Ada,2026-02-28\n",
        refused=("HEADER_MISMATCH", "the header does not fit the contract: it lacks amount"),
    ),
    Case(
        B04,
        "A column that the contract does not have",
        b"id,name,amount,day,shoe\n1,Ada,1.50,2026-02-28,43\n",
        refused=("HEADER_MISMATCH", "the header does not fit the contract: the contract does not have 'shoe'"),
    ),
    Case(
        B04,
        "A column twice",
        b"id,name,amount,day,day\n1,Ada,1.50,2026-02-28,2026-02-28\n",
        refused=("HEADER_MISMATCH", "the header does not fit the contract: it repeats day"),
    ),
    Case(
        B04,
        "A name in other letters",
        b"id,Name,amuont,day\n1,Ada,1.50,2026-02-28\n",
        refused=(
            "HEADER_MISMATCH",
            "the header does not fit the contract: it lacks name, amount; the contract does not have "
            "'Name' (did you mean name? names are compared letter by letter), 'amuont' (did you mean amount?)",
        ),
    ),
    Case(
        B04,
        "Another delimiter than the contract's",
        (HEAD + GOOD).replace(b",", b";"),
        refused=("DELIMITER_WRONG", "its cells are separated by semicolons, its contract expects commas"),
    ),
    Case(
        B04,
        "A delimiter at the end of each line",
        b"id,name,amount,day,\n1,Ada,1.50,2026-02-28,\n",
        refused=(
            "HEADER_MISMATCH",
            "the header does not fit the contract: the contract does not have a column without a name (a delimiter too many?)",
        ),
    ),
    Case(
        B05,
        "Too few cells, too many cells",
        HEAD + b"1,Ada,1.50\n2,b,2,2026-01-01,x\n3,c,3,2026-01-01\n",
        [(3, 3, "c", "3.00", "2026-01-01")],
        [(1, 2, None, "cells", "1,Ada,1.50"), (2, 3, None, "cells", "2,b,2,2026-01-01,x")],
    ),
    Case(
        B05,
        "Blank lines are no records, and lines still count",
        HEAD + b"\n\n" + GOOD + b"\n2,b,x,2026-01-01\n",
        [ROW],
        [(2, 6, "amount", "type", "x")],
    ),
    Case(
        B05,
        "Nothing is no value; nothing in quotes is an empty text",
        HEAD + b'1,,,\n2,"",,2026-01-01\n,c,3,2026-01-01\n',
        [(1, 1, None, None, None), (2, 2, "", None, "2026-01-01")],
        [(3, 4, "id", "required", "")],
    ),
    Case(
        B06,
        "Numbers that a cast would bend",
        HEAD
        + b"".join(
            b"%d,n,%s,\n" % (i, cell)
            for i, cell in enumerate((b"1.239", b"1e3", b" 7 ", b"1000000", b"NaN", b"1_0", b"0x1f"), 1)
        ),
        told=[
            (i, i + 1, "amount", "type", cell)
            for i, cell in enumerate(("1.239", "1e3", " 7 ", "1000000", "NaN", "1_0", "0x1f"), 1)
        ],
    ),
    Case(
        B06,
        "Whole numbers: halves, too large, a sign, leading zeros",
        HEAD + b"1.5,a,,\n2147483648,b,,\n+7,c,,\n-007,d,,\n",
        [(3, 7, "c", None, None), (4, -7, "d", None, None)],
        [(1, 2, "id", "type", "1.5"), (2, 3, "id", "type", "2147483648")],
    ),
    Case(
        B06,
        "Days that are none, other forms, leap days, years beyond",
        HEAD
        + b"".join(
            b"%d,n,,%s\n" % (i, cell)
            for i, cell in enumerate(
                (b"2024-02-29", b"2026-02-29", b"28.02.2026", b"2026-2-3", b"infinity", b"0000-01-01", b"10000-01-01"),
                1,
            )
        ),
        [(1, 1, "n", None, "2024-02-29")],
        [
            (i, i + 1, "day", "type", cell)
            for i, cell in enumerate(
                ("2026-02-29", "28.02.2026", "2026-2-3", "infinity", "0000-01-01", "10000-01-01"), 2
            )
        ],
    ),
    Case(
        B07,
        "A key again in the same file: the first one stays",
        HEAD + GOOD + b"1,Eve,2,2026-01-01\n01,Bob,3,2026-01-01\n",
        [ROW],
        [(2, 3, "id", "unique", "1"), (3, 4, "id", "unique", "01")],
        columns={"id": {"key": 1}},
    ),
    Case(
        B08,
        "A file larger than its contract allows",
        HEAD + GOOD,
        refused=("FILE_TOO_LARGE", "it has 41 bytes, the contract allows 40"),
        limits={"bytes": 40},
    ),
    Case(
        B08,
        "One very long line",
        HEAD + GOOD + b"2," + b"x" * 300 + b",1,2026-01-01\n",
        refused=(
            "LINE_TOO_LONG",
            "the record that begins on line 3 is longer than 200 bytes that the contract allows (lineBytes); "
            "perhaps a quote in it is never closed",
        ),
        limits={"lineBytes": 200},
    ),
    Case(
        B08,
        "500 columns",
        b",".join(b"c%d" % i for i in range(500)) + b"\n",
        refused=("TOO_MANY_COLUMNS", "its header has 500 columns, the contract allows 100"),
    ),
    Case(
        B08,
        "More bad records than its contract allows",
        HEAD + GOOD + b"2,b,x,2026-01-01\n3,c,3,2026-01-01\n",
        told=[(2, 3, "amount", "type", "x")],
        refused=("TOO_MANY_BAD_RECORDS", "1 of the 3 records are bad, more than 10 % that the contract allows"),
        share=0.1,
    ),
    Case(
        B12,
        "They are text, and stay as they are",
        HEAD + b"1,=cmd|'/c calc'!A1,1,2026-01-01\n2,'; DROP TABLE x; --,2,2026-01-01\n3,$(rm -rf /),3,2026-01-01\n",
        [
            (1, 1, "=cmd|'/c calc'!A1", "1.00", "2026-01-01"),
            (2, 2, "'; DROP TABLE x; --", "2.00", "2026-01-01"),
            (3, 3, "$(rm -rf /)", "3.00", "2026-01-01"),
        ],
    ),
    Case(
        OFFICE,
        "A spreadsheet's export: a mark, semicolons, CRLF, European numbers and days",
        b"\xef\xbb\xbfid;name;amount;day\r\n1;Jos\xc3\xa9;1.234,50;28.02.2026\r\n2;b;1,5;01.03.2026\r\n3;c;1.5;01.03.2026\r\n",
        [(1, 1, "José", "1234.50", "2026-02-28"), (2, 2, "b", "1.50", "2026-03-01")],
        [(3, 4, "amount", "type", "1.5")],
        dialect=EUROPE,
        columns=GERMAN_DAY,
        note="With `.` between thousands, `1.5` is no number: neither one and a half nor fifteen is guessed.",
    ),
    Case(
        OFFICE,
        "Dates in more than one form",
        HEAD + b"1,a,1,2/28/2026\n2,b,2,28/2/2026\n3,c,3,2026-02-28\n",
        [(1, 1, "a", "1.00", "2026-02-28")],
        [(2, 3, "day", "type", "28/2/2026"), (3, 4, "day", "type", "2026-02-28")],
        columns={"day": {"format": "M/d/yyyy"}},
    ),
    Case(
        OFFICE,
        "A row of totals at the end, that the contract knows of",
        HEAD + GOOD + b"Total,,1.50,\n",
        [ROW],
        dialect={"skipFooter": 1},
    ),
    Case(
        OFFICE,
        "A row of totals that it does not know of",
        HEAD + GOOD + b"Total,,1.50,\n",
        [ROW],
        [(2, 3, "id", "type", "Total")],
    ),
    Case(
        OFFICE,
        "A title above the header, and comments",
        b'Report of "today\n' + HEAD + b"# by hand\n" + GOOD + b"# it's \"done\n",
        [ROW],
        dialect={"skipRows": 1, "comment": "#"},
    ),
    Case(OFFICE, "No header", GOOD, [ROW], dialect={"header": False}),
    Case(
        OFFICE,
        "A word for no value",
        HEAD + b'1,n/a,n/a,n/a\n2,"n/a",1,2026-01-01\n',
        [(1, 1, None, None, None), (2, 2, "n/a", "1.00", "2026-01-01")],
        dialect={"nullText": "n/a"},
    ),
]
