"""Reader of Avro: the schema in the file is held against the contract's columns, fastavro decodes the records of each block."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import fastavro
import pyarrow as pa

from gridata.validation import nested, schema_fit
from gridata.validation.avro_container import Header, blocks, header_of
from gridata.validation.avro_types import arrow_type, kind_of, taker, without_conversions
from gridata.validation.cells import Cells, Contract, Refused
from gridata.validation.rules import duckdb_type, name

_ROWS = 8192
# Records whose fields are all of type null have none.
_ROWS_WITHOUT_BYTES = 1 << 20


def read(db: duckdb.DuckDBPyConnection, source: Path, contract: Contract, work: Path) -> Cells:
    header = header_of(source)
    try:
        record = kind_of(fastavro.parse_schema(header.schema))
        schema = fastavro.parse_schema(without_conversions(header.schema))
    except Exception as error:
        why = str(error).split("\n")[0][:200]
        raise Refused("SCHEMA_MISMATCH", f"the schema in the file is no Avro schema: {why}") from error
    if record["kind"] != "struct":
        raise Refused("SCHEMA_MISMATCH", f"its records are {schema_fit.called(record)}, not records with fields")
    schema_fit.check(record["fields"], contract)
    counts: list[int] = []
    failed: list[Refused] = []
    own = {field["name"]: field["type"] for field in record["fields"]}
    columns = [c for c in contract["columns"] if _source(c) in own]
    arrow = pa.schema(
        [("_row", pa.int64()), ("_found", nested.FOUND), *((c["name"], arrow_type(own[_source(c)])) for c in columns)]
    )

    def batches() -> Iterator[Any]:
        try:
            takers = [(_source(c), c["name"], taker(own[_source(c)])) for c in columns]
            yield from _batches(_records(source, header, schema, contract, counts), takers, arrow)
        except Refused as refused:
            # Through DuckDB it would come as an error of its own.
            failed.append(refused)

    db.register("batches", pa.RecordBatchReader.from_batches(arrow, batches()))
    selected = ", ".join(_column(column, own) for column in contract["columns"])
    db.execute(f"CREATE TEMP TABLE cells AS SELECT _row, coalesce(_found, []) AS _noted, {selected} FROM batches")
    db.unregister("batches")
    if failed:
        raise failed[0]
    inner = [nested.faults(c, typed=True) for c in contract["columns"] if nested.is_nested(c["type"])]
    return Cells(
        relation=f"(SELECT *, CAST(list_concat(_noted, {', '.join([*inner, '[]'])}) AS {nested.FAULTS}) AS _found FROM cells)",
        records=sum(counts),
        broken=[],
        lines=lambda _: {},
        typed=frozenset(column["name"] for column in contract["columns"]),
        found=True,
    )


def _source(column: dict[str, Any]) -> str:
    return column["source"]


def _column(column: dict[str, Any], own: dict[str, Any]) -> str:
    cell = "NULL"
    if _source(column) in own:
        cell = schema_fit.value(name(column["name"]), own[_source(column)], column["type"])
    return f"CAST({cell} AS {duckdb_type(column['type'])}) AS {name(column['name'])}"


def _records(
    source: Path, header: Header, schema: Any, contract: Contract, counts: list[int]
) -> Iterator[dict[str, Any]]:
    for number, (count, content) in enumerate(blocks(source, header, contract), 1):
        if count > max(len(content), _ROWS_WITHOUT_BYTES):
            raise Refused("FILE_CORRUPT", f"block {number} says that it holds {count} records in {len(content)} bytes")
        counts.append(count)
        block = io.BytesIO(content)
        for _ in range(count):
            try:
                record: Any = fastavro.schemaless_reader(block, schema, None, handle_unicode_errors="surrogateescape")
            except Exception as error:
                raise Refused("FILE_CORRUPT", f"a record of block {number} can't be read as its schema says") from error
            yield record
        if block.read(1):
            raise Refused("FILE_CORRUPT", f"block {number} holds more than the {count} records that it says")


def _batches(
    records: Iterator[dict[str, Any]], takers: list[tuple[str, str, Callable[..., Any]]], schema: Any
) -> Iterator[Any]:
    rows: list[int] = []
    found: list[Any] = []
    cells: list[list[Any]] = [[] for _ in takers]

    def batch() -> Any:
        made = pa.record_batch([rows, found, *cells], schema=schema)
        for values in (rows, found, *cells):
            values.clear()
        return made

    for row, record in enumerate(records, 1):
        faults: list[dict[str, str]] = []
        for (source, column, take), values in zip(takers, cells, strict=True):
            value = record[source]
            values.append(None if value is None else take(value, column, faults))
        rows.append(row)
        found.append(faults or None)
        if len(rows) >= _ROWS:
            yield batch()
    yield batch()
