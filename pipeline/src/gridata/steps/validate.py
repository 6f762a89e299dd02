"""validate: of each staged object the original into raw/, typed Parquet into staging/, evidence of what is bad."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gridata import failpoint, names
from gridata.ledger import Member
from gridata.steps.context import Step, now
from gridata.validation import Refused, validate


def run(step: Step) -> None:
    for member in step.members():
        # What an earlier attempt found of this very content is as good.
        if member.result is None and not member.rejected:
            _validate(step, member)
        elif member.result is not None and member.result.get("refused") and not member.rejected:
            step.ledger.reject(*step.id, member.delivery_id, member.result["refused"])
    mine = step.ledger.finish_ingest(*step.id)
    step.log.info("validated", slot=mine)


def _validate(step: Step, member: Member) -> None:
    started = now()
    source = step.work / f"{member.position}.original"
    step.store.download("staging", member.object_key, member.version_id, source)
    file_id = _sha256(source)
    result = _examine(step, member, source, file_id)
    step.hop("validated", started, delivery=member.delivery_id, ref=result["parquet_key"] or result["rejects_uri"])
    started = now()
    result["raw_key"] = _keep(step, member, source, file_id)
    step.hop("raw", started, delivery=member.delivery_id, ref=f"s3://raw/{result['raw_key']}")
    step.ledger.file_validated(*step.id, member.delivery_id, file_id, result)
    if result["refused"]:
        step.ledger.reject(*step.id, member.delivery_id, result["refused"])
    source.unlink()
    step.log.info(
        "file validated",
        delivery=member.delivery_id,
        records=result["records"],
        rejected=result["rejected"],
        refused=(result["refused"] or {}).get("code"),
    )


def _examine(step: Step, member: Member, source: Path, file_id: str) -> dict[str, Any]:
    parquet = step.work / f"{member.position}.parquet"
    evidence = step.work / f"{member.position}.jsonl"
    result: dict[str, Any] = {"records": None, "accepted": 0, "rejected": None, "refused": None}
    result |= {"parquet_key": None, "rejects_uri": None}
    try:
        found = validate(
            source,
            step.contract,
            file_id=file_id,
            delivery_id=member.delivery_id,
            parquet=parquet,
            evidence=evidence,
            arrival=names.arrival(member.arrival_ms, member.delivery_id),
        )
        result |= {"records": found.records, "rejected": found.rejected, "refused": found.refused}
    except Refused as refused:
        result["refused"] = {"code": refused.code, "reason": refused.reason}
    if result["refused"] is None:
        result["accepted"] = result["records"] - result["rejected"]
        key = names.parquet_key(step.world, step.batch.table, *step.id, member.delivery_id)
        step.store.upload("staging", key, parquet)
        result["parquet_key"] = key
    if result["refused"] or result["rejected"]:
        prefix = names.rejected_prefix(
            step.world, member.domain, member.dataset, file_id, member.delivery_id, step.batch.attempt
        )
        if evidence.exists():
            step.store.upload("raw", f"{prefix}records.jsonl", evidence)
        verdict = {
            "schema": "gridata.verdict/1",
            "name": member.name,
            "file_id": file_id,
            "delivery_id": member.delivery_id,
            "contract_version": step.contract["version"],
            "records": result["records"],
            "rejected": result["rejected"],
            "refused": result["refused"],
        }
        step.store.put_json("raw", f"{prefix}verdict.json", verdict)
        result["rejects_uri"] = f"s3://raw/{prefix}"
    return result


def _keep(step: Step, member: Member, source: Path, file_id: str) -> str:
    """The original, once: the same content that came before lies where it lay then."""
    first = step.ledger.first_arrival(step.world, file_id)
    arrival = member.arrival_ms if first is None else min(first, member.arrival_ms)
    day = datetime.fromtimestamp(arrival / 1000, UTC).strftime("%Y-%m-%d")
    key = names.raw_key(step.world, member.domain, member.dataset, day, file_id, names.safe_name(member.name))
    failpoint.reach("validate.raw", "before", step.world)
    if step.store.size("raw", key) != source.stat().st_size:
        step.store.upload("raw", key, source)
    failpoint.reach("validate.raw", "after", step.world)
    return key


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
