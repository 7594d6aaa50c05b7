"""Which log a file holds: one that is known, a copy of one, or a new one. Content decides, not names."""

from __future__ import annotations

import os
from collections.abc import Callable, Container
from enum import Enum, auto
from functools import cache
from typing import Protocol

from tocsin.inputs.content import FileContent, Identity, PackedContent, PlainContent
from tocsin.inputs.finder import Found
from tocsin.inputs.fingerprint import HEAD_BYTES, MARK_BYTES, Fingerprints, Mark
from tocsin.inputs.stream import Stream
from tocsin.inputs.streams import Streams

_TURN = 1 << 20
"""Bytes of an archive that are unpacked in one turn."""


class Evidence(Protocol):
    """What is known of a file's content."""

    packed: bool

    @property
    def cut(self) -> bool:
        """True for an archive without its proper end: nobody knows what stood behind ``end``."""

    @property
    def end(self) -> int:
        """Length of the content."""

    def head(self, length: int) -> Mark:
        """Return the mark of the first bytes."""

    def holds(self, mark: Mark) -> bool:
        """Tell whether the marked bytes stand at their place; an archive knows of those it was unpacked for."""

    def same_as(self, stream: Stream) -> bool:
        """Tell whether all of the content stands in the stream's own open file."""

    def informed(self, stream: Stream) -> bool:
        """Tell whether the stream could be judged."""


class PlainEvidence:
    """A plain file can be looked at anywhere."""

    packed = cut = False

    def __init__(self, content: PlainContent, prints: Fingerprints) -> None:
        self._content = content
        self._prints = prints
        self.end = content.stat().st_size
        self.head = _heads(content, prints)

    def holds(self, mark: Mark) -> bool:
        """Look."""
        return mark.end <= self.end and self._prints.holds(self._content, mark)

    def same_as(self, stream: Stream) -> bool:
        """Compare the last bytes; a copy is never longer than its original, which only grows."""
        own = stream.content
        if own is None or own.packed or not stream.whole():
            return False
        size = min(MARK_BYTES, self.end)
        here = self._content.pread(size, self.end - size)
        return 0 < size == len(here) and here == own.pread(size, self.end - size)

    def informed(self, stream: Stream) -> bool:
        """Nothing is hidden in a plain file."""
        del stream
        return True


def _heads(content: FileContent, prints: Fingerprints) -> Callable[[int], Mark]:
    """Return what looks once at the first bytes of each length, however many streams are asked about."""
    return cache(lambda length: prints.mark_at(content, length, length))


class ArchiveEvidence:
    """An archive must be unpacked once, in turns, to know it."""

    packed = True

    def __init__(self, content: PackedContent, prints: Fingerprints, streams: Streams) -> None:
        self._content = content
        self._prints = prints
        self._held: set[Mark] = set()
        self._captured: dict[str, list[Mark]] = {}
        self.head = _heads(content, prints)
        for stream in streams.alike(self.head):
            stream.position_mark(prints)
            self._captured[stream.name] = stream.record.marks
        wanted = {mark for marks in self._captured.values() for mark in marks}
        self._wanted = sorted(wanted, key=lambda mark: mark.end, reverse=True)

    @property
    def end(self) -> int:
        """Length of what is unpacked."""
        return self._content.end

    @property
    def cut(self) -> bool:
        """True when the archive has not its proper end, once it is unpacked."""
        return self._content.cut

    @property
    def may_grow(self) -> bool:
        """True when more of it may be on its way."""
        return not self._content.complete

    def turn(self) -> bool:
        """Unpack some more; False at the end."""
        stop = self.end + _TURN
        while self.end < stop:
            while self._wanted and self._wanted[-1].end <= self.end:
                mark = self._wanted.pop()
                if self._prints.holds(self._content, mark):
                    self._held.add(mark)
            if not self._content.advance():
                return False
        return True

    def holds(self, mark: Mark) -> bool:
        """Tell what was found while unpacking."""
        return mark in self._held

    def same_as(self, stream: Stream) -> bool:
        """Tell by the position that the stream had when the unpacking began."""
        captured = self._captured.get(stream.name)
        own = stream.content
        if own is None or not (own.packed or self.end <= own.stat().st_size):
            return False
        return bool(captured and captured[-1] in self._held)

    def informed(self, stream: Stream) -> bool:
        """False for a stream that was read on since the unpacking began, unless it can be compared all the same."""
        captured = self._captured.get(stream.name)
        if not captured or stream.content is not None:
            return bool(captured)
        return captured[-1].end == stream.offset or stream.offset > self.end


class Verdict(Enum):
    """What a file is."""

    CONTINUES = auto()
    """A stream that has lost its file goes on here."""
    COPY = auto()
    """It repeats a stream that is read from its own file."""
    AGAIN = auto()
    """A finished stream, under another name, compressed, or written to late."""
    PREFIX = auto()
    """A copy that ended before the stream did: all of it is read."""
    SHORTENED = auto()
    """A stream's own log, which has lost its end, as in a power cut; or a new one that has that much in common."""
    UNCLEAR = auto()
    """It begins like a stream that it cannot be compared with yet: ask again soon."""
    NEW = auto()


def place(
    evidence: Evidence,
    streams: Streams,
    prints: Fingerprints,
    *,
    primary: bool,
    file: Found,
    present: Container[Identity],
) -> tuple[Verdict, Stream | None]:
    """Decide which log ``file`` holds; ``present`` are the files that still have a name."""
    identity = file.identity

    def replaced(stream: Stream) -> bool:
        """Tell whether its file was overwritten by this one, which begins with all that was read."""
        return primary and os.fsdecode(stream.record.base) == file.base and stream.record.identity not in present

    alike = streams.alike(evidence.head)
    full = [s for s in alike if _at_position(s, evidence, prints)]
    waiting = [s for s in full if s.adrift or (s.content is not None and replaced(s))]
    if waiting:
        own = [s for s in waiting if s.record.identity == identity]
        return Verdict.CONTINUES, (own or sorted(waiting, key=lambda s: -s.offset))[0]
    if not primary:
        for stream in streams if evidence.end < HEAD_BYTES else alike:
            if stream.content is not None and evidence.same_as(stream):
                return Verdict.COPY, stream
        for stream in full:
            if stream.parked:  # opened when it grows; until then nobody knows whether more of this stands in it
                return Verdict.COPY if evidence.end <= stream.offset else Verdict.UNCLEAR, stream
        for stream in alike:
            if stream.content is None and _is_prefix(stream, evidence):
                return Verdict.PREFIX, stream
    finished = [s for s in full if s.record.finished and (not primary or s.record.identity == identity)]
    if finished:
        return Verdict.AGAIN, max(finished, key=lambda s: s.offset)
    if primary:
        for stream in alike:
            if stream.adrift and os.fsdecode(stream.record.base) == file.base and stream.former(evidence.holds):
                return Verdict.SHORTENED, stream
    else:
        for stream in alike:
            if not evidence.informed(stream):
                return Verdict.UNCLEAR, stream
        if not evidence.packed and any(stream.offset > evidence.end for stream in alike):
            return Verdict.UNCLEAR, None  # it may be a copy in the making
    return Verdict.NEW, None


def _at_position(stream: Stream, evidence: Evidence, prints: Fingerprints) -> bool:
    mark = stream.position_mark(prints)
    return not stream.offset if mark is None else evidence.holds(mark)


def _is_prefix(stream: Stream, evidence: Evidence) -> bool:
    """Tell by the last mark within the file whether it is the beginning of what was read.

    The mark may stand in a header that many files begin with, so this is asked only of a stream that was
    truncated and whose whole copy does not turn up; and of an archive that was cut off, even where no mark is left.
    """
    within = [mark for mark in stream.record.marks if mark.end <= evidence.end]
    if evidence.end >= stream.offset or not (stream.truncated or evidence.cut):
        return False
    return evidence.holds(within[-1]) if within else evidence.cut
