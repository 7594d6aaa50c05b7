"""The streams whose file is open, and those among them with data to read."""

from __future__ import annotations

import logging
import os
import resource
from collections import deque

from tocsin.inputs.content import FileContent, Identity
from tocsin.inputs.finder import Found
from tocsin.inputs.stream import Stream
from tocsin.inputs.streams import Streams

log = logging.getLogger(__name__)

OPEN_MAX = 400
"""Maximum number of open files if the system allows it; above it, idle files are closed until they change."""
_REST = 1.0
"""Seconds without growth after which a file is idle."""


def open_max() -> int:
    """Return the maximum number of open files: a quarter of all descriptors, as connections need most."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return OPEN_MAX if soft == resource.RLIM_INFINITY else min(OPEN_MAX, soft // 4)


_ROOM = 20
"""The fraction (one in so many) of the open files closed at a time: finding them costs more than reopening them."""


class OpenFiles:
    """Attaches files to streams, and detaches them in three ways."""

    def __init__(self, streams: Streams) -> None:
        self.active: dict[str, Stream] = {}
        self.ready: deque[Stream] = deque()
        """Streams with unread data, in the order of their turns."""
        self.orphaned = False
        """A stream lost its file since the last reset: its rest is searched for immediately."""
        self._streams = streams

    def identities(self) -> set[Identity]:
        """Return the identities of the open files."""
        return {stream.record.identity for stream in self.active.values()}

    def attach(self, stream: Stream, file: Found, content: FileContent, mark: bytes, now: float) -> None:
        """Continue a stream in a file; ``mark`` as for ``Stream.attach``."""
        stream.attach(content, mark, now)
        stream.parked = False
        stream.current_path = file.path
        stream.primary = file.primary and not content.packed
        stream.rotated = now
        stream.record.disk_size = file.size
        stream.record.pattern = os.fsencode(file.pattern.path)
        stream.learn_head(self._streams.prints)
        self.active[stream.name] = stream
        if stream not in self.ready:
            self.ready.append(stream)

    def finish(self, stream: Stream) -> None:
        """Close a stream that was read to its end."""
        if stream.content is not None:
            status = stream.content.stat()
            stream.note_file(status.st_size, status.st_mtime_ns)
        stream.record.finished = stream.dirty = True
        self.active.pop(stream.name, None)
        stream.detach()

    def park(self, stream: Stream) -> None:
        """Close an idle file; the scan reopens it when it changes."""
        self.active.pop(stream.name, None)
        stream.detach()
        stream.parked = True

    def fail(self, stream: Stream, error: OSError) -> None:
        """Close a file that cannot be read; the scan reopens it."""
        log.warning("a log file cannot be read: %s", os.strerror(error.errno or 0))
        self.park(stream)
        stream.mtime_ns = 0

    def orphan(self, stream: Stream, now: float) -> None:
        """Close a file that was truncated or rewritten: unread data may be in a copy."""
        self.active.pop(stream.name, None)
        stream.detach()
        stream.truncated = True
        stream.lose_file(now)
        self.orphaned = True

    def make_room(self) -> bool:
        """Close some files, the longest idle first, else the longest open; return False if none is fully read."""
        read = [s for s in self.active.values() if s.primary and not s.packed and s.drained]
        at_rest = [s for s in read if s.caught_up - s.grew > _REST]
        closing = sorted(at_rest, key=lambda s: s.grew) or sorted(read, key=lambda s: s.rotated)
        for stream in closing[: open_max() // _ROOM + 1]:
            self.park(stream)
        return bool(closing)

    def configure(self) -> None:
        """Close the files whose pattern is no longer configured; another pattern may match their unread data."""
        for stream in list(self.active.values()):
            if not self._streams.wanted(stream):
                self.park(stream)
                stream.mtime_ns = 0
        self.ready = deque(stream for stream in self.ready if stream.content is not None)

    def close(self) -> None:
        """Close all files."""
        for stream in self.active.values():
            stream.detach()
        self.active = {}
        self.ready.clear()
