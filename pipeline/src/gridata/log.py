"""One JSON object a line: `time level service msg` and, where they apply, `world batch attempt delivery`."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

Level = Literal["debug", "info", "warn", "error"]
Scalar = str | int | float | bool | None


def _to_stderr(line: str) -> None:
    # One write a line, so that lines of processes that share a log file do not mix. Stdout is for documents.
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


@dataclass(frozen=True)
class Log:
    """A log with context. `bind` gives one with more of it; the step host replaces `write`."""

    service: str
    context: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    write: Callable[[str], None] = _to_stderr

    def bind(self, **context: Scalar) -> "Log":
        return replace(self, context={**self.context, **context})

    def debug(self, msg: str, **fields: Scalar) -> None:
        self._emit("debug", msg, fields)

    def info(self, msg: str, **fields: Scalar) -> None:
        self._emit("info", msg, fields)

    def warn(self, msg: str, **fields: Scalar) -> None:
        self._emit("warn", msg, fields)

    def error(self, msg: str, **fields: Scalar) -> None:
        self._emit("error", msg, fields)

    def _emit(self, level: Level, msg: str, fields: dict[str, Scalar]) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        rest = {**self.context, **fields}
        if os.environ.get("GRIDATA_LOG") == "text":
            tail = "".join(f" {name}={value}" for name, value in rest.items())
            self.write(f"{time} {level:5} {self.service} {msg}{tail}")
            return
        document = {"time": time, "level": level, "service": self.service, "msg": msg, **rest}
        self.write(json.dumps(document, ensure_ascii=False))
