"""Spark as the pipeline uses it: one session an attempt, the world's tables by the catalog, writes to an audit branch only."""

import contextlib
import os
import uuid
from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gridata.config import require

if TYPE_CHECKING:
    from gridata import config
    from gridata.log import Log
    from gridata.steps.context import Step
    from gridata.steps.plan import Plan


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
        # Not as `token`: Spark never closes a session's catalog, and a thread that it started for its tokens or its reports would keep
        # the whole session in memory, nearly 1 MB.
        ".rest.auth.type": "none",
        ".header.Authorization": f"Bearer {catalog.token}",
        ".rest-metrics-reporting-enabled": "false",
        # A cached table does not show the branch that somebody else made a moment ago.
        ".cache-enabled": "false",
        ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        ".s3.endpoint": s3.endpoint,
        ".s3.path-style-access": "true",
        ".client.region": s3.region,
    }
    identity = _session_id(world, *step.id)
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


def _session_id(world: str, batch: str, attempt: int) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{world}/{batch}/{attempt}")


def release_earlier_sessions(step: "Step") -> None:
    """R6: ends what an earlier attempt still runs, and refuses its sessions for ever."""
    batch, attempt = step.id
    earlier = [(batch, one) for one in range(1, attempt)]
    release_sessions(require(step.settings.spark, "spark", step.settings), step.world, earlier, step.log)


def release_sessions(settings: "config.Spark", world: str, attempts: Iterable[tuple[str, int]], log: "Log") -> None:
    """Ends the sessions of attempts (batch, number): what they run stops, and each id is refused for ever."""
    from pyspark.sql.connect.session import SparkSession

    os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = settings.token
    for batch, attempt in attempts:
        identity = _session_id(world, batch, attempt)
        try:
            SparkSession.builder.remote(f"{settings.uri}/;session_id={identity}").create().stop()
        except Exception as error:  # released before: that is what is wanted
            log.debug("session is gone", of_batch=batch, of_attempt=attempt, why=str(error)[:200])


def summary_of(step: "Step", more: Mapping[str, str]) -> dict[str, str]:
    """Summary of a snapshot, so that it names its batch."""
    return {
        "gridata.world": step.world,
        "gridata.batch": step.batch.batch_id,
        "gridata.attempt": str(step.batch.attempt),
        "gridata.release": step.batch.release_id,
        **more,
    }


def summary_options(step: "Step", more: Mapping[str, str]) -> dict[str, str]:
    """The same as options of a write."""
    return {SNAPSHOT_PROPERTY + name: value for name, value in summary_of(step, more).items()}


def written_view(step: "Step", spark: Any, plan: "Plan", snapshot: int) -> str:
    """A view of the rows that the batch brought in."""
    table = f"{step.world}.{step.batch.table}"
    if plan.mode == "append":
        rows = (
            spark.read.format("iceberg")
            .option("start-snapshot-id", str(plan.base))
            .option("end-snapshot-id", str(snapshot))
            .load(table)
        )
    else:
        rows = spark.sql(f"SELECT * FROM {table} VERSION AS OF {snapshot} WHERE {plan.of_batch}")
    rows.createOrReplaceTempView("written")
    return "written"
