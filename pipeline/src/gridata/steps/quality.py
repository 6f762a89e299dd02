"""Quality checks of one snapshot: the mandatory ones, and those of the contract. They read what the batch wrote."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gridata.lake.spark import session
from gridata.steps.plan import kept

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
    with session(step, last=True) as spark:
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
            within_table = step.contract["uniqueScope"] == "table"
            against = f"{table} VERSION AS OF {plan.base}" if within_table and not plan.base_empty else None
            several = within_table and len(plan.fresh) > 1
            results.append(_unique(spark, against, several, keys))
        results.extend(_rule(spark, rule, plan.rows) for rule in step.contract["quality"])
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
        rows = kept(member)
        if found.pop(member.delivery_id, (0, 0)) != (rows, rows):
            wrong.append(member.delivery_id)
    wrong.extend(found)
    why = f"rows of {len(wrong)} deliveries are not those that were accepted" if wrong else ""
    return CheckResult("rows_accounted", "error", not wrong, why, wrong)


def _key_columns(contract: dict[str, Any]) -> list[str]:
    if contract["mode"] != "append":
        return []
    return [c["name"] for c in sorted(contract["columns"], key=lambda c: c["key"]) if c["key"]]


def _unique(spark: Any, against: str | None, several_files: bool, keys: list[str]) -> CheckResult:
    """The key is new to the table, and occurs once in the batch. Within a file validation has seen to it."""
    columns = ", ".join(f"`{key}`" for key in keys)
    parts: list[str] = []
    if several_files:
        parts.append(
            "SELECT _delivery_id FROM (SELECT _delivery_id, row_number() OVER "
            f"(PARTITION BY {columns} ORDER BY _delivery_id, _row) AS nth FROM written) WHERE nth > 1"
        )
    if against is not None:
        _near(spark, against, keys).createOrReplaceTempView("near")
        same = " AND ".join(f"w.`{key}` = t.`{key}`" for key in keys)
        parts.append(f"SELECT DISTINCT w._delivery_id FROM written w JOIN near t ON {same}")
    guilty = sorted({row[0] for row in spark.sql(" UNION ".join(parts)).collect()}) if parts else []
    why = f"keys ({', '.join(keys)}) of {len(guilty)} files are there already" if guilty else ""
    return CheckResult("key_unique", "error", not guilty, why, guilty)


def _near(spark: Any, against: str, keys: list[str]) -> Any:
    """Keys of the table that could be those of the batch. Keys that grow with time are in few of a table's files, and files tell their range."""
    from pyspark.sql.connect.functions import col, lit

    table = spark.sql(f"SELECT {', '.join(f'`{key}`' for key in keys)} FROM {against}")
    low, high = spark.sql(f"SELECT min(`{keys[0]}`), max(`{keys[0]}`) FROM written").collect()[0]
    # Other types change on their way through Python.
    if isinstance(low, str | int):
        return table.filter(col(keys[0]).between(lit(low), lit(high)))
    return table


def _rule(spark: Any, rule: dict[str, Any], rows: int) -> CheckResult:
    if rule["metric"] == "rowCount" and rule["unit"] == "rows":
        # Counted already, by what the snapshot says of itself.
        value: Any = rows
    elif rule["kind"] == "sql":
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
