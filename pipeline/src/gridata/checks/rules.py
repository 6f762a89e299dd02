"""The quality rules of a contract. A library metric is counted in the files; SQL is the user's own, and runs where it runs in production."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gridata.checks.culprits import culprits
from gridata.checks.metrics import Rule, counted, holds, metric, words
from gridata.checks.result import CheckResult
from gridata.lake.rows import Rows
from gridata.lake.spark import session

if TYPE_CHECKING:
    from gridata.steps.context import Step

SAMPLE = 20
Some = Sequence[str] | None


@dataclass(frozen=True)
class Source:
    """How one rule is asked: its value over the rows of some deliveries (None: all), and rows that are at fault."""

    value: Callable[[Some], Any]
    sample: Callable[[Sequence[str]], list[dict[str, Any]]]


def check_rules(
    step: "Step", rows: Rows, view: Callable[[Any], str], deliveries: Sequence[str] = ()
) -> list[CheckResult]:
    """`rows` has what was written as the relation `written`; `view(spark)` makes a view of the same rows and names it.

    `deliveries`, in the order of arrival, are those that a failed rule may be blamed on.
    """
    rules: list[Rule] = step.contract["quality"]
    sql = [rule for rule in rules if rule["kind"] == "sql"]
    found = {rule["name"]: judge(rule, _in_files(rows, rule), deliveries) for rule in rules if rule["kind"] != "sql"}
    if sql:
        found |= _in_spark(step, view, sql, deliveries)
    return [found[rule["name"]] for rule in rules]


def judge(rule: Rule, source: Source, deliveries: Sequence[str], value: Any = None) -> CheckResult:
    value = source.value(None) if value is None else value
    if holds(rule, value):
        return CheckResult(rule["name"], rule["severity"], True, "", [])
    guilty: list[str] = []
    if rule["severity"] == "error":
        guilty = culprits(deliveries, lambda some: holds(rule, source.value(some)))
    rows = source.sample(guilty) if guilty or not deliveries else []
    return CheckResult(rule["name"], rule["severity"], False, words(rule, value), guilty, rows)


def of_deliveries(some: Sequence[str]) -> str:
    listed = ", ".join(f"'{one}'" for one in some)
    return f"_delivery_id IN ({listed})" if some else "true"


def _in_files(rows: Rows, rule: Rule) -> Source:
    def value(some: Some) -> Any:
        relation = "written" if some is None else f"(SELECT * FROM written WHERE {of_deliveries(some)})"
        return rows.query(metric(rule, relation))[0][0]

    def sample(some: Sequence[str]) -> list[dict[str, Any]]:
        condition = counted(rule)
        if condition is None:
            return []
        return rows.dicts(f"SELECT * FROM written WHERE {of_deliveries(some)} AND ({condition}) LIMIT {SAMPLE}")

    return Source(value, sample)


def _in_spark(
    step: "Step", view: Callable[[Any], str], rules: list[Rule], deliveries: Sequence[str]
) -> dict[str, CheckResult]:
    """All in one statement: planning costs more than what a batch has to read."""
    with session(step, last=True) as spark:
        written = view(spark)
        values = spark.sql("SELECT " + ", ".join(f"({asked(rule, written)})" for rule in rules)).collect()[0]

        def source(rule: Rule) -> Source:
            def value(some: Some) -> Any:
                spark.table(written).filter(of_deliveries(some or [])).createOrReplaceTempView("some_written")
                return spark.sql(asked(rule, "some_written")).collect()[0][0]

            def sample(some: Sequence[str]) -> list[dict[str, Any]]:
                condition = condition_of(rule["query"])
                if condition is None:
                    return []
                part = spark.table(written).filter(of_deliveries(some))
                return [row.asDict() for row in part.filter(condition).limit(SAMPLE).collect()]

            return Source(value, sample)

        return {
            rule["name"]: judge(rule, source(rule), deliveries, 0 if values[at] is None else values[at])
            for at, rule in enumerate(rules)
        }


def asked(rule: Rule, relation: str) -> str:
    return rule["query"].replace("${table}", relation)


def condition_of(query: str) -> str | None:
    """Of a query that only counts the rows of a condition, the condition: it finds the rows themselves."""
    found = re.fullmatch(
        r"\s*select\s+count\(\s*(?:\*|1)\s*\)\s+from\s+\$\{table\}\s+where\s+(.+?);?\s*", query, re.I | re.S
    )
    if found is None or re.search(r"\b(group|order|union|limit|having)\b", found[1], re.I):
        return None
    return found[1]
