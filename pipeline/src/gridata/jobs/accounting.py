"""R9 for a job: each accepted record comes back once, or was dropped under a name. Nothing vanishes, nothing is doubled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gridata.errors import KitError
from gridata.jobs.context import Drop

SAMPLE = 20


@dataclass
class Account:
    """Of one delivery. `distinct` below `kept`: the job made several rows of one record."""

    kept: int = 0
    distinct: int = 0
    dropped: dict[str, int] = field(default_factory=dict[str, int])
    """Rows by a required column that the job left empty."""
    empty: dict[str, int] = field(default_factory=dict[str, int])

    def wrong(self, accepted: int) -> str | None:
        if self.distinct < self.kept:
            return f"{self.kept - self.distinct} rows are of a record that has a row already"
        gone = accepted - self.kept - sum(self.dropped.values())
        if gone > 0:
            return f"{gone} of {accepted} rows are gone without a named rule"
        return f"{-gone} rows are too many for {accepted} records" if gone < 0 else None


def count(rows: Any, drops: list[Drop], required: Sequence[str]) -> dict[str, Account]:
    """By delivery, in one pass of Spark."""
    from pyspark.sql import functions as f

    def counted(part: Any, rule: str, empties: list[Any]) -> Any:
        return (
            part.groupBy("_delivery_id")
            .agg(f.count("*").alias("n"), f.count_distinct("_row").alias("d"), f.array(*empties).alias("e"))
            .select(f.lit(rule).alias("rule"), "_delivery_id", "n", "d", "e")
        )

    every = counted(rows, "", [f.count_if(f.col(name).isNull()) for name in required])
    for drop in drops:
        every = every.unionByName(counted(drop.rows, drop.rule, [f.lit(0).cast("bigint") for _ in required]))
    found: dict[str, Account] = {}
    for rule, delivery, n, distinct, empties in every.collect():
        account = found.setdefault(delivery, Account())
        if rule:
            account.dropped[rule] = account.dropped.get(rule, 0) + n
        else:
            account.kept, account.distinct = n, distinct
            account.empty = {name: n for name, n in zip(required, empties, strict=True) if n > 0}
    return found


def verify(
    file: str, accounts: Mapping[str, Account], accepted: Mapping[str, int], names: Mapping[str, str]
) -> KitError | None:
    """What is wrong, with the file that it is wrong of; None when every record is accounted for."""
    for delivery in [*accepted, *accounts]:
        account = accounts.get(delivery, Account())
        if account.empty:
            emptied = ", ".join(f"{name} in {n} rows" for name, n in account.empty.items())
            return KitError(
                "TRANSFORM_REQUIRED",
                f"{file} left required columns empty",
                f"{names.get(delivery, delivery)}: {emptied}",
                "give each a value, leave the rows out by ctx.drop(rule, df, where), or let the contract not require it",
            )
        why = account.wrong(accepted.get(delivery, 0))
        if why is None:
            continue
        rules = ", ".join(f"{rule} {n}" for rule, n in account.dropped.items()) or "no rule was named"
        return KitError(
            "TRANSFORM_ROWS",
            f"{file} returned other rows than it was given",
            f"{names.get(delivery, delivery)}: {why} ({rules})",
            "leave rows out by ctx.drop(rule, df, where), and return one row for each that is kept",
        )
    return None


def empty(returned: Any, required: Sequence[str]) -> list[dict[str, Any]]:
    """Some of the rows whose required columns are empty."""
    condition = " OR ".join(f"`{name}` IS NULL" for name in required)
    some = returned.filter(condition).select("_delivery_id", "_row").limit(SAMPLE).collect()
    return [{"delivery_id": row[0], "row": row[1], "problem": "empty"} for row in some]


def sample(given: Any, returned: Any, drops: list[Drop]) -> list[dict[str, Any]]:
    """Some of the records that came back not at all, or more than once."""
    from pyspark.sql import functions as f

    key = ["_delivery_id", "_row"]
    kept = returned.select(*key)
    for drop in drops:
        kept = kept.unionByName(drop.rows.select(*key))
    lost = given.select(*key).join(kept, key, "left_anti").withColumn("problem", f.lit("lost"))
    doubled = kept.groupBy(*key).count().filter("count > 1").select(*key, f.lit("doubled").alias("problem"))
    some = lost.unionByName(doubled).limit(SAMPLE).collect()
    return [{"delivery_id": row[0], "row": row[1], "problem": row[2]} for row in some]
