"""Modes by the real Spark: histories of files in any batches and any order, each table against the oracle of the unit tests."""

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

checkout = Path(__file__).parents[3]
sys.path[:0] = [str(checkout / "pipeline/src"), str(checkout / "pipeline/tests/modes")]
given = json.loads(os.environ["GRIDATA_CLIENTS"])
engine, publisher, world = given["engine"], given["publisher"], given["world"]
os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = engine["spark"]["token"]

from gridata import config  # noqa: E402  the token is read when Spark's client is imported
from gridata.lake.catalog import Catalog  # noqa: E402
from gridata.lake.types import spark_schema  # noqa: E402
from gridata.modes.state import state_of  # noqa: E402
from gridata.modes.write import Work, prepare  # noqa: E402
from gridata.names import arrival  # noqa: E402
from oracle import Delivery, partitions_replaced, replaced, upserted  # noqa: E402
from pyspark.sql.connect.session import SparkSession  # noqa: E402

TYPES = {
    "id": "long",
    "region": "string",
    "day": "date",
    "changed": "timestamptz",
    "op": "string",
    "v": "decimal(9, 2)",
}
OWN = {"_file_id": "string", "_delivery_id": "string", "_row": "long", "_arrival": "string"}
FIELDS = [
    {"id": at, "name": name, "required": False, "type": kind}
    for at, (name, kind) in enumerate((TYPES | OWN).items(), 1)
]


def contract(mode: str) -> dict[str, Any]:
    return {
        "mode": mode,
        "columns": [{"name": name, "key": {"region": 1, "id": 2}.get(name, 0)} for name in TYPES],
        "order": ["changed"] if mode == "upsert" else [],
        "tombstone": {"column": "op", "values": ["D"]} if mode == "upsert" else None,
        "partition": [
            {"transform": "day", "column": "day", "name": "dt"},
            {"transform": "bucket", "width": 2, "column": "id", "name": "id_bucket"},
        ],
        "iceberg": {
            "schema": {"type": "struct", "schema-id": 0, "fields": FIELDS},
            "spec": {
                "spec-id": 0,
                "fields": [
                    {"source-id": 3, "field-id": 1000, "name": "dt", "transform": "day"},
                    {"source-id": 1, "field-id": 1001, "name": "id_bucket", "transform": "bucket[2]"},
                ],
            },
            "properties": {"format-version": "2", "write.distribution-mode": "hash"},
        },
    }


def connect() -> SparkSession:
    settings = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".type": "rest",
        ".uri": engine["catalog"]["uri"],
        ".warehouse": world,
        ".token": engine["catalog"]["token"],
        ".cache-enabled": "false",
        ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        ".s3.endpoint": engine["s3"]["endpoint"],
        ".s3.path-style-access": "true",
        ".client.region": engine["s3"]["region"],
    }
    builder = SparkSession.builder.remote(engine["spark"]["uri"])
    return builder.config(map={f"spark.sql.catalog.{world}{name}": value for name, value in settings.items()}).create()


def catalog_of(identity: dict[str, Any]) -> Catalog:
    return Catalog(config.Catalog(identity["catalog"]["uri"], identity["catalog"]["token"]), world)


def history(dice: random.Random) -> tuple[list[Delivery], list[list[Delivery]]]:
    deliveries = [
        Delivery(arrival(dice.randint(0, 3), f"d{i}"), tuple(row(dice) for _ in range(dice.randint(0, 5))))
        for i in range(dice.randint(4, 6))
    ]
    batches: list[list[Delivery]] = [[]]
    for one in dice.sample(deliveries, len(deliveries)):
        if batches[-1] and dice.random() < 0.5:
            batches.append([])
        batches[-1].append(one)
    return deliveries, batches


def row(dice: random.Random) -> dict[str, Any]:
    return {
        "id": dice.randint(1, 3),
        "region": dice.choice(["eu", "it's \\"]),
        "day": f"2026-01-{dice.choice(['01', '31'])}",
        "changed": dice.choice([None, "2026-01-01 00:00:00", "2026-01-01 00:00:00.000001"]),
        "op": dice.choice([None, "U", "U", "D"]),
        "v": f"{dice.randint(0, 99)}.50",
    }


def frame(batch: list[Delivery]) -> Any:
    """Values as texts, cast to their types."""
    rows = [
        tuple(None if v is None else str(v) for v in (*r.values(), "f", one.arrival, at, one.arrival))
        for one in batch
        for at, r in enumerate(one.rows, 1)
    ]
    texts = spark.createDataFrame(rows, ", ".join(f"`{field['name']}` string" for field in FIELDS))
    types = spark.createDataFrame([], spark_schema(FIELDS)).schema
    return texts.selectExpr(*(f"CAST(`{f.name}` AS {f.dataType.simpleString()}) AS `{f.name}`" for f in types))


def run(name: str, mode: str, batches: list[list[Delivery]]) -> None:
    by_engine, by_publisher = catalog_of(engine), catalog_of(publisher)
    form = contract(mode)
    by_engine.ensure(name, form["iceberg"])
    for at, batch in enumerate(batches):
        table = by_engine.load(name)
        assert table is not None
        branch, total = f"audit_m{at}_1", int(table.snapshots[table.main].summary.get("total-records", "0"))
        by_engine.create_branch(table, branch, table.main)
        target = f"{world}.{name}.branch_{branch}"
        place = f"s3://curated/{world}/_tombstones/{name}/m{at}/1"
        arrivals = {one.arrival: one.arrival for one in batch}
        work = Work(
            spark, form, frame(batch), target, total, arrivals, state_of(table), {"gridata.batch": branch}, place
        )
        prepared = prepare(work)
        prepared.commit()
        for one in batch:
            counted = prepared.outcomes.get(one.arrival)
            assert (counted.total if counted else 0) == len(one.rows), (counted, one)
        written = by_engine.load(name)
        assert written is not None
        snapshot = written.snapshots[written.refs[branch]]
        assert snapshot.parent == table.main, "one snapshot on the base"
        assert snapshot.summary["gridata.batch"] == branch
        change = sum(one.shown - one.removed for one in prepared.outcomes.values())
        assert int(snapshot.summary["total-records"]) == total + change, (snapshot.summary, prepared.outcomes)
        by_publisher.publish(written, table.main, snapshot.id, branch)


def texts(rows: list[dict[str, Any]]) -> list[tuple[str | None, ...]]:
    names = [*TYPES, "_row", "_arrival"]
    return sorted((tuple(None if r[n] is None else str(r[n]) for n in names) for r in rows), key=repr)


def found(query: str) -> list[dict[str, Any]]:
    return [one.asDict() for one in spark.sql(query).collect()]


spark = connect()
seed = int(sys.argv[1])
spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {world}.modes")
batches_run = 0
for at in range(int(sys.argv[2])):
    dice = random.Random(f"{seed}/{at}")
    mode = ("upsert", "replace-partitions", "replace")[at % 3]
    deliveries, batches = history(dice)
    name = f"modes.t{at}"
    run(name, mode, batches)
    batches_run += len(batches)
    columns = ", ".join(f"CAST({column} AS string) AS {column}" for column in [*TYPES, "_row", "_arrival"])
    rows = texts(found(f"SELECT {columns} FROM {world}.{name}"))
    if mode == "upsert":
        dead = {"column": "op", "values": ("D",)}
        live, gone = upserted(deliveries, ("region", "id"), ("changed",), dead)
        table = catalog_of(engine).load(name)
        assert table is not None
        place = state_of(table).tombstones
        kept = [] if place is None else [r.asDict() for r in spark.read.parquet(place).collect()]
        assert sorted((r["id"], r["region"], r["_arrival"], r["_row"]) for r in kept) == sorted(
            (r["id"], r["region"], r["_arrival"], r["_row"]) for r in gone
        ), f"tombstones, seed {seed}, history {at}"
    elif mode == "replace":
        live = replaced(deliveries)
    else:
        live = partitions_replaced(deliveries, lambda r: r["day"])
    assert rows == texts(live), f"{mode}, seed {seed}, history {at}: {rows} instead of {texts(live)}"
spark.stop()
print(json.dumps({"batches": batches_run}))
