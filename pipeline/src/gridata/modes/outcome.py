"""R9: what became of the accepted rows of one delivery. Rows that a job dropped are not among them."""

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """Each row is one of the first four. `removed`: rows of the table that went for them, updated ones too."""

    inserted: int = 0
    updated: int = 0
    superseded: int = 0
    deleted: int = 0
    removed: int = 0

    @property
    def total(self) -> int:
        return self.inserted + self.updated + self.superseded + self.deleted

    @property
    def shown(self) -> int:
        """Rows that the snapshot has of the delivery."""
        return self.inserted + self.updated

    def plus(self, word: str, count: int, *, removed: int = 0) -> "Outcome":
        return replace(self, **{word: getattr(self, word) + count}, removed=self.removed + removed)

    def document(self) -> dict[str, Any]:
        return asdict(self)
