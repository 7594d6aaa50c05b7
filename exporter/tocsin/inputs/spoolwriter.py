"""How bodies reach the disk: written as they come, synced together, acknowledged when they are durable.

The disk works while the next bodies arrive: a sync goes on in a thread, and what comes meanwhile is written behind what
is being synced. Only little of it waits for the next sync, because small bodies are written cheaper together.
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
"""Seconds after which a segment is given up for a new one, so that it can be deleted once it is committed."""
_AT_ONCE = 256 << 10
"""Bytes from which on what waits is written without waiting for the sync under way. It is written on the loop's own
thread: a copy to the page cache is cheaper than a change of thread."""
_TURNS = 3
"""Turns of the loop from the arrival of a small request to its place in the group."""
_GATHER = 4
"""Times that a group is let grow."""


class SpoolFullError(Exception):
    """The spool has reached its bound, or its disk cannot be written; the sender shall come again."""


@dataclass(slots=True)
class _Body:
    pieces: Sequence[Bytes]
    size: int
    reserved: int
    done: asyncio.Future[None]


class SpoolWriter:
    """Appends bodies to the active segment. Until they are durable nobody reads them, and nobody is told."""

    def __init__(
        self,
        segments: Segments,
        clock: Callable[[], float],
        segment_bytes: int,
        *,
        release: Callable[[int], None],
        read_late: Callable[[], bool],
    ) -> None:
        """Begin a new segment after ``segment_bytes``, more or less.

        Take what gives back what was reserved, and what tells that the bodies of now will be read much later.
        """
        self._segments = segments
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._release = release
        self._read_late = read_late
        self._active: Segment | None = None
        self._file: FileIO | None = None
        self._end = 0
        """Bytes of whole bodies in the active segment, the durable ones among them."""
        self._torn = False
        """A part of a body stands behind them and cannot be taken away."""
        self._waiting: list[_Body] = []
        self._waiting_bytes = 0
        self._written: list[_Body] = []
        """In the file, and durable with the next sync."""
        self._writing = False
        self._synced = asyncio.Event()
        self._synced.set()
        self._lock = asyncio.Lock()
        """Held by who may change the active segment."""

    @property
    def busy(self) -> bool:
        """True while bodies are on their way to the disk."""
        return self._writing or not self._synced.is_set()

    @property
    def active(self) -> Segment | None:
        """The segment that is written to."""
        return self._active

    def put(self, pieces: Sequence[Bytes], size: int, reserved: int) -> asyncio.Future[None]:
        """Write frames of ``size`` bytes in all together with those of others, and then give back what was reserved.

        The result is there when they are durable; a ``SpoolFullError`` when they could not be written.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Body(pieces, size, reserved, done))
        self._waiting_bytes += size
        # A turn of the loop may take longer than the write: the disk would wait for bodies that are checked meanwhile.
        if size >= _AT_ONCE and self._file is not None and not self._is_old() and not self._lock.locked():
            self._append(self._file, self._take())
        self._write_if_due()
        return done

    async def adopt(self, path: Path, file: FileIO, size: int) -> None:
        """Make a file of frames the next segment, durably.

        Raises:
            OSError: it could not be; the file is as it was.
        """
        async with self._lock:
            await self._seal()
            await self._segments.adopt(path, file, size)

    async def close(self) -> None:
        """Seal the segment that is written, with the bodies in it that wait: who sent them may be gone already."""
        while self._waiting:  # noqa: ASYNC110 - who has gone may have cancelled the only thing that tells
            await asyncio.sleep(0.01)
        async with self._lock:
            await self._seal()

    def give_up(self, segment: Segment, *, at_once: bool) -> bool:
        """Seal the active segment, when it is old enough or ``at_once``, and nobody writes to it; False: it goes on."""
        young = not at_once and self._clock() - segment.born <= SEGMENT_AGE
        if young or self.busy or self._waiting or self._lock.locked():
            return False
        self._leave()
        return True

    # ---- writing --------------------------------------------------------------------------------------
    def _due(self) -> bool:
        return bool(self._waiting) and (self._synced.is_set() or self._waiting_bytes >= _AT_ONCE)

    def _write_if_due(self) -> None:
        if self._due() and not self._writing:
            self._writing = True
            spawn(self._write(), name="spool")

    async def _write(self) -> None:
        """Write what waits, and have it synced."""
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
        """Let what has arrived already join the group: a sync costs more than a turn of the loop."""
        before = 0
        for _ in range(_GATHER):
            if len(self._waiting) == before or self._waiting_bytes >= _AT_ONCE:
                return
            before = len(self._waiting)
            for _ in range(_TURNS):
                await asyncio.sleep(0)

    def _take(self) -> list[_Body]:
        """Take what is written in one go: small bodies together, a large one by itself."""
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
        """Write behind what is there, and have it synced; or tell what went wrong."""
        try:
            write_all(file, [piece for body in group for piece in body.pieces])
        except OSError as failed:
            self._cut(self._end)
            self._settle(group, _failed(failed))
            return
        for body in group:
            body.pieces = ()  # the next large one takes the memory, which the processor still has at hand
        self._end += sum(body.size for body in group)
        self._written += group
        self._begin_sync()

    def _is_old(self) -> bool:
        """Tell whether nothing more shall be written to the active segment."""
        active = self._active
        return active is not None and (
            self._torn or self._end >= self._segment_bytes or self._clock() - active.born > SEGMENT_AGE
        )

    async def _writable(self) -> FileIO:
        """Return the file of the active segment; a new one when there is none or it is old.

        Raises:
            OSError: it could not be made.
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
        """Sync until all that is written is durable, and tell who waits for it."""
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
                except OSError as failed:  # nobody knows what of it is on the disk, so all that is not sure goes
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
        """Take away what was written of refused bodies; where that fails, the torn frame ends its segment."""
        try:
            if self._file is not None:
                self._file.truncate(end)
                self._torn = self._torn or not os.fstat(self._file.fileno()).st_nlink
            self._end = end
        except OSError:
            self._torn = True

    async def _seal(self) -> None:
        """Write nothing more to the active segment, once what stands there is durable."""
        await self._synced.wait()
        self._leave()

    def _leave(self) -> None:
        if self._file:
            self._file.close()
        if self._active:
            self._active.sealed = True
        self._file = self._active = None


def _failed(error: OSError) -> SpoolFullError:
    return SpoolFullError(f"the spool cannot be written: {error.strerror}")


def _make_durable(file: FileIO, forget: tuple[int, int] | None) -> None:
    """Sync; then drop what stands there (offset, length) from the page cache.

    Raises:
        OSError: it could not be, or the file was deleted, with which it is as durable as this process.
    """
    os.fdatasync(file.fileno())
    if not os.fstat(file.fileno()).st_nlink:
        raise FileNotFoundError(errno.ENOENT, "its file was deleted")
    if forget is not None:
        os.posix_fadvise(file.fileno(), *forget, os.POSIX_FADV_DONTNEED)
