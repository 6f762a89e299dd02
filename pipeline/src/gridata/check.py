"""`python -m gridata.check FILE --contract JSON`: the verdict that the stack would give, without one. Prints one JSON document.

The document: `file_id records accepted rejected problems[] refused`; `problems` has the form of `records.jsonl`.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from gridata.validation import Refused, validate

PROBLEMS = 100


def examine(source: Path, contract: dict[str, Any], work: Path) -> dict[str, Any]:
    with source.open("rb") as file:
        file_id = hashlib.file_digest(file, "sha256").hexdigest()
    evidence = work / "records.jsonl"
    answer: dict[str, Any] = {"file_id": file_id, "records": None, "accepted": 0, "rejected": None, "problems": []}
    try:
        result = validate(
            source, contract, file_id=file_id, delivery_id="check", parquet=work / "rows.parquet", evidence=evidence
        )
    except Refused as refused:
        return answer | {"refused": {"code": refused.code, "reason": refused.reason}}
    with evidence.open(encoding="utf-8") as lines:
        problems = [json.loads(line) for _, line in zip(range(PROBLEMS), lines, strict=False)]
    return answer | {
        "records": result.records,
        "accepted": result.accepted if result.refused is None else 0,
        "rejected": result.rejected,
        "problems": problems,
        "refused": result.refused,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="gridata.check", description="Validates one file against a compiled contract."
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--contract", type=Path, required=True)
    arguments = parser.parse_args()
    contract = json.loads(arguments.contract.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="gridata-check-") as work:
        document = examine(arguments.file, contract, Path(work))
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
