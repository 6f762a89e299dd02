"""Why a file was refused by the checks, told where its rejected records are told too."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gridata import names
from gridata.checks.result import CheckResult

if TYPE_CHECKING:
    from gridata.ledger import Member
    from gridata.steps.context import Step


def keep_evidence(step: "Step", member: "Member", results: Sequence[CheckResult], why: str) -> str:
    """Writes `verdict.json` and `records.jsonl` of a file that the checks refuse. Returns the address of their folder."""
    blamed = [one for one in results if not one.passed and one.severity == "error"]
    prefix = names.rejected_prefix(
        step.world, member.domain, member.dataset, str(member.file_id), member.delivery_id, step.batch.attempt
    )
    result = member.result or {}
    lines = _earlier(step, result)
    for check in blamed:
        own = [row for row in check.rows if row.get("_delivery_id", member.delivery_id) == member.delivery_id]
        lines += [json.dumps(_record(step, member, check, row), ensure_ascii=False) for row in own]
    step.store.put_text("raw", f"{prefix}records.jsonl", "".join(f"{line}\n" for line in lines))
    verdict = {
        "schema": "gridata.verdict/1",
        "name": member.name,
        "file_id": member.file_id,
        "delivery_id": member.delivery_id,
        "contract_version": step.contract["version"],
        "records": result.get("records"),
        "rejected": result.get("rejected"),
        "refused": {"code": "QUALITY_CHECK_FAILED", "reason": why},
        "checks": [one.document() for one in blamed],
    }
    step.store.put_json("raw", f"{prefix}verdict.json", verdict)
    return f"s3://raw/{prefix}"


def _earlier(step: "Step", result: dict[str, Any]) -> list[str]:
    """What validation found of its records: an attempt of the same number has it in the same place."""
    if not result.get("rejected") or not result.get("rejects_uri"):
        return []
    place = urlsplit(result["rejects_uri"])
    text = step.store.get(place.netloc, f"{place.path.lstrip('/')}records.jsonl").decode()
    return [line for line in text.splitlines() if json.loads(line).get("kind") != "quality"]


def _record(step: "Step", member: "Member", check: CheckResult, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "quality",
        "file_id": member.file_id,
        "record": row.get("_row"),
        "line": None,
        "column": None,
        "rule": check.name,
        "value": {column: None if value is None else str(value) for column, value in row.items() if column[0] != "_"},
        "contract_version": step.contract["version"],
    }
