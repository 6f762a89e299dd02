"""A batch by its mode, as one snapshot on the attempt's branch. What becomes of each row is counted before anything is written."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from gridata.modes import partitions, upsert
from gridata.modes.engine import SPARK
from gridata.modes.outcome import Outcome
from gridata.modes.state import State, mode_of

SNAPSHOT_PROPERTY = "snapshot-property."
SESSION_PROPERTY = "spark.sql.iceberg.snapshot-property."


@dataclass(frozen=True)
class Work:
    """`rows`: those of the batch, with the columns of the table. `arrivals`: of its deliveries, also of those without rows."""

    spark: Any
    contract: dict[str, Any]
    rows: Any
    """Name of the branch to write to, at the base; and how many rows the base has."""
    target: str
    published: int
    arrivals: dict[str, str]
    state: State
    summary: dict[str, str]
    """Where this attempt may put the tombstones to remember."""
    tombstones: str


@dataclass(frozen=True)
class Prepared:
    """`outcomes`: of each delivery. `commit` writes the one snapshot."""

    outcomes: dict[str, Outcome]
    commit: Callable[[], None]


def prepare(work: Work) -> Prepared:
    match work.contract["mode"]:
        case "upsert":
            return _upsert(work)
        case "replace":
            return _replace(work)
        case "replace-partitions":
            return _replace_partitions(work)
        case _:
            # Every row is new: what check finds in the files is the count.
            return Prepared({}, lambda: _writer(work, work.rows, work.state).append())


def _writer(work: Work, rows: Any, state: State) -> Any:
    writer = rows.writeTo(work.target)
    carried = state.summary() if work.contract["mode"] != "append" else {}
    for name, value in {**work.summary, **carried}.items():
        writer = writer.option(SNAPSHOT_PROPERTY + name, value)
    return writer


def _upsert(work: Work) -> Prepared:
    spark, rule = work.spark, upsert.key_rule(work.contract)
    work.rows.createOrReplaceTempView(upsert.INCOMING)
    where = "true"
    if work.published:
        where = upsert.within(rule, SPARK, tuple(spark.sql(upsert.extent(rule, SPARK)).collect()[0]), "t")
    before = None if work.state.tombstones is None else f"parquet.`{work.state.tombstones}`"
    table = work.target if work.published else None
    # Computed once: for the counts, for the tombstones and for the write. It goes with the session.
    spark.sql(upsert.outcomes(rule, SPARK, table, before, where)).localCheckpoint().createOrReplaceTempView("outcomes")
    counted = spark.sql(
        "SELECT _delivery_id, _outcome, _live, max(_buried) AS buried, count(*) AS n FROM outcomes GROUP BY _delivery_id, _outcome, _live"
    ).collect()
    outcomes: dict[str, Outcome] = {}
    for delivery, word, live, _, count in counted:
        outcomes[delivery] = outcomes.get(delivery, Outcome()).plus(
            word, count, removed=count if live and word != "superseded" else 0
        )
    state = replace(work.state, mode=mode_of(work.contract))
    decided = [word for _, word, _, buried, _ in counted if word != "superseded" and (buried or word == "deleted")]

    def commit() -> None:
        kept = state
        if decided:
            remembered = spark.sql(upsert.buried_after(rule, SPARK, "outcomes", before))
            remembered.write.mode("overwrite").parquet(work.tombstones)
            kept = replace(state, tombstones=work.tombstones)
        _merge(work, rule, where, kept, any(outcome.removed for outcome in outcomes.values()))

    return Prepared(outcomes, commit)


def _merge(work: Work, rule: upsert.KeyRule, where: str, state: State, matched: bool) -> None:
    changes = work.spark.sql(upsert.changes(rule, SPARK, "outcomes"))
    if not matched:
        # No row goes: nothing of the table has to be read or written again.
        _writer(work, changes.drop("_dead"), state).append()
        return
    changes.createOrReplaceTempView("changes")
    for name, value in {**work.summary, **state.summary()}.items():
        work.spark.conf.set(SESSION_PROPERTY + name, value)
    work.spark.sql(upsert.merge(rule, SPARK, work.target, "changes", where))


def _replace(work: Work) -> Prepared:
    from pyspark.sql.connect.functions import col, lit

    counts = dict(work.rows.groupBy("_delivery_id").count().collect())
    last = max(work.arrivals, key=lambda delivery: work.arrivals[delivery])
    late = work.state.arrival is not None and work.arrivals[last] <= work.state.arrival
    outcomes = {
        delivery: Outcome(superseded=counts.get(delivery, 0))
        if late or delivery != last
        else Outcome(inserted=counts.get(delivery, 0), removed=work.published)
        for delivery in work.arrivals
    }
    state = State(mode_of(work.contract), arrival=work.state.arrival if late else work.arrivals[last])
    if late:
        return Prepared(outcomes, lambda: _writer(work, work.rows.limit(0), state).append())
    rows = work.rows.filter(col("_delivery_id") == last)
    return Prepared(outcomes, lambda: _writer(work, rows, state).overwrite(lit(True)))


def _replace_partitions(work: Work) -> Prepared:
    from pyspark.sql.connect.functions import expr

    spark, fields = work.spark, partitions.partition_fields(work.contract)
    parts = ", ".join(partitions.value_of(field, SPARK) for field in fields)
    work.rows.createOrReplaceTempView("incoming")
    found = spark.sql(f"SELECT {parts}, _delivery_id, count(*) FROM incoming GROUP BY ALL").collect()
    shares = [partitions.Share(tuple(row[: len(fields)]), row[-2], work.arrivals[row[-2]], row[-1]) for row in found]
    touched = {share.values for share in shares}
    there: dict[partitions.Values, tuple[str, int]] = {}
    if work.published and touched:
        where = partitions.where_any(fields, SPARK, touched)
        query = f"SELECT {parts}, max(_arrival), count(*) FROM {work.target} WHERE {where} GROUP BY ALL"
        there = {tuple(row[: len(fields)]): (row[-2], row[-1]) for row in spark.sql(query).collect()}
    won = partitions.winners(shares, {values: arrival for values, (arrival, _) in there.items()})
    outcomes = {delivery: Outcome() for delivery in work.arrivals}
    for share in shares:
        wins = won.get(share.values) == share.delivery
        gone = there[share.values][1] if wins and share.values in there else 0
        word = "inserted" if wins else "superseded"
        outcomes[share.delivery] = outcomes[share.delivery].plus(word, share.rows, removed=gone)
    state = State(mode_of(work.contract))
    if not won:
        return Prepared(outcomes, lambda: _writer(work, work.rows.limit(0), state).append())
    theirs = " OR ".join(
        f"(_delivery_id = {SPARK.text(delivery)} AND ({partitions.where_any(fields, SPARK, own)}))"
        for delivery in sorted(set(won.values()))
        for own in [[values for values, by in won.items() if by == delivery]]
    )
    rows = work.rows.filter(theirs)
    return Prepared(
        outcomes, lambda: _writer(work, rows, state).overwrite(expr(partitions.where_any(fields, SPARK, won)))
    )
