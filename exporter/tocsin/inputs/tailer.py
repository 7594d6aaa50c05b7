"""Tailing of log files, exactly once, through every kind of rotation.

Loss that cannot be avoided is reported: a file truncated without a copy, or deleted before it was read to its end,
counts in ``lost``. Nothing here blocks or sleeps; the pipeline calls ``read`` in slices. ``recognition`` decides which
stream a file belongs to.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence

from tocsin.inputs.base import Change, Oversize, Sink
from tocsin.inputs.content import PackedContent
from tocsin.inputs.finder import FIXES, FilePattern, Finder
from tocsin.inputs.fingerprint import HEAD_BYTES
from tocsin.inputs.lines import LineReader, OverwrittenError
from tocsin.inputs.openfiles import OpenFiles, open_max
from tocsin.inputs.recognition import Recognition
from tocsin.inputs.stream import Stream
from tocsin.inputs.streams import Streams
from tocsin.inputs.wrappers import WRAPPED

__all__ = ["FileInput", "FilePattern"]

log = logging.getLogger(__name__)

LOOK_EVERY = 0.05
"""Seconds between checks of the size of open files."""
SCAN_EVERY = 1.0
"""Seconds between scans of directories that did not change."""
SCAN_MOST = 10.0
"""Maximum of these seconds for directories so large that a scan takes long."""
SCAN_PAUSE = 50
"""The pause between scans, as a multiple of a scan's duration. Above ``OPEN_MAX`` files, only scans detect
truncation."""
SCAN_SHARE = 4
"""Minimum time for reading between two scans, as a multiple of a scan's duration, however urgent the next one is."""
ROTATE_WAIT = 5.0
"""Seconds of silence after which a rotated file is finished; writers are told late to reopen."""
PARTIAL_WAIT = 2.0
"""Seconds of silence after which the last line of a rotated file counts without its newline."""
TORN_WAIT = 30.0
"""The same if the line does not end like a record: the rest may still be written."""
PARTS_MOST = 4
"""Maximum number of preceding files in which a record may have begun."""
_RECORD_ENDS = (b"}", b"]")


class FileInput:
    """All configured files as one input."""

    part, deletes = "files", False

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
        self._files = OpenFiles(self._streams)
        self._recognition = Recognition(self._finder, self._streams, self._files)
        self._scan_due = self._scan_free = self._look_due = float("-inf")
        self._followers: dict[Stream, list[Stream]] = {}
        """Streams that wait, since the last check, for the end of an older file of their log."""
        self._goals: dict[str, int] | None = None
        """File sizes at the first scan, of those files not read that far yet."""

    @property
    def lost(self) -> dict[str, int]:
        """Streams destroyed before they were read to their end, by reason."""
        return self._streams.lost

    # ---- Input ----------------------------------------------------------------------------------------
    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore the committed streams."""
        self._streams.restore(items, self._clock(), self._wall())

    def read(self, sink: Sink, max_bytes: int) -> int:
        """Pass lines of all files to ``sink``; see ``Input.read``."""
        now = self._clock()
        resting: list[Stream] = []
        self._streams.order()
        if now >= self._look_due or self._files.orphaned:
            self._look_due = now + LOOK_EVERY
            resting = self._look(now)
        total = self._recognition.unpack(now)
        ready = self._files.ready
        while ready and total < max_bytes:
            stream = ready.popleft()
            progress = self._step(stream, sink, max_bytes - total, now)
            if progress:
                total += progress
                ready.append(stream)
            elif (followers := self._followers.pop(stream, None)) is not None:
                ready.extendleft(reversed(followers))
        for stream in resting:
            if not (stream.framing.pending and ready):  # the rest of its last record may be in a queued file
                self._finish_when_over(stream, sink, now)
        return total

    def changes(self) -> list[Change]:
        """Return the streams that moved since the last commit."""
        return self._streams.changes(self._clock(), self._wall())

    def committed(self) -> None:
        """Do nothing: no file becomes obsolete."""

    def configure(self, patterns: Sequence[FilePattern]) -> None:
        """Read other files from now on; positions of files that no pattern matches any more are kept."""
        self._finder.patterns = list(patterns)
        self._streams.configure(patterns)
        self._files.configure()
        self._recognition.configure()
        self._scan_due = self._look_due = float("-inf")

    def close(self) -> None:
        """Close all files; uncommitted data is read again after a restart."""
        self._files.close()
        self._recognition.close()

    def behind(self) -> bool:
        """Return whether data that existed at the first scan is still unread."""
        active = self._files.active
        unclear = self._goals is None or self._recognition.archives or len(active) >= open_max()
        if unclear or any(stream.packed for stream in active.values()):
            return True
        assert self._goals is not None  # noqa: S101 - else unclear
        for name, goal in list(self._goals.items()):
            stream = active.get(name)
            if stream is None or stream.offset >= goal:
                del self._goals[name]
        return bool(self._goals)

    def backlog(self) -> int:
        """Return the unread bytes; of archives, their compressed size."""
        unread = sum(file.size for file, _, _ in self._recognition.archives.values())
        for stream in self._files.active.values():
            if not stream.packed:
                unread += max(0, stream.size - stream.offset)
            elif stream in self._files.ready:
                unread += stream.record.disk_size
        return unread

    def logs(self) -> int:
        """Return the number of logs, a log and its rotated files counting as one; expensive."""
        return self._streams.logs()

    def unusable(self) -> dict[str, int]:
        """Return the number of configured inputs that cannot be read, by reason."""
        counts: dict[str, int] = {}
        for reason in self._finder.problems.values():
            counts[reason] = counts.get(reason, 0) + 1
        return counts

    def unusable_paths(self) -> list[tuple[str, str, str]]:
        """Return the same with path and fix, for the status page."""
        problems = sorted(self._finder.problems.items())
        return [(path, reason.replace("_", " "), FIXES[reason]) for path, reason in problems]

    # ---- reading --------------------------------------------------------------------------------------
    def _look(self, now: float) -> list[Stream]:
        """Find new files and new data in open ones; return rotated files without new data."""
        files = self._files
        earlier = len(files.ready)
        self._followers = {}
        if now >= self._scan_free and (now >= self._scan_due or files.orphaned or self._finder.changed()):
            files.orphaned = False
            again = self._recognition.scan(now)
            if self._goals is None:
                self._goals = {stream.name: stream.size for stream in files.active.values()}
            spent = self._clock() - now
            self._scan_free = now + SCAN_SHARE * spent
            pause = 0.0 if again else min(max(SCAN_EVERY, SCAN_PAUSE * spent), SCAN_MOST)
            self._scan_due = min(now + pause, self._recognition.verdict_due)
        waiting, resting = set(files.ready), []
        for stream in list(files.active.values()):
            content = stream.content
            if stream in waiting or content is None:
                continue
            try:
                status = content.stat()
            except OSError as error:
                self._fail(stream, error)
                continue
            if stream.look(status, now):
                if not stream.packed and status.st_size < stream.offset:
                    files.orphan(stream, now)
                else:
                    files.ready.append(stream)
            elif not stream.primary:
                resting.append(stream)
        # New streams go to the end of the queue, the older files of a log before the newer ones, which wait for them.
        new = list(files.ready)[earlier:]
        for _ in new:
            files.ready.pop()
        files.ready.extend(sorted(new, key=lambda stream: stream.order_key))
        return resting

    def _step(self, stream: Stream, sink: Sink, budget: int, now: float) -> int:
        if stream.content is None:  # closed, or forgotten, since it was queued
            return 0
        prints = self._streams.prints
        try:
            before = self._before(stream)
            if before is None:
                return self._lines.step(stream, sink, budget, prints)
            known = not self._recognition.archives  # otherwise a file between the two may appear
            parts = self._begun_in(before) if known else []
            if parts and (progress := self._lines.continue_record(stream, parts, sink, prints)):
                return progress
            self._followers.setdefault(before, []).append(stream)
            stream.mtime_ns = 0  # check again soon
        except OverwrittenError:
            self._files.orphan(stream, now)
        except OSError as error:
            self._fail(stream, error)
        return 0

    def _before(self, stream: Stream) -> Stream | None:
        """Return the file in which a stream's first record may have begun.

        A container runtime writes a long record in pieces of 16 KB, and may rotate between any two of them.
        """
        if stream.offset or stream.content is None:
            return None
        if stream.framing.kind is None:
            stream.framing.recognise(stream.content.pread(HEAD_BYTES, 0))
        return self._streams.predecessor(stream) if stream.framing.kind in WRAPPED else None

    def _begun_in(self, before: Stream) -> list[Stream]:
        """Return the files with the beginning of a record, oldest first, up to ``before``; none while they are unknown.

        Only the oldest has been read: the others may contain only pieces of this record.
        """
        parts = [before]
        while len(parts) < PARTS_MOST and not (parts[0].offset or parts[0].packed or parts[0].without_file):
            older = self._streams.predecessor(parts[0])
            if older is None:
                break
            parts.insert(0, older)
        return parts if parts[0].drained else []

    def _fail(self, stream: Stream, error: OSError) -> None:
        self._finder.problems[stream.path] = "io"
        self._files.fail(stream, error)

    def _finish_when_over(self, stream: Stream, sink: Sink, now: float) -> None:
        content = stream.content
        size = content.end if isinstance(content, PackedContent) else stream.size
        try:
            if now - max(stream.grew, stream.rotated) < _silence(stream):
                return
            self._lines.finish(stream, sink, size)
        except (OverwrittenError, OSError):
            self._files.orphan(stream, now)
            return
        if isinstance(content, PackedContent) and content.cut and not stream.record.damaged:
            stream.record.damaged = stream.truncated = True
            self._streams.lose(stream)
        self._files.finish(stream)


def _silence(stream: Stream) -> float:
    """Return the seconds without growth after which a rotated file is finished.

    Raises:
        OSError: it cannot be read.
    """
    if stream.content is None or (stream.packed and not stream.framing.pending):
        return 0.0
    if stream.packed or stream.size <= stream.offset:
        return ROTATE_WAIT
    return PARTIAL_WAIT if stream.content.pread(1, stream.size - 1) in _RECORD_ENDS else TORN_WAIT
