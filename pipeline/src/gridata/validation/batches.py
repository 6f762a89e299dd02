"""The judged records in their order, as Arrow batches: a stream of one query, or pieces of the file that are judged at once.

DuckDB gives a result that is read while it is made from one thread, however many it has. What is empty tells the columns: a file without records
has them all the same.
"""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import duckdb
import pyarrow as pa

from gridata.validation.cells import Part


def stream(db: duckdb.DuckDBPyConnection, query: str, size: int) -> Generator[Any]:
    reader = db.execute(query).to_arrow_reader(size)
    yield pa.RecordBatch.from_pylist([], reader.schema)
    yield from (batch for batch in reader if batch.num_rows)


def in_pieces(
    db: duckdb.DuckDBPyConnection, parts: Sequence[Part], query: Callable[[str], str], size: int, workers: int
) -> Generator[Any]:
    """One piece more than there are workers is held; `query` of a relation is what judges it."""

    def judged(part: Part) -> Any:
        with db.cursor() as own, part() as relation:
            own.execute("SET TimeZone = 'UTC'")
            return own.execute(query(relation)).to_arrow_table()

    waiting = deque[Future[Any]]()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for part in parts:
                waiting.append(pool.submit(judged, part))
                if len(waiting) > workers:
                    yield from _batches(waiting.popleft().result(), size)
            while waiting:
                yield from _batches(waiting.popleft().result(), size)
        finally:
            for one in waiting:
                one.cancel()


def _batches(table: Any, size: int) -> Generator[Any]:
    yield pa.RecordBatch.from_pylist([], table.schema)
    yield from (batch for batch in table.to_batches(max_chunksize=size) if batch.num_rows)
