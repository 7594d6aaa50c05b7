"""The durable spool: webhook bodies that were acknowledged are on disk and counted exactly once.

Bodies become frames with a CRC in numbered segments. Small ones share a segment and one ``fdatasync``
(``SpoolWriter``); a large one is streamed to its own segment, published by rename. ``SpoolReader`` reads them.
"""

from __future__ import annotations

import asyncio
import contextlib
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
"""Seconds for which bodies that cannot be committed are kept; after that no more are accepted: they contain users'
texts."""
_MOMENT = 0.01
"""Seconds after an arrival during which more is expected: a sender needs some time from the answer to the next
request."""
_NEAR = 16 << 20
"""Unread bytes above which new data will be read much later and is dropped from the page cache, where it would take
ever new pages: copying to a recently used page costs a fraction of copying to a new one."""
_PRESSED = 0.5
"""Share of ``max_bytes`` above which neither counting nor deletion is delayed to collect more."""
SEGMENTS, SEGMENT_LEAST, SEGMENT_MOST = 64, 1 << 20, 64 << 20
"""Number of segments of a full spool, and limits of their size. Bodies have to wait for a new segment until the last
one and the name of the new one are on disk; counted data is deleted by the segment."""
_KEPT = 16 << 20
"""Bytes of counted data kept to have fewer segments: the disk may be smaller than ``max_bytes``."""
SPILL = 2 << 20
"""Bytes of one body kept in memory; a larger one goes to its own file."""


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
            OSError: the directory cannot be created or read.
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
        """The directory of the segments."""
        return self._segments.directory

    @property
    def spool_bytes(self) -> int:
        """Bytes on disk, or about to be written."""
        return self._segments.stored + self._reserved

    @property
    def used(self) -> float:
        """Share of ``max_bytes`` in use."""
        return self.spool_bytes / max(1, self.max_bytes)

    @property
    def unread(self) -> float:
        """Share of ``max_bytes`` that is not counted yet."""
        return self.backlog() / max(1, self.max_bytes)

    async def append(self, batch: Batch, format: str, received: float) -> None:
        """Write a small body; return when it is durable.

        Raises:
            SpoolFullError: nothing was accepted.
        """
        await self.put(batch, format, received)

    def put(self, batch: Batch, format: str, received: float) -> asyncio.Future[None]:
        """Write a small body; the future completes when it is durable, or fails with ``SpoolFullError``.

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
        """Reserve ``size`` bytes of ``max_bytes`` until ``release``.

        Raises:
            SpoolFullError: there is no room.
        """
        if self._segments.stored + self._reserved + size > self.max_bytes:
            raise SpoolFullError("the spool is full")
        now = self._clock()
        oldest = self._segments.oldest_created()
        if oldest is not None and now - oldest > MAX_AGE:
            raise SpoolFullError("the spool contains bodies that could not be committed for a day")
        self._reserved += size
        self._arrived = now

    def note_arrival(self) -> None:
        """Note that part of a body has arrived."""
        self._arrived = self._clock()

    def receiving(self) -> bool:
        """Return whether counting should wait: bodies are arriving, and the spool is far from full."""
        if self.used > _PRESSED:
            return False
        return self._writer.busy or self._clock() - self._arrived < _MOMENT

    def release(self, size: int) -> None:
        """Release reserved bytes."""
        self._reserved -= size

    def frame(self, batch: Batch, format: str, received: float) -> tuple[bytes, Bytes]:
        """Return the frame of a batch, in two pieces."""
        return pack(batch, format, received, self._cipher)

    def enqueue(self, pieces: Sequence[Bytes], size: int, *, reserved: int = 0) -> asyncio.Future[None]:
        """Queue frames of ``size`` bytes in total for the next write, and then release ``reserved`` bytes.

        The future completes when they are durable; it fails with ``SpoolFullError`` if they could not be written.
        """
        return self._writer.put(pieces, size, reserved)

    async def adopt(self, path: Path, file: FileIO, size: int) -> None:
        """Make a file of frames the next segment, durably.

        Raises:
            OSError: it could not be published; the file is unchanged.
        """
        await self._writer.adopt(path, file, size)

    async def seal(self) -> None:
        """Seal the active segment so that it can be deleted once committed; call it when no more bodies arrive."""
        await self._writer.close()

    async def close(self) -> None:
        """Close the files."""
        await self.seal()
        self._close_reading()

    # Callbacks of the reading side.

    def committed(self) -> None:
        """Delete committed and empty segments; retire an active segment that is fully read and old or large.

        A segment without a complete body is left by a crash or a failing disk. If it stayed, it would exceed
        ``MAX_AGE``.
        """
        number, offset = self._given[0]
        self._delete_before(number)
        for segment in list(self._segments):
            unread = segment.durable > (offset if segment.number == number else 0)
            at_once = self.used > _PRESSED or segment.durable >= _KEPT
            if unread or not (segment.sealed or self._writer.retire(segment, at_once=at_once)):
                return
            self._delete_before(segment.number + 1)


class BodyWriter:
    """Takes one body, in memory while it is small, and makes it durable; none of it is read before ``commit``."""

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
        """Add one batch.

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
            SpoolFullError: it could not be written; call ``abort``.
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
        self.abort()  # the spool accounts for the body now

    def abort(self) -> None:
        """Discard the body; does nothing after ``commit``."""
        if self._file is not None:
            self._file.close()
            self._file = None
            with contextlib.suppress(OSError):  # the next start deletes it
                self._path.unlink(missing_ok=True)
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
            self._path.unlink(missing_ok=True)  # a body with the same id that could not be deleted
            self._file = create_file(self._path)
        write_all(self._file, pieces)
