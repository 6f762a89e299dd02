"""Spark as the pipeline uses it: one session an attempt, the world's tables by the catalog, writes to an audit branch only."""

import contextlib
import os
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gridata.config import require
from gridata.lake.types import spark_schema

if TYPE_CHECKING:
    from gridata.steps.context import Step


@dataclass(frozen=True)
class Change:
    """What is to be written: `rows` (None: nothing), what else the snapshot's summary says, and whom a failed write is to be blamed on."""

    rows: Any
    summary: Mapping[str, str]
    blame: Callable[[Exception], Exception]


SNAPSHOT_PROPERTY = "snapshot-property."


@contextlib.contextmanager
def session(step: "Step", *, last: bool) -> Generator[Any]:
    """The session of the attempt. A later step goes on with it, unless it is the `last` to use it."""
    from pyspark.sql.connect.session import SparkSession

    spark_settings = require(step.settings.spark, "spark", step.settings)
    catalog = require(step.settings.catalog, "catalog", step.settings)
    s3 = require(step.settings.s3, "s3", step.settings)
    # The only way to give the client a token without TLS; this process is this step's alone.
    os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = spark_settings.token
    world = step.world
    options = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".type": "rest",
        ".uri": catalog.uri,
        ".warehouse": world,
        ".token": catalog.token,
        # A cached table does not show the branch that somebody else made a moment ago.
        ".cache-enabled": "false",
        ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        ".s3.endpoint": s3.endpoint,
        ".s3.path-style-access": "true",
        ".client.region": s3.region,
    }
    identity = _session_id(step, step.batch.attempt)
    builder = SparkSession.builder.remote(f"{spark_settings.uri}/;session_id={identity}")
    # All at once: each setting by itself is a round trip.
    spark = builder.config(map={f"spark.sql.catalog.{world}{o}": v for o, v in options.items()}).create()
    try:
        yield spark
    except BaseException:
        spark.stop()
        raise
    if last:
        spark.stop()


def _session_id(step: "Step", attempt: int) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{step.world}/{step.batch.batch_id}/{attempt}")


def release_earlier_sessions(step: "Step") -> None:
    """R6: ends what an earlier attempt still runs, and refuses its sessions for ever."""
    from pyspark.sql.connect.session import SparkSession

    settings = require(step.settings.spark, "spark", step.settings)
    os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = settings.token
    for attempt in range(1, step.batch.attempt):
        identity = _session_id(step, attempt)
        try:
            SparkSession.builder.remote(f"{settings.uri}/;session_id={identity}").create().stop()
        except Exception as error:  # released before: that is what is wanted
            step.log.debug("session is gone", of_attempt=attempt, why=str(error)[:200])


def append(step: "Step", sources: list[str], change: Callable[[Any, Any], Change]) -> None:
    """Appends the rows of Parquet objects, as `change` makes them, to the attempt's branch: one snapshot that names its batch."""
    namespace, _, table = step.batch.table.partition(".")
    with session(step, last=not step.checked_by_spark) as spark:
        # Without a schema Spark would first run a job that looks into the files for one.
        rows = spark.read.schema(spark_schema(step.contract["iceberg"]["schema"]["fields"])).parquet(*sources)
        changed = change(spark, rows)
        if changed.rows is None:
            spark.stop()
            return
        writer = changed.rows.writeTo(f"{step.world}.{namespace}.{table}.branch_{step.branch}")
        for name, value in summary_options(step, changed.summary).items():
            writer = writer.option(name, value)
        try:
            writer.append()
        except Exception as error:
            raise changed.blame(error) from error


def summary_options(step: "Step", more: Mapping[str, str]) -> dict[str, str]:
    """Options of a write, so that the snapshot names its batch."""
    summary = {
        "gridata.world": step.world,
        "gridata.batch": step.batch.batch_id,
        "gridata.attempt": str(step.batch.attempt),
        "gridata.release": step.batch.release_id,
        **more,
    }
    return {SNAPSHOT_PROPERTY + name: value for name, value in summary.items()}


def written_view(step: "Step", spark: Any, base: int, snapshot: int) -> str:
    """A view of the rows that came between two snapshots."""
    rows = (
        spark.read.format("iceberg")
        .option("start-snapshot-id", str(base))
        .option("end-snapshot-id", str(snapshot))
        .load(f"{step.world}.{step.batch.table}")
    )
    rows.createOrReplaceTempView("written")
    return "written"
