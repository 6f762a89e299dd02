"""Every record of every file that the snapshot should show is in it, once. R9: of an append that is each accepted one."""

from gridata.checks.result import CheckResult
from gridata.lake.rows import Rows
from gridata.ledger import Member
from gridata.steps.plan import shown


def rows_accounted(rows: Rows, members: list[Member]) -> CheckResult:
    found = {
        delivery: (count, distinct)
        for delivery, count, distinct in rows.query(
            "SELECT _delivery_id, count(*), count(DISTINCT _row) FROM written GROUP BY _delivery_id"
        )
    }
    wrong: list[str] = []
    for member in members:
        rows_of = shown(member)
        if found.pop(member.delivery_id, (0, 0)) != (rows_of, rows_of):
            wrong.append(member.delivery_id)
    wrong.extend(found)
    why = f"rows of {len(wrong)} deliveries are not those that it should show" if wrong else ""
    return CheckResult("rows_accounted", "error", not wrong, why, wrong)
