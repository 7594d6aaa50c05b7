"""What is remembered about files that are not being read, until the next start."""

from __future__ import annotations

from collections.abc import Container

from tocsin.inputs.content import Identity
from tocsin.inputs.finder import Found
from tocsin.inputs.fingerprint import HEAD_BYTES

COPY_WAIT = 2.5
"""Seconds in which a file must not grow to be taken for whole, and the copy of a truncated file must appear."""
DAMAGED_WAIT = 30.0
"""Seconds after which an archive without its proper end is taken as it is."""


class UnreadFiles:
    """Files that were examined and are not read; forgotten once they are gone."""

    def __init__(self) -> None:
        self._empty: dict[Identity, tuple[int, int]] = {}
        self._sizes: dict[Identity, tuple[int, float]] = {}
        self._copies: dict[Identity, tuple[int, str]] = {}
        self._cut: dict[Identity, tuple[int, float]] = {}

    def found_empty(self, file: Found) -> None:
        """It needs no look until it changes."""
        self._empty[file.identity] = (file.size, file.mtime_ns)

    def found_copy(self, file: Found, name: str) -> None:
        """All of it repeats the stream of this name."""
        self._copies[file.identity] = (file.size, name)

    def found_cut(self, file: Found, now: float) -> bool:
        """Tell of an archive without its end whether it has been so for long."""
        size, since = self._cut.get(file.identity, (-1, now))
        self._cut[file.identity] = (file.size, since if size == file.size else now)
        return size == file.size and now - since >= DAMAGED_WAIT

    def can_wait(self, file: Found, now: float) -> bool:
        """Tell whether a look would tell nothing new."""
        size, since = self._cut.get(file.identity, (-1, now))
        if size == file.size and now - since < DAMAGED_WAIT:
            return True
        return self._empty.get(file.identity) == (file.size, file.mtime_ns)

    def at_rest(self, file: Found, now: float) -> bool:
        """Tell whether it has not grown for some time."""
        size, since = self._sizes.get(file.identity, (-1, now))
        if size != file.size:
            self._sizes[file.identity] = (file.size, now)
            return False
        return now - since >= COPY_WAIT

    def may_grow(self, file: Found, now: float) -> bool:
        """Tell whether it may be a copy in the making; one of few bytes is not told from a new file."""
        return file.size < HEAD_BYTES or not self.at_rest(file, now)

    def copy_of(self, file: Found) -> str:
        """Return the stream that all of it was seen to repeat, or nothing."""
        size, name = self._copies.get(file.identity, (-1, ""))
        return name if size == file.size else ""

    def forget(self, present: Container[Identity]) -> None:
        """Forget files that are gone."""
        for memory in (self._empty, self._sizes, self._copies, self._cut):
            for identity in [i for i in memory if i not in present]:
                del memory[identity]
