"""Identification of logs by their content.

An inode does not identify a log: it is reused, and its file may be truncated or copied. Only keyed hashes of the
content are stored, because log lines are people's texts and the state is a file.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Protocol

import msgspec

HEAD_BYTES = 1024
MARK_BYTES = 256


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """Keyed hash of the ``length`` bytes of content that end at offset ``end``."""

    end: int
    length: int
    digest: bytes


class Content(Protocol):
    """Content that can be read by offset."""

    def pread(self, size: int, offset: int) -> bytes:
        """Return up to ``size`` bytes at ``offset``."""


class Fingerprints:
    """Creates and checks marks with one key."""

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key or secrets.token_bytes(32)

    def mark(self, data: bytes, end: int) -> Mark:
        """Return the mark of ``data``, which ends at offset ``end``."""
        return Mark(end, len(data), hashlib.blake2b(data, digest_size=16, key=self.key).digest())

    def holds(self, content: Content, mark: Mark) -> bool:
        """Return whether the content has the marked bytes at the marked offset."""
        return self.mark_at(content, mark.end, mark.length) == mark

    def mark_at(self, content: Content, end: int, length: int) -> Mark:
        """Return the mark of the ``length`` bytes that end at ``end``, or of fewer if the content is shorter."""
        return self.mark(content.pread(length, end - length), end)
