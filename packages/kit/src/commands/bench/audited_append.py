"""What the platform is compared with: the same audited append, by Spark alone, cold (`spark-submit`) or over a warm Connect server.

Reads a CSV with its schema given, makes the table, appends to a branch, counts on the branch, moves main. Prints its seconds.
"""

import json
import os
import sys
import time
from pathlib import Path

settings = json.loads(Path(os.environ["GRIDATA_BENCH"]).read_text(encoding="utf-8"))
warm = settings.get("spark")
if warm:
    os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = warm["token"]
    from pyspark.sql.connect.session import SparkSession
else:
    from pyspark.sql import SparkSession

begun = time.monotonic()
spark = (SparkSession.builder.remote(warm["uri"]).create()) if warm else SparkSession.builder.getOrCreate()
world = settings["world"]
for option, value in settings["catalog"].items():
    spark.conf.set(f"spark.sql.catalog.{world}{option}", value)
schema = "transaction_id string, account_id bigint, occurred_at timestamp, amount decimal(12,2), currency string, channel string, card_holder string, refunded boolean"
table = f"{world}.sales.bench"
spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {world}.sales").collect()
spark.sql(
    f"CREATE TABLE {table} (transaction_id string, account_id bigint, occurred_at timestamp, amount decimal(12,2), currency string,"
    " channel string, card_holder string, refunded boolean) USING iceberg"
    " PARTITIONED BY (days(occurred_at), bucket(8, account_id))"
    " TBLPROPERTIES ('write.distribution-mode'='hash', 'write.parquet.compression-codec'='zstd')"
).collect()
spark.sql(f"ALTER TABLE {table} CREATE BRANCH audit_bench_1").collect()
rows = spark.read.option("header", True).schema(schema).csv(settings["file"])
rows.writeTo(f"{table}.branch_audit_bench_1").append()
counted = spark.sql(
    f"SELECT count(*), count(DISTINCT transaction_id) FROM {table} VERSION AS OF 'audit_bench_1'"
).collect()[0]
assert counted[0] == settings["records"], counted
spark.sql(f"CALL {world}.system.fast_forward('sales.bench', 'main', 'audit_bench_1')").collect()
seconds = time.monotonic() - begun
spark.stop()
sys.stdout.write(json.dumps({"seconds": seconds}) + "\n")
