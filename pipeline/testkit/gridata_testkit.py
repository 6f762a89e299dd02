"""Tests of Spark jobs without a stack: fixtures of pytest. `./gridata test jobs` loads them; docs/transformations.md shows their use.

`spark` is one Spark Connect server a test session, the same server and the same client as in a run; it stores nothing.
"""

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gridata.jobs import Context
from gridata.jobs.accounting import count, verify
from gridata.jobs.load import load_job
from gridata.jobs.schema import LINEAGE, differences

DEADLINE_SECONDS = 120
SETTINGS = {
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "1",
}


@dataclass(frozen=True)
class Outcome:
    """`rows` without the columns that tell where a row came from, in the order of the records."""

    rows: list[dict[str, Any]]
    dropped: dict[str, int]


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`GRIDATA_TEST_SPARK` is the command that starts a server, with `{settings}` for the path of its properties."""
    from pyspark.sql.connect.session import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_urlsafe(16)
    settings = {
        **SETTINGS,
        "spark.connect.grpc.binding.port": str(port),
        "spark.connect.authenticate.token": token,
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    properties = folder / "spark.properties"
    properties.touch(0o600)
    properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
    command = [part.replace("{settings}", str(properties)) for part in json.loads(os.environ["GRIDATA_TEST_SPARK"])]
    log = folder / "spark.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    try:
        _await_port(port, server, log)
        os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = token
        session = SparkSession.builder.remote(f"sc://localhost:{port}").create()
        yield session
        session.stop()
    finally:
        server.kill()
        server.wait()


def _await_port(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        assert server.poll() is None, f"Spark ended: {log.read_text()[-2000:]}"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"Spark does not answer: {log.read_text()[-2000:]}"
            time.sleep(0.05)


@pytest.fixture
def given(spark: Any) -> Callable[[str, Sequence[tuple[Any, ...]]], Any]:
    """`given("id bigint, name string", [(1, "a")])`: accepted rows as a job gets them, each of a record of its own."""

    def make(columns: str, rows: Sequence[tuple[Any, ...]]) -> Any:
        named = [(*row, "file", "delivery", number) for number, row in enumerate(rows, 1)]
        return spark.createDataFrame(named, f"{columns}, _file_id string, _delivery_id string, _row bigint")

    return make


@pytest.fixture
def context() -> Callable[..., Context]:
    """`context(tables={"sales.customers_v1": df}, touched=[...])`."""

    def make(tables: dict[str, Any] | None = None, touched: Sequence[Any] | None = None) -> Context:
        return Context("test", "b0", {}, (tables or {}).__getitem__, touched)

    return make


@pytest.fixture
def run_job(request: pytest.FixtureRequest, context: Callable[..., Context]) -> Callable[..., Outcome]:
    """Runs the job beside the test as a run does: its columns and its rows must add up."""
    job = load_job(request.path.parent)
    assert job is not None, f"no job.py lies beside {request.path}"

    def run(df: Any, required: Sequence[str] = (), **options: Any) -> Outcome:
        ctx = context(**options)
        returned = job.call("transform", df, ctx)
        types = {f.name: f.dataType.simpleString() for f in returned.schema}
        assert not (wrong := differences(types, {f.name: f.dataType.simpleString() for f in df.schema})), wrong
        accounts = count(returned, ctx.drops, required)
        problem = verify(job.file, accounts, {"delivery": df.count()}, {"delivery": "the rows that were given"})
        assert problem is None, str(problem)
        own = [name for name in df.columns if name not in LINEAGE]
        rows = [row.asDict() for row in returned.orderBy("_row").select(*own).collect()]
        return Outcome(rows, accounts["delivery"].dropped if "delivery" in accounts else {})

    return run


@pytest.fixture
def job(request: pytest.FixtureRequest) -> Any:
    """The module of the job beside the test."""
    found = load_job(request.path.parent)
    assert found is not None, f"no job.py lies beside {request.path}"
    return found.module


@pytest.fixture
def derive(job: Any, context: Callable[..., Context]) -> Callable[..., list[dict[str, Any]]]:
    """Rows that the job of a derived table makes of its first upstream table, sorted: `derive(df, tables={..}, touched=[..])`."""

    def run(df: Any, **options: Any) -> list[dict[str, Any]]:
        found = job.transform(df, context(**options))
        return [row.asDict() for row in found.orderBy(*found.columns).collect()]

    return run
