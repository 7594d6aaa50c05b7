"""The reading side of the spool: reads frames in order and tracks how far they are counted.

The position (segment, offset of a frame, number of its records that are counted) is committed with the counters, so a
crash neither repeats nor loses records. A torn tail was never acknowledged and ends its segment; damage is skipped.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import FileIO

import msgspec

from tocsin import formats
from tocsin.formats.otlp.pieces import Piece
from tocsin.inputs.base import RECORD_LEAST, Change, Origin, Sink
from tocsin.inputs.segments import Segment, Segments
from tocsin.inputs.spoolcipher import Cipher
from tocsin.inputs.spoolframe import HEAD_BYTES, frame_bytes, next_frame, received_at, unpack

log = logging.getLogger(__name__)

_BLOCK = 256 << 10
_AHEAD = 1 << 20
"""Bytes of read-ahead requested after a block."""
SKIP_REASONS = ("damaged", "torn", "wrong_key")
"""Reasons for skipping data. Damaged: valid frames follow, or durable data is gone. Torn: an incomplete end of a
segment, as a crash leaves it, never acknowledged. Wrong key: a frame encrypted with another key."""


class SpoolReader:
    """Reads the segments of a spool, each record once."""

    part, deletes = "spool", True

    def __init__(self, segments: Segments, cipher: Cipher | None) -> None:
        self.skipped = dict.fromkeys(SKIP_REASONS, 0)
        """Counts of skipped places, by reason."""
        self._skipped_given = dict(self.skipped)
        self._cipher = cipher
        self._segments = segments
        self._position = (0, 0)
        self._given = (self._position, 0)
        self._reading: tuple[int, FileIO] | None = None
        self._block = (0, 0, b"")
        """Segment, offset and bytes of the last block read."""
        self._frame: _Opened | None = None
        """The frame at the position, if it is partly passed on."""
        self._resume = (self._position, 0)
        """The committed position, and the number of records counted of the frame there."""
        self._goal = max(((segment.number, segment.durable) for segment in self._segments), default=(0, 0))
        """The end of the spool at the start."""

    def oldest_age(self, now: float) -> float:
        """Return for how many seconds the oldest record not yet passed on has waited; ``now`` is Unix time."""
        segment = self._current()
        if segment is None:
            return 0.0
        try:
            received = received_at(os.pread(self._open(segment).fileno(), HEAD_BYTES, self._position[1]))
        except OSError:
            return 0.0
        return 0.0 if received is None else max(0.0, now - received)

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore the position and delete the segments before it."""
        within = self._resume
        for key, value in items:
            if key == "position":
                number, offset = map(int, value.split(b":"))
                self._position = (number, offset)
            elif key == "within":
                number, offset, done = map(int, value.split(b":"))
                within = ((number, offset), done)
            elif key in self.skipped:
                self.skipped[key] = self._skipped_given[key] = int(value)
        # A release without "within" moves only the position.
        self._resume = self._given = (self._position, within[1] if within[0] == self._position else 0)
        self._segments.continue_after(self._position[0])
        self._delete_before(self._position[0])

    def read(self, sink: Sink, max_bytes: int) -> int:
        """Pass on records until about ``max_bytes`` are consumed; it may stop, and be committed, within a frame."""
        consumed = 0
        while consumed < max_bytes and (segment := self._current()) is not None:
            try:
                frame = self._frame or self._next_frame(segment)
            except FileNotFoundError:
                frame = None
            except OSError as error:
                log.error("spool segment %d cannot be read: %s; retrying", segment.number, error.strerror)
                return consumed
            if frame is None:
                consumed += self._skip(segment, self._position[1])
            else:
                consumed += self._pass_on(frame, sink, max_bytes - consumed)
        return consumed

    def _skip(self, segment: Segment, offset: int) -> int:
        """Skip data that is no frame, up to the next complete one or the segment's end; return the bytes skipped."""
        try:
            following = next_frame(segment.path, offset + 1, segment.durable)
            reason = "torn" if following is None else "damaged"
        except (OSError, ValueError):  # ValueError: the file is shorter than its durable part
            following, reason = None, "damaged"
        end = segment.durable if following is None else following
        self.skipped[reason] += 1
        log.warning("spool segment %d is %s: skipped %d bytes", segment.number, reason, end - offset)
        self._position, self._frame = (segment.number, end), None
        return end - offset

    def changes(self) -> list[Change]:
        """Return the position if it moved, and the counts of skipped places."""
        changed: list[Change] = []
        before, self._given = self._given, (self._position, self._done())
        if self._given[0] != before[0]:
            changed.append(("position", b"%d:%d" % self._position))
        if self._given[1] and self._given != before:
            changed.append(("within", b"%d:%d:%d" % (*self._position, self._given[1])))
        for reason, count in self.skipped.items():
            if count != self._skipped_given[reason]:
                self._skipped_given[reason] = count
                changed.append((reason, b"%d" % count))
        return changed

    def _done(self) -> int:
        """Return how many records of the frame at the position were passed on."""
        if self._frame is not None:
            return self._frame.done
        return self._resume[1] if self._resume[0] == self._position else 0

    def behind(self) -> bool:
        """Return whether data that existed at the start is still unread."""
        return self._position < self._goal and self._current() is not None

    def backlog(self) -> int:
        """Return the durable bytes not yet passed on."""
        number, offset = self._position
        return sum(
            segment.durable - (offset if segment.number == number else 0)
            for segment in self._segments
            if segment.number >= number
        )

    def _current(self) -> Segment | None:
        """Return the segment to read from, moving the position to the next one at the end of a segment."""
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
        """Open the frame at the position; None if there is no complete one.

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
            if not self.skipped["wrong_key"]:
                log.error("skipped records of the spool that are encrypted with another key")
            self.skipped["wrong_key"] += 1
        records: Sequence[bytes | msgspec.Raw | Piece] = frame.batch.records() if frame.batch else ()
        single = frame.batch is not None and frame.batch.elements
        if frame.batch is not None and frame.format in formats.SIGNALS:
            records, single = [part for each in records for part in formats.parts(frame.format, bytes(each))], True
        origin = Origin("webhook", frame.format, str(segment.number), frame.received, single)
        self._frame = _Opened(size, origin, records, self._done())
        return self._frame

    def _bytes(self, segment: Segment, offset: int, size: int) -> bytes:
        """Read from a segment through a cached block: it holds many frames, and a slice may be short."""
        number, start, block = self._block
        at = offset - start
        if number != segment.number or not 0 <= at <= len(block) - size:
            wanted = min(max(size, _BLOCK), segment.durable - offset)
            handle, at = self._open(segment).fileno(), 0
            block = os.pread(handle, wanted, offset)
            if segment.sealed:  # written long ago, perhaps no longer in the page cache
                os.posix_fadvise(handle, offset + wanted, _AHEAD, os.POSIX_FADV_WILLNEED)
            self._block = (segment.number, offset, block if wanted <= _BLOCK else b"")
        return block[at : at + size]

    def _pass_on(self, frame: _Opened, sink: Sink, budget: int) -> int:
        """Pass on records of a frame; return the bytes consumed."""
        consumed, count = 0, len(frame.records)
        while frame.done < count and consumed < budget:
            record = bytes(frame.records[frame.done])
            frame.done += 1
            consumed += max(len(record), RECORD_LEAST)
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
    """A frame whose records are being passed on."""

    size: int
    origin: Origin
    records: Sequence[bytes | msgspec.Raw | Piece]
    done: int
    """Records passed on, including those before a restart."""
