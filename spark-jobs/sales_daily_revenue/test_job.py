from datetime import date
from decimal import Decimal
from typing import Any

import pytest

CUSTOMERS = "sales.customers_v1"
COLUMNS = "account_id bigint, occurred_at timestamp, amount decimal(12,2), currency string, refunded boolean"


@pytest.fixture
def sales(spark: Any) -> Any:
    rows = [
        (1, "2026-11-01 23:59:59", "10.00", "EUR", False),
        (1, "2026-11-01 00:00:00", "5.25", "EUR", True),
        (2, "2026-11-01 12:00:00", "1.00", "EUR", False),
        (3, "2026-11-02 00:00:00", "7.00", "USD", False),
    ]
    return spark.createDataFrame(
        rows, COLUMNS.replace("timestamp", "string").replace("decimal(12,2)", "string")
    ).selectExpr(
        "account_id",
        "cast(occurred_at as timestamp) as occurred_at",
        "cast(amount as decimal(12,2)) as amount",
        "currency",
        "refunded",
    )


@pytest.fixture
def customers(spark: Any) -> Any:
    rows = [("C000002", 1, "partner"), ("C000001", 1, "business"), ("C000003", 3, None)]
    return spark.createDataFrame(rows, "customer_id string, account_id bigint, segment string")


def test_each_sale_counts_once_and_a_refund_is_no_revenue(derive: Any, sales: Any, customers: Any) -> None:
    rows = derive(sales, tables={CUSTOMERS: customers})
    assert [tuple(row.values()) for row in rows] == [
        (date(2026, 11, 1), "EUR", "business", 2, 1, Decimal("10.00")),
        (date(2026, 11, 1), "EUR", "unknown", 1, 0, Decimal("1.00")),
        (date(2026, 11, 2), "USD", "unknown", 1, 0, Decimal("7.00")),
    ]


def test_of_touched_days_it_makes_what_it_makes_of_all(derive: Any, sales: Any, customers: Any) -> None:
    everything = derive(sales, tables={CUSTOMERS: customers})
    day = date(2026, 11, 1)
    one = derive(sales, tables={CUSTOMERS: customers}, touched=[day])
    assert one == [row for row in everything if row["dt"] == day]


def test_a_changed_customer_touches_the_days_of_its_account(job: Any, context: Any, sales: Any, customers: Any) -> None:
    changed = {"sales.transactions_v1": sales.limit(0), CUSTOMERS: customers.filter("account_id = 3")}
    days = job.touched(changed, context(tables={"sales.transactions_v1": sales}))
    assert [row.dt for row in days.collect()] == [date(2026, 11, 2)]
