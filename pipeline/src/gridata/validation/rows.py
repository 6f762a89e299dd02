"""The accepted rows as Parquet: groups of a bounded size, the same for every batch size of the reader."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_GROUP_ROWS = 122_880
_GROUP_BYTES = 64 << 20


class Rows:
    """One group is encoded in a thread of its own while the rows of the next are judged; more are never held."""

    def __init__(self, path: Path, added: dict[str, str], distinct: set[str]) -> None:
        """`added` are texts that every row has as further columns; no two rows share a value of a `distinct` column."""
        self._path = path
        self._added = added
        self._distinct = distinct
        self._held: list[Any] = []
        self._count = 0
        self._writer: Any = None
        self._schema: Any = None
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def __enter__(self) -> "Rows":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
                self._written()
        finally:
            self._thread.shutdown()
            if self._writer is not None:
                self._writer.close()

    def add(self, batch: Any, ordinals: Any) -> None:
        """Rows with their ordinals in the file, which they may have as a column already."""
        count = batch.num_rows
        if "_row" in batch.schema.names:
            batch = batch.drop_columns(["_row"])
        columns, names = list(batch.columns), list(batch.schema.names)
        for name, value in self._added.items():
            columns.append(pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), count), [value]))
            names.append(name)
        columns.append(pa.array(ordinals, pa.int64()))
        names.append("_row")
        one = pa.record_batch(columns, names=names)
        self._schema = one.schema
        self._held.append(one)
        self._count += count
        if self._count >= _GROUP_ROWS or sum(b.nbytes for b in self._held) >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._schema is None:
            return
        if self._writer is None:
            self._writer = self._open()
        self._written()
        if self._count:
            self._writing = self._thread.submit(
                self._writer.write_table, pa.Table.from_batches(self._held, self._schema)
            )
        self._held, self._count = [], 0

    def _written(self) -> None:
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def _open(self) -> Any:
        flat = not any(pa.types.is_nested(field.type) for field in self._schema)
        # Where no value comes again a dictionary is work for nothing.
        shared: Any = [name for name in self._schema.names if name not in self._distinct | {"_row"}]
        return pq.ParquetWriter(
            self._path,
            self._schema,
            compression="zstd",
            store_schema=False,
            store_decimal_as_integer=True,
            use_dictionary=shared if flat else True,
            column_encoding={"_row": "DELTA_BINARY_PACKED"} if flat else None,
        )
