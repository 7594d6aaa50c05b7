"""In-memory notes on files that are not being read."""

from __future__ import annotations

from collections.abc import Container

from tocsin.inputs.content import Identity
from tocsin.inputs.finder import Found
from tocsin.inputs.fingerprint import HEAD_BYTES

COPY_WAIT = 2.5
"""Seconds without growth after which a file counts as complete, and within which a copy of a truncated file must
appear."""
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
        """Note an empty file: it is not examined again until it changes."""
        self._empty[file.identity] = (file.size, file.mtime_ns)

    def found_copy(self, file: Found, name: str) -> None:
        """Note that the whole file is a copy of the stream ``name``."""
        self._copies[file.identity] = (file.size, name)

    def found_cut(self, file: Found, now: float) -> bool:
        """Note an archive without its proper end; return whether it has been so for ``DAMAGED_WAIT``."""
        size, since = self._cut.get(file.identity, (-1, now))
        self._cut[file.identity] = (file.size, since if size == file.size else now)
        return size == file.size and now - since >= DAMAGED_WAIT

    def can_wait(self, file: Found, now: float) -> bool:
        """Return whether examining the file again would reveal nothing new."""
        size, since = self._cut.get(file.identity, (-1, now))
        if size == file.size and now - since < DAMAGED_WAIT:
            return True
        return self._empty.get(file.identity) == (file.size, file.mtime_ns)

    def at_rest(self, file: Found, now: float) -> bool:
        """Return whether the file has not grown for ``COPY_WAIT``."""
        size, since = self._sizes.get(file.identity, (-1, now))
        if size != file.size:
            self._sizes[file.identity] = (file.size, now)
            return False
        return now - since >= COPY_WAIT

    def may_grow(self, file: Found, now: float) -> bool:
        """Return whether the file may be an incomplete copy; a very short one cannot be told from a new file."""
        return file.size < HEAD_BYTES or not self.at_rest(file, now)

    def copy_of(self, file: Found) -> str:
        """Return the name of the stream that the whole file is a copy of, or an empty string."""
        size, name = self._copies.get(file.identity, (-1, ""))
        return name if size == file.size else ""

    def forget(self, present: Container[Identity]) -> None:
        """Forget files that are gone."""
        for memory in (self._empty, self._sizes, self._copies, self._cut):
            for identity in [i for i in memory if i not in present]:
                del memory[identity]
