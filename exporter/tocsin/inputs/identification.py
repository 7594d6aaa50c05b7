"""Identifies the log that a file belongs to: a known one, a copy of one, or a new one. By content, not by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import cache, lru_cache
from typing import Protocol

from tocsin.inputs.content import FileContent, Identity, PackedContent, PlainContent
from tocsin.inputs.finder import Found
from tocsin.inputs.fingerprint import HEAD_BYTES, MARK_BYTES, Fingerprints, Mark
from tocsin.inputs.rotation import rotated_from
from tocsin.inputs.stream import Stream
from tocsin.inputs.streams import Streams

_TURN = 1 << 20
"""Bytes of an archive that are unpacked in one turn."""


class Evidence(Protocol):
    """What can be compared of a file's content."""

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
    """Evidence from a plain file, which can be read anywhere."""

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
        """Compare the last bytes."""
        return _ends_within(self._content, self.end, stream)

    def informed(self, stream: Stream) -> bool:
        """Nothing is hidden in a plain file."""
        del stream
        return True


def _ends_within(content: FileContent, end: int, stream: Stream) -> bool:
    """Tell whether the last bytes stand in the stream's file at their place.

    Of what begins alike it is a copy then, which is never longer than its original, as that only grows.
    """
    own = stream.content
    if own is None or own.packed or not stream.whole():
        return False
    size = min(MARK_BYTES, end)
    here = content.pread(size, end - size)
    return 0 < size == len(here) and here == own.pread(size, end - size)


def _heads(content: FileContent, prints: Fingerprints) -> Callable[[int], Mark]:
    """Return what looks once at the first bytes of each length, however many streams are asked about."""
    return cache(lambda length: prints.mark_at(content, length, length))


class ArchiveEvidence:
    """Evidence from an archive, which must first be unpacked, one turn at a time."""

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
        """Compare the last bytes, which are at hand once it is unpacked."""
        return _ends_within(self._content, self.end, stream)

    def informed(self, stream: Stream) -> bool:
        """False for a stream that is read from an archive now, or was read on elsewhere since the unpacking began."""
        captured = self._captured.get(stream.name)
        if not captured or stream.content is not None:
            return bool(captured) and not stream.packed
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


def identify(
    evidence: Evidence,
    streams: Streams,
    prints: Fingerprints,
    *,
    primary: bool,
    file: Found,
    present: Mapping[Identity, Found],
) -> tuple[Verdict, Stream | None]:
    """Decide which log ``file`` holds; ``present`` are the files that still have a name."""
    identity = file.identity

    def replaced(stream: Stream) -> bool:
        """Tell whether its file was overwritten by this one, which begins with all that was read."""
        return primary and os.fsdecode(stream.record.base) == file.base and stream.record.identity not in present

    def held(stream: Stream) -> bool:
        """Tell whether the file begins with all that was read of the stream."""
        mark = stream.position_mark(prints)
        return not stream.offset if mark is None else evidence.holds(mark)

    alike = streams.alike(evidence.head)
    waiting = [s for s in alike if (s.adrift or (s.content is not None and replaced(s))) and held(s)]
    if waiting:
        own = [s for s in waiting if s.record.identity == identity]
        return Verdict.CONTINUES, (own or sorted(waiting, key=lambda s: (not akin(s, file), -s.offset)))[0]
    kin = [s for s in alike if akin(s, file)]
    if not primary:
        for stream in [s for s in streams if akin(s, file)] if evidence.end < HEAD_BYTES else kin:
            if stream.content is not None and evidence.same_as(stream):
                return Verdict.COPY, stream
        for stream in kin:
            if stream.parked and held(stream) and evidence.end <= present.get(stream.record.identity, file).size:
                return Verdict.COPY if evidence.end <= stream.offset else Verdict.UNCLEAR, stream  # it is opened soon
        for stream in kin:
            if stream.content is None and _is_prefix(stream, evidence):
                return Verdict.PREFIX, stream
    finished = [s for s in alike if s.record.finished and _again(s, evidence, file, primary=primary) and held(s)]
    if finished:
        return Verdict.AGAIN, max(finished, key=lambda s: s.offset)
    if primary:
        for stream in kin:
            if stream.adrift and os.fsdecode(stream.record.base) == file.base and stream.former(evidence.holds):
                return Verdict.SHORTENED, stream
    else:
        for stream in kin:
            if not evidence.informed(stream):
                return Verdict.UNCLEAR, stream
        if not evidence.packed and any(stream.offset > evidence.end for stream in kin):
            return Verdict.UNCLEAR, None  # it may be a copy in the making
    return Verdict.NEW, None


def akin(stream: Stream, file: Found) -> bool:
    """Tell whether by their names a file was rotated from the log, or both from one: logs may begin with one header."""
    return not family(os.fsdecode(stream.record.base)).isdisjoint(family(file.base) | family(file.path))


@lru_cache(maxsize=10_000)
def family(path: str) -> frozenset[str]:
    """Return the name of a file, and those that it may have had before it was rotated."""
    name = os.path.basename(path)  # noqa: PTH119 - often
    return frozenset((name, *rotated_from(name)))


def _again(stream: Stream, evidence: Evidence, file: Found, *, primary: bool) -> bool:
    """Tell whether a finished stream may stand in a file: its own, or one that nobody writes to any more."""
    own = stream.record.identity == file.identity
    return own if primary else own or evidence.end == stream.offset or akin(stream, file)


def _is_prefix(stream: Stream, evidence: Evidence) -> bool:
    """Tell by the last mark within the file whether it is the beginning of what was read.

    The mark may stand in a header that many files begin with, so this is asked only of a stream that was
    truncated and whose whole copy does not turn up; and of an archive that was cut off, even where no mark is left.
    """
    within = [mark for mark in stream.record.marks if mark.end <= evidence.end]
    if evidence.end >= stream.offset or not (stream.truncated or evidence.cut):
        return False
    return evidence.holds(within[-1]) if within else evidence.cut
