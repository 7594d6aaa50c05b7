"""Identity of a log by its content.

An inode names a place on a disk, not a log: it is reused, truncated and copied from. What is kept of
the content are keyed hashes only, because log lines are people's texts and the state is a file.
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
    """Anything whose bytes can be looked at by offset."""

    def pread(self, size: int, offset: int) -> bytes:
        """Return up to ``size`` bytes at ``offset``."""


class Fingerprints:
    """Makes and checks marks with one key."""

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key or secrets.token_bytes(32)

    def mark(self, data: bytes, end: int) -> Mark:
        """Return the mark of ``data``, which ends at offset ``end``."""
        return Mark(end, len(data), hashlib.blake2b(data, digest_size=16, key=self.key).digest())

    def holds(self, content: Content, mark: Mark) -> bool:
        """Tell whether the content has the marked bytes at the marked place."""
        return self.mark_at(content, mark.end, mark.length) == mark

    def mark_at(self, content: Content, end: int, length: int) -> Mark:
        """Return the mark of the ``length`` bytes that end at ``end``; of fewer where it has not so many."""
        return self.mark(content.pread(length, end - length), end)
