"""Identifies the log in a file by content, not by name: a known log, a copy of one, or a new one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
"""Bytes of an archive decompressed per turn."""


class Evidence(Protocol):
    """The content of a file, as far as it can be compared with streams."""

    packed: bool

    @property
    def cut(self) -> bool:
        """True for an archive without its proper end: what followed ``end`` is unknown."""

    @property
    def end(self) -> int:
        """Length of the content."""

    def head(self, length: int) -> Mark:
        """Return the mark of the first bytes."""

    def holds(self, mark: Mark) -> bool:
        """Return whether the marked bytes are at their offset; an archive knows only the marks it was created for."""

    def is_copy_of(self, stream: Stream) -> bool:
        """Return whether the whole content is also in the open file of the stream."""

    def comparable(self, stream: Stream) -> bool:
        """Return whether the file could be compared with the stream."""


class PlainEvidence:
    """Evidence from a plain file, which can be read at any offset."""

    packed = cut = False

    def __init__(self, content: PlainContent, prints: Fingerprints) -> None:
        self._content = content
        self._prints = prints
        self.end = content.stat().st_size
        self.head = _heads(content, prints)

    def holds(self, mark: Mark) -> bool:
        """Compare the bytes at the mark."""
        return mark.end <= self.end and self._prints.holds(self._content, mark)

    def is_copy_of(self, stream: Stream) -> bool:
        """Compare the last bytes."""
        return _ends_within(self._content, self.end, stream)

    def comparable(self, stream: Stream) -> bool:
        """Always true: all of a plain file can be read."""
        del stream
        return True


def _ends_within(content: FileContent, end: int, stream: Stream) -> bool:
    """Return whether the last bytes are at the same offset in the stream's file.

    With an identical beginning it is then a copy, which is never longer than its original, as that only grows.
    """
    own = stream.content
    if own is None or own.packed or not stream.whole():
        return False
    size = min(MARK_BYTES, end)
    here = content.pread(size, end - size)
    return 0 < size == len(here) and here == own.pread(size, end - size)


def _heads(content: FileContent, prints: Fingerprints) -> Callable[[int], Mark]:
    """Return a function that hashes the head of each length only once, for any number of streams."""
    return cache(lambda length: prints.mark_at(content, length, length))


class ArchiveEvidence:
    """Evidence from an archive, which must first be decompressed, one turn at a time."""

    packed = True

    def __init__(self, content: PackedContent, prints: Fingerprints, streams: Streams) -> None:
        self._content = content
        self._prints = prints
        self._held: set[Mark] = set()
        self._captured: dict[str, list[Mark]] = {}
        self.head = _heads(content, prints)
        for stream in streams.with_same_head(self.head):
            stream.position_mark(prints)
            self._captured[stream.name] = stream.record.marks
        wanted = {mark for marks in self._captured.values() for mark in marks}
        self._wanted = sorted(wanted, key=lambda mark: mark.end, reverse=True)

    @property
    def end(self) -> int:
        """Length of the content decompressed so far."""
        return self._content.end

    @property
    def cut(self) -> bool:
        """Whether the archive, once decompressed, lacks its proper end."""
        return self._content.cut

    @property
    def may_grow(self) -> bool:
        """Whether the archive may still be incomplete."""
        return not self._content.complete

    def turn(self) -> bool:
        """Decompress some more; return False at the end."""
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
        """Return whether the mark was found during decompression."""
        return mark in self._held

    def is_copy_of(self, stream: Stream) -> bool:
        """Compare the last bytes, which are still buffered after decompression."""
        return _ends_within(self._content, self.end, stream)

    def comparable(self, stream: Stream) -> bool:
        """False for a stream now read from an archive, or that has moved on since decompression began."""
        captured = self._captured.get(stream.name)
        if not captured or stream.content is not None:
            return bool(captured) and not stream.packed
        return captured[-1].end == stream.offset or stream.offset > self.end


class Verdict(Enum):
    """What a file is in relation to the known streams."""

    CONTINUES = auto()
    """The rest of a stream that has lost its file."""
    COPY = auto()
    """A copy of a stream that is read from its own file."""
    FINISHED = auto()
    """A finished stream under another name, compressed, or with late writes."""
    PREFIX = auto()
    """A copy that ends before the offset of its stream: all of it was read."""
    SHORTENED = auto()
    """The log of a stream without its end, as after a power failure; or a new log with the same beginning."""
    UNCLEAR = auto()
    """It begins like a stream that it cannot be compared with yet: try again soon."""
    NEW = auto()


Answer = tuple[Verdict, Stream | None]
"""What a file is, and in relation to which stream."""


def identify(
    evidence: Evidence,
    streams: Streams,
    prints: Fingerprints,
    *,
    primary: bool,
    file: Found,
    present: Mapping[Identity, Found],
) -> Answer:
    """Decide which log ``file`` contains; ``present`` are the files that still have a name."""
    alike = streams.with_same_head(evidence.head)
    kin = [stream for stream in alike if related(stream, file)]
    file_is = _Comparison(evidence, streams, prints, primary, file, present, alike, kin)
    checks = (
        (file_is.continuation, file_is.finished, file_is.shortened) if primary
        else (file_is.continuation, file_is.copy, file_is.finished, file_is.unclear)
    )  # fmt: skip
    return next(filter(None, (check() for check in checks)), (Verdict.NEW, None))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Compares a file with the streams ``alike``, which begin like it, and those of them that are ``related`` by name.

    A check returns None if it does not apply. They depend on the order of ``identify``.
    """

    evidence: Evidence
    streams: Streams
    prints: Fingerprints
    primary: bool
    file: Found
    present: Mapping[Identity, Found]
    alike: Sequence[Stream]
    related: Sequence[Stream]

    def continuation(self) -> Answer | None:
        """The rest of a stream that has lost its file, preferably of the one that was last read from this inode."""
        lost = [s for s in self.alike if s.without_file or (s.content is not None and self._is_overwritten(s))]
        # Of a stream not read yet, perhaps only a few bytes are known, with which another log may begin too.
        waiting = [s for s in lost if self._contains_all_read(s) and (s.offset or self._may_be_unread(s))]
        if not waiting:
            return None
        own = [s for s in waiting if s.record.identity == self.file.identity]
        return Verdict.CONTINUES, own[0] if own else min(waiting, key=lambda s: (not related(s, self.file), -s.offset))

    def copy(self) -> Answer | None:
        """A copy of a stream, or of its beginning."""
        evidence, file = self.evidence, self.file
        short = evidence.end < HEAD_BYTES  # it may lack part of the head
        for stream in [s for s in self.streams if related(s, file)] if short else self.related:
            if stream.content is not None and evidence.is_copy_of(stream):
                return Verdict.COPY, stream
        for stream in self.related:
            original = self.present.get(stream.record.identity, file)
            if stream.parked and self._contains_all_read(stream) and evidence.end <= original.size:
                return Verdict.COPY if evidence.end <= stream.offset else Verdict.UNCLEAR, stream  # it is opened soon
        for stream in self.related:
            if stream.content is None and _is_prefix(stream, evidence):
                return Verdict.PREFIX, stream
        return None

    def finished(self) -> Answer | None:
        """A finished stream: of those that the file contains, the one read furthest."""
        finished = [s for s in self.alike if s.record.finished and self._may_contain(s) and self._contains_all_read(s)]
        return (Verdict.FINISHED, max(finished, key=lambda s: s.offset)) if finished else None

    def shortened(self) -> Answer | None:
        """The log of a stream at the same path that has lost its end."""
        for stream in self.related:
            if stream.without_file and self._has_base_of(stream) and stream.former(self.evidence.holds):
                return Verdict.SHORTENED, stream
        return None

    def unclear(self) -> Answer | None:
        """A file that cannot be compared yet, or that may be an incomplete copy."""
        for stream in self.related:
            if not self.evidence.comparable(stream):
                return Verdict.UNCLEAR, stream
        if not self.evidence.packed and any(stream.offset > self.evidence.end for stream in self.related):
            return Verdict.UNCLEAR, None
        return None

    def _has_base_of(self, stream: Stream) -> bool:
        return os.fsdecode(stream.record.base) == self.file.base

    def _is_overwritten(self, stream: Stream) -> bool:
        """Return whether this file has replaced the stream's file at its path."""
        return self.primary and self._has_base_of(stream) and stream.record.identity not in self.present

    def _contains_all_read(self, stream: Stream) -> bool:
        """Return whether the file begins with all that was read of the stream."""
        mark = stream.position_mark(self.prints)
        return not stream.offset if mark is None else self.evidence.holds(mark)

    def _may_be_unread(self, stream: Stream) -> bool:
        """Return whether the file may contain a stream that was not read yet, and not just one that was."""
        read = (s for s in self.alike if s.record.finished and s.offset == self.evidence.end)
        return related(stream, self.file) and not any(self._contains_all_read(s) for s in read)

    def _may_contain(self, stream: Stream) -> bool:
        """Return whether a file may contain a finished stream: the stream's own file, or one no longer written to."""
        own = stream.record.identity == self.file.identity
        if self.primary:
            return own
        return own or self.evidence.end == stream.offset or related(stream, self.file)


def related(stream: Stream, file: Found) -> bool:
    """Return whether, by their names, one was rotated from the other or both from one log: logs may share a header."""
    return not base_names(os.fsdecode(stream.record.base)).isdisjoint(base_names(file.base) | base_names(file.path))


@lru_cache(maxsize=10_000)
def base_names(path: str) -> frozenset[str]:
    """Return the name of a file and the names that it may have had before rotation."""
    name = os.path.basename(path)  # noqa: PTH119 - often
    return frozenset((name, *rotated_from(name)))


def _is_prefix(stream: Stream, evidence: Evidence) -> bool:
    """Return whether the file is the beginning of what was read, judged by the last mark within it.

    The mark may lie in a header that many files share, so only a truncated stream whose complete copy does not appear
    is checked, and an archive that was cut off, even if no mark is left.
    """
    within = [mark for mark in stream.record.marks if mark.end <= evidence.end]
    if evidence.end >= stream.offset or not (stream.truncated or evidence.cut):
        return False
    return evidence.holds(within[-1]) if within else evidence.cut
