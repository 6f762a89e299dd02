"""The ordinals of records that come without: the broken ones are left out of a relation, and known by the time that it gives what follows them."""

from typing import Any

import numpy as np

from gridata.validation.cells import Broken


class Places:
    def __init__(self, broken: list[Broken]) -> None:
        self._broken = broken
        self._before = np.empty(0, np.int64)

    def of(self, seen: int, count: int) -> Any:
        """Of the `count` records after the first `seen` of the relation."""
        known = len(self._before)
        if len(self._broken) > known:
            # The k-th broken record (from 0) stands after `record - 1 - k` whole ones.
            more = np.array([b.record for b in self._broken[known:]], np.int64)
            self._before = np.concatenate([self._before, more - 1 - np.arange(known, known + len(more))])
        nth = np.arange(seen, seen + count)
        return nth + 1 + np.searchsorted(self._before, nth, side="right")
