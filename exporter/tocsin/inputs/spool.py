"""The durable spool: what a webhook sender was told is accepted is on the disk, and is counted once.

Bodies become frames in numbered segments. Small ones share a segment and one ``fdatasync`` (group commit); a
large one is streamed to a segment of its own that appears by rename. The reading side is an ``Input``: its
position (segment, offset of a frame) is committed with the counters, so a crash repeats and loses nothing.
Frames carry a CRC: a torn tail was never acknowledged and ends its segment.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from tocsin.inputs.base import Change, Origin, Sink
from tocsin.inputs.segments import Segment, Segments, create_file, write_all
from tocsin.inputs.spoolcipher import Cipher
from tocsin.inputs.spoolframe import HEAD_BYTES, Batch, frame_bytes, next_frame, pack, received_at, unpack
from tocsin.tasks import spawn

log = logging.getLogger(__name__)

SEGMENT_BYTES = 16 << 20
SEGMENT_AGE = 20.0
"""Seconds after which a segment is given up for a new one, so that it can be deleted once it is committed."""
MAX_AGE = 24 * 3600.0
"""Seconds for which bodies are kept that cannot be committed; then no more are taken: they hold what users said."""
_BLOCK = 256 << 10
_QUICK = 1 << 20
"""Bytes that are written on the loop's own thread: a copy to the page cache is cheaper than a change of thread."""
_MOMENT = 0.003
"""Seconds after which what arrived last is not 'a moment ago' any more."""
_TURNS = 3
"""Turns of the loop from the arrival of a small request to its place in the group."""
_GATHER = 4
"""Times that a group is let grow."""
PASSED_OVER = ("damaged", "torn", "wrong_key")
"""Damaged: a place with good frames after it. Torn: the end of a segment; a crash leaves such, never acknowledged.
Wrong key: a frame that is encrypted with a key we do not have."""
SPILL = 2 << 20
"""Bytes of one body that are kept in memory; a larger one goes to a file of its own."""


class SpoolFullError(Exception):
    """The spool has reached its bound, or its disk cannot be written; the sender shall come again."""


class Spool:
    """A directory of segments, written by the webhook listener and read as an input."""

    part = "spool"

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
        self.max_bytes = max_bytes
        self.passed_over = dict.fromkeys(PASSED_OVER, 0)
        """What was passed over, by reason."""
        self._passed_given = dict(self.passed_over)
        self._cipher = Cipher(key) if key else None
        self._clock = clock
        self._segments = Segments(directory, clock)
        self._active: Segment | None = None
        self._file: FileIO | None = None
        self._waiting: list[tuple[Sequence[bytes], int, asyncio.Future[None]]] = []
        self._flushing = False
        self._lock = asyncio.Lock()
        self._reserved = 0
        self._arrived = float("-inf")
        self._position = (0, 0)
        self._given = (self._position, 0)
        self._reading: tuple[int, FileIO] | None = None
        self._block = (0, 0, b"")
        """Segment, offset and bytes of what was read of it last."""
        self._frame: _Opened | None = None
        """The frame at the position, when some of its records are handed out."""
        self._resume = (self._position, 0)
        """The committed position, and how many records of the frame there are counted."""
        self._goal = max(((segment.number, segment.durable) for segment in self._segments), default=(0, 0))
        """Where the spool ended at the start."""

    @property
    def directory(self) -> Path:
        """Where the segments are."""
        return self._segments.directory

    # Writing side: coroutines on the event loop.

    @property
    def spool_bytes(self) -> int:
        """Bytes on the disk, or on their way there."""
        return self._segments.stored + self._reserved

    def oldest_age(self, now: float) -> float:
        """Return how many seconds the oldest record that was not handed out yet has waited; ``now`` is Unix time."""
        segment = self._current()
        if segment is None:
            return 0.0
        try:
            received = received_at(os.pread(self._open(segment).fileno(), HEAD_BYTES, self._position[1]))
        except OSError:
            return 0.0
        return 0.0 if received is None else max(0.0, now - received)

    async def append(self, batches: Iterable[Batch], format: str, received: float) -> None:  # noqa: A002
        """Write a small body; returns when it is durable.

        Raises:
            SpoolFullError: nothing was accepted.
        """
        pieces = [piece for batch in batches for piece in self.frame(batch, format, received)]
        size = sum(map(len, pieces))
        self.reserve(size)
        try:
            await self.enqueue(pieces, size)
        finally:
            self.release(size)

    def stream(self, format: str, received: float) -> BodyWriter:  # noqa: A002
        """Return a writer for a body that is still arriving."""
        return BodyWriter(self, format, received)

    def reserve(self, size: int) -> None:
        """Take ``size`` bytes of the bound until ``release``.

        Raises:
            SpoolFullError: there is no room.
        """
        if self.spool_bytes + size > self.max_bytes:
            raise SpoolFullError("the spool is full")
        oldest = self._segments.oldest_born()
        if oldest is not None and self._clock() - oldest > MAX_AGE:
            raise SpoolFullError("the spool holds bodies that could not be committed for a day")
        self._reserved += size
        self._arrived = self._clock()

    def receiving(self) -> bool:
        """Tell whether something has arrived a moment ago."""
        return self._clock() - self._arrived < _MOMENT

    def release(self, size: int) -> None:
        """Give back what was reserved."""
        self._reserved -= size

    def frame(self, batch: Batch, format: str, received: float) -> tuple[bytes, bytes]:  # noqa: A002
        """Return a batch as it stands on the disk, in two pieces."""
        return pack(batch, format, received, self._cipher)

    async def enqueue(self, pieces: Sequence[bytes], size: int) -> None:
        """Write frames of ``size`` bytes in all together with those of others; returns when they are durable.

        Raises:
            SpoolFullError: they could not be written.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((pieces, size, done))
        if not self._flushing:
            self._flushing = True
            spawn(self._flush(), name="spool")
        await done

    async def adopt(self, path: Path, file: FileIO, size: int) -> None:
        """Make a file of frames the next segment, durably.

        Raises:
            OSError: it could not be; the file is as it was.
        """
        async with self._lock:
            self._seal()
            await self._segments.adopt(path, file, size)

    async def close(self) -> None:
        """Seal the segment that is written; call it when no more bodies come and reading has ended."""
        async with self._lock:
            self._seal()
        self._close_reading()

    async def _flush(self) -> None:
        """Write and sync all that waits with one sync, until nothing waits."""
        try:
            while self._waiting:
                await self._gather()
                async with self._lock:
                    group, self._waiting = self._waiting, []
                    pieces = [piece for body, _, _ in group for piece in body]
                    error = await self._write(pieces, sum(size for _, size, _ in group))
                for _, _, done in group:
                    if not done.done():
                        done.set_exception(error) if error else done.set_result(None)
        finally:
            self._flushing = False

    async def _gather(self) -> None:
        """Let what has arrived already join the group: a sync costs more than a turn of the loop."""
        before = 0
        for _ in range(_GATHER):
            if len(self._waiting) == before:
                return
            before = len(self._waiting)
            for _ in range(_TURNS):
                await asyncio.sleep(0)

    async def _write(self, pieces: Sequence[bytes], size: int) -> SpoolFullError | None:
        """Append to the active segment and sync, under the lock; return what went wrong."""
        try:
            segment, file = await self._writable()
            try:
                if size <= _QUICK:
                    write_all(file, pieces)
                    await asyncio.to_thread(os.fdatasync, file.fileno())
                else:
                    await asyncio.to_thread(_write_and_sync, file, pieces)
            except OSError:
                self._untear(segment, file)
                raise
        except OSError as failed:
            return SpoolFullError(f"the spool cannot be written: {failed.strerror}")
        self._segments.grow(segment, size)
        return None

    async def _writable(self) -> tuple[Segment, FileIO]:
        """Return the active segment; a new one when there is none or it is large or old enough."""
        active = self._active
        if active and (active.durable >= SEGMENT_BYTES or self._clock() - active.born > SEGMENT_AGE):
            self._seal()
        if self._active is None or self._file is None:
            self._active, self._file = await self._segments.create()
        return self._active, self._file

    def _untear(self, segment: Segment, file: FileIO) -> None:
        """Take away what was written of refused bodies; where that fails, the torn frame ends its segment."""
        try:
            file.truncate(segment.durable)
        except OSError:
            self._seal()

    def _seal(self) -> None:
        if self._file:
            self._file.close()
        if self._active:
            self._active.sealed = True
        self._file = self._active = None

    # Reading side: the pipeline.

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Take back the position and delete the segments before it."""
        within = self._resume
        for key, value in items:
            if key == "position":
                number, offset = map(int, value.split(b":"))
                self._position = (number, offset)
            elif key == "within":
                number, offset, done = map(int, value.split(b":"))
                within = ((number, offset), done)
            elif key in self.passed_over:
                self.passed_over[key] = self._passed_given[key] = int(value)
        # A release that does not know of "within" moves the position alone.
        self._resume = self._given = (self._position, within[1] if within[0] == self._position else 0)
        self._segments.continue_after(self._position[0])
        self._delete_before(self._position[0])

    def read(self, sink: Sink, max_bytes: int) -> int:
        """Hand out records until about ``max_bytes`` were consumed; it may end, and be committed, within a frame."""
        consumed = 0
        while consumed < max_bytes and (segment := self._current()) is not None:
            try:
                frame = self._frame or self._next_frame(segment)
            except OSError as error:
                log.error("spool segment %d cannot be read: %s; it is tried again", segment.number, error.strerror)  # noqa: TRY400
                return consumed
            if frame is None:
                consumed += self._pass_over(segment, self._position[1])
            else:
                consumed += self._hand_out(frame, sink, max_bytes - consumed)
        return consumed

    def _pass_over(self, segment: Segment, offset: int) -> int:
        """Go on behind what is no frame, at the next whole one or at the segment's end; return the bytes between."""
        try:
            following = next_frame(segment.path, offset + 1, segment.durable)
        except (OSError, ValueError) as error:  # ValueError: the file is shorter by now
            log.error("spool segment %d cannot be read: %s", segment.number, error)  # noqa: TRY400
            following = None
        end = segment.durable if following is None else following
        reason = "torn" if following is None else "damaged"
        self.passed_over[reason] += 1
        log.warning("spool segment %d is %s: %d bytes are passed over", segment.number, reason, end - offset)
        self._position, self._frame = (segment.number, end), None
        return end - offset

    def changes(self) -> list[Change]:
        """Return the position when it moved, and what was passed over."""
        changed: list[Change] = []
        before, self._given = self._given, (self._position, self._done())
        if self._given[0] != before[0]:
            changed.append(("position", b"%d:%d" % self._position))
        if self._given[1] and self._given != before:
            changed.append(("within", b"%d:%d:%d" % (*self._position, self._given[1])))
        for reason, count in self.passed_over.items():
            if count != self._passed_given[reason]:
                self._passed_given[reason] = count
                changed.append((reason, b"%d" % count))
        return changed

    def _done(self) -> int:
        """Return how many records of the frame at the position are handed out."""
        if self._frame is not None:
            return self._frame.done
        return self._resume[1] if self._resume[0] == self._position else 0

    def committed(self) -> None:
        """Delete what is read and committed; give up an old segment that is read to its end."""
        number, offset = self._given[0]
        self._delete_before(number)
        segment = self._segments.get(number)
        if segment is None or offset < segment.durable:
            return
        if segment.sealed:
            self._delete_before(number + 1)
        elif not self._lock.locked() and self._clock() - segment.born > SEGMENT_AGE:
            self._seal()
            self._delete_before(number + 1)

    def behind(self) -> bool:
        """Tell whether something is unread that was there at the start."""
        return self._position < self._goal and self._current() is not None

    def backlog(self) -> int:
        """Bytes that are durable and not yet handed out."""
        number, offset = self._position
        return sum(
            segment.durable - (offset if segment.number == number else 0)
            for segment in self._segments
            if segment.number >= number
        )

    def _current(self) -> Segment | None:
        """Return the segment with something to read at the position, moving to the next one at an end."""
        number, offset = self._position
        for segment in self._segments:
            if segment.number < number:
                continue
            start = offset if segment.number == number else 0
            if start < segment.durable:
                self._position = (segment.number, start)
                return segment
            if not segment.sealed:
                return None
        return None

    def _open(self, segment: Segment) -> FileIO:
        if self._reading is None or self._reading[0] != segment.number:
            self._close_reading()
            self._reading = (segment.number, segment.path.open("rb", buffering=0))
        return self._reading[1]

    def _close_reading(self) -> None:
        if self._reading:
            self._reading[1].close()
            self._reading = None

    def _next_frame(self, segment: Segment) -> _Opened | None:
        """Open the frame at the position; None when there is no whole one.

        Raises:
            OSError: the segment cannot be read.
        """
        offset = self._position[1]
        size = frame_bytes(self._bytes(segment, offset, HEAD_BYTES))
        if not size or size > segment.durable - offset:
            return None
        frame = unpack(self._bytes(segment, offset, size), self._cipher)
        if frame is None:
            return None
        if frame.batch is None:
            if not self.passed_over["wrong_key"]:
                log.error("the spool holds records encrypted with another key; they are passed over")
            self.passed_over["wrong_key"] += 1
        records = frame.batch.records() if frame.batch else []
        single = frame.batch is not None and frame.batch.elements
        origin = Origin("webhook", frame.format, str(segment.number), frame.received, single)
        self._frame = _Opened(size, origin, records, self._done())
        return self._frame

    def _bytes(self, segment: Segment, offset: int, size: int) -> bytes:
        """Read from a segment, by way of a block that is kept: it holds many frames, and a slice may be short."""
        number, start, block = self._block
        at = offset - start
        if number != segment.number or not 0 <= at <= len(block) - size:
            wanted = min(max(size, _BLOCK), segment.durable - offset)
            block, at = os.pread(self._open(segment).fileno(), wanted, offset), 0
            self._block = (segment.number, offset, block if wanted <= _BLOCK else b"")
        return block[at : at + size]

    def _hand_out(self, frame: _Opened, sink: Sink, budget: int) -> int:
        """Hand out records of a frame; return the bytes consumed."""
        consumed, count = 0, len(frame.records)
        while frame.done < count and consumed < budget:
            record = frame.records[frame.done]
            frame.done += 1
            consumed += len(record)
            sink(record, frame.origin)
        if frame.done < count:
            return consumed
        self._position = (self._position[0], self._position[1] + frame.size)
        self._frame = None
        return consumed + HEAD_BYTES

    def _delete_before(self, number: int) -> None:
        if self._reading and self._reading[0] < number:
            self._close_reading()
        self._segments.delete_before(number)


@dataclass(slots=True)
class _Opened:
    """A frame whose records are being handed out."""

    size: int
    origin: Origin
    records: list[bytes]
    done: int
    """Records handed out, also before a restart."""


class BodyWriter:
    """Takes one body, in memory while it is small, and makes it durable; nothing of it is read before ``commit``."""

    def __init__(self, spool: Spool, format: str, received: float) -> None:  # noqa: A002
        self._spool = spool
        self._format = format
        self._received = received
        self._pieces: list[bytes] = []
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

    def _write(self, pieces: Sequence[bytes]) -> None:
        if self._file is None:
            self._file = create_file(self._path)
        write_all(self._file, pieces)


def _write_and_sync(file: FileIO, pieces: Sequence[bytes]) -> None:
    write_all(file, pieces)
    os.fdatasync(file.fileno())
