"""What a job's `transform(df, ctx)` is given beside its rows. It is the same in a run and in a test: no I/O of its own."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from gridata.errors import KitError


@dataclass(frozen=True)
class Drop:
    """Rows that the job left out under a name: they count as dropped by that rule."""

    rule: str
    rows: Any


@dataclass(frozen=True)
class Context:
    world: str
    batch: str
    """The compiled contract of the table that is written."""
    contract: Mapping[str, Any]
    """A table by its name, `sales.customers_v1`, at the snapshot that this run is pinned to."""
    table: Callable[[str], Any]
    """Of a derived table: the partitions that are computed anew; None: all of them."""
    touched: Sequence[Any] | None = None
    drops: list[Drop] = field(default_factory=list[Drop])

    def drop(self, rule: str, df: Any, where: Any) -> Any:
        """`df` without the rows for which `where` is true; they are counted under `rule`. NULL keeps a row."""
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", rule):
            raise KitError(
                "TRANSFORM_RULE",
                f"'{rule}' can't be the name of a rule",
                "a rule has lower-case letters, digits and _, a letter first",
                'write ctx.drop("test_card", df, df.card_holder == "TEST")',
            )
        from pyspark.sql import functions

        condition = functions.coalesce(functions.expr(where) if isinstance(where, str) else where, functions.lit(False))
        self.drops.append(Drop(rule, df.filter(condition)))
        return df.filter(~condition)

    def on_touched_days(self, df: Any, column: str) -> Any:
        """Rows of the days that are computed anew, by a column that is a date or an instant; all rows when every day is."""
        if self.touched is None:
            return df
        from pyspark.sql import functions

        at, low, high = functions.col(column), min(self.touched), max(self.touched)
        # The range lets Iceberg leave files alone; what is in it may still be of another day.
        near = df.filter((at >= functions.lit(low)) & (at < functions.lit(high + timedelta(days=1))))
        return near.filter(functions.to_date(at).isin(list(self.touched)))
