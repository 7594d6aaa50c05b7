"""Tailing of log files, exactly once, through every kind of rotation.

What cannot be known is announced: a file that is truncated with no copy, or gone before it was read to its end,
counts in ``lost``. Nothing here blocks or sleeps; the pipeline calls ``read`` in slices.
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from tocsin.inputs.acquaintance import COPY_WAIT, Acquaintance
from tocsin.inputs.base import Change, Oversize, Sink
from tocsin.inputs.content import FileContent, Identity, PackedContent, open_content
from tocsin.inputs.finder import MENDS, FilePattern, Finder, Found
from tocsin.inputs.fingerprint import MARK_BYTES
from tocsin.inputs.lines import LineReader, OverwrittenError
from tocsin.inputs.placing import ArchiveEvidence, Evidence, PlainEvidence, Verdict, place
from tocsin.inputs.rotation import unpacked
from tocsin.inputs.stream import Stream
from tocsin.inputs.streams import Streams
from tocsin.inputs.wrappers import WRAPPED

__all__ = ["FileInput", "FilePattern"]

log = logging.getLogger(__name__)

LOOK_EVERY = 0.05
"""Seconds between looks at the sizes of open files."""
SCAN_EVERY = 1.0
"""Seconds between looks at directories that did not change."""
ROTATE_WAIT = 5.0
"""Seconds of silence after which a rotated file is over; writers are told late to reopen."""
PARTIAL_WAIT = 2.0
"""Seconds of silence after which the last line of a rotated file counts without its newline."""
ARCHIVE_WAIT = 60.0
"""Seconds in which the rest of a truncated file may turn out to be in an archive that is being unpacked."""
OPEN_MAX = 400
"""Open files; beyond it those at rest are closed until they change."""
_TAIL = 1 << 20


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
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._finder = Finder(patterns)
        self._lines = LineReader(max_line_bytes, oversize)
        self._clock = clock
        self._wall = wall
        self._streams = Streams(patterns, max_line_bytes)
        self._active: dict[str, Stream] = {}
        """Streams with an open file."""
        self._ready: deque[Stream] = deque()
        self._archives: dict[Identity, tuple[Found, PackedContent, ArchiveEvidence]] = {}
        """Archives that are being unpacked to know them."""
        self._seen = Acquaintance()
        self._scan_due = self._look_due = float("-inf")
        self._present: dict[Identity, Found] = {}
        self._opened: set[Identity] = set()
        self._goals: dict[str, int] | None = None
        """Sizes that files had at the first scan, of those not read that far yet."""

    @property
    def lost(self) -> dict[str, int]:
        """Streams destroyed before they were read to their end, by reason."""
        return self._streams.lost

    # ---- Input ----------------------------------------------------------------------------------------
    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Take back the committed streams."""
        self._streams.restore(items, self._clock(), self._wall())

    def read(self, sink: Sink, max_bytes: int) -> int:
        """Hand lines of all files to ``sink``; see ``Input.read``."""
        now = self._clock()
        if now >= self._look_due:
            self._look_due = now + LOOK_EVERY
            self._look(sink, now)
        total = self._unpack(now) if self._archives else 0
        while self._ready and total < max_bytes:
            stream = self._ready.popleft()
            progress = self._step(stream, sink, max_bytes - total, now)
            if progress:
                total += progress
                self._ready.append(stream)
        return total

    def changes(self) -> list[Change]:
        """The streams that moved since the last commit."""
        return self._streams.changes(self._clock(), self._wall())

    def committed(self) -> None:
        """Nothing becomes obsolete on disk."""

    def configure(self, patterns: Sequence[FilePattern]) -> None:
        """Read other files from now on; how far one was read that is not named any more stays known."""
        self._finder.patterns = list(patterns)
        self._streams.configure(patterns)
        for stream in list(self._active.values()):
            if not self._streams.wanted(stream):
                self._park(stream)
        self._ready = deque(stream for stream in self._ready if stream.content is not None)
        for identity, (file, content, _) in list(self._archives.items()):
            if file.pattern not in self._finder.patterns:
                content.close()
                del self._archives[identity]
        self._scan_due = self._look_due = float("-inf")

    def close(self) -> None:
        """Close all files; what was not committed is read again after a start."""
        for stream in self._active.values():
            stream.detach()
        self._active = {}
        self._ready.clear()
        for _, content, _ in self._archives.values():
            content.close()
        self._archives = {}

    def behind(self) -> bool:
        """Tell whether something is unread that was there at the first scan."""
        unclear = self._goals is None or self._archives or len(self._active) >= OPEN_MAX
        if unclear or any(stream.packed for stream in self._active.values()):
            return True
        assert self._goals is not None  # noqa: S101 - else unclear
        for name, goal in list(self._goals.items()):
            stream = self._active.get(name)
            if stream is None or stream.offset >= goal:
                del self._goals[name]
        return bool(self._goals)

    def backlog(self) -> int:
        """Bytes that are not read yet; of archives, as they are compressed."""
        unread = sum(file.size for file, _, _ in self._archives.values())
        for stream in self._active.values():
            if not stream.packed:
                unread += max(0, stream.size - stream.offset)
            elif stream in self._ready:
                unread += stream.record.disk_size
        return unread

    def unusable(self) -> dict[str, int]:
        """How many configured inputs cannot be read, by reason."""
        counts: dict[str, int] = {}
        for reason in self._finder.problems.values():
            counts[reason] = counts.get(reason, 0) + 1
        return counts

    def unusable_paths(self) -> list[tuple[str, str, str]]:
        """The same with path and mend, for the status page."""
        problems = sorted(self._finder.problems.items())
        return [(path, reason.replace("_", " "), MENDS[reason]) for path, reason in problems]

    # ---- reading --------------------------------------------------------------------------------------
    def _look(self, sink: Sink, now: float) -> None:
        """Find out what is new: files, and bytes in them."""
        if now >= self._scan_due or self._finder.changed():
            began = time.perf_counter()
            self._scan_due = float("inf")
            self._scan(now)
            if self._goals is None:
                self._goals = {stream.name: stream.size for stream in self._active.values()}
            self._scan_due = min(self._scan_due, now + max(SCAN_EVERY, 200 * (time.perf_counter() - began)))
        waiting = set(self._ready)
        for stream in list(self._active.values()):
            content = stream.content
            if stream in waiting or content is None:
                continue
            if stream.look(content.stat(), now):
                if not stream.packed and content.stat().st_size < stream.offset:
                    self._orphan(stream, now)
                else:
                    self._ready.append(stream)
            elif not stream.primary:
                self._finish_when_over(stream, sink, now)

    def _step(self, stream: Stream, sink: Sink, budget: int, now: float) -> int:
        prints = self._streams.prints
        before = self._unended(stream) if stream.primary and not stream.offset else None
        try:
            if before is None:
                return self._lines.step(stream, sink, budget, prints)
            if before.drained and (progress := self._lines.succeed(stream, before, sink, prints)):
                return progress
            stream.mtime_ns = 0  # look again soon
        except OverwrittenError:
            self._orphan(stream, now)
        except OSError as error:
            self._finder.problems[stream.path] = "io"
            log.warning("a log file cannot be read: %s", os.strerror(error.errno or 0))
            self._park(stream)
            stream.mtime_ns = 0
        return 0

    def _unended(self, stream: Stream) -> Stream | None:
        """Return the file that this one follows, when its runtime may have rotated in the middle of a record.

        Container runtimes write a long record in pieces of 16 KB and rotate between any two of them.
        """
        unended = [
            other for other in self._streams
            if other.record.base == stream.record.base and other is not stream and not other.record.finished
            and other.framing.kind in WRAPPED and (other.framing.pending or other.record.pending_from is not None
                                                   or (other.content is not None and not other.drained))
        ]  # fmt: skip
        return unended[0] if len(unended) == 1 else None

    def _finish_when_over(self, stream: Stream, sink: Sink, now: float) -> None:
        content = stream.content
        if isinstance(content, PackedContent):
            size = content.end
        else:
            size = stream.size
            wait = PARTIAL_WAIT if size > stream.offset else ROTATE_WAIT
            if now - max(stream.grew, stream.rotated) < wait:
                return
        try:
            self._lines.finish(stream, sink, size)
        except (OverwrittenError, OSError):
            self._orphan(stream, now)
            return
        self._close(stream)

    def _close(self, stream: Stream) -> None:
        """A stream is read to its end."""
        if stream.content is not None:
            status = stream.content.stat()
            stream.record.disk_size, stream.record.disk_mtime_ns = status.st_size, status.st_mtime_ns
        stream.record.finished = stream.dirty = True
        self._active.pop(stream.name, None)
        stream.detach()

    def _park(self, stream: Stream) -> None:
        """Close a file at rest; the scan opens it again when it changes."""
        self._active.pop(stream.name, None)
        stream.detach()
        stream.parked = True

    def _orphan(self, stream: Stream, now: float) -> None:
        """Its file was truncated or written anew: the rest, if any, is in a copy."""
        self._active.pop(stream.name, None)
        stream.detach()
        stream.truncated = True
        self._lose(stream, now)
        self._scan_due = self._look_due = float("-inf")

    def _lose(self, stream: Stream, now: float) -> None:
        """No file is known that the stream goes on in."""
        stream.quiet = stream.quietly_gone(now)
        stream.orphaned = now
        stream.parked = False

    # ---- finding files --------------------------------------------------------------------------------
    def _scan(self, now: float) -> None:
        found = self._finder.find(self._streams.bases())
        self._present = present = {file.identity: file for file in found}
        self._opened = {s.record.identity for s in self._active.values()}
        for stream in self._active.values():
            self._name(stream, present, now)
        plain = {file.path for file in found}
        strangers = []
        self._streams.forget(present)
        known = self._streams.known()
        for file in found:  # a file's own stream first; then what has lost its file may take others
            own = known.get(file.identity)
            if not self._needs_look(file, own, now) or self._being_packed(file, plain):
                continue
            if own is None or not self._resume(own, file, now):
                strangers.append(file)
        if strangers:
            strangers += self._overwritten(now)
        for file in sorted(strangers, key=lambda f: not f.primary):  # copies are compared with what they are of
            self._meet(file, now)
        self._give_up_orphans(present, now)
        self._seen.forget(present)
        self._streams.begin()

    def _overwritten(self, now: float) -> list[Found]:
        """Notice truncation before other files are judged: they may be the copies that were made before it."""
        changed = []
        for stream in list(self._active.values()):
            if not stream.whole() or not stream.learn_head(self._streams.prints):
                self._orphan(stream, now)
                if stream.record.identity in self._present:
                    changed.append(self._present[stream.record.identity])
        return changed

    def _name(self, stream: Stream, present: dict[Identity, Found], now: float) -> None:
        file = present.get(stream.record.identity)
        primary = file is not None and file.primary and not stream.packed
        if stream.primary and not primary:
            stream.rotated = now
        stream.primary = primary

    def _needs_look(self, file: Found, stream: Stream | None, now: float) -> bool:
        if file.identity in self._archives or file.identity in self._opened:
            return False
        if self._seen.can_wait(file, now):
            return False
        if stream is None:
            return True
        record = stream.record
        if record.finished:
            unchanged = (record.disk_size, record.disk_mtime_ns) == (file.size, file.mtime_ns)
            return not unchanged or self._wanted(stream)
        return not stream.parked or (stream.size, stream.mtime_ns) != (file.size, file.mtime_ns)

    def _being_packed(self, file: Found, paths: set[str]) -> bool:
        """The original is removed when the archive is whole; a copy that is kept is known without it."""
        original = unpacked(file.path)
        return original != file.path and original in paths

    def _wanted(self, stream: Stream) -> bool:
        """Tell whether what this finished stream's file repeats has lost its own file: it may go on here."""
        first = self._streams.get(stream.record.copy_of)
        return first is not None and not first.record.finished and first.content is None and not first.parked

    def _open(self, file: Found, now: float) -> FileContent | None:
        if len(self._active) + len(self._archives) >= OPEN_MAX and not self._make_room():
            self._scan_due = now
            return None
        try:
            content = open_content(file.path)
        except OSError as error:
            self._finder.trouble(file.path, error)
            return None
        if content.identity == file.identity:
            return content
        content.close()  # renamed meanwhile; the next scan sees it
        self._scan_due = float("-inf")
        return None

    def _meet(self, file: Found, now: float) -> None:
        """Decide what a file is that is not known by its inode."""
        content = self._open(file, now)
        if isinstance(content, PackedContent):
            self._archives[file.identity] = (file, content, self._evidence(content))
        elif content is not None:
            self._place(file, content, PlainEvidence(content, self._streams.prints), now)

    def _evidence(self, content: PackedContent) -> ArchiveEvidence:
        return ArchiveEvidence(content, self._streams.prints, list(self._streams))

    def _resume(self, stream: Stream, file: Found, now: float) -> bool:
        """Go on in a stream's own file; False when it is not that any more, or an archive."""
        content = self._open(file, now)
        if content is None:
            return True
        if content.packed:
            content.close()
            return False
        mark = stream.position(self._streams.prints, content)
        if mark is None:
            content.close()
            if not stream.record.finished and stream.orphaned is None:
                self._lose(stream, now)
                stream.truncated = True
            return False
        if stream.record.finished and content.stat().st_size <= stream.offset:
            stream.record.disk_size, stream.record.disk_mtime_ns = file.size, file.mtime_ns
            stream.dirty = True
            content.close()
            return not self._wanted(stream)
        self._attach(stream, file, content, mark, now)
        return True

    def _place(self, file: Found, content: FileContent, evidence: Evidence, now: float) -> None:
        """Take or close a file according to what it holds."""
        if not evidence.end and not (file.primary and not evidence.packed):
            content.close()
            self._seen.found_empty(file)
            return
        verdict, stream = place(
            evidence, self._streams, self._streams.prints,
            primary=file.primary and not evidence.packed, identity=file.identity,
        )  # fmt: skip
        if stream is not None and verdict is Verdict.CONTINUES:
            self._continue(stream, verdict, file, content, evidence, now)
        elif (first := self._copied(file)) is not None:
            first.quiet = True  # rotated with a copy; what it had more was read
            self._remember(file, content, evidence, first)
        elif self._may_change(verdict, stream, file, evidence, now):
            content.close()
        elif stream is not None and verdict is Verdict.AGAIN:
            self._continue(stream, verdict, file, content, evidence, now)
        elif verdict in (Verdict.COPY, Verdict.PREFIX) or self._is_history(file):
            self._remember(file, content, evidence, stream)
        else:
            self._begin(file, content, now)

    def _may_change(self, verdict: Verdict, stream: Stream | None, file: Found, evidence: Evidence, now: float) -> bool:
        """Tell whether a verdict is to be asked for again, because files are being read, copied or truncated."""
        if verdict is Verdict.UNCLEAR:
            return (stream is not None and stream.offset > 0) or not self._seen.at_rest(file, now)
        if stream is not None and verdict is Verdict.PREFIX:
            stream.quiet = True  # rotated with a copy; what it had more was read
            return not self._seen.at_rest(file, now)
        if stream is not None and verdict is Verdict.COPY and not evidence.packed:
            self._seen.found_copy(file, stream.name)
            return self._seen.may_grow(file, now)
        return False

    def _copied(self, file: Found) -> Stream | None:
        """Return the stream that all of the file was seen to repeat, when that has read more and lost its file."""
        first = self._streams.get(self._seen.copy_of(file))
        return first if first is not None and first.content is None and first.offset >= file.size else None

    def _continue(
        self,
        stream: Stream,
        verdict: Verdict,
        file: Found,
        content: FileContent,
        evidence: Evidence,
        now: float,
    ) -> None:
        """Go on with a stream in another file, or know that file where nothing in it is new."""
        if verdict is Verdict.CONTINUES or evidence.end > stream.offset:
            mark = b"" if evidence.packed else stream.position(self._streams.prints, content)
            if mark is None:  # it changes just now
                content.close()
            else:
                self._attach(stream, file, content, mark, now)
        elif stream.record.identity in self._present:
            self._remember(file, content, evidence, stream)
        else:
            stream.record.identity = file.identity
            stream.record.disk_size, stream.record.disk_mtime_ns = file.size, file.mtime_ns
            stream.dirty = True
            content.close()

    def _is_history(self, file: Found) -> bool:
        """Tell whether a file that no pattern names was rotated before the first start."""
        return not file.matched and file.pattern in self._finder.patterns and self._streams.is_first(file.pattern)

    def _attach(self, stream: Stream, file: Found, content: FileContent, mark: bytes, now: float) -> None:
        stream.attach(content, mark, now)
        stream.parked = False
        stream.primary = file.primary and not content.packed
        stream.rotated = now
        stream.record.disk_size = file.size
        stream.record.pattern = os.fsencode(file.pattern.path)
        stream.learn_head(self._streams.prints)
        self._active[stream.name] = stream
        self._opened.add(file.identity)
        if stream not in self._ready:
            self._ready.append(stream)

    def _begin(self, file: Found, content: FileContent, now: float) -> None:
        """Read a file that was never seen before."""
        stream = self._streams.create(file)
        mark = b""
        if file.pattern.start_at == "end" and self._streams.is_first(file.pattern) and not content.packed:
            size = content.stat().st_size
            tail = content.pread(_TAIL, max(0, size - _TAIL))
            stream.offset = size - len(tail) + tail.rfind(b"\n") + 1
            mark = content.pread(min(MARK_BYTES, stream.offset), max(0, stream.offset - MARK_BYTES))
        self._attach(stream, file, content, mark, now)

    def _remember(self, file: Found, content: FileContent, evidence: Evidence, first: Stream | None) -> None:
        """Know a file that is not to be read: a copy of ``first``, or history."""
        own = self._streams.known().get(file.identity)
        if own is not None and own.record.finished and own.offset == evidence.end:
            own.record.disk_size, own.record.disk_mtime_ns = file.size, file.mtime_ns
            own.dirty = True
            content.close()
            return
        stream = self._streams.create(file)
        stream.record.copy_of = first.name if first is not None else ""
        stream.content = content
        stream.learn_head(self._streams.prints)
        stream.offset = stream.size = evidence.end
        stream.mark = content.pread(min(MARK_BYTES, evidence.end), max(0, evidence.end - MARK_BYTES))
        stream.record.identity = file.identity
        self._close(stream)
        stream.position_mark(self._streams.prints)

    def _unpack(self, now: float) -> int:
        """Unpack some of an archive that is to be known; return 1 for work done."""
        identity, (file, content, evidence) = next(iter(self._archives.items()))
        if evidence.turn():
            return 1
        del self._archives[identity]
        if not evidence.complete and not self._seen.found_cut(file, now):
            content.close()
            return 0
        self._place(file, content, evidence, now)
        return 1

    # ---- endings --------------------------------------------------------------------------------------
    def _give_up_orphans(self, present: dict[Identity, Found], now: float) -> None:
        """Announce streams whose file is gone or was truncated, and whose rest is nowhere."""
        for stream in self._streams:
            if stream.record.finished or stream.content is not None or not self._streams.wanted(stream):
                continue
            if stream.parked and stream.record.identity in present:
                continue
            if stream.orphaned is None:
                self._lose(stream, now)
            wait = ARCHIVE_WAIT if self._archives else COPY_WAIT
            if stream.orphaned is None or now - stream.orphaned < wait:
                continue
            if not stream.quiet:
                self._streams.lose(stream)
            self._close(stream)

    def _make_room(self) -> bool:
        """Close the file that rested longest; False when all are busy."""
        at_rest = [s for s in self._active.values() if s.primary and not s.packed and s.caught_up - s.grew > SCAN_EVERY]
        if not at_rest:
            return False
        self._park(min(at_rest, key=lambda s: s.grew))
        return True
