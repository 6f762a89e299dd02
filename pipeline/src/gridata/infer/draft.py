"""What is found out about a file: the draft of a contract, and why each part is as it is."""

import re
import unicodedata
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Column:
    source: str
    name: str
    type: dict[str, Any]
    """Pattern of dates and times in the file; None: ISO 8601."""
    format: str | None = None
    required: bool = False
    key: bool = False
    enum: list[str] | None = None
    classification: str | None = None


@dataclass
class Draft:
    format: str
    compression: str = "none"
    """Only what differs from the defaults."""
    dialect: dict[str, Any] = field(default_factory=dict[str, Any])
    columns: list[Column] = field(default_factory=list[Column])
    partition: list[str] = field(default_factory=list[str])
    records: int = 0
    notes: list[dict[str, str | None]] = field(default_factory=list[dict[str, str | None]])

    def note(self, text: str, column: str | None = None) -> None:
        self.notes.append({"column": column, "text": text})

    def document(self) -> dict[str, Any]:
        return asdict(self)


# Without their dots they would be other words.
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})


def names_for(sources: list[str]) -> list[str]:
    """A valid name for each, all different: letters, digits and _, a letter first."""
    names: list[str] = []
    for position, source in enumerate(sources, 1):
        base = name = valid_name(source) or f"column_{position}"
        number = 2
        while name.lower() in {other.lower() for other in names}:
            name, number = f"{base}_{number}", number + 1
        names.append(name)
    return names


def valid_name(source: str) -> str:
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,127}", source):
        return source
    plain = unicodedata.normalize("NFKD", source.translate(_GERMAN))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:100]
    return name if not name or name[0].isalpha() else f"column_{name}"
