"""Tailing of log files, exactly once, through every kind of rotation.

What cannot be known is announced: a file that is truncated with no copy, or gone while it was being read,
counts in ``lost``. Nothing here blocks or sleeps; the pipeline calls ``read`` in slices.
"""

from __future__ import annotations

import glob
import logging
import os
import secrets
import stat
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from tocsin.inputs.base import Change, Oversize, Sink
from tocsin.inputs.stream import Saved, Source, StaleError, Stream

log = logging.getLogger(__name__)

SCAN_EVERY = 1.0
"""Seconds between looks at directories that did not change."""
ROTATE_WAIT = 5.0
"""Seconds of silence after which a rotated file is over; writers are told late to reopen."""
COPY_WAIT = 3.0
"""Seconds in which the copy of a truncated file must appear; then its rest is lost, and said."""
LOOK_GAP = 0.25
"""Seconds between two looks that leave a writer at rest no time to have written unseen."""
AT_REST = 0.5
"""Seconds without a new byte after which a writer is at rest."""
FINISHED_MAX = 2000
_UNREADABLE = (OSError, EOFError, zlib.error)
_TEMPORARY = (".tmp", ".tmpgz", ".swp", ".part")
_MENDS = {
    "missing": "nothing matches yet; it is read as soon as it appears",
    "permission": "give the exporter's user or group read permission",
    "not_a_file": "name a file, or a directory whose files are logs",
    "io": "see the exporter's log and the disk",
}


@dataclass(frozen=True, slots=True)
class FilePattern:
    """A path or glob to tail."""

    path: str
    format: str = "auto"
    start_at: str = "beginning"


@dataclass(frozen=True, slots=True)
class _Found:
    path: Path
    key: tuple[int, int]
    size: int
    primary: bool
    format: str
    start_at: str


class _Meta(msgspec.Struct):
    key: bytes
    lost: dict[str, int]
    next: int


class FileInput:
    """All configured files as one input."""

    part = "files"

    def __init__(
        self,
        patterns: Sequence[FilePattern],
        *,
        max_line_bytes: int,
        oversize: Oversize,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patterns = patterns
        self._limit = max_line_bytes
        self._oversize = oversize
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._next = 0
        self._streams: dict[str, Stream] = {}
        self._active: list[Stream] = []
        self._gone: list[str] = []
        self._first = True
        """Nothing was ever committed: what is rotated already is history."""
        self._restored = False
        self._last_scan = float("-inf")
        self._directories: dict[Path, int] = {}
        self._passed_by: dict[tuple[int, int], tuple[int, float]] = {}
        """Files that need no look until they change: size and time of the last look."""
        self._problems: dict[str, str] = {}
        self._meta_dirty = True
        self.lost: dict[str, int] = {"deleted": 0, "truncated": 0}
        """Streams destroyed before they were read, by reason."""

    # ---- Input ----------------------------------------------------------------------------------------
    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Take back the committed streams."""
        saved = dict(items)
        if "meta" not in saved:
            return
        meta = msgspec.msgpack.decode(saved.pop("meta"), type=_Meta)
        self._key, self._next = meta.key, meta.next
        self.lost.update(meta.lost)
        self._first, self._restored = False, True
        for name, value in saved.items():
            entry = msgspec.msgpack.decode(value, type=Saved)
            stream = Stream(name, self._key, entry.format, self._limit, Path(entry.path))
            stream.load(entry)
            self._streams[name] = stream

    def read(self, sink: Sink, max_bytes: int) -> int:
        """Hand lines of all files to ``sink``; see ``Input.read``."""
        now = self._clock()
        if self._must_scan(now):
            self._scan(now)
        total = 0
        for stream in list(self._active):
            total += self._read_one(stream, sink, max_bytes, now)
        return total

    def changes(self) -> list[Change]:
        """The streams that moved since the last commit."""
        changed: list[Change] = [(name, None) for name in self._gone]
        self._gone = []
        for stream in self._streams.values():
            if stream.dirty:
                changed.append((stream.name, stream.saved()))
                stream.dirty = False
        if self._meta_dirty or any(value is not None for _, value in changed):
            changed.append(("meta", msgspec.msgpack.encode(_Meta(self._key, self.lost, self._next))))
            self._meta_dirty = False
        return changed

    def committed(self) -> None:
        """Nothing becomes obsolete on disk."""

    def close(self) -> None:
        """Close all files; what was not committed is read again after a start."""
        for stream in self._streams.values():
            stream.detach()

    def backlog(self) -> int:
        """Bytes of plain files that are not read yet."""
        unread = 0
        for stream in self._active:
            if stream.source is not None and not stream.source.packed:
                unread += max(0, stream.source.size - stream.offset) if stream.seen_size < 0 else 0
        return unread

    def unusable(self) -> dict[str, int]:
        """How many configured inputs cannot be read, by reason."""
        counts: dict[str, int] = {}
        for reason in self._problems.values():
            counts[reason] = counts.get(reason, 0) + 1
        return counts

    def unusable_paths(self) -> list[tuple[str, str, str]]:
        """The same with path and mend, for the status page."""
        return [(path, reason.replace("_", " "), _MENDS[reason]) for path, reason in self._problems.items()]

    # ---- reading --------------------------------------------------------------------------------------
    def _read_one(self, stream: Stream, sink: Sink, max_bytes: int, now: float) -> int:
        try:
            count = stream.read(sink, self._oversize, max_bytes, now)
        except StaleError:
            self._orphan(stream, now)
            return 0
        except _UNREADABLE as error:
            log.warning("a log file cannot be read: %s", type(error).__name__)
            stream.detach()
            stream.orphaned = now
            self._active.remove(stream)
            self._last_scan = float("-inf")
            return 0
        if not count and self._is_over(stream, now):
            stream.finish(sink, self._oversize)
            self._active.remove(stream)
            self._forget_finished()
        return count

    def _is_over(self, stream: Stream, now: float) -> bool:
        source = stream.source
        if source is None:
            return True
        if source.packed:
            return True
        if stream.seen_size < 0 or self._is_primary(stream):
            if not stream.intact():
                self._orphan(stream, now)
            return False
        return now - stream.idle_since > ROTATE_WAIT

    def _is_primary(self, stream: Stream) -> bool:
        return stream.name in self._primaries

    _primaries: frozenset[str] = frozenset()

    def _orphan(self, stream: Stream, now: float) -> None:
        """Its file was truncated or written anew: the rest, if any, is in a copy."""
        stream.detach()
        stream.orphaned = now
        looked = stream.looked
        stream.drained = (
            stream.seen_size == stream.offset and now - looked < LOOK_GAP and looked - stream.idle_since > AT_REST
        )
        if stream in self._active:
            self._active.remove(stream)
        self._last_scan = float("-inf")

    def _forget_finished(self) -> None:
        done = [s for s in self._streams.values() if s.finished]
        for stream in done[: max(0, len(done) - FINISHED_MAX)]:
            del self._streams[stream.name]
            self._gone.append(stream.name)

    # ---- finding files --------------------------------------------------------------------------------
    def _must_scan(self, now: float) -> bool:
        if now - self._last_scan >= SCAN_EVERY:
            return True
        for directory, modified in self._directories.items():
            try:
                if directory.stat().st_mtime_ns != modified:
                    return True
            except OSError:
                return True
        return False

    def _scan(self, now: float) -> None:
        self._last_scan = now
        self._problems = {}
        found = self._find()
        by_key = {f.key: f for f in found}
        known = {s.identity: s for s in self._streams.values() if s.source is not None}
        self._relocate(by_key, known)
        for stream in list(self._active):
            if stream.intact():
                stream.learn_head()
        fresh = [f for f in found if f.key not in known]
        left = {s.identity for s in self._streams.values() if s.source is None and not s.finished}
        # A stream goes on in its own file if that still holds it: a copy may be older than the truncation.
        fresh.sort(key=lambda f: (f.key not in left, f.path.suffix == ".gz", f.primary))
        for file in fresh:
            self._meet(file, now)
        known = {s.identity: s for s in self._streams.values() if s.source is not None}
        self._primaries = frozenset(known[f.key].name for f in found if f.primary and f.key in known)
        self._give_up_orphans(now)
        if self._first or self._restored:
            self._first = self._restored = False

    def _relocate(self, by_key: dict[tuple[int, int], _Found], known: dict[tuple[int, int], Stream]) -> None:
        for key, stream in known.items():
            file = by_key.get(key)
            if file is not None and file.path != stream.path:
                stream.path = file.path
                stream.dirty = True

    def _meet(self, file: _Found, now: float) -> None:
        """Decide what a file without an open stream is: a known one again, a copy, or new."""
        looked = self._passed_by.get(file.key)
        if looked is not None and looked[0] == file.size and now - looked[1] < COPY_WAIT:
            return
        try:
            source = Source(file.path)
        except OSError as error:
            reason = "permission" if isinstance(error, PermissionError) else "io"
            if not isinstance(error, FileNotFoundError):
                self._problems[str(file.path)] = reason
            return
        try:
            taken = self._place(file, source, now)
        except _UNREADABLE:
            taken = False  # an archive that is still being written
        if not taken:
            source.close()
            self._passed_by[file.key] = (file.size, now)
            if len(self._passed_by) > 4 * FINISHED_MAX:
                self._passed_by.clear()

    def _place(self, file: _Found, source: Source, now: float) -> bool:
        """Return True when a stream took the source."""
        if not source.size:
            return self._new(file, source, now) if file.primary else False
        heads: dict[int, bytes] = {}
        matching = [s for s in self._streams.values() if _begins(s, source, heads) and s.matches(source)]
        waiting = [s for s in matching if s.source is None and not s.finished]
        if waiting:
            best = min(waiting, key=lambda s: s.identity != source.key)
            best.attach(source)
            best.idle_since = now
            self._active.append(best)
            return True
        finished = [s for s in matching if s.finished]
        if finished and not (file.primary and all(s.identity != source.key for s in finished)):
            return self._again(finished, source, now)
        if matching and not file.primary:
            return False  # a copy of what is being read from its own file
        if not file.primary:
            if self._first:
                self._history(file, source)
                return False
            if self._may_be_growing_copy(source):
                return False
        return self._new(file, source, now)

    def _again(self, finished: list[Stream], source: Source, now: float) -> bool:
        """A finished stream met again (compressed, copied, written late): read what is new."""
        stream = max(finished, key=lambda s: s.offset)
        if not source.bytes_at(stream.offset, 1):
            if stream.identity != source.key:
                stream.identity = source.key
                stream.dirty = True
            return False
        stream.attach(source)
        stream.idle_since = now
        self._active.append(stream)
        return True

    def _may_be_growing_copy(self, source: Source) -> bool:
        """A copy in the making is shorter than what was read, but begins alike."""
        size = source.size
        for stream in self._streams.values():
            if stream.finished or size >= stream.offset:
                continue
            if size >= stream.head_length:
                alike = stream.digest(source.bytes_at(0, stream.head_length)) == stream.head
            else:
                alike = stream.source is not None and stream.source.bytes_at(0, size) == source.bytes_at(0, size)
            if alike and stream.head_length:
                return True
        return False

    def _history(self, file: _Found, source: Source) -> None:
        """Rotated before the first start: known, and not read."""
        stream = self._create(file)
        size = source.size
        if source.packed:
            size = 0
            while chunk := source.bytes_at(size, 1 << 20):
                size += len(chunk)
        stream.offset = size
        stream.head_length = min(1024, size)
        stream.head = stream.digest(source.bytes_at(0, stream.head_length))
        stream.mark = source.bytes_at(max(0, size - 256), min(256, size))
        stream.identity = source.key
        stream.finished = True

    def _new(self, file: _Found, source: Source, now: float) -> bool:
        stream = self._create(file)
        if file.start_at == "end" and self._first:
            stream.offset = source.size
            stream.head_length = min(1024, stream.offset)
            stream.head = stream.digest(source.bytes_at(0, stream.head_length))
        stream.attach(source)
        stream.idle_since = now
        self._active.append(stream)
        return True

    def _create(self, file: _Found) -> Stream:
        name = f"s{self._next:08d}"
        self._next += 1
        self._meta_dirty = True
        stream = self._streams[name] = Stream(name, self._key, file.format, self._limit, file.path)
        return stream

    def _give_up_orphans(self, now: float) -> None:
        """Announce streams whose file is gone or was truncated, and whose rest is nowhere."""
        for stream in list(self._streams.values()):
            if stream.source is not None or stream.finished:
                continue
            if stream.orphaned is None:
                stream.orphaned = now - COPY_WAIT / 2 if self._restored else now
            if now - stream.orphaned < COPY_WAIT:
                continue
            if stream.head_length and not stream.drained:
                exists = stream.path.exists()
                self.lost["truncated" if exists else "deleted"] += 1
                log.warning("a log file was %s before it was read to its end", "truncated" if exists else "deleted")
            del self._streams[stream.name]
            self._gone.append(stream.name)
            self._meta_dirty = True

    def _find(self) -> list[_Found]:
        found: dict[tuple[int, int], _Found] = {}
        self._directories = {}
        for pattern in self._patterns:
            before = len(found)
            for directory, base in self._places(pattern):
                self._list(directory, base, pattern, found)
            if len(found) == before and not any(p == pattern.path for p in self._problems):
                self._problems[pattern.path] = "missing"
        return list(found.values())

    def _places(self, pattern: FilePattern) -> list[tuple[Path, str]]:
        path = pattern.path
        if Path(path).is_dir():
            return [(Path(path), "*")]
        folder, base = os.path.split(path)
        folders = glob.glob(folder, recursive=True) if glob.has_magic(folder) else [folder or "."]  # noqa: PTH207
        return [(Path(f), base) for f in folders]

    def _list(
        self, directory: Path, base: str, pattern: FilePattern, found: dict[tuple[int, int], _Found]
    ) -> None:
        try:
            self._directories[directory] = directory.stat().st_mtime_ns
            entries = list(os.scandir(directory))
        except OSError:
            return
        for entry in entries:
            name = entry.name
            primary = fnmatchcase(name, base)
            if name.endswith(_TEMPORARY) or not (primary or _rotated(name, base)):
                continue
            self._add(Path(entry.path), pattern, found, primary=primary)
            if primary and entry.is_symlink():
                target = Path(os.path.realpath(entry.path))
                self._list_target(target, pattern, found)

    def _list_target(self, target: Path, pattern: FilePattern, found: dict[tuple[int, int], _Found]) -> None:
        """Rotated files lie beside the target of a symlink, not beside the link."""
        try:
            self._directories[target.parent] = target.parent.stat().st_mtime_ns
            names = os.listdir(target.parent)  # noqa: PTH208 - names are all that is needed
        except OSError:
            return
        for name in names:
            if _rotated(name, target.name) and not name.endswith(_TEMPORARY):
                self._add(target.parent / name, pattern, found, primary=False)

    def _add(
        self, path: Path, pattern: FilePattern, found: dict[tuple[int, int], _Found], *, primary: bool
    ) -> None:
        try:
            info = path.stat()
        except FileNotFoundError:
            return
        except OSError:
            self._problems[str(path)] = "permission"
            return
        if not stat.S_ISREG(info.st_mode):
            return
        key = (info.st_dev, info.st_ino)
        known = found.get(key)
        if known is None or (primary and not known.primary):
            found[key] = _Found(path, key, info.st_size, primary, pattern.format, pattern.start_at)


def _begins(stream: Stream, source: Source, heads: dict[int, bytes]) -> bool:
    """Compare the first bytes; ``heads`` keeps their digests, because there are many streams."""
    length = stream.head_length
    if length not in heads:
        heads[length] = stream.digest(source.bytes_at(0, length))
    return bool(length) and heads[length] == stream.head


def _rotated(name: str, base: str) -> bool:
    """Tell whether a name is a base with a rotation suffix: ``app.log.1``, ``app.log-20260101.gz``."""
    return any(name[i] in ".-" and fnmatchcase(name[:i], base) for i in range(1, len(name)))
