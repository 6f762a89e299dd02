"""A lost ledger made anew from the lake, by the code that `ledger rebuild` runs: what it reads of the lake is given by the model."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lake import Lake

PLAN = Path(__file__).parents[3] / "packages/kit/src/rebuild/plan.ts"
PROGRAM = f"""
import {{ createInterface }} from "node:readline";
import {{ rowsOfLake }} from {json.dumps(str(PLAN))};
for await (const line of createInterface({{ input: process.stdin }}))
  console.log(JSON.stringify(rowsOfLake(JSON.parse(line))));
"""
Rows = dict[str, Any]


class Rebuilder:
    """A process of the project's own Node (`GRIDATA_TEST_NODE`) that turns facts of a lake into rows of a ledger."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def rows(self, lake: Lake, staged: list[str]) -> Rows:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(_facts(lake, staged)) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _facts(lake: Lake, staged: list[str]) -> dict[str, Any]:
    ancestry = [
        {"id": str(one.id), "parent": None if one.parent is None else str(one.parent), "summary": one.summary}
        for one in lake.table.ancestry()
    ]

    def documents(ending: str) -> list[tuple[str, Any]]:
        return [
            (key.partition("/")[2], document)
            for key, document in sorted(lake.objects.items())
            if re.search(ending, key)
        ]

    return {
        "tables": [{"name": lake.name, "ancestry": ancestry}],
        "receipts": dict(documents(r"/_batches/.*/[0-9]+\.json$")),
        "splits": [document for _, document in documents(r"\.split\.json$")],
        "verdicts": [{**document, "key": key} for key, document in documents(r"/verdict\.json$")],
        "staged": [{"key": delivery, "versionId": "v", "size": 1, "age_s": 1} for delivery in staged],
    }


@pytest.fixture(scope="session")
def rebuilder() -> Iterator[Rebuilder]:
    process = subprocess.Popen(
        [
            os.environ["GRIDATA_TEST_NODE"],
            "--disable-warning=ExperimentalWarning",
            "--input-type=module",
            "-e",
            PROGRAM,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Rebuilder(process)
        assert process.stdin is not None
        process.stdin.close()
