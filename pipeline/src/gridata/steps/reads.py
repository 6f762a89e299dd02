"""Other tables that a run reads: each at one snapshot, chosen at its first use or pinned before, and told in the receipt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gridata.errors import KitError
from gridata.lake.types import spark_schema
from gridata.steps.context import Step, contract_of


@dataclass
class Reads:
    step: Step
    spark: Any
    """Snapshot ids by table; None: there was no such table yet."""
    pinned: dict[str, int | None] = field(default_factory=dict[str, int | None])

    def frame(self, name: str) -> Any:
        """All rows of a table at the snapshot of this run; no rows when nothing was ever published to it."""
        contract = self._contract(name)
        if name not in self.pinned:
            table = self.step.catalog.load(name)
            self.pinned[name] = None if table is None else table.main
        return self.at(name, self.pinned[name], contract)

    def at(self, name: str, snapshot: int | None, contract: Mapping[str, Any] | None = None) -> Any:
        if snapshot is None:
            return self.spark.createDataFrame(
                [], spark_schema((contract or self._contract(name))["iceberg"]["schema"]["fields"])
            )
        return self.spark.sql(f"SELECT * FROM {self.step.world}.{name} VERSION AS OF {snapshot}")

    def _contract(self, name: str) -> dict[str, Any]:
        try:
            return contract_of(self.step.settings, self.step.batch.release_id, name)
        except KitError as error:
            raise KitError(
                "TRANSFORM_TABLE",
                f"there is no table '{name}'",
                "no contract of the release makes it",
                "a table is named <domain>.<dataset>_v<major>",
            ) from error
