"""A stream: one log, identified by its content, and the position up to which it was read.

Rotation changes names, copying and compressing change inodes; the content stays. A stream is identified by marks (keyed
hashes) of its first bytes and of the bytes before its offset.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from tocsin.inputs.base import Origin
from tocsin.inputs.content import FileContent, Identity, PackedContent
from tocsin.inputs.fingerprint import HEAD_BYTES, MARK_BYTES, Fingerprints, Mark
from tocsin.inputs.rotation import age
from tocsin.inputs.wrappers import WRAPPED, Framing

OrderKey = tuple[int, int, tuple[int, ...], str]
"""Sort key of the streams of one log."""
MARKS = 8
"""Marks of earlier commits that are kept to recognise a copy that ends before the offset, or a log that lost its
end."""
_BLINK = 0.25
_AT_REST = 0.3


class Record(msgspec.Struct, omit_defaults=True):
    """The stored state of a stream; fields are only added at the end, with defaults."""

    path: bytes
    """Where it was first found, in the file system encoding."""
    format: str = "auto"
    identity: Identity = (0, 0)
    """Of the last file that it was read from."""
    offset: int = 0
    """Everything before it was passed on. It follows a newline, or is within a line that is being skipped."""
    head: Mark | None = None
    marks: list[Mark] = []
    """Of the bytes before the offset at the last commits; the last mark is that of ``offset``."""
    finished: bool = False
    skipping: int = 0
    """Bytes already skipped of a line that is too long."""
    pending_from: int | None = None
    """Offset of the first piece of an incomplete record."""
    framing: str | None = None
    size: int = 0
    """Bytes of content when last checked."""
    grew: float = 0.0
    """Unix time of the last growth."""
    base: bytes = b""
    """The path that its writer wrote to, with symbolic links resolved."""
    disk_size: int = 0
    disk_mtime_ns: int = 0
    """Size and time of its file when it was finished: while they are unchanged, it is not examined."""
    pattern: bytes = b""
    """The pattern that matched it."""
    copy_of: str = ""
    """Name of the stream that its file is a copy of; that stream may need the file later."""
    damaged: bool = False
    """It was read from an archive without its proper end, which was reported."""


class Stream:
    """A log that is, or was, being read."""

    def __init__(self, name: str, record: Record, limit: int) -> None:
        self.name = name
        self.record = record
        self.path = self.current_path = os.fsdecode(record.path)
        """Where it was first found, and where its file is now."""
        self.origin = Origin("file", record.format, self.path)
        self.framing = Framing(limit, record.framing)
        self.offset = record.offset
        self.scanned = 0
        """Bytes after the offset that are known to contain no newline."""
        self.rebuilt: int | None = None
        """How far the pieces pending at the last commit are collected again; None once they are."""
        self.mark = b""
        """The bytes before the offset, as far as they were read since the start; never stored."""
        self.content: FileContent | None = None
        self.size = record.size
        self.mtime_ns = 0
        self.primary = False
        """It is the file being written to."""
        self.dirty = False
        self.orphaned: float | None = None
        """Since when (injected clock) no file is known that it could continue in."""
        self.truncated = self.nothing_lost = False
        """How it lost its file, and whether certainly nothing was unread then."""
        self.parked = False
        """Its file is closed because it is idle; a change reopens it."""
        self.rotated = float("-inf")
        """When its file was found to be no longer written to under its original name."""
        self.grew = self.caught_up = float("-inf")
        """When it last grew, and when it was last found fully read (injected clock)."""

    def reformat(self, word: str) -> None:
        """Use another format for its records from now on."""
        self.record.format = word
        self.origin = Origin("file", word, self.path)
        self.dirty = True

    def attach(self, content: FileContent, mark: bytes, now: float) -> None:
        """Continue reading from a file; ``mark`` is the bytes that ``position`` found before the offset."""
        self.detach()
        status = content.stat()
        self.content = content
        self.record.identity = content.identity
        self.record.finished = False
        self.mark = mark
        self.orphaned = None
        self.truncated = False
        self.rebuilt = self.record.pending_from
        self.framing.flush()
        self.look(status, now)
        self.grew = max(self.grew, now)
        self.dirty = True

    def detach(self) -> None:
        """Close the file."""
        if self.content is not None:
            self.content.close()
            self.content = None
        self.scanned = 0

    def look(self, status: os.stat_result, now: float) -> bool:
        """Update the file's size; return whether it may contain new data."""
        changed = status.st_mtime_ns != self.mtime_ns
        self.mtime_ns = status.st_mtime_ns
        if not self.packed and status.st_size != self.size:
            changed = True
            if status.st_size >= self.offset:  # otherwise it was truncated: keep what is known of it
                self.grew = now
                self.size = status.st_size
        if not changed and self.size <= self.offset:
            self.caught_up = now
        return changed

    @property
    def blank(self) -> bool:
        """True while none of its content is known."""
        return self.record.head is None and not self.offset and not self.record.damaged

    @property
    def without_file(self) -> bool:
        """True while its file is gone or contains something else: it continues where its content is found."""
        return self.content is None and not self.parked and not self.record.finished

    @property
    def drained(self) -> bool:
        """True while its file is open and read to its known end."""
        if isinstance(self.content, PackedContent):
            return self.content.complete and self.offset >= self.content.end and self.rebuilt is None
        return self.content is not None and self.offset >= self.size and self.rebuilt is None

    @property
    def order_key(self) -> OrderKey:
        """Return the sort key of the streams of one log, from the oldest to the one being written to."""
        if self.without_file:  # it was read before the others
            return 0, 0, (), ""
        return (2, 0, (), "") if self.primary else (1, *age(self.current_path))

    @property
    def may_continue(self) -> bool:
        """True while it may contain the beginning of a record that continues in the next file of its log."""
        unread = self.framing.kind is None and not self.offset
        if self.record.finished or not (unread or self.framing.kind in WRAPPED):
            return False
        waits = self.framing.pending or self.record.pending_from is not None
        return waits or self.without_file or (self.content is not None and not self.drained)

    @property
    def packed(self) -> bool:
        """True while it is read from an archive, which does not grow once it is complete."""
        return isinstance(self.content, PackedContent)

    def intact(self, chunk: bytearray, size: int, at: int) -> bool:
        """Return whether the file still contains the stream after ``size`` bytes at ``at`` were read into ``chunk``.

        Checked after reading: if the file had been truncated and refilled before, the bytes before the offset would
        differ.
        """
        content = self.content
        if content is None or content.packed:
            return content is not None
        if self.mark:
            return content.pread(len(self.mark), self.offset - len(self.mark)) == self.mark
        first = min(size, MARK_BYTES)
        return content.pread(first, at) == chunk[:first]

    def whole(self) -> bool:
        """Return whether the open file still contains what was read of it."""
        content = self.content
        if content is None or content.packed:
            return content is not None
        if content.stat().st_size < self.offset:
            return False
        return content.pread(len(self.mark), self.offset - len(self.mark)) == self.mark

    def advance(self, chunk: memoryview, used: int) -> None:
        """Move the offset over the first ``used`` bytes of ``chunk``, which were passed on."""
        if used >= MARK_BYTES:
            self.mark = bytes(chunk[used - MARK_BYTES : used])
        else:
            self.mark = (self.mark + bytes(chunk[:used]))[-MARK_BYTES:]
        self.offset += used
        self.dirty = True

    def learn_head(self, prints: Fingerprints) -> bool:
        """Learn the head, read or not, as soon as it exists; return False if it changed."""
        head = self.record.head
        if self.content is None or (head is not None and head.length == HEAD_BYTES and self.offset):
            return True
        return self.check_head(prints, self.content.pread(HEAD_BYTES, 0))

    def check_head(self, prints: Fingerprints, data: bytes) -> bool:
        """Learn the head from the first bytes of the file; return False if it changed."""
        head = self.record.head
        if head is not None and prints.mark(data[: head.length], head.length) != head:
            return False
        if data and (head is None or len(data) > head.length):
            self.record.head = prints.mark(data, len(data))
            self.dirty = True
        return True

    def position_mark(self, prints: Fingerprints) -> Mark | None:
        """Return the mark of the offset; None at the very beginning."""
        marks = self.record.marks
        if marks and marks[-1].end == self.offset:
            return marks[-1]
        if not self.mark:
            return None
        mark = prints.mark(self.mark, self.offset)
        self.record.marks = _thinned([*marks, mark])
        return mark

    def former(self, holds: Callable[[Mark], bool]) -> Mark | None:
        """Return the last mark that a file ``holds``; None if it has only the beginning."""
        return next((mark for mark in reversed(self.record.marks) if mark.end > HEAD_BYTES and holds(mark)), None)

    def fall_back(self, mark: Mark) -> None:
        """Return to an earlier position; event ids show which of the events after it were counted."""
        self.offset = mark.end
        self.record.marks = [former for former in self.record.marks if former.end <= mark.end]
        self.record.skipping = 0
        self.record.pending_from = None
        self.dirty = True

    def position(self, prints: Fingerprints, content: FileContent) -> bytes | None:
        """Return the bytes before the offset if a file contains the stream's head and those bytes, else None."""
        if self.record.head is None or not prints.holds(content, self.record.head):
            return None
        mark = self.position_mark(prints)
        if mark is None:
            return None if self.offset else b""
        data = content.pread(mark.length, mark.end - mark.length)
        return data if len(data) == mark.length and prints.mark(data, mark.end) == mark else None

    def surely_read(self, now: float) -> bool:
        """Return whether its file certainly contained nothing unread when it was destroyed.

        What was written since the last check is unknown. A very recent check suffices for an idle file, an older one
        for a file that had been idle for twenty times as long.
        """
        if self.size > self.offset or self.record.skipping:
            return False
        rest = self.caught_up - self.grew
        return rest >= _AT_REST and now - self.caught_up <= max(_BLINK, rest / 20)

    def lose_file(self, now: float) -> None:
        """Note that no file is known that the stream continues in."""
        self.nothing_lost = self.surely_read(now)
        self.orphaned = now
        self.parked = False

    def note_file(self, size: int, mtime_ns: int) -> None:
        """Note its file's size and time: while they are unchanged, it is not examined."""
        self.record.disk_size, self.record.disk_mtime_ns = size, mtime_ns
        self.dirty = True

    def encode(self, prints: Fingerprints) -> bytes:
        """Return the record to commit."""
        self.position_mark(prints)
        self.record.offset = self.offset
        self.record.framing = self.framing.kind
        self.record.size = self.size
        return msgspec.msgpack.encode(self.record)


def _thinned(marks: list[Mark]) -> list[Mark]:
    """Return at most ``MARKS`` marks, spaced wider with age: eight cover at least the last sixty commits.

    A power failure loses what a log's writer wrote in half a minute, but not what we committed of it.
    """
    if len(marks) <= MARKS:
        return marks
    end = marks[-1].end
    for number in range(len(marks) - 2, 0, -1):
        if end - marks[number - 1].end < 4 * (end - marks[number + 1].end):
            return [*marks[:number], *marks[number + 1 :]]
    return marks[1:]
