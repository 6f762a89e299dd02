"""The header of a CSV against the columns of its contract."""

import difflib
from collections.abc import Sequence

from gridata.validation.cells import Contract, Refused

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def check_header(header: Sequence[str], contract: Contract) -> None:
    """Raises `Refused` with all that is wrong, in words for the person who made the file."""
    wanted = [column["source"] for column in contract["columns"]]
    limit = contract["limits"]["columns"]
    if len(header) > limit:
        raise Refused("TOO_MANY_COLUMNS", f"its header has {len(header)} columns, the contract allows {limit}")
    if len(header) == 1 and len(wanted) > 1:
        _check_delimiter(header[0], wanted, contract["dialect"]["delimiter"])
    missing = [column for column in wanted if column not in header]
    unknown = [column for column in dict.fromkeys(header) if column not in wanted]
    twice = [column for column in dict.fromkeys(header) if header.count(column) > 1]
    parts: list[str] = []
    if missing:
        parts.append(f"it lacks {', '.join(missing)}")
    if unknown:
        parts.append("the contract does not have " + ", ".join(_unknown(column, missing) for column in unknown))
    if twice:
        parts.append(f"it repeats {', '.join(column or 'a column without a name' for column in twice)}")
    if parts:
        raise Refused("HEADER_MISMATCH", f"the header does not fit the contract: {'; '.join(parts)}")


def _unknown(column: str, missing: list[str]) -> str:
    if not column.strip():
        return "a column without a name (a delimiter too many?)"
    for other in missing:
        if column.strip().casefold() == other.casefold():
            return f"{column!r} (did you mean {other}? names are compared letter by letter)"
    near = difflib.get_close_matches(column, missing, n=1)
    return f"{column!r} (did you mean {near[0]}?)" if near else repr(column)


def _check_delimiter(line: str, wanted: list[str], delimiter: str) -> None:
    for other, called in _DELIMITERS.items():
        if other != delimiter and any(cell.strip() in wanted for cell in line.split(other)) and other in line:
            expected = _DELIMITERS.get(delimiter, repr(delimiter))
            raise Refused("DELIMITER_WRONG", f"its cells are separated by {called}, its contract expects {expected}")
