"""The reading side of the spool: frames in their order, and how far they are counted.

The position (segment, offset of a frame, records of it that are counted) is committed with the counters, so a crash
repeats and loses nothing. A torn tail was never acknowledged and ends its segment; what is damaged is passed over.
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
"""Bytes behind a block that the system shall fetch meanwhile."""
PASSED_OVER = ("damaged", "torn", "wrong_key")
"""Damaged: a place with good frames after it, or what was there and is gone. Torn: the end of a segment; a crash leaves
such, never acknowledged. Wrong key: a frame that is encrypted with a key we do not have."""


class SpoolReader:
    """Reads the segments of a spool, each record once."""

    part, deletes = "spool", True

    def __init__(self, segments: Segments, cipher: Cipher | None) -> None:
        self.passed_over = dict.fromkeys(PASSED_OVER, 0)
        """What was passed over, by reason."""
        self._passed_given = dict(self.passed_over)
        self._cipher = cipher
        self._segments = segments
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
            except FileNotFoundError:
                frame = None
            except OSError as error:
                log.error("spool segment %d cannot be read: %s; retrying", segment.number, error.strerror)
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
            reason = "torn" if following is None else "damaged"
        except (OSError, ValueError):  # ValueError: the file is shorter than what was durable of it
            following, reason = None, "damaged"
        end = segment.durable if following is None else following
        self.passed_over[reason] += 1
        log.warning("spool segment %d is %s: skipped %d bytes", segment.number, reason, end - offset)
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
                log.error("skipped records of the spool that are encrypted with another key")
            self.passed_over["wrong_key"] += 1
        records: Sequence[bytes | msgspec.Raw | Piece] = frame.batch.records() if frame.batch else ()
        single = frame.batch is not None and frame.batch.elements
        if frame.batch is not None and frame.format in formats.SIGNALS:
            records, single = [part for each in records for part in formats.parts(frame.format, bytes(each))], True
        origin = Origin("webhook", frame.format, str(segment.number), frame.received, single)
        self._frame = _Opened(size, origin, records, self._done())
        return self._frame

    def _bytes(self, segment: Segment, offset: int, size: int) -> bytes:
        """Read from a segment, by way of a block that is kept: it holds many frames, and a slice may be short."""
        number, start, block = self._block
        at = offset - start
        if number != segment.number or not 0 <= at <= len(block) - size:
            wanted = min(max(size, _BLOCK), segment.durable - offset)
            handle, at = self._open(segment).fileno(), 0
            block = os.pread(handle, wanted, offset)
            if segment.sealed:  # long written, perhaps no longer in the page cache
                os.posix_fadvise(handle, offset + wanted, _AHEAD, os.POSIX_FADV_WILLNEED)
            self._block = (segment.number, offset, block if wanted <= _BLOCK else b"")
        return block[at : at + size]

    def _hand_out(self, frame: _Opened, sink: Sink, budget: int) -> int:
        """Hand out records of a frame; return the bytes consumed."""
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
    """A frame whose records are being handed out."""

    size: int
    origin: Origin
    records: Sequence[bytes | msgspec.Raw | Piece]
    done: int
    """Records handed out, also before a restart."""
