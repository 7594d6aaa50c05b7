"""The durable spool: what a webhook sender was told is accepted is on the disk, and is counted once.

Bodies become frames in numbered segments. Small ones share a segment and one ``fdatasync`` (``SpoolWriter``); a
large one is streamed to a segment of its own that appears by rename. Frames carry a CRC. ``SpoolReader`` reads them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from io import FileIO
from pathlib import Path

from tocsin.formats.base import Bytes
from tocsin.inputs.segments import Segments, create_file, write_all
from tocsin.inputs.spoolcipher import Cipher
from tocsin.inputs.spoolframe import Batch, pack
from tocsin.inputs.spoolreader import SpoolReader
from tocsin.inputs.spoolwriter import SpoolFullError, SpoolWriter

__all__ = ["BodyWriter", "Spool", "SpoolFullError"]

MAX_AGE = 24 * 3600.0
"""Seconds for which bodies are kept that cannot be committed; then no more are taken: they hold what users said."""
_MOMENT = 0.01
"""Seconds after which what arrived last is not 'a moment ago' any more: a sender takes some from answer to request."""
_NEAR = 16 << 20
"""Unread bytes beyond which what is written now will be read much later: it need not stay in the page cache, where
it would take ever new pages. A copy to a page that was used a moment ago costs a fraction of one to a new page."""
_PRESSED = 0.5
"""Share of the bound from which on there is no waiting for more: neither with counting nor with deleting."""
SEGMENTS, SEGMENT_LEAST, SEGMENT_MOST = 64, 1 << 20, 64 << 20
"""Segments of a full spool, and bounds of their bytes. Bodies wait for a new segment, until all of the last one and the
name of the new one are on the disk; and what is counted is deleted by the segment."""
_KEPT = 16 << 20
"""Bytes of what is counted that stay for the sake of fewer segments: the disk may be smaller than the bound."""
SPILL = 2 << 20
"""Bytes of one body that are kept in memory; a larger one goes to a file of its own."""


class Spool(SpoolReader):
    """A directory of segments, written by the webhook listener and read as an input."""

    def __init__(
        self,
        directory: Path,
        max_bytes: int = 4 << 30,
        key: bytes | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the spool.

        Raises:
            OSError: the directory cannot be made or read.
            tocsin.config.ConfigError: a key is given and the extra ``encryption`` is not installed.
        """
        super().__init__(Segments(directory, clock), Cipher(key) if key else None)
        self.max_bytes = max_bytes
        self._clock = clock
        self._writer = SpoolWriter(
            self._segments,
            clock,
            min(SEGMENT_MOST, max(SEGMENT_LEAST, max_bytes // SEGMENTS)),
            release=self.release,
            read_late=lambda: self.backlog() > _NEAR,
        )
        self._reserved = 0
        self._arrived = float("-inf")

    @property
    def directory(self) -> Path:
        """Where the segments are."""
        return self._segments.directory

    @property
    def spool_bytes(self) -> int:
        """Bytes on the disk, or on their way there."""
        return self._segments.stored + self._reserved

    @property
    def used(self) -> float:
        """Share of ``max_bytes`` in use."""
        return self.spool_bytes / max(1, self.max_bytes)

    @property
    def unread(self) -> float:
        """Share of ``max_bytes`` that waits to be counted."""
        return self.backlog() / max(1, self.max_bytes)

    async def append(self, batch: Batch, format: str, received: float) -> None:
        """Write a small body; returns when it is durable.

        Raises:
            SpoolFullError: nothing was accepted.
        """
        await self.put(batch, format, received)

    def put(self, batch: Batch, format: str, received: float) -> asyncio.Future[None]:
        """Write a small body; the result is there, or a ``SpoolFullError``, when it is durable or never will be.

        Raises:
            SpoolFullError: there is no room.
        """
        pieces = self.frame(batch, format, received)
        size = len(pieces[0]) + len(pieces[1])
        self.reserve(size)
        return self.enqueue(pieces, size, reserved=size)

    def stream(self, format: str, received: float) -> BodyWriter:
        """Return a writer for a body that is still arriving."""
        return BodyWriter(self, format, received)

    def reserve(self, size: int) -> None:
        """Take ``size`` bytes of the bound until ``release``.

        Raises:
            SpoolFullError: there is no room.
        """
        if self._segments.stored + self._reserved + size > self.max_bytes:
            raise SpoolFullError("the spool is full")
        now = self._clock()
        oldest = self._segments.oldest_born()
        if oldest is not None and now - oldest > MAX_AGE:
            raise SpoolFullError("the spool holds bodies that could not be committed for a day")
        self._reserved += size
        self._arrived = now

    def note_arrival(self) -> None:
        """Take note that a part of a body is here."""
        self._arrived = self._clock()

    def receiving(self) -> bool:
        """Tell whether counting shall wait: bodies are on their way, and the spool is far from its bound."""
        if self.used > _PRESSED:
            return False
        return self._writer.busy or self._clock() - self._arrived < _MOMENT

    def release(self, size: int) -> None:
        """Give back what was reserved."""
        self._reserved -= size

    def frame(self, batch: Batch, format: str, received: float) -> tuple[bytes, Bytes]:
        """Return a batch as it stands on the disk, in two pieces."""
        return pack(batch, format, received, self._cipher)

    def enqueue(self, pieces: Sequence[Bytes], size: int, *, reserved: int = 0) -> asyncio.Future[None]:
        """Write frames of ``size`` bytes in all together with those of others, and then give back what was reserved.

        The result is there when they are durable; a ``SpoolFullError`` when they could not be written.
        """
        return self._writer.put(pieces, size, reserved)

    async def adopt(self, path: Path, file: FileIO, size: int) -> None:
        """Make a file of frames the next segment, durably.

        Raises:
            OSError: it could not be; the file is as it was.
        """
        await self._writer.adopt(path, file, size)

    async def seal(self) -> None:
        """Seal the segment that is written, so that it goes once it is committed; call it when no more bodies come."""
        await self._writer.close()

    async def close(self) -> None:
        """Close the files."""
        await self.seal()
        self._close_reading()

    # What the reading side has committed.

    def committed(self) -> None:
        """Delete what is read and committed, and what holds nothing; give up an old or large segment that is read.

        A segment without a whole body is left by a crash or a failing disk. If it stayed, it would grow too old.
        """
        number, offset = self._given[0]
        self._delete_before(number)
        for segment in list(self._segments):
            unread = segment.durable > (offset if segment.number == number else 0)
            at_once = self.used > _PRESSED or segment.durable >= _KEPT
            if unread or not (segment.sealed or self._writer.give_up(segment, at_once=at_once)):
                return
            self._delete_before(segment.number + 1)


class BodyWriter:
    """Takes one body, in memory while it is small, and makes it durable; nothing of it is read before ``commit``."""

    def __init__(self, spool: Spool, format: str, received: float) -> None:
        self._spool = spool
        self._format = format
        self._received = received
        self._pieces: list[Bytes] = []
        self.buffered = 0
        """Bytes in memory."""
        self._size = 0
        self._path = spool.directory / f"{id(self):x}.part"  # only a large body gets one
        self._file: FileIO | None = None

    async def add(self, batch: Batch) -> None:
        """Take one batch.

        Raises:
            SpoolFullError: full, or not writable; call ``abort``.
        """
        pieces = self._spool.frame(batch, self._format, self._received)
        size = sum(map(len, pieces))
        self._spool.reserve(size)
        self._size += size
        self._pieces += pieces
        self.buffered += size
        if self.buffered > SPILL:
            await self._spill()

    async def commit(self) -> None:
        """Make the body durable and readable.

        Raises:
            SpoolFullError: it could not be; call ``abort``.
        """
        if self._file is None:
            if self._pieces:
                await self._spool.enqueue(self._pieces, self._size)
        else:
            await self._spill()
            try:
                await self._spool.adopt(self._path, self._file, self._size)
            except OSError as error:
                raise SpoolFullError(f"the spool cannot be written: {error.strerror}") from None
            self._file = None
        self.abort()  # what it held is the spool's now

    def abort(self) -> None:
        """Throw the body away; does nothing after ``commit``."""
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)
            self._file = None
        self._spool.release(self._size)
        self._size = self.buffered = 0
        self._pieces = []

    async def _spill(self) -> None:
        pieces, self._pieces = self._pieces, []
        self.buffered = 0
        try:
            await asyncio.to_thread(self._write, pieces)
        except OSError as error:
            raise SpoolFullError(f"the spool cannot be written: {error.strerror}") from None

    def _write(self, pieces: Sequence[Bytes]) -> None:
        if self._file is None:
            self._file = create_file(self._path)
        write_all(self._file, pieces)
