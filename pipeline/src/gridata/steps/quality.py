"""Quality checks of one snapshot: the mandatory ones, and those of the contract. They read what the batch wrote."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gridata.lake.spark import session

if TYPE_CHECKING:
    from gridata.steps.context import Step
    from gridata.steps.plan import Plan


@dataclass(frozen=True)
class CheckResult:
    name: str
    severity: str
    passed: bool
    why: str
    """Deliveries that are to blame; empty when the check can't tell."""
    deliveries: list[str]

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "severity": self.severity,
            "passed": self.passed,
            "why": self.why,
            "deliveries": self.deliveries,
        }


def check_snapshot(step: "Step", plan: "Plan", snapshot: int) -> list[CheckResult]:
    with session(step) as spark:
        table = f"{step.world}.{step.batch.table}"
        written = (
            spark.read.format("iceberg")
            .option("start-snapshot-id", str(plan.base))
            .option("end-snapshot-id", str(snapshot))
            .load(table)
        )
        written.createOrReplaceTempView("written")
        results = [_rows_by_delivery(spark, plan)]
        keys = _key_columns(step.contract)
        if keys:
            results.append(_unique(spark, table, plan.base, keys, step.contract["uniqueScope"]))
        results.extend(_rule(spark, rule) for rule in step.contract["quality"])
        return results


def _rows_by_delivery(spark: Any, plan: "Plan") -> CheckResult:
    """Every accepted record of every file is there once."""
    found = {
        row[0]: (row[1], row[2])
        for row in spark.sql(
            "SELECT _delivery_id, count(*), count(DISTINCT _row) FROM written GROUP BY _delivery_id"
        ).collect()
    }
    wrong: list[str] = []
    for member in plan.fresh:
        accepted = int((member.result or {})["accepted"])
        if found.pop(member.delivery_id, (0, 0)) != (accepted, accepted):
            wrong.append(member.delivery_id)
    wrong.extend(found)
    why = f"rows of {len(wrong)} deliveries are not those that were accepted" if wrong else ""
    return CheckResult("rows_accounted", "error", not wrong, why, wrong)


def _key_columns(contract: dict[str, Any]) -> list[str]:
    if contract["mode"] != "append":
        return []
    return [c["name"] for c in sorted(contract["columns"], key=lambda c: c["key"]) if c["key"]]


def _unique(spark: Any, table: str, base: int, keys: list[str], scope: str) -> CheckResult:
    """The key is new to the table, and occurs once in the batch."""
    columns = ", ".join(f"`{key}`" for key in keys)
    same = " AND ".join(f"w.`{key}` = t.`{key}`" for key in keys)
    parts = f"SELECT _delivery_id FROM (SELECT _delivery_id, row_number() OVER (PARTITION BY {columns} ORDER BY _delivery_id, _row) AS nth FROM written) WHERE nth > 1"
    if scope == "table":
        parts += f" UNION SELECT DISTINCT w._delivery_id FROM written w JOIN {table} VERSION AS OF {base} t ON {same}"
    else:
        parts = parts.replace("PARTITION BY ", "PARTITION BY _delivery_id, ")
    guilty = sorted({row[0] for row in spark.sql(parts).collect()})
    why = f"keys ({', '.join(keys)}) of {len(guilty)} files are in the table already" if guilty else ""
    return CheckResult("key_unique", "error", not guilty, why, guilty)


def _rule(spark: Any, rule: dict[str, Any]) -> CheckResult:
    if rule["kind"] == "sql":
        query = rule["query"].replace("${table}", "written").replace("{table}", "written")
        value = spark.sql(query).collect()[0][0]
    else:
        value = spark.sql(_metric(rule)).collect()[0][0]
    passed = _holds(rule["comparison"], float(value or 0), rule["expected"])
    why = "" if passed else f"{rule['name']}: {value}, but it {_words(rule)}"
    return CheckResult(rule["name"], rule["severity"], passed, why, [])


def _metric(rule: dict[str, Any]) -> str:
    column = f"`{rule['column']}`" if rule["column"] else None
    share = " * 100.0 / greatest(count(*), 1)" if rule["unit"] == "percent" else ""
    counted = {
        "rowCount": "count(*)",
        "nullValues": f"count_if({column} IS NULL)",
        "missingValues": f"count_if({column} IS NULL OR CAST({column} AS STRING) = '')",
        "duplicateValues": f"count({column}) - count(DISTINCT {column})",
        # Validation has removed what is invalid.
        "invalidValues": "0",
    }[rule["metric"]]
    return f"SELECT {counted}{share} FROM written"


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


def _words(rule: dict[str, Any]) -> str:
    return f"{rule['comparison']} {', '.join(f'{number:g}' for number in rule['expected'])}"
