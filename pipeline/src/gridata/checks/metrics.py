"""Metrics of the standard's library as SQL over the rows that were written, and which rows they count. Pure."""

from typing import Any

from gridata.validation.rules import name

Rule = dict[str, Any]


def metric(rule: Rule, relation: str) -> str:
    share = " * 100.0 / greatest(count(*), 1)" if rule["unit"] == "percent" else ""
    if rule["metric"] == "rowCount":
        return f"SELECT count(*) FROM {relation}"
    if rule["metric"] == "duplicateValues":
        columns = _columns(rule)
        # A row is a duplicate when an earlier one has the same values; NULL equals nothing.
        known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        distinct = f"count(DISTINCT ({', '.join(columns)})) FILTER ({known})"
        return f"SELECT (count(*) FILTER ({known}) - {distinct}){share} FROM {relation}"
    return f"SELECT count_if({counted(rule)}){share} FROM {relation}"


def counted(rule: Rule) -> str | None:
    """The condition of the rows that a metric counts; None for one that counts all of them."""
    column = name(rule["column"]) if rule["column"] else ""
    arguments = rule["arguments"]
    if rule["metric"] == "nullValues":
        return f"{column} IS NULL"
    if rule["metric"] == "missingValues":
        missing = arguments.get("missingValues", ["", None])
        texts = ", ".join(_text(value) for value in missing if value is not None)
        found = f"CAST({column} AS VARCHAR) IN ({texts})" if texts else "false"
        return f"coalesce({found}, false) OR {column} IS NULL" if None in missing else f"coalesce({found}, false)"
    if rule["metric"] == "invalidValues":
        tests: list[str] = []
        if "validValues" in arguments:
            tests.append(f"CAST({column} AS VARCHAR) IN ({', '.join(map(_text, arguments['validValues']))})")
        if "pattern" in arguments:
            tests.append(f"regexp_full_match(CAST({column} AS VARCHAR), {_text(arguments['pattern'])})")
        # Without arguments: what the column itself allows, and validation has removed the others.
        return f"NOT ({' AND '.join(tests)})" if tests else "false"
    if rule["metric"] == "duplicateValues":
        columns = ", ".join(_columns(rule))
        return f"({columns}) IN (SELECT ({columns}) FROM written GROUP BY ALL HAVING count(*) > 1)"
    return None


def _columns(rule: Rule) -> list[str]:
    return [name(column) for column in rule["arguments"].get("properties") or [rule["column"]]]


def _text(value: Any) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return "'" + text.replace("'", "''") + "'"


def holds(rule: Rule, value: Any) -> bool:
    low, high, found = rule["expected"][0], rule["expected"][-1], float(value or 0)
    return {
        "mustBe": found == low,
        "mustNotBe": found != low,
        "mustBeGreaterThan": found > low,
        "mustBeGreaterOrEqualTo": found >= low,
        "mustBeLessThan": found < low,
        "mustBeLessOrEqualTo": found <= low,
        "mustBeBetween": low <= found <= high,
        "mustNotBeBetween": not low <= found <= high,
    }[rule["comparison"]]


def words(rule: Rule, value: Any) -> str:
    expected = ", ".join(f"{number:g}" for number in rule["expected"])
    return f"{rule['name']}: {value}, but it {rule['comparison']} {expected}"
