"""Finds a record at which a job fails, by halving. Only after a failure, so it may take a few runs of the job."""

from collections.abc import Callable
from typing import Any


def locate(last: int, fails: Callable[[int, int], bool]) -> int | None:
    """The ordinal in 1..last of a record that fails by itself; None when no single one does. `fails(low, high)`: both included."""
    low, high = 1, last
    if last < 1 or not fails(low, high):
        return None
    while low < high:
        middle = (low + high) // 2
        if fails(low, middle):
            high = middle
        elif fails(middle + 1, high):
            low = middle + 1
        else:
            return None
    return low


def failing(run: Callable[[Any], Any], rows: Any, column: str = "_row") -> Callable[[int, int], bool]:
    def fails(low: int, high: int) -> bool:
        try:
            run(rows.filter(f"{column} BETWEEN {low} AND {high}"))
        except Exception:
            return True
        return False

    return fails
