"""What a check found."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CheckResult:
    """`deliveries`: those to blame; empty when the check can't tell."""

    name: str
    severity: str
    passed: bool
    why: str
    deliveries: list[str]

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "severity": self.severity,
            "passed": self.passed,
            "why": self.why,
            "deliveries": self.deliveries,
        }
