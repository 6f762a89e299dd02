"""What a check found."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CheckResult:
    """`deliveries`: those to blame; empty when the check can't tell."""

    name: str
    severity: str
    passed: bool
    why: str
    deliveries: list[str]
    """Some of the rows that are at fault: `{_delivery_id, _row, ...}`."""
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Snapshots of other tables that it looked into."""
    reads: dict[str, str | None] = field(default_factory=dict[str, str | None])

    def document(self) -> dict[str, Any]:
        told = {
            "name": self.name,
            "severity": self.severity,
            "passed": self.passed,
            "why": self.why,
            "deliveries": self.deliveries,
        }
        return told | {"reads": self.reads} if self.reads else told
