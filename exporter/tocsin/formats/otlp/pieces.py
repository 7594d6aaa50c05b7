"""An OTLP request split into pieces: each is a request with one span or log record, assembled on demand.

A request has a resource and a scope once, its pieces each: 4 MB of them before 50,000 spans would be 200 GB.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

T = TypeVar("T")

RECORDS_MAX: Final = 50_000
"""Maximum spans or log records of one request,"""
PIECES_BYTES_MAX: Final = 128 << 20
"""and bytes of all its pieces: 8,000 spans of a service whose resource is 16 KB. The rest is one event too long."""


_CACHED_BYTES_MAX: Final = 16 << 10


def cached(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Cache what is read of the newest resources or scopes, except large ones, which would fill the memory."""
    cache = lru_cache(maxsize=64)(read)

    @wraps(read)
    def look(data: bytes) -> T:
        return cache(data) if len(data) <= _CACHED_BYTES_MAX else read(data)

    return look


class Piece:
    """One record of a request, with the bytes before and after it."""

    __slots__ = ("_after", "_before", "_record")

    def __init__(self, before: tuple[bytes, ...], record: bytes | memoryview, after: bytes = b"") -> None:
        self._before = before
        self._record = record
        self._after = after

    def __bytes__(self) -> bytes:
        return b"".join((*self._before, self._record, self._after))

    def __len__(self) -> int:
        return sum(map(len, self._before)) + len(self._record) + len(self._after)


class Pieces:
    """The pieces of one request, up to a maximum number and size."""

    def __init__(self, too_many: bytes) -> None:
        """``too_many`` stands for all records beyond the limits."""
        self.found: list[Piece] = []
        self.full = False
        self._too_many = too_many
        self._left = PIECES_BYTES_MAX

    def add(self, before: tuple[bytes, ...], record: bytes | memoryview, after: bytes = b"") -> None:
        """Add a record or, beyond the limits, ``too_many``; then it is ``full``, and nothing more may be added."""
        piece = Piece(before, record, after)
        self._left -= len(piece)
        self.full = self._left < 0 or len(self.found) == RECORDS_MAX
        self.found.append(Piece((), self._too_many) if self.full else piece)
