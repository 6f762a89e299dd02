"""One audited append as the pipeline does it, so that the classes of its road are in the archive."""

import os

from pyspark.sql.connect.session import SparkSession

spark = SparkSession.builder.remote(os.environ["SPARK_REMOTE"]).getOrCreate()
spark.sql("CREATE NAMESPACE training.d").collect()
spark.sql(
    "CREATE TABLE training.d.t (id BIGINT, amount DECIMAL(18,2), dt DATE, at TIMESTAMP) USING iceberg PARTITIONED BY (dt)"
).collect()
frame = spark.range(1000).selectExpr(
    "id",
    "CAST(id AS DECIMAL(18,2)) AS amount",
    "date_add(DATE'2026-01-01', CAST(id % 5 AS INT)) AS dt",
    "TIMESTAMP'2026-01-01 00:00:00' AS at",
)
frame.createOrReplaceTempView("incoming")
spark.sql("INSERT INTO training.d.t SELECT * FROM incoming").collect()
spark.sql("ALTER TABLE training.d.t CREATE BRANCH audit").collect()
frame.repartition("dt").sortWithinPartitions("id").writeTo("training.d.t.branch_audit").append()
spark.sql("SELECT count(*), sum(amount), min(at) FROM training.d.t VERSION AS OF 'audit' GROUP BY dt").collect()
spark.stop()
