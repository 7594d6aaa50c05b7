"""Frames of the spool: a batch of records with its origin and a checksum, encrypted if a key is configured.

A frame is a header of 18 bytes (little endian: CRC-32 of all that follows, payload length, Unix time of receipt, flags,
length of the format word), the format word, and the payload.
"""

from __future__ import annotations

import contextlib
import mmap
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from isal import isal_zlib

from tocsin.formats.base import Bytes
from tocsin.formats.lenient import elements
from tocsin.inputs.spoolcipher import Cipher

_HEAD = struct.Struct("<IIdBB")
HEAD_BYTES = _HEAD.size
_FLAGS_AT = 16
_FLAGS_AND_WORD = re.compile(rb"(?=[\x00-\x03][\x01-\x20][a-z])")
"""The end of a header: flags, length of the format word, and the word."""
_LINES = 1
_SEALED = 2
_MAX_PAYLOAD = 64 << 20


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one body that are spooled, read and committed together."""

    payload: Bytes
    """One JSON value (an array stands for its elements), or NDJSON if ``lines``."""
    lines: bool = False

    @property
    def elements(self) -> bool:
        """True if the records are the elements of an array: each is one event, whatever its type."""
        return not self.lines and self.payload.startswith(b"[")

    def records(self) -> Sequence[bytes | msgspec.Raw]:
        """Return the records; elements of an array are not copied yet."""
        if self.lines:
            return [bytes(line) for line in self.payload.split(b"\n") if line.strip()]
        if self.elements:
            with contextlib.suppress(ValueError):
                return elements(self.payload)
        return [bytes(self.payload)]


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame."""

    batch: Batch | None
    """None: encrypted with another key."""
    format: str
    received: float


def pack(batch: Batch, format: str, received: float, cipher: Cipher | None) -> tuple[bytes, Bytes]:
    """Return the frame of a batch in two pieces, so that a large payload is not copied to follow its header."""
    flags = _LINES if batch.lines else 0
    payload = batch.payload
    if cipher:
        flags |= _SEALED
        payload = cipher.seal(payload)
    word = format.encode()
    head = _HEAD.pack(0, len(payload), received, flags, len(word))[4:] + word
    checksum = isal_zlib.crc32(payload, isal_zlib.crc32(head))
    return checksum.to_bytes(4, "little") + head, payload


def frame_bytes(head: bytes) -> int:
    """Return the length of the frame that begins with ``head``; 0 if it is not a valid header."""
    if len(head) < HEAD_BYTES:
        return 0
    _, length, _, _, word = _HEAD.unpack(head)
    return HEAD_BYTES + int(word) + int(length) if length <= _MAX_PAYLOAD else 0


def next_frame(path: Path, start: int, end: int) -> int | None:
    """Return the offset of the first complete frame between two offsets of a file; None if there is none.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), end, access=mmap.ACCESS_READ) as data:
        for match in _FLAGS_AND_WORD.finditer(data, start + _FLAGS_AT):
            at = match.start() - _FLAGS_AT
            size = frame_bytes(data[at : at + HEAD_BYTES])
            if size and at + size <= end and unpack(data[at : at + size], None) is not None:
                return at
    return None


def received_at(head: bytes) -> float | None:
    """Return the Unix time of receipt in a header."""
    return float(_HEAD.unpack(head)[2]) if len(head) == HEAD_BYTES else None


def unpack(frame: bytes, cipher: Cipher | None) -> Frame | None:
    """Decode a complete frame; None if its checksum is wrong."""
    checksum, _, received, flags, word = _HEAD.unpack_from(frame)
    if isal_zlib.crc32(memoryview(frame)[4:]) != checksum:
        return None
    start = HEAD_BYTES + word
    payload: bytes | None = frame[start:]
    if flags & _SEALED:
        payload = cipher.open(frame[start:]) if cipher else None
    batch = None if payload is None else Batch(payload, bool(flags & _LINES))
    return Frame(batch, frame[HEAD_BYTES:start].decode(), received)
