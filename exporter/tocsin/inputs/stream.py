"""One log file, known by its content: where it was read to, and how that is recognised again.

Rotation changes names, copying and compressing change inodes; the bytes stay. A stream is identified by a
keyed hash of its first bytes and of the bytes before its offset. Hashes, because the state must not hold text.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from tocsin.inputs.base import Origin, Oversize, Sink
from tocsin.inputs.wrappers import Framing

HEAD = 1024
MARK = 256
_BUFFER = bytearray(256 << 10)


class Saved(msgspec.Struct):
    """What the state holds of a stream; fields are only added at the end."""

    path: str
    device: int
    inode: int
    offset: int
    head_length: int
    head: bytes
    mark_length: int
    mark: bytes
    finished: bool = False
    skipping: bool = False
    format: str = "auto"


class Source:
    """The bytes of a file at offsets, plain or gzip."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            OSError: it cannot be opened.
        """
        self.path = path
        self._file: BinaryIO = path.open("rb", buffering=0)
        stat = os.fstat(self._file.fileno())
        self.key = (stat.st_dev, stat.st_ino)
        self._gzip: gzip.GzipFile | None = None
        if os.pread(self._file.fileno(), 2, 0) == b"\x1f\x8b":
            self._gzip = gzip.GzipFile(fileobj=io.BufferedReader(self._file), mode="rb")

    @property
    def packed(self) -> bool:
        """True for gzip: such a file no longer grows once it is whole."""
        return self._gzip is not None

    @property
    def size(self) -> int:
        """Size on disk."""
        return os.fstat(self._file.fileno()).st_size

    @property
    def unlinked(self) -> bool:
        """True when no name is left."""
        return os.fstat(self._file.fileno()).st_nlink == 0

    def read_into(self, target: memoryview, offset: int) -> int:
        """Read at an offset; 0 at the end.

        Raises:
            OSError, EOFError, zlib.error: the file cannot be read, or is not whole.
        """
        if self._gzip is None:
            return os.preadv(self._file.fileno(), [target], offset)
        self._gzip.seek(offset)
        return self._gzip.readinto(target)

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes at an offset."""
        target = bytearray(length)
        done = 0
        while done < length:
            count = self.read_into(memoryview(target)[done:], offset + done)
            if not count:
                break
            done += count
        return bytes(target[:done])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(eq=False)
class Stream:
    """A file that is being read, or was."""

    name: str
    key: bytes
    format: str
    limit: int
    path: Path
    source: Source | None = None
    identity: tuple[int, int] = (0, 0)
    offset: int = 0
    """Where reading goes on."""
    held: int | None = None
    """Start of a record whose pieces are not all there: the position to commit."""
    head_length: int = 0
    head: bytes = b""
    mark: bytes = b""
    """The bytes before the offset, while reading; never stored."""
    mark_length: int = 0
    mark_hash: bytes = b""
    finished: bool = False
    skipping: bool = False
    orphaned: float | None = None
    """Monotonic time at which its file was found replaced; its rest may be in a copy."""
    idle_since: float = 0.0
    seen_size: int = -1
    looked: float = float("-inf")
    """Monotonic time at which it was last found without anything new."""
    drained: bool = False
    """It was replaced right after a look that found it read to its end, and idle: nothing is missing."""
    dirty: bool = True
    framing: Framing = field(init=False)

    def __post_init__(self) -> None:
        """Start with an undecided framing."""
        self.framing = Framing(self.limit)

    def digest(self, data: bytes) -> bytes:
        """Return the keyed hash by which bytes are recognised."""
        return hashlib.blake2b(data, digest_size=16, key=self.key).digest()

    def saved(self) -> bytes:
        """Return the stream for the state, at the last complete record."""
        offset, mark = self.offset, self.mark
        if self.held is not None and self.held < offset and self.source is not None:
            offset = self.held
            try:
                mark = self.source.bytes_at(max(0, offset - MARK), min(MARK, offset))
            except (OSError, EOFError):
                mark = b""
        length = len(mark) or self.mark_length
        digest = self.digest(mark) if mark else self.mark_hash
        device, inode = self.identity
        return msgspec.msgpack.encode(Saved(
            str(self.path), device, inode, offset, self.head_length, self.head, length, digest, self.finished,
            self.skipping, self.format,
        ))  # fmt: skip

    def load(self, saved: Saved) -> None:
        """Take back a committed position."""
        self.identity = (saved.device, saved.inode)
        self.offset = saved.offset
        self.head_length, self.head = saved.head_length, saved.head
        self.mark_length, self.mark_hash = saved.mark_length, saved.mark
        self.finished, self.skipping, self.format = saved.finished, saved.skipping, saved.format
        self.dirty = False

    def matches(self, source: Source) -> bool:
        """Tell whether a file begins with what this stream has read.

        Raises:
            OSError, EOFError, zlib.error: the file cannot be read.
        """
        if not self.head_length:
            return False
        if self.digest(source.bytes_at(0, self.head_length)) != self.head:
            return False
        digest = self.digest(self.mark) if self.mark else self.mark_hash
        length = len(self.mark) or self.mark_length
        return not length or self.digest(source.bytes_at(self.offset - length, length)) == digest

    def attach(self, source: Source) -> None:
        """Go on reading from a file, at the offset."""
        if self.source is not None and self.source is not source:
            self.source.close()
        self.source = source
        self.path = source.path
        self.identity = source.key
        self.orphaned = None
        self.drained = False
        self.finished = False
        self.seen_size = -1
        self.mark = source.bytes_at(max(0, self.offset - MARK), min(MARK, self.offset))
        self.learn_head()
        self.dirty = True

    def learn_head(self) -> None:
        """Learn the first bytes as soon as they are there, read or not: by them a copy is recognised."""
        if self.head_length < HEAD and self.source is not None:
            head = self.source.bytes_at(0, HEAD)
            if len(head) > self.head_length:
                self.head_length, self.head = len(head), self.digest(head)
                self.dirty = True

    def detach(self) -> None:
        """Close the file."""
        if self.source is not None:
            self.source.close()
            self.source = None

    def intact(self) -> bool:
        """Tell whether the open file still holds, before the offset, what was read there."""
        source = self.source
        if source is None or source.packed:
            return True
        return source.size >= self.offset and (
            not self.mark or source.bytes_at(self.offset - len(self.mark), len(self.mark)) == self.mark
        )

    def read(self, sink: Sink, oversize: Oversize, max_bytes: int, now: float) -> int:
        """Hand complete lines to ``sink``; return the bytes passed, 0 when nothing is new.

        The mark is checked after the bytes were read and before they are used, so that a file truncated and
        written anew in between is noticed. Raises ``StaleError`` then.
        """
        source = self.source
        if source is None:
            return 0
        size = source.size
        if size == self.seen_size and not source.packed:
            self.looked = now
            return 0
        global _BUFFER  # noqa: PLW0603 - one buffer for all streams: reading is not concurrent
        want = min(max_bytes, len(_BUFFER))
        while True:
            view = memoryview(_BUFFER)
            count = source.read_into(view[:want], self.offset)
            if not self.intact():
                raise StaleError
            newline = _BUFFER.rfind(b"\n", 0, count)
            if newline >= 0 or count < want:
                break
            if want > self.limit:
                return self._skip(count, now)
            want = min(2 * want, self.limit + 1)
            if want > len(_BUFFER):
                view.release()
                _BUFFER = bytearray(want)
        if newline < 0:
            if self.skipping and count:
                return self._skip(count, now)
            self.seen_size = size
            return 0
        self._lines(_BUFFER, newline, sink, oversize)
        self._passed(newline + 1, _BUFFER, now)
        if self.offset >= size:
            self.seen_size = size
        if len(_BUFFER) > (1 << 20):
            _BUFFER = bytearray(256 << 10)
        return newline + 1

    def finish(self, sink: Sink, oversize: Oversize) -> None:
        """The file is over: a last line without newline counts."""
        source = self.source
        if source is not None:
            size = self.limit + 1
            if not source.packed:
                size = min(size, max(0, source.size - self.offset))
            rest = source.bytes_at(self.offset, size)
            if rest and self.intact():
                buffer = bytearray(rest)
                if len(rest) > self.limit or self.skipping:
                    oversize(len(rest), self._origin())
                    self.skipping = False
                else:
                    self._lines(buffer, len(rest), sink, oversize)
                self._passed(len(rest), buffer, self.idle_since)
        self.held = None
        self.finished = True
        self.dirty = True
        self.detach()

    def _origin(self) -> Origin:
        return Origin("file", self.format, self.name)

    def _skip(self, count: int, now: float) -> int:
        """Pass bytes of a line that is too long; it is told once its end is found."""
        self.skipping = True
        self._passed(count, _BUFFER, now)
        return count

    def _passed(self, count: int, data: bytearray, now: float) -> None:
        self.offset += count
        self.mark = (self.mark + bytes(data[max(0, count - MARK) : count]))[-MARK:]
        self.learn_head()
        self.idle_since = now
        self.dirty = True

    def _lines(self, data: bytearray, end: int, sink: Sink, oversize: Oversize) -> None:
        """Hand the lines of ``data[:end]`` out; ``data[end]`` is a newline or the end of the file."""
        view = memoryview(data)
        find = data.find
        origin = self._origin()
        framing = self.framing
        start = 0
        limit = self.limit
        while start <= end:
            stop = find(b"\n", start, end)
            if stop < 0:
                stop = end
            if self.skipping or stop - start > limit:
                oversize(stop - start, origin)
                self.skipping = False
            elif stop > start:
                if framing.plain:
                    sink(view[start:stop], origin)
                else:
                    self._framed(bytes(view[start:stop]), self.offset + start, sink, oversize)
            start = stop + 1
        view.release()

    def _framed(self, line: bytes, position: int, sink: Sink, oversize: Oversize) -> None:
        framing = self.framing
        framing.recognise(line)
        record = framing.unwrap(line)
        if record is None:
            if self.held is None:
                self.held = position
            return
        if not framing.pending:
            self.held = None
        if framing.oversized:
            oversize(len(record), self._origin())
        elif record:
            sink(record, self._origin())


class StaleError(Exception):
    """The file no longer holds what was read from it."""
