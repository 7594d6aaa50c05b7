"""The known streams and their committed state."""

from __future__ import annotations

import logging
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter

import msgspec

from tocsin.inputs.base import Change
from tocsin.inputs.content import Identity
from tocsin.inputs.finder import FilePattern, Found
from tocsin.inputs.fingerprint import Fingerprints, Mark
from tocsin.inputs.rotation import rotated_from
from tocsin.inputs.stream import OrderKey, Record, Stream

log = logging.getLogger(__name__)

FINISHED_MAX = 2000
"""Maximum number of finished streams without a file that are remembered."""
_REMEMBER_LOOK = 10.0
_STEP = 1.0
"""Seconds by which the system clock must jump to count as set: stored times are then committed again."""
_META = "meta"


class _Meta(msgspec.Struct):
    key: bytes
    lost: dict[str, int]
    next: int
    begun: list[bytes] = []
    """Patterns that were searched before: files rotated from now on are not history."""
    looked: float = 0.0
    """Unix time of the last commit."""


class Streams:
    """The streams by name, with the state they share."""

    def __init__(self, patterns: Sequence[FilePattern], limit: int) -> None:
        self.prints = Fingerprints()
        self.lost: dict[str, int] = {"deleted": 0, "truncated": 0}
        self._patterns = {os.fsencode(pattern.path): pattern for pattern in patterns}
        self._limit = limit
        self._streams: dict[str, Stream] = {}
        self._by_path: dict[bytes, list[Stream]] = {}
        """Streams that may have been written at the same path, one after the other."""
        self._ordered: dict[bytes, list[tuple[OrderKey, Stream]]] = {}
        """The same in the order of writing, computed on demand since ``order``."""
        self._heads: dict[int, dict[Mark | None, list[Stream]]] = {}
        """By length and mark of the head, as known when they were indexed."""
        self._next = 0
        self._begun: set[bytes] = set()
        self._gone: list[str] = []
        self._looked = 0.0
        self._ahead = 0.0
        """Unix time minus the injected clock: it changes when the system clock is set."""
        self._dirty = True

    def configure(self, patterns: Sequence[FilePattern]) -> None:
        """Apply new patterns; a stream continues in its pattern's current format."""
        self._patterns = {os.fsencode(pattern.path): pattern for pattern in patterns}
        for stream in self._streams.values():
            pattern = self._patterns.get(stream.record.pattern)
            if pattern is not None and pattern.format != stream.record.format:
                stream.reformat(pattern.format)

    def __iter__(self) -> Iterator[Stream]:
        return iter(list(self._streams.values()))

    def order(self) -> None:
        """Sort the files of each log again on demand: names and roles may have changed."""
        self._ordered = {}

    def predecessor(self, stream: Stream) -> Stream | None:
        """Return the older file of its log in which the first record of a stream may have begun.

        That is the newest one that is not empty.
        """
        key = stream.order_key
        before = [found for path in _first_paths(stream) if (found := self._newest_before(path, key)) is not None]
        newest = max(before, key=lambda other: other.order_key, default=None)
        return newest if newest is not None and newest.may_continue else None

    def _newest_before(self, path: bytes, key: OrderKey) -> Stream | None:
        ordered = self._ordered.get(path)
        if ordered is None:
            kin = sorted([(other.order_key, number) for number, other in enumerate(self._by_path[path])])
            ordered = self._ordered[path] = [(known, self._by_path[path][number]) for known, number in kin]
        for at in range(bisect_left(ordered, key, key=itemgetter(0)) - 1, -1, -1):
            other = ordered[at][1]
            if other.offset or other.may_continue:
                return other
        return None

    def written_to(self) -> set[str]:
        """Return the paths at which streams were written."""
        return set(map(os.fsdecode, {stream.record.base for stream in self._streams.values()}))

    def logs(self) -> int:
        """Return the number of logs, a log and its rotated files counting as one."""
        first = {stream.record.base: _first_paths(stream)[1:] for stream in self._streams.values()}
        return sum(not any(path in first for path in paths) for paths in first.values())

    def index_heads(self) -> None:
        """Index all streams by their head."""
        self._heads = {}
        for stream in self._streams.values():
            self.index_head(stream)

    def index_head(self, stream: Stream) -> None:
        """Index a new stream by its head."""
        head = stream.record.head
        self._heads.setdefault(head.length if head else 0, {}).setdefault(head, []).append(stream)

    def with_same_head(self, head: Callable[[int], Mark]) -> list[Stream]:
        """Return the indexed streams with the same beginning as a file; ``head`` returns the mark of its first bytes.

        A head that has grown since it was indexed still begins the same.
        """
        found: list[Stream] = []
        for length, streams in self._heads.items():
            found += streams.get(head(length) if length else None, ())
        return [s for s in found if s.record.head is not None and head(s.record.head.length) == s.record.head]

    def get(self, name: str) -> Stream | None:
        """Return the stream of this name."""
        return self._streams.get(name)

    def restore(self, items: Iterable[tuple[str, bytes]], now: float, wall: float) -> None:
        """Restore the committed streams; ``now`` is by the injected clock, ``wall`` Unix time."""
        saved = dict(items)
        if _META not in saved:
            return
        meta = msgspec.msgpack.decode(saved.pop(_META), type=_Meta)
        self.prints = Fingerprints(meta.key)
        self._next, self._begun, self._looked = meta.next, set(meta.begun), meta.looked
        self.lost.update(meta.lost)
        for name, value in saved.items():
            try:
                record = msgspec.msgpack.decode(value, type=Record)
            except msgspec.MsgspecError:
                log.error("the state of a log file cannot be read; the file is read again from its beginning")
                self._gone.append(name)
                continue
            stream = self._add(Stream(name, record, self._limit))
            if 0 < record.grew <= meta.looked <= wall:
                stream.caught_up, stream.grew = now - (wall - meta.looked), now - (wall - record.grew)
        self.configure(list(self._patterns.values()))

    def changes(self, now: float, wall: float) -> list[Change]:
        """Return what changed since the last commit."""
        stepped = abs(wall - now - self._ahead) > _STEP
        self._ahead = wall - now
        changed: list[Change] = [(name, None) for name in self._gone]
        self._gone = []
        for stream in self._streams.values():
            if stream.dirty or (stepped and stream.content is not None):
                if stream.grew > float("-inf"):
                    stream.record.grew = wall - (now - stream.grew)
                changed.append((stream.name, stream.encode(self.prints)))
                stream.dirty = False
        if self._dirty or changed or stepped or wall - self._looked > _REMEMBER_LOOK:
            self._looked = wall
            meta = _Meta(self.prints.key, self.lost, self._next, sorted(self._begun), wall)
            changed.append((_META, msgspec.msgpack.encode(meta)))
            self._dirty = False
        return changed

    def create(self, file: Found) -> Stream:
        """Create a stream for a file."""
        name = f"s{self._next:08d}"
        self._next += 1
        self._dirty = True
        pattern = os.fsencode(file.pattern.path)
        record = Record(os.fsencode(file.path), file.pattern.format, base=os.fsencode(file.base), pattern=pattern)
        return self._add(Stream(name, record, self._limit))

    def _add(self, stream: Stream) -> Stream:
        self._streams[stream.name] = stream
        for path in _first_paths(stream):
            self._by_path.setdefault(path, []).append(stream)
            self._ordered.pop(path, None)
        return stream

    def known(self) -> dict[Identity, Stream]:
        """Return the streams by the file that they were last read from."""
        known = {s.record.identity: s for s in self._streams.values() if s.record.finished}
        known.update({s.record.identity: s for s in self._streams.values() if not s.record.finished})
        return known

    def bases(self) -> list[tuple[str, FilePattern]]:
        """Return where unfinished streams were written: their rotated files are there."""
        return [
            (os.fsdecode(s.record.base), self._patterns[s.record.pattern])
            for s in self._streams.values()
            if not s.record.finished and self.wanted(s)
        ]

    def wanted(self, stream: Stream) -> bool:
        """Return whether the pattern that matched a stream is still configured."""
        return stream.record.pattern in self._patterns

    def is_first(self, pattern: FilePattern) -> bool:
        """Return whether the pattern was never searched before."""
        return os.fsencode(pattern.path) not in self._begun

    def begin(self) -> None:
        """Note that all patterns were searched."""
        if self._begun != self._patterns.keys():
            self._begun, self._dirty = set(self._patterns), True

    def lose(self, stream: Stream) -> None:
        """Report that a stream was destroyed before it was read to its end."""
        reason = "truncated" if stream.truncated else "deleted"
        self.lost[reason] += 1
        self._dirty = True
        log.warning("a log file was %s before it was read to its end", reason)

    def forget(self, present: dict[Identity, Found]) -> None:
        """Forget blank streams, and the oldest finished ones without a file."""
        for blank in [s for s in self if s.content is None and s.blank]:
            self._drop(blank)  # it was empty: only its inode is known
        gone = [s for s in self if s.record.finished and s.record.identity not in present]
        for stream in gone[: max(0, len(gone) - FINISHED_MAX)]:
            self._drop(stream)

    def _drop(self, stream: Stream) -> None:
        del self._streams[stream.name]
        for path in _first_paths(stream):
            self._by_path[path].remove(stream)
            self._ordered.pop(path, None)
            if not self._by_path[path]:
                del self._by_path[path]
        self._gone.append(stream.name)


def _first_paths(stream: Stream) -> list[bytes]:
    """Return the path at which a stream was written, and those it may have had before rotation."""
    folder, name = os.path.split(os.fsdecode(stream.record.base))
    return [os.fsencode(os.path.join(folder, first)) for first in (name, *rotated_from(name))]  # noqa: PTH118 - often
