"""Spark Connect over the catalog: what an engine does, and what it is refused."""

import json
import os
import urllib.request

given = json.loads(os.environ["GRIDATA_CLIENTS"])
engine, publisher, world = given["engine"], given["publisher"], given["world"]
os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = engine["spark"]["token"]

from pyspark.sql.connect.session import SparkSession  # noqa: E402  the token is read when it is imported

spark = SparkSession.builder.remote(engine["spark"]["uri"]).create()
for option, value in {
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
}.items():
    spark.conf.set(f"spark.sql.catalog.{world}{option}", value)

spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {world}.clients")
spark.sql(f"CREATE TABLE {world}.clients.spark (id BIGINT) USING iceberg")
spark.sql(f"ALTER TABLE {world}.clients.spark CREATE BRANCH audit_spark_1")
spark.range(1, 3).writeTo(f"{world}.clients.spark.branch_audit_spark_1").append()
try:
    spark.range(9).writeTo(f"{world}.clients.spark").append()
    main = "written"
except Exception as error:
    main = str(error)
spark.stop()


def rest(body: object = None) -> dict:
    request = urllib.request.Request(
        f"{publisher['catalog']['uri']}/v1/{world}/namespaces/clients/tables/spark",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {publisher['catalog']['token']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["metadata"]


refs = rest()["refs"]
rest(
    {
        "requirements": [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": refs["main"]["snapshot-id"]}],
        "updates": [
            {
                "action": "set-snapshot-ref",
                "ref-name": "main",
                "type": "branch",
                "snapshot-id": refs["audit_spark_1"]["snapshot-id"],
            }
        ],
    }
)
print(json.dumps({"main": main[:2000]}))
