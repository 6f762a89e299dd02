"""What the texts of a column look like: candidates for its type, each a form and a cast, the narrowest first."""

from dataclasses import dataclass

from gridata.validation.sql import text

_TIME = "[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?"
_ISO = f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_TIME}"


@dataclass(frozen=True)
class Numbers:
    """How a file writes numbers."""

    decimal: str = "."
    thousands: str | None = None

    def plain(self, cell: str) -> str:
        """SQL of the text as a program writes it."""
        bare = f"replace({cell}, {text(self.thousands)}, '')" if self.thousands else cell
        return f"replace({bare}, ',', '.')" if self.decimal == "," else bare

    def form(self) -> str:
        point = "\\" + self.decimal
        group = "[" + (self.thousands or "") + "]"
        whole = f"([0-9]+|[0-9]{{1,3}}({group}[0-9]{{3}})+)" if self.thousands else "[0-9]+"
        return f"[+-]?({whole}({point}[0-9]*)?|{point}[0-9]+)"

    def whole(self) -> str:
        if not self.thousands:
            return "[+-]?[0-9]{1,19}"
        return f"[+-]?([0-9]{{1,19}}|[0-9]{{1,3}}([{self.thousands}][0-9]{{3}})+)"


@dataclass(frozen=True)
class Temporal:
    kind: str
    """Pattern in the contract; None: ISO 8601."""
    pattern: str | None
    form: str
    """SQL of the value, of a column `{}`; NULL when it is none."""
    value: str


def _date(pattern: str, form: str, strptime: str) -> Temporal:
    return Temporal("date", pattern, form, f"CAST(try_strptime({{}}, {text(strptime)}) AS DATE)")


def _stamp(pattern: str, form: str, strptime: str) -> Temporal:
    return Temporal("timestamp", pattern, form, f"try_strptime({{}}, {text(strptime)})")


_TWO, _FOUR, _SOME = "[0-9]{2}", "[0-9]{4}", "[0-9]{1,2}"

_DATES = [
    ("dd.MM.yyyy", f"{_TWO}\\.{_TWO}\\.{_FOUR}", "%d.%m.%Y"),
    ("dd/MM/yyyy", f"{_TWO}/{_TWO}/{_FOUR}", "%d/%m/%Y"),
    ("dd-MM-yyyy", f"{_TWO}-{_TWO}-{_FOUR}", "%d-%m-%Y"),
    ("MM/dd/yyyy", f"{_TWO}/{_TWO}/{_FOUR}", "%m/%d/%Y"),
    ("yyyy/MM/dd", f"{_FOUR}/{_TWO}/{_TWO}", "%Y/%m/%d"),
    ("d.M.yyyy", f"{_SOME}\\.{_SOME}\\.{_FOUR}", "%-d.%-m.%Y"),
    ("d/M/yyyy", f"{_SOME}/{_SOME}/{_FOUR}", "%-d/%-m/%Y"),
    ("M/d/yyyy", f"{_SOME}/{_SOME}/{_FOUR}", "%-m/%-d/%Y"),
]

TEMPORAL = [
    Temporal("date", None, f"{_FOUR}-{_TWO}-{_TWO}", "TRY_CAST({} AS DATE)"),
    *(_date(*one) for one in _DATES),
    Temporal("timestamp", None, _ISO, "TRY_CAST({} AS TIMESTAMP)"),
    Temporal("timestamptz", None, _ISO + "(Z|[+-][0-9]{2}:?[0-9]{2})", "TRY_CAST({} AS TIMESTAMPTZ)"),
    *(
        _stamp(f"{pattern} {clock}", f"{form} {of_clock}", f"{strptime} {of_time}")
        for pattern, form, strptime in _DATES
        for clock, of_clock, of_time in (
            ("HH:mm:ss", f"{_TWO}:{_TWO}:{_TWO}", "%H:%M:%S"),
            ("HH:mm", f"{_TWO}:{_TWO}", "%H:%M"),
        )
    ),
]

# Words for true and false, in the languages of the files that are seen most.
BOOLEANS = [
    ("true", "false"),
    ("yes", "no"),
    ("y", "n"),
    ("t", "f"),
    ("ja", "nein"),
    ("j", "n"),
    ("oui", "non"),
    ("si", "no"),
    ("wahr", "falsch"),
    ("vrai", "faux"),
]
