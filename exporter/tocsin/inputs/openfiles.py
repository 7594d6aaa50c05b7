"""Streams whose file is open, and which of them have something to read."""

from __future__ import annotations

import os
from collections import deque

from tocsin.inputs.content import FileContent, Identity
from tocsin.inputs.finder import Found
from tocsin.inputs.stream import Stream
from tocsin.inputs.streams import Streams

OPEN_MAX = 400
"""Open files; beyond it those at rest are closed until they change."""
_REST = 1.0
"""Seconds without growth after which a file is at rest."""


class OpenFiles:
    """How a stream gets its file, and the three ways in which it is left without one."""

    def __init__(self, streams: Streams) -> None:
        self.active: dict[str, Stream] = {}
        self.ready: deque[Stream] = deque()
        """Streams with bytes that were not read yet, in the order of their turns."""
        self.orphaned = False
        """A stream lost its file since this was last reset: its rest is looked for at once."""
        self._streams = streams

    def identities(self) -> set[Identity]:
        """Return the files that are open."""
        return {stream.record.identity for stream in self.active.values()}

    def attach(self, stream: Stream, file: Found, content: FileContent, mark: bytes, now: float) -> None:
        """Go on with a stream in a file; ``mark`` as for ``Stream.attach``."""
        stream.attach(content, mark, now)
        stream.parked = False
        stream.primary = file.primary and not content.packed
        stream.rotated = now
        stream.record.disk_size = file.size
        stream.record.pattern = os.fsencode(file.pattern.path)
        stream.learn_head(self._streams.prints)
        self.active[stream.name] = stream
        if stream not in self.ready:
            self.ready.append(stream)

    def finish(self, stream: Stream) -> None:
        """A stream is read to its end."""
        if stream.content is not None:
            status = stream.content.stat()
            stream.note_file(status.st_size, status.st_mtime_ns)
        stream.record.finished = stream.dirty = True
        self.active.pop(stream.name, None)
        stream.detach()

    def park(self, stream: Stream) -> None:
        """Close a file at rest; the scan opens it again when it changes."""
        self.active.pop(stream.name, None)
        stream.detach()
        stream.parked = True

    def orphan(self, stream: Stream, now: float) -> None:
        """Its file was truncated or written anew: the rest, if any, is in a copy."""
        self.active.pop(stream.name, None)
        stream.detach()
        stream.truncated = True
        stream.lose_file(now)
        self.orphaned = True

    def make_room(self) -> bool:
        """Close the file that rested longest; False when all are busy."""
        at_rest = [s for s in self.active.values() if s.primary and not s.packed and s.caught_up - s.grew > _REST]
        if not at_rest:
            return False
        self.park(min(at_rest, key=lambda s: s.grew))
        return True

    def configure(self) -> None:
        """Close the files whose pattern is not configured any more."""
        for stream in list(self.active.values()):
            if not self._streams.wanted(stream):
                self.park(stream)
        self.ready = deque(stream for stream in self.ready if stream.content is not None)

    def close(self) -> None:
        """Close all files."""
        for stream in self.active.values():
            stream.detach()
        self.active = {}
        self.ready.clear()
