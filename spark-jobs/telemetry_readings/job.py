"""Readings as the gateways send them, without what devices report while they are tried out."""

from gridata.jobs import Context
from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def transform(df: DataFrame, ctx: Context) -> DataFrame:
    """Versions of firmware in lower case. Device 0 is the one on the test bench: it measures nothing that counts."""
    df = ctx.drop("test_bench", df, F.col("device_id") == "dev-00000")
    return df.withColumn("firmware", F.lower(F.trim("firmware")))
