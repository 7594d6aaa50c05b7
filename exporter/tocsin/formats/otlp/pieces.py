"""A request of OTLP taken apart: each piece is a request with one span or log record, made when it is asked for.

A resource and a scope stand once in a request, and in each of its pieces: 4 MB of them before 50,000 spans are 200 GB.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

T = TypeVar("T")

RECORDS_MAX: Final = 50_000
"""Spans or log records of one request,"""
PARTED_MAX: Final = 128 << 20
"""and bytes of all its pieces: 8,000 spans of a service whose resource is 16 KB. What is more is one event too long."""


_KEPT_MAX: Final = 16 << 10


def kept(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Let what is read of the newest resources or scopes be kept; not of large ones, which fill the memory."""
    known = lru_cache(maxsize=64)(read)

    @wraps(read)
    def look(data: bytes) -> T:
        return known(data) if len(data) <= _KEPT_MAX else read(data)

    return look


class Piece:
    """One record of a request, with what goes before and behind it."""

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
    """The pieces of one request, until there are too many or they are too much."""

    def __init__(self, too_many: bytes) -> None:
        """``too_many`` stands for all that are beyond."""
        self.found: list[Piece] = []
        self.full = False
        self._too_many = too_many
        self._left = PARTED_MAX

    def add(self, before: tuple[bytes, ...], record: bytes | memoryview, after: bytes = b"") -> None:
        """Add a record, or what stands for it and all others; no more once that is ``full``."""
        piece = Piece(before, record, after)
        self._left -= len(piece)
        self.full = self._left < 0 or len(self.found) == RECORDS_MAX
        self.found.append(Piece((), self._too_many) if self.full else piece)
