"""Random access to the content of a log, whether a plain file or a gzip, zstd, xz or bzip2 archive."""

from __future__ import annotations

import bz2
import lzma
import os
import stat
from collections.abc import Callable
from typing import Any

import zstandard
from isal import isal_zlib

from tocsin.inputs.fingerprint import HEAD_BYTES, MARK_BYTES

_ZSTD_STEP = 1 << 10
"""Compressed bytes passed to zstd at a time: its output cannot be limited and is at most 128 KB per 4 bytes of
input."""
_ZSTD_WINDOW = 32 << 20
"""Memory limit per archive; levels up to 19 need 8 MB. ``zstd --long=26`` and above is rejected as damaged."""
_XZ_MEMORY = 70 << 20
"""The same for xz; ``xz -9`` needs 65 MB, its default 9."""
_DAMAGE: tuple[type[Exception], ...] = (  # bz2 raises OSError
    isal_zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError,  # type: ignore[assignment]
)  # fmt: skip
_PACKED_STEP = 64 << 10
_UNPACKED_STEP = 256 << 10
_WORK = 1 << 20
"""Bytes decompressed per turn while seeking a position: about a millisecond."""

Identity = tuple[int, int]
"""Device and inode."""


class NotAFileError(OSError):
    """The path of a log is a directory, device or pipe."""


class PlainContent:
    """A plain file, which may grow, be renamed or be truncated while open."""

    packed = False

    def __init__(self, handle: int, identity: Identity) -> None:
        self._handle = handle
        self.identity = identity

    def stat(self) -> os.stat_result:
        """Return the current status of the open file."""
        return os.fstat(self._handle)

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read bytes at ``offset``; return how many, 0 at the end."""
        return os.preadv(self._handle, [view], offset)

    def pread(self, size: int, offset: int) -> bytes:
        """Return up to ``size`` bytes at ``offset``."""
        return os.pread(self._handle, size, offset)

    def discard(self, before: int) -> None:
        """Do nothing: no content is buffered."""

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


class _Zstd:
    """Decompresses one zstd frame, with the interface of isal's decompressor."""

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        self.unconsumed_tail = b""
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        """Whether the frame has ended."""
        return bool(self._inner.eof)

    def decompress(self, data: bytes, _max_length: int) -> bytes:
        """Decompress some of ``data``; the rest is in ``unconsumed_tail``, or after the frame in ``unused_data``."""
        out: bytes = self._inner.decompress(data[:_ZSTD_STEP])
        rest = data[_ZSTD_STEP:]
        self.unconsumed_tail, self.unused_data = (b"", self._inner.unused_data + rest) if self.eof else (rest, b"")
        return out


_UNPACKERS: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b\x08": lambda: isal_zlib.decompressobj(31),
    b"\x28\xb5\x2f\xfd": _Zstd,
    b"\xfd7zXZ\x00": lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY),
    **{b"BZh%d%c" % (size, magic): bz2.BZ2Decompressor for size in range(1, 10) for magic in b"1\x17"},
}
"""Decompressors by the magic bytes of an archive; bzip2 writes only the end magic for an empty log."""


class PackedContent:
    """An archive, decompressed forwards in small steps; seeking backwards restarts it."""

    packed = True

    def __init__(self, handle: int, identity: Identity, new_unpacker: Callable[[], Any]) -> None:
        self._handle = handle
        self.identity = identity
        self._new_unpacker = new_unpacker
        self._rewind()

    def _rewind(self) -> None:
        self._unpacker = self._new_unpacker()
        self._packed_at = 0
        self._input = b""
        self._buffer = bytearray()
        self._start = 0
        self._head = b""
        self.damaged = False
        """The content after ``end`` cannot be decompressed."""
        self.complete = False
        """The archive is decompressed to its proper end, or up to the damage."""

    def stat(self) -> os.stat_result:
        """Return the current status of the archive."""
        return os.fstat(self._handle)

    @property
    def cut(self) -> bool:
        """Whether the content decompressed so far lacks its proper end."""
        return self.damaged or not self.complete

    @property
    def end(self) -> int:
        """Offset after the last byte decompressed so far."""
        return self._start + len(self._buffer)

    def advance(self) -> bool:
        """Decompress one more step; return False at the end of the available data."""
        self.discard(self.end)
        return self._unpack()

    def read_into(self, view: memoryview, offset: int) -> int:
        """Copy bytes at ``offset``; fewer than requested only at the end, -1 if more turns are needed to get there."""
        if offset < self._start:
            self._rewind()
        stop = max(self.end, offset + len(view)) if self.end >= offset else self.end + _WORK
        while self.end < offset + len(view):
            if self.end >= stop:
                return -1
            self.discard(min(self.end, offset))
            if not self._unpack():
                break
        first = offset - self._start
        size = max(0, min(len(view), len(self._buffer) - first))
        view[:size] = memoryview(self._buffer)[first : first + size]
        return size

    def pread(self, size: int, offset: int) -> bytes:
        """Return the buffered bytes at ``offset``: the head, and what is near the position."""
        if offset + size <= HEAD_BYTES:
            while len(self._head) < offset + size and self._unpack():
                pass
            return self._head[offset : offset + size]
        first = offset - self._start
        return bytes(memoryview(self._buffer)[first : first + size]) if first >= 0 else b""

    def discard(self, before: int) -> None:
        """Drop the buffer before ``before``, except for the bytes that a mark needs."""
        extra = before - MARK_BYTES - self._start
        if extra > _UNPACKED_STEP:
            del self._buffer[:extra]
            self._start += extra

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _unpack(self) -> bool:
        while not self.damaged:
            # lzma and bz2 buffer input that they have not decompressed yet
            keeps = not getattr(self._unpacker, "needs_input", True) and not self._unpacker.eof
            if not self._input and not keeps:
                self._input = os.pread(self._handle, _PACKED_STEP, self._packed_at)
                self._packed_at += len(self._input)
                if not self._input:
                    self.complete = self._unpacker.eof
                    return False
            if self._unpacker.eof:
                self._input = self._input.lstrip(b"\x00")  # members may be padded
                if not self._input:
                    continue
                self._unpacker = self._new_unpacker()
            try:
                out = self._unpacker.decompress(self._input, _UNPACKED_STEP)
            except _DAMAGE:
                self.damaged = self.complete = True
                return False
            self._input = getattr(self._unpacker, "unconsumed_tail", b"") or self._unpacker.unused_data
            if out:
                self._head += out[: HEAD_BYTES - len(self._head)]
                self._buffer += out
                return True
        return False


FileContent = PlainContent | PackedContent


def open_content(path: str) -> FileContent:
    """Open a log for reading.

    Raises:
        NotAFileError: it is not a regular file.
        OSError: it cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        status = os.fstat(handle)
        magic = os.pread(handle, 6, 0) if stat.S_ISREG(status.st_mode) else None
    except OSError:
        os.close(handle)
        raise
    if magic is None:
        os.close(handle)
        raise NotAFileError("not a regular file")
    identity = (status.st_dev, status.st_ino)
    for beginning, new_unpacker in _UNPACKERS.items():
        if magic.startswith(beginning):
            return PackedContent(handle, identity, new_unpacker)
    return PlainContent(handle, identity)
