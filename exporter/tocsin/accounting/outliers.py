"""The exact test of one request against the requests before it.

A request is an outlier when its tokens exceed ``factor`` x the p95 of the last 1,000 requests of the
same provider, model and route, from 100 requests on. It is judged before it is added, and an outlier is
not added. PromQL cannot express this: a histogram knows no single request.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort

SIZE = 1000
MINIMUM = 100
_TYPE = "q"


class TokenWindow:
    """The token counts of the last requests, in order of arrival and in order of size."""

    __slots__ = ("_next", "_ring", "_sorted")

    def __init__(self, packed: bytes = b"") -> None:
        self._ring = array(_TYPE)
        self._ring.frombytes(packed[: len(packed) // 8 * 8])
        del self._ring[SIZE:]
        self._sorted = array(_TYPE, sorted(self._ring))
        self._next = 0

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def p95(self) -> int | None:
        """Nearest-rank p95, None below the minimum number of requests."""
        count = len(self._sorted)
        return None if count < MINIMUM else self._sorted[-(-95 * count // 100) - 1]

    def judge(self, tokens: int, factor: float) -> bool:
        """Tell whether ``tokens`` is an outlier; add it when it is not."""
        ordered = self._sorted
        count = len(ordered)
        if count >= MINIMUM and tokens > factor * ordered[-(-95 * count // 100) - 1]:
            return True
        if count < SIZE:
            self._ring.append(tokens)
        else:
            del ordered[bisect_left(ordered, self._ring[self._next])]
            self._ring[self._next] = tokens
            self._next = (self._next + 1) % SIZE
        insort(ordered, tokens)
        return False

    def pack(self) -> bytes:
        """Return the window, oldest first, for the state."""
        return (self._ring[self._next :] + self._ring[: self._next]).tobytes()
