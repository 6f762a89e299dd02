"""The quality rules of a contract. A library metric is counted in the files; SQL is the user's own, and runs where it runs in production."""

from typing import TYPE_CHECKING, Any

from gridata.checks.result import CheckResult
from gridata.lake.catalog import Snapshot
from gridata.lake.rows import Rows
from gridata.lake.spark import session, written_view
from gridata.validation.rules import name

if TYPE_CHECKING:
    from gridata.steps.context import Step
    from gridata.steps.plan import Plan

Rule = dict[str, Any]


def check_rules(step: "Step", rows: Rows, plan: "Plan", snapshot: Snapshot) -> list[CheckResult]:
    rules = step.contract["quality"]
    values: dict[int, Any] = {}
    sql = [(number, rule) for number, rule in enumerate(rules) if rule["kind"] == "sql"]
    if sql:
        values |= _in_spark(step, plan, snapshot, sql)
    for number, rule in enumerate(rules):
        if number not in values:
            values[number] = rows.query(_metric(rule))[0][0]
    return [_judge(rule, values[number]) for number, rule in enumerate(rules)]


def _in_spark(step: "Step", plan: "Plan", snapshot: Snapshot, rules: list[tuple[int, Rule]]) -> dict[int, Any]:
    """All in one statement: planning costs more than what a batch has to read."""
    with session(step, last=True) as spark:
        view = written_view(step, spark, plan, snapshot.id)
        queries = [rule["query"].replace("${table}", view).replace("{table}", view) for _, rule in rules]
        found = spark.sql("SELECT " + ", ".join(f"({query})" for query in queries)).collect()[0]
    return {number: found[at] for at, (number, _) in enumerate(rules)}


def _metric(rule: Rule) -> str:
    column = name(rule["column"]) if rule["column"] else None
    share = " * 100.0 / greatest(count(*), 1)" if rule["unit"] == "percent" else ""
    counted = {
        "rowCount": "count(*)",
        "nullValues": f"count_if({column} IS NULL)",
        "missingValues": f"count_if({column} IS NULL OR CAST({column} AS VARCHAR) = '')",
        "duplicateValues": f"count({column}) - count(DISTINCT {column})",
        # Validation has removed what is invalid.
        "invalidValues": "0",
    }[rule["metric"]]
    return f"SELECT {counted}{share} FROM written"


def _judge(rule: Rule, value: Any) -> CheckResult:
    passed = _holds(rule["comparison"], float(value or 0), rule["expected"])
    why = "" if passed else f"{rule['name']}: {value}, but it {_words(rule)}"
    return CheckResult(rule["name"], rule["severity"], passed, why, [])


def _holds(comparison: str, value: float, expected: list[float]) -> bool:
    low, high = expected[0], expected[-1]
    return {
        "mustBe": value == low,
        "mustNotBe": value != low,
        "mustBeGreaterThan": value > low,
        "mustBeGreaterOrEqualTo": value >= low,
        "mustBeLessThan": value < low,
        "mustBeLessOrEqualTo": value <= low,
        "mustBeBetween": low <= value <= high,
        "mustNotBeBetween": not low <= value <= high,
    }[comparison]


def _words(rule: Rule) -> str:
    return f"{rule['comparison']} {', '.join(f'{number:g}' for number in rule['expected'])}"
