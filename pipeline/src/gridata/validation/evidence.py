"""`records.jsonl`: a line for each fault of each bad record, in the order of the records."""

import heapq
import json
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from gridata.validation.cells import Broken, Contract

# Record, column (None: the whole record), rule, text.
Fault = tuple[int, str | None, str, str]

_SHOWN = 500
_AT_ONCE = 10_000


class Evidence:
    """Faults kept in a file until all are known, because there may be as many as records."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w", encoding="utf-8")
        self.last = 0

    def add(self, record: int, faults: list[dict[str, Any]]) -> None:
        self.last = record
        for fault in sorted(faults, key=lambda f: f["c"]):
            self._file.write(json.dumps([record, fault["c"], fault["r"], (fault["v"] or "")[:_SHOWN]]) + "\n")

    def close(self) -> None:
        self._file.close()

    def read(self) -> Iterator[Fault]:
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                record, column, rule, value = json.loads(line)
                yield record, column, rule, value


def write_evidence(
    path: Path,
    faults: Evidence,
    broken: list[Broken],
    repeated: list[Fault],
    lines: Callable[[set[int]], dict[int, int]],
    contract: Contract,
    file_id: str,
) -> int:
    """Returns the number of bad records."""
    whole: dict[int, int | None] = {}

    def of_records() -> Iterator[Fault]:
        for one in broken:
            whole[one.record] = one.line
            yield one.record, None, one.rule, one.value

    count = 0
    merged = heapq.merge(faults.read(), of_records(), repeated, key=lambda fault: fault[0])
    with path.open("w", encoding="utf-8") as file:
        for part in _parts(merged):
            known = lines({fault[0] for fault in part})
            for record, of_record in groupby(part, key=lambda fault: fault[0]):
                count += 1
                for _, column, rule, value in of_record:
                    document = {
                        "file_id": file_id,
                        "record": record,
                        "line": known.get(record, whole.get(record)),
                        "column": column,
                        "rule": rule,
                        "value": value[:_SHOWN],
                        "contract_version": contract["version"],
                    }
                    file.write(json.dumps(document, ensure_ascii=False) + "\n")
            whole.clear()
    return count


def _parts(faults: Iterator[Fault]) -> Iterator[list[Fault]]:
    """A bounded number at once, all those of a record together."""
    part: list[Fault] = []
    for fault in faults:
        if len(part) >= _AT_ONCE and fault[0] != part[-1][0]:
            yield part
            part = []
        part.append(fault)
    if part:
        yield part
