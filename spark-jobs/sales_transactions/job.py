"""Transactions as the tills export them, in the one spelling that reports count by."""

from gridata.jobs import Context
from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def transform(df: DataFrame, ctx: Context) -> DataFrame:
    """Channels in lower case. What the tills ring up to try a terminal is no sale."""
    df = ctx.drop("terminal_test", df, F.col("card_holder") == "TERMINAL TEST")
    return df.withColumn("channel", F.lower(F.trim("channel")))
