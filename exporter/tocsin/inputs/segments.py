"""The segments of the spool: numbered files of complete frames in one directory, durable up to a known byte."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from tocsin.formats.base import Bytes

log = logging.getLogger(__name__)

_PIECES = 512
"""Buffers per ``writev``; Linux accepts 1,024 (IOV_MAX)."""


@dataclass(slots=True)
class Segment:
    """One file of the spool."""

    number: int
    path: Path
    durable: int
    """Bytes that may be read: synced, or found at the start."""
    created: float
    """When it was created, by the spool's clock."""
    sealed: bool = True
    """It is no longer written to."""


class Segments:
    """The segments of a directory, in numerical order. A number is never reused."""

    def __init__(self, directory: Path, clock: Callable[[], float]) -> None:
        """Find the segments of an earlier run.

        Raises:
            OSError: the directory cannot be created or read.
        """
        self.directory = directory
        self.stored = 0
        """Bytes of all segments."""
        self._clock = clock
        self._segments: dict[int, Segment] = {}
        self._next = 1
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in directory.glob("*.part"):  # never renamed, so never acknowledged
            with contextlib.suppress(OSError):
                path.unlink()
        for path in sorted(directory.glob("*.seg")):
            number = int(path.stem) if path.stem.isdigit() else 0
            if number:
                found = path.stat()
                created = clock() - max(0.0, time.time() - found.st_mtime)
                self._add(Segment(number, path, found.st_size, created))
                self._next = number + 1

    def __iter__(self) -> Iterator[Segment]:
        return iter(self._segments.values())

    def get(self, number: int) -> Segment | None:
        """Return a segment, None if it was deleted."""
        return self._segments.get(number)

    def oldest_created(self) -> float | None:
        """Return when the oldest segment was created."""
        for segment in self._segments.values():
            return segment.created
        return None

    def continue_after(self, number: int) -> None:
        """Number new segments above ``number``: nothing before the committed position is read."""
        self._next = max(self._next, number + 1)

    def grow(self, segment: Segment, size: int) -> None:
        """Record that ``size`` more bytes of a segment are durable."""
        segment.durable += size
        self.stored += size

    async def create(self) -> tuple[Segment, FileIO]:
        """Create an empty segment for writing.

        Raises:
            OSError: it could not be created.
        """
        number, path = self._take_number()
        file = await asyncio.to_thread(self._create, path)
        segment = Segment(number, path, 0, self._clock(), sealed=False)
        self._add(segment)
        return segment, file

    async def adopt(self, path: Path, file: FileIO, size: int) -> None:
        """Make a file of frames the next segment, durably, and close it.

        Raises:
            OSError: it could not be published.
        """
        number, target = self._take_number()
        await asyncio.to_thread(self._publish, path, file, target)
        self._add(Segment(number, target, size, self._clock()))

    def delete_before(self, number: int) -> None:
        """Delete the segments with lower numbers; if one cannot be deleted, stop until the next attempt."""
        for segment in [segment for segment in self if segment.number < number]:
            try:
                segment.path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("spool segment %d cannot be deleted: %s", segment.number, error.strerror)
                return
            del self._segments[segment.number]
            self.stored -= segment.durable

    def _add(self, segment: Segment) -> None:
        self._segments[segment.number] = segment
        self.stored += segment.durable

    def _take_number(self) -> tuple[int, Path]:
        number = self._next
        self._next += 1
        return number, self.directory / f"{number:012d}.seg"

    def _create(self, path: Path) -> FileIO:
        file = create_file(path)
        try:
            self._sync_directory()
        except OSError:
            file.close()
            path.unlink()
            raise
        return file

    def _publish(self, path: Path, file: FileIO, target: Path) -> None:
        os.fsync(file.fileno())
        path.rename(target)
        try:
            self._sync_directory()
        except OSError:
            try:
                target.unlink()
            except OSError:
                file.truncate(0)  # the next start would count the refused body
            raise
        file.close()

    def _sync_directory(self) -> None:
        handle = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def create_file(path: Path) -> FileIO:
    """Create a file for appending that only its owner can read, and its directory if that was deleted.

    Raises:
        OSError: it exists or cannot be created.
    """
    path.parent.mkdir(exist_ok=True, mode=0o700)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600), "wb", buffering=0)


def write_all(file: FileIO, pieces: Sequence[Bytes]) -> None:
    """Write everything: on a nearly full disk a write may be partial, which only its result shows.

    Raises:
        OSError: an unknown part of it was written.
    """
    for start in range(0, len(pieces), _PIECES):
        some = pieces[start : start + _PIECES]
        written = os.writev(file.fileno(), some)
        if written < sum(map(len, some)):
            view = memoryview(b"".join(some))[written:]
            while view:
                view = view[file.write(view) :]
