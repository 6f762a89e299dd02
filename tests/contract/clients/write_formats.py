"""Files of every format and compression, each written by a library that the pipeline does not read it with, or by none.

Writes them into the folder that is the first argument; prints their names by dataset with the rows that must be in the table.
"""

import datetime as dt
import gzip
import io
import json
import sys
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

ROWS = 40
folder = Path(sys.argv[1])
expected: dict[str, list[dict[str, str | None]]] = {"flat": [], "tree": [], "list": []}
files: dict[str, list[str]] = {"flat": [], "tree": [], "list": []}


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/", b"")
        archive.writestr("export/data.csv", content)
        archive.writestr("__MACOSX/._data.csv", b"x")
    return buffer.getvalue()


def members(content: bytes) -> bytes:
    """gzip of two members, as `cat a.gz b.gz` makes it."""
    return gzip.compress(content[:700]) + gzip.compress(content[700:])


def save(dataset: str, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    files[dataset].append(name)


def flat(part: int) -> list[dict[str, Any]]:
    rows = []
    for n in range(ROWS):
        number = part * 1000 + n
        rows.append(
            {
                "id": 2**53 - number,
                "amount": None if n % 7 == 3 else Decimal(number * 37 - 900) / 100,
                "name": None if n % 5 == 4 else f'Zoë, "{number}" {"x" * (n % 3)}\n=1+1',
                "day": dt.date(2024, 2, 1) + dt.timedelta(days=n),
                "at": dt.datetime(2024, 2, 29, 12, 30, n % 60),
                "ok": None if n % 4 == 2 else n % 2 == 0,
            }
        )
    for row in rows:
        expected["flat"].append(
            {
                "id": str(row["id"]),
                "amount": None if row["amount"] is None else f"{row['amount']:.2f}",
                "name": row["name"],
                "day": row["day"].isoformat(),
                "at": row["at"].isoformat(),
                "ok": None if row["ok"] is None else str(row["ok"]).lower(),
            }
        )
    return rows


def csv(part: int) -> bytes:
    lines = ["ok,id,amount,name,day,at"]
    for row in flat(part):
        name = "" if row["name"] is None else '"' + row["name"].replace('"', '""') + '"'
        ok = "" if row["ok"] is None else str(row["ok"]).lower()
        amount = "" if row["amount"] is None else f"{row['amount']:.2f}"
        lines.append(f"{ok},{row['id']},{amount},{name},{row['day']},{row['at'].isoformat()}")
    return ("\n".join(lines) + "\n").encode()


def parquet(rows: list[dict[str, Any]], schema: pa.Schema) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer, row_group_size=16, compression="zstd")
    return buffer.getvalue()


def avro(rows: list[dict[str, Any]], fields: dict[str, Any]) -> bytes:
    schema = {"type": "record", "name": "row", "fields": [{"name": n, "type": ["null", t]} for n, t in fields.items()]}
    buffer = io.BytesIO()
    fastavro.writer(buffer, fastavro.parse_schema(schema), rows, codec="deflate", sync_interval=500)
    return buffer.getvalue()


def excel(rows: list[dict[str, Any]]) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def decimal(precision: int, scale: int) -> dict[str, Any]:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


save("flat", "plain.csv", csv(1))
save("flat", "members.csv.gz", members(csv(2)))
save("flat", "frames.csv.zst", zstandard.ZstdCompressor(write_checksum=True).compress(csv(3)))
save("flat", "archive.zip", zipped(csv(4)))
arrow = pa.schema(
    [
        ("day", pa.date32()),
        ("id", pa.int64()),
        ("amount", pa.decimal128(10, 2)),
        ("name", pa.dictionary(pa.int32(), pa.string())),
        ("at", pa.timestamp("ms")),
        ("ok", pa.bool_()),
    ]
)
save("flat", "columns.parquet", parquet(flat(5), arrow))
save(
    "flat",
    "blocks.avro",
    avro(
        flat(6),
        {
            "id": "long",
            "amount": decimal(12, 2),
            "name": "string",
            "day": {"type": "int", "logicalType": "date"},
            "at": {"type": "long", "logicalType": "local-timestamp-micros"},
            "ok": "boolean",
        },
    ),
)
save("flat", "office.xlsx", excel(flat(7)))


def tree(part: int, dataset: str = "tree") -> list[dict[str, Any]]:
    rows = []
    for n in range(ROWS):
        number = part * 1000 + n
        place = {"city": f"Köln {number}", "lat": Decimal(n * 1234567) / 10**6}
        rows.append(
            {
                "id": number,
                "place": None if n % 6 == 5 else place,
                "tags": None if n % 5 == 1 else [f"t{number}", None, ""][: n % 4],
                "prices": None if n % 7 == 6 else {"EUR": number * 1000003, "usd": n},
            }
        )
    for row in rows:
        # Nested values as DuckDB spells them in JSON.
        place = row["place"] and f'{{"city":"{row["place"]["city"]}","lat":{float(row["place"]["lat"])}}}'
        expected[dataset].append(
            {
                "id": str(row["id"]),
                "place": place,
                "tags": None if row["tags"] is None else json.dumps(row["tags"], separators=(",", ":")),
                "prices": None if row["prices"] is None else json.dumps(row["prices"], separators=(",", ":")),
            }
        )
    return rows


def text(row: dict[str, Any]) -> str:
    return json.dumps(row, default=float, ensure_ascii=False)


nested = pa.schema(
    [
        ("prices", pa.map_(pa.string(), pa.int64())),
        ("id", pa.int32()),
        ("place", pa.struct([("lat", pa.decimal128(9, 6)), ("city", pa.string())])),
        ("tags", pa.large_list(pa.string())),
    ]
)
lines = [text(row) for row in tree(1)]
lines.insert(7, '{"id": 999999, "place": {"city": 5, "lat": 1}}')
save("tree", "lines.jsonl", ("\n".join(lines) + "\n").encode())
save("tree", "lines.jsonl.gz", gzip.compress("\r\n".join(map(text, tree(2))).encode()))
save("tree", "nested.parquet", parquet(tree(3), nested))
place = {
    "type": "record",
    "name": "place",
    "fields": [{"name": "city", "type": "string"}, {"name": "lat", "type": decimal(9, 6)}],
}
save(
    "tree",
    "nested.avro",
    avro(
        tree(4),
        {
            "id": "long",
            "place": place,
            "tags": {"type": "array", "items": ["null", "string"]},
            "prices": {"type": "map", "values": "long"},
        },
    ),
)
save("list", "array.json", f"[{','.join(map(text, tree(1, 'list')))}]".encode())
save(
    "list",
    "array.json.zst",
    zstandard.ZstdCompressor().compress(json.dumps(tree(2, "list"), default=float, indent=2).encode()),
)

truncated = gzip.compress(csv(8))
(folder / "truncated.csv.gz").write_bytes(truncated[: len(truncated) - 40])
del expected["flat"][-ROWS:]
(folder / "bomb.csv.gz").write_bytes(gzip.compress(b"ok,id,amount,name,day,at\n" + b"0" * (64 << 20)))
(folder / "other.parquet").write_bytes(parquet([{"id": "1"}], pa.schema([("id", pa.string())])))
print(json.dumps({"files": files, "expected": expected}))
