"""Revenue of each day by currency and segment. A day depends on its transactions, and on the customers whose accounts made them."""

from collections.abc import Mapping

from gridata.jobs import Context
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

TRANSACTIONS, CUSTOMERS = "sales.transactions_v1", "sales.customers_v1"


def transform(df: DataFrame, ctx: Context) -> DataFrame:
    sold = F.when(~F.col("refunded"), F.col("amount")).otherwise(F.lit(0))
    return (
        ctx.on_touched_days(df, "occurred_at")
        .join(segments(ctx.table(CUSTOMERS)), "account_id", "left")
        .groupBy(
            F.to_date("occurred_at").alias("dt"),
            "currency",
            F.coalesce("segment", F.lit("unknown")).alias("segment"),
        )
        .agg(
            F.count("*").alias("transactions"),
            F.count_if("refunded").alias("refunds"),
            F.sum(sold).cast("decimal(18,2)").alias("revenue"),
        )
    )


def touched(changed: Mapping[str, DataFrame], ctx: Context) -> DataFrame:
    """Days of transactions that came or went, and of all transactions of accounts whose customers changed."""
    accounts = changed[CUSTOMERS].select("account_id").distinct()
    of_accounts = ctx.table(TRANSACTIONS).join(accounts, "account_id")
    every = changed[TRANSACTIONS].select("occurred_at").unionByName(of_accounts.select("occurred_at"))
    return every.select(F.to_date("occurred_at").alias("dt"))


def segments(customers: DataFrame) -> DataFrame:
    """One segment an account, though several customers may share one: that of the first customer, or no sale would count once."""
    return customers.groupBy("account_id").agg(F.min_by("segment", "customer_id").alias("segment"))
