"""Quality checks of one snapshot before it is published: the mandatory ones, and those of the contract."""

from gridata.checks.result import CheckResult
from gridata.checks.run import check_snapshot

__all__ = ["CheckResult", "check_snapshot"]
