"""Sorts events by the time at which they became known, regardless of files and lines, in bounded memory."""

from __future__ import annotations

import heapq
import io
import struct
import tempfile
from collections.abc import Iterator
from typing import IO

import zstandard

from tocsin.inputs.base import Origin

MEMORY = 64 << 20
"""Bytes of events held in memory before they are sorted, compressed and written to a temporary file."""
_HEAD = struct.Struct("<dQHI")
_COST = 120
"""Memory taken by an event besides its bytes."""

Known = tuple[float, int, int, bytes]
"""Unix time at which an event became known, its number, the number of its origin, its bytes."""


class EventSorter:
    """An external merge sort by the time at which events became known; stable for equal times."""

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._held: list[Known] = []
        self._size = 0
        self._count = 0
        self._origins: list[Origin] = []
        self._runs: list[IO[bytes]] = []

    def add(self, known_at: float, data: bytes, origin: Origin) -> None:
        """Add one event."""
        if not self._origins or self._origins[-1] is not origin:
            self._origins.append(origin)
        self._held.append((known_at, self._count, len(self._origins) - 1, data))
        self._count += 1
        self._size += len(data) + _COST
        if self._size > self._memory:
            self._spill()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[float, bytes, Origin]]:
        """Yield known_at, data, origin; once."""
        self._held.sort()
        try:
            for known_at, _, origin, data in heapq.merge(*map(_read, self._runs), self._held):
                yield known_at, data, self._origins[origin]
        finally:
            for run in self._runs:
                run.close()

    def _spill(self) -> None:
        self._held.sort()
        run = tempfile.TemporaryFile(prefix="tocsin-backtest-")  # noqa: SIM115 - closed after merging
        with zstandard.ZstdCompressor(level=1).stream_writer(run, closefd=False) as packed:
            for known_at, number, origin, data in self._held:
                packed.write(_HEAD.pack(known_at, number, origin, len(data)))
                packed.write(data)
        run.seek(0)
        self._runs.append(run)
        self._held, self._size = [], 0


def _read(run: IO[bytes]) -> Iterator[Known]:
    unpacked = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(run))
    while head := unpacked.read(_HEAD.size):
        known_at, number, origin, length = _HEAD.unpack(head)
        yield known_at, number, origin, unpacked.read(length)
