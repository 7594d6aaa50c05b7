"""The writing side of the spool: bodies are written as they arrive, synced in groups, and acknowledged when durable.

The disk works while the next bodies arrive: a sync runs in a thread, and bodies that arrive meanwhile are appended to
the file being synced. Only a few wait for the next sync, because small bodies are cheaper to write together.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from tocsin.formats.base import Bytes
from tocsin.inputs.segments import Segment, Segments, write_all
from tocsin.tasks import spawn

SEGMENT_AGE = 20.0
"""Seconds after which a segment is replaced by a new one, so that it can be deleted once committed."""
_AT_ONCE = 256 << 10
"""Queued bytes from which data is written without waiting for the current sync. The event loop's own thread writes it:
copying to the page cache is cheaper than switching threads."""
_TURNS = 3
"""Turns of the event loop from the arrival of a small request until its body is queued."""
_GATHER = 4
"""Maximum number of times that a group is extended."""


class SpoolFullError(Exception):
    """The spool is full, or its disk cannot be written; the sender should retry."""


@dataclass(slots=True)
class _Body:
    pieces: Sequence[Bytes]
    size: int
    reserved: int
    done: asyncio.Future[None]


class SpoolWriter:
    """Appends bodies to the active segment. They are neither read nor acknowledged until they are durable."""

    def __init__(
        self,
        segments: Segments,
        clock: Callable[[], float],
        segment_bytes: int,
        *,
        release: Callable[[int], None],
        read_late: Callable[[], bool],
    ) -> None:
        """Begin a new segment after about ``segment_bytes``.

        ``release`` returns reserved bytes; ``read_late`` returns whether data written now will be read much later.
        """
        self._segments = segments
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._release = release
        self._read_late = read_late
        self._active: Segment | None = None
        self._file: FileIO | None = None
        self._end = 0
        """Bytes of complete bodies in the active segment, including those not yet durable."""
        self._torn = False
        """Part of a body follows them and cannot be removed."""
        self._waiting: list[_Body] = []
        self._waiting_bytes = 0
        self._written: list[_Body] = []
        """Written, and durable after the next sync."""
        self._writing = False
        self._synced = asyncio.Event()
        self._synced.set()
        self._lock = asyncio.Lock()
        """Held while the active segment may change."""

    @property
    def busy(self) -> bool:
        """True while bodies are being written or synced."""
        return self._writing or not self._synced.is_set()

    @property
    def active(self) -> Segment | None:
        """The segment being written to."""
        return self._active

    def put(self, pieces: Sequence[Bytes], size: int, reserved: int) -> asyncio.Future[None]:
        """Queue frames of ``size`` bytes in total for the next write, and then release ``reserved`` bytes.

        The future completes when they are durable; it fails with ``SpoolFullError`` if they could not be written.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Body(pieces, size, reserved, done))
        self._waiting_bytes += size
        # A turn of the event loop may take longer than the write: the disk would be idle while bodies are parsed.
        if size >= _AT_ONCE and self._file is not None and not self._is_old() and not self._lock.locked():
            self._append(self._file, self._take())
        self._write_if_due()
        return done

    async def adopt(self, path: Path, file: FileIO, size: int) -> None:
        """Make a file of frames the next segment, durably.

        Raises:
            OSError: it could not be published; the file is unchanged.
        """
        async with self._lock:
            await self._seal()
            await self._segments.adopt(path, file, size)

    async def close(self) -> None:
        """Write queued bodies, whose senders may be gone, and seal the active segment."""
        while self._waiting:  # noqa: ASYNC110 - a cancelled request may have cancelled the future to wait for
            await asyncio.sleep(0.01)
        async with self._lock:
            await self._seal()

    def retire(self, segment: Segment, *, at_once: bool) -> bool:
        """Seal the active segment if it is unused, and old enough or ``at_once``; return whether it was sealed."""
        young = not at_once and self._clock() - segment.created <= SEGMENT_AGE
        if young or self.busy or self._waiting or self._lock.locked():
            return False
        self._close_active()
        return True

    # ---- writing --------------------------------------------------------------------------------------
    def _due(self) -> bool:
        return bool(self._waiting) and (self._synced.is_set() or self._waiting_bytes >= _AT_ONCE)

    def _write_if_due(self) -> None:
        if self._due() and not self._writing:
            self._writing = True
            spawn(self._write(), name="spool")

    async def _write(self) -> None:
        """Write the queued bodies and start syncing them."""
        try:
            await self._gather()
            while self._due():
                async with self._lock:
                    try:
                        file = await self._writable()
                    except OSError as failed:
                        self._settle(self._take(), _failed(failed))
                    else:
                        self._append(file, self._take())
                await asyncio.sleep(0)
        finally:
            self._writing = False

    async def _gather(self) -> None:
        """Let requests that have arrived join the group: a sync costs more than a turn of the event loop."""
        before = 0
        for _ in range(_GATHER):
            if len(self._waiting) == before or self._waiting_bytes >= _AT_ONCE:
                return
            before = len(self._waiting)
            for _ in range(_TURNS):
                await asyncio.sleep(0)

    def _take(self) -> list[_Body]:
        """Dequeue what is written in one call: small bodies together, a large one on its own."""
        size = count = 0
        for body in self._waiting:
            size += body.size
            count += 1
            if size >= _AT_ONCE:
                break
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_bytes -= size
        return group

    def _append(self, file: FileIO, group: list[_Body]) -> None:
        """Append bodies and start syncing them; on failure, report it to their senders."""
        try:
            write_all(file, [piece for body in group for piece in body.pieces])
        except OSError as failed:
            self._cut(self._end)
            self._settle(group, _failed(failed))
            return
        for body in group:
            body.pieces = ()  # frees memory that is still in the processor's cache for the next large body
        self._end += sum(body.size for body in group)
        self._written += group
        self._begin_sync()

    def _is_old(self) -> bool:
        """Return whether the active segment should be replaced."""
        active = self._active
        return active is not None and (
            self._torn or self._end >= self._segment_bytes or self._clock() - active.created > SEGMENT_AGE
        )

    async def _writable(self) -> FileIO:
        """Return the file of the active segment; a new one if there is none or it is old.

        Raises:
            OSError: it could not be created.
        """
        if self._is_old():
            await self._seal()
        if self._file is None:
            self._active, self._file = await self._segments.create()
            self._end, self._torn = 0, False
        return self._file

    # ---- making durable -------------------------------------------------------------------------------
    def _begin_sync(self) -> None:
        if self._synced.is_set():
            self._synced.clear()
            spawn(self._sync(), name="sync")

    async def _sync(self) -> None:
        """Sync until everything written is durable, and complete the futures."""
        try:
            while self._written:
                group, self._written = self._written, []
                segment, file = self._active, self._file
                assert segment is not None  # noqa: S101 - it is sealed only when everything is synced
                assert file is not None  # noqa: S101 - as above
                error = None
                start, size = segment.durable, sum(body.size for body in group)
                try:
                    await asyncio.to_thread(_make_durable, file, (start, size) if self._read_late() else None)
                    self._segments.grow(segment, size)
                except OSError as failed:  # what reached the disk is unknown: remove all that is not durable
                    error = _failed(failed)
                    group, self._written = group + self._written, []
                    self._cut(start)
                self._settle(group, error)
        finally:
            self._synced.set()
            self._write_if_due()

    def _settle(self, group: list[_Body], error: SpoolFullError | None) -> None:
        for body in group:
            self._release(body.reserved)
            if not body.done.done():
                body.done.set_exception(error) if error else body.done.set_result(None)

    def _cut(self, end: int) -> None:
        """Remove written parts of rejected bodies; if that fails, the torn frame ends its segment."""
        try:
            if self._file is not None:
                self._file.truncate(end)
                self._torn = self._torn or not os.fstat(self._file.fileno()).st_nlink
            self._end = end
        except OSError:
            self._torn = True

    async def _seal(self) -> None:
        """Close the active segment once its content is durable."""
        await self._synced.wait()
        self._close_active()

    def _close_active(self) -> None:
        if self._file:
            self._file.close()
        if self._active:
            self._active.sealed = True
        self._file = self._active = None


def _failed(error: OSError) -> SpoolFullError:
    return SpoolFullError(f"the spool cannot be written: {error.strerror}")


def _make_durable(file: FileIO, forget: tuple[int, int] | None) -> None:
    """Sync; then drop the range ``forget`` (offset, length) from the page cache.

    Raises:
        OSError: it failed, or the file was deleted, so that its data would not survive this process.
    """
    os.fdatasync(file.fileno())
    if not os.fstat(file.fileno()).st_nlink:
        raise FileNotFoundError(errno.ENOENT, "its file was deleted")
    if forget is not None:
        os.posix_fadvise(file.fileno(), *forget, os.POSIX_FADV_DONTNEED)
