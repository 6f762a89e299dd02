"""Rows of data files, read without Spark: what one engine wrote another one checks."""

import contextlib
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
from pyarrow import dataset
from pyarrow.fs import S3FileSystem

from gridata import config
from gridata.lake.files import DataFile

MEMORY = "768MB"


class Rows:
    """Relations of data files in one DuckDB connection. Memory is bounded: what doesn't fit goes to `work`."""

    def __init__(self, settings: config.S3, work: Path) -> None:
        endpoint = urlsplit(settings.endpoint)
        self._store = S3FileSystem(
            access_key=settings.access_key,
            secret_key=settings.secret_key,
            region=settings.region,
            endpoint_override=endpoint.netloc,
            scheme=endpoint.scheme,
        )
        self._schemas: dict[str, pa.Schema] = {}
        self._db = duckdb.connect(":memory:")
        self._db.execute(f"SET memory_limit = '{MEMORY}'; SET TimeZone = 'UTC'")
        self._db.execute(f"SET temp_directory = '{work / 'duckdb'}'")

    def add(
        self, name: str, files: Iterable[DataFile], *, like: str | None = None, columns: list[str] | None = None
    ) -> None:
        """Makes the rows of these files a relation. Files that need not all be of one schema are read `like` another relation."""
        schema = None
        if like is not None:
            types = self._schemas[like]
            schema = pa.schema([types.field(column) for column in columns or types.names])
        paths = [file.path for file in files]
        rows = dataset.dataset(paths, schema=schema, format="parquet", filesystem=self._store)
        self._schemas[name] = rows.schema
        self._db.register(name, rows)

    def narrow(self, name: str, source: str, where: str) -> None:
        """A relation of those rows of another one."""
        self._schemas[name] = self._schemas[source]
        self._db.execute(f"CREATE VIEW {name} AS SELECT * FROM {source} WHERE {where}")

    def add_empty(self, name: str, columns: list[str]) -> None:
        schema = pa.schema([pa.field(column, pa.string()) for column in columns])
        self._schemas[name] = schema
        self._db.register(name, schema.empty_table())

    def dicts(self, sql: str) -> list[dict[str, Any]]:
        found = self._db.execute(sql)
        columns = [column[0] for column in found.description or []]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self._db.execute(sql).fetchall()

    def close(self) -> None:
        self._db.close()


@contextlib.contextmanager
def open_rows(settings: config.S3, work: Path) -> Generator[Rows]:
    rows = Rows(settings, work)
    try:
        yield rows
    finally:
        rows.close()
