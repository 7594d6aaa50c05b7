"""Exact token outliers: one request compared with the requests before it.

A request is an outlier if its tokens exceed ``factor`` x the p95 of the last 1,000 requests of the same provider, model
and route, from 100 requests on. It is judged before it is added, and an outlier is not added. PromQL cannot express
this: a histogram has no single requests.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Sequence

SIZE = 1000
MINIMUM = 100
_TYPE = "q"
_SORT_AT = 64
"""Number of changes from which sorting everything is cheaper than moving one at a time."""


class TokenWindow:
    """The token counts of the last requests, in order of arrival and in order of size.

    The order of size may lag behind: each change moves a percentile by at most one rank, so the previous order still
    gives a lower bound, and a batch below it contains no outlier.
    """

    __slots__ = ("_gone", "_new", "_next", "_ring", "_sorted")

    def __init__(self, packed: bytes = b"") -> None:
        self._ring = array(_TYPE)
        self._ring.frombytes(packed[: len(packed) // 8 * 8])
        del self._ring[SIZE:]
        self._sorted = array(_TYPE, sorted(self._ring))
        self._next = 0
        self._new: list[int] = []
        self._gone: list[int] = []
        """Values added and removed since ``_sorted`` was updated."""

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def p95(self) -> int | None:
        """Nearest-rank p95, None below the minimum number of requests."""
        self._sort()
        count = len(self._sorted)
        return None if count < MINIMUM else self._sorted[-(-95 * count // 100) - 1]

    def judge(self, tokens: int, factor: float) -> bool:
        """Return whether ``tokens`` is an outlier; add it if it is not."""
        p95 = self.p95
        if p95 is not None and tokens > factor * p95:
            return True
        self._add([tokens])
        return False

    def judge_all(self, batch: Sequence[int], factor: float) -> int:
        """Judge requests one after the other; return the number of outliers."""
        unjudged = MINIMUM - len(self._ring)
        if unjudged > 0:
            self._add(batch[:unjudged])
            batch = batch[unjudged:]
        if batch:
            size, largest = len(batch), max(batch)
            if largest > factor * self._floor(size):
                self._sort()
                if largest > factor * self._floor(size):
                    return sum([self.judge(tokens, factor) for tokens in batch])
        self._add(batch)
        return 0

    def _floor(self, coming: int) -> int:
        """Return what the p95 cannot fall below while ``coming`` more requests are added; 0 if unknown."""
        count = len(self._sorted)
        rank = -(-95 * count // 100) - 1 - len(self._new) - coming
        return self._sorted[rank] if count >= MINIMUM and rank >= 0 else 0

    def _add(self, batch: Sequence[int]) -> None:
        self._new += batch
        ring = self._ring
        room = SIZE - len(ring)
        if room:
            ring.extend(batch[:room])
            batch = batch[room:]
        for tokens in batch:
            self._gone.append(ring[self._next])
            ring[self._next] = tokens
            self._next = (self._next + 1) % SIZE

    def _sort(self) -> None:
        new, gone, ordered = self._new, self._gone, self._sorted
        if not new:
            return
        if len(new) >= _SORT_AT:
            self._sorted = array(_TYPE, sorted(self._ring))
        else:
            for tokens in new:
                insort(ordered, tokens)
            for tokens in gone:
                del ordered[bisect_left(ordered, tokens)]
        self._new, self._gone = [], []

    def pack(self) -> bytes:
        """Return the window, oldest first, for the state."""
        return (self._ring[self._next :] + self._ring[: self._next]).tobytes()
