"""Reader of Parquet: its own types are held against the contract's, DuckDB reads the values, the footer counts the records."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gridata.validation import nested, schema_fit
from gridata.validation.cells import Cells, Contract, Refused
from gridata.validation.nested import Kind
from gridata.validation.rules import duckdb_type, name, text

# Of a column that repeats one value millions of rows need next to no bytes.
_ROWS_ALWAYS_ALLOWED = 1 << 20
# pyarrow counts nanoseconds in 64 bits: from 1677 to 2262.
_MICROSECONDS_OF_64_BITS = (1 << 63) // 1000


def read(db: duckdb.DuckDBPyConnection, source: Path, contract: Contract, work: Path) -> Cells:
    try:
        file = pq.ParquetFile(source)
        rows = file.metadata.num_rows
        fields = [{"name": field.name, "type": _kind(field.type)} for field in file.schema_arrow]
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(error) from None
    schema_fit.check(fields, contract)
    _check_rows(rows, source, contract)
    types = {field["name"]: field["type"] for field in fields}
    lossy = _note_lossy_times(db, source, file, contract)
    selected = ", ".join(_column(column, types.get(_source(column), _MISSING)) for column in contract["columns"])
    try:
        db.execute(
            f"CREATE TEMP TABLE cells AS SELECT file_row_number + 1 AS _row, {selected} "
            f"FROM read_parquet({text(str(source))}, file_row_number = true)"
        )
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise
        raise _damaged(error) from None
    return Cells(
        relation=_relation(contract, lossy),
        records=rows,
        broken=[],
        lines=lambda _: {},
        typed=frozenset(column["name"] for column in contract["columns"]),
        found=True,
    )


def _source(column: dict[str, Any]) -> str:
    return column["source"]


def _damaged(error: Exception) -> Refused:
    why = str(error).split("\n")[0].removeprefix("Invalid Input Error: ").removeprefix("IO Error: ")
    if "not valid UTF-8" in why or "Invalid string encoding" in why:
        return Refused("FILE_CORRUPT", "a column of text holds bytes that are not UTF-8")
    return Refused("FILE_CORRUPT", f"it is no whole Parquet file: cut off, damaged or encrypted ({why[:200]})")


def _check_rows(rows: int, source: Path, contract: Contract) -> None:
    if rows > max(_ROWS_ALWAYS_ALLOWED, source.stat().st_size * contract["limits"]["expansionRatio"]):
        raise Refused(
            "FILE_EXPANDS_TOO_MUCH", f"its footer says {rows} rows, far more than its size justifies (expansionRatio)"
        )


def _kind(type_: Any, inside: bool = False) -> Kind:
    """An Arrow type as the kind of a contract that holds all of its values. `inside`: of a nested type."""
    t, found = pa.types, {"called": str(type_)}
    if t.is_dictionary(type_):
        return _kind(type_.value_type, inside)
    if isinstance(type_, pa.BaseExtensionType):
        return {"kind": "string" if type_.extension_name in ("arrow.uuid", "arrow.json") else "other", **found}
    if t.is_struct(type_):
        return {"kind": "struct", "fields": [{"name": f.name, "type": _kind(f.type, True)} for f in type_]}
    if t.is_map(type_):
        return {"kind": "map", "key": _kind(type_.key_type, True), "value": _kind(type_.item_type, True)}
    if t.is_list(type_) or t.is_large_list(type_) or t.is_fixed_size_list(type_):
        return {"kind": "list", "element": _kind(type_.value_type, True)}
    if t.is_decimal(type_):
        return {"kind": "decimal", "precision": type_.precision, "scale": type_.scale}
    if t.is_timestamp(type_) and not (inside and type_.unit == "ns"):  # what is lost is noted of whole columns only
        return {"kind": "timestamptz" if type_.tz else "timestamp", **found}
    return {"kind": _SIMPLE.get(type_, "other"), **found}


_SIMPLE: dict[Any, str] = {
    pa.null(): "null",
    pa.bool_(): "boolean",
    **dict.fromkeys((pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16()), "int"),
    **dict.fromkeys((pa.int64(), pa.uint32()), "long"),
    **dict.fromkeys((pa.float16(), pa.float32()), "float"),
    pa.float64(): "double",
    **dict.fromkeys((pa.string(), pa.large_string()), "string"),
    **dict.fromkeys((pa.date32(), pa.date64()), "date"),
}
_MISSING: Kind = {"kind": "missing"}


def _column(column: dict[str, Any], found: Kind) -> str:
    shaped = "NULL" if found is _MISSING else schema_fit.value(name(_source(column)), found, column["type"])
    return f"CAST({shaped} AS {duckdb_type(column['type'])}) AS {name(column['name'])}"


def _relation(contract: Contract, lossy: list[str]) -> str:
    parts = [nested.faults(c, typed=True) for c in contract["columns"] if nested.is_nested(c["type"])]
    parts += [
        f"CASE WHEN _row IN (SELECT row FROM lossy WHERE name = {text(column)}) "
        f"THEN [{{'c': {text(column)}, 'r': 'type', 'v': CAST({name(column)} AS VARCHAR) || ' and nanoseconds'}}] ELSE [] END"
        for column in lossy
    ]
    found = f"list_concat({', '.join(parts)}, [])" if parts else "[]"
    return f"(SELECT *, CAST({found} AS {nested.FAULTS}) AS _found FROM cells)"


def _note_lossy_times(db: duckdb.DuckDBPyConnection, source: Path, file: Any, contract: Contract) -> list[str]:
    """Nanoseconds that a table can't keep, in `lossy`: DuckDB cuts them off in silence. Names the columns that may have any."""
    in_file = {field.name: field.type for field in file.schema_arrow}
    times = [
        column
        for column in contract["columns"]
        if pa.types.is_timestamp(type_ := in_file.get(_source(column), pa.null())) and type_.unit == "ns"
    ]
    if times:
        db.execute("CREATE TEMP TABLE lossy (name VARCHAR, row BIGINT)")
    for column in times:
        try:
            rows = list(_lossy_rows(source, _source(column)))
        except (pa.ArrowException, OSError) as error:
            raise _damaged(error) from None
        if rows:
            db.register("lossy_rows", pa.table({"row": rows}))
            db.execute(f"INSERT INTO lossy SELECT {text(column['name'])}, row FROM lossy_rows")
            db.unregister("lossy_rows")
    return [column["name"] for column in times]


def _lossy_rows(source: Path, column: str) -> Iterator[int]:
    exact = pq.ParquetFile(source).iter_batches(columns=[column])
    coarse = pq.ParquetFile(source, coerce_int96_timestamp_unit="us").iter_batches(columns=[column])
    row = 0
    for fine, cut in zip(exact, coarse, strict=True):
        nanoseconds = _numbers(fine)
        if cut.schema.types[0].unit == "us":  # INT96, which reaches further than 64 bits of nanoseconds do
            nanoseconds = np.where(np.abs(_numbers(cut)) < _MICROSECONDS_OF_64_BITS, nanoseconds, 0)
        yield from (row + int(at) + 1 for at in np.nonzero(nanoseconds % 1000)[0])
        row += len(fine)


def _numbers(batch: Any) -> Any:
    return batch.column(0).cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
