"""Which events were seen before, so that a repeated delivery counts once.

Two generations of 64-bit identities: when the young one is full it becomes the old one and the
old one is forgotten. So between 100,000 and 200,000 of the newest ids are remembered at any time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import islice

import xxhash

GENERATION = 100_000

_digest = xxhash.xxh3_64_intdigest


def identity(text: str) -> int:
    """Return the 64-bit identity of an id (XXH3); lone surrogates are legal input."""
    try:
        return _digest(text.encode())
    except UnicodeEncodeError:
        return _digest(text.encode("utf-8", "surrogatepass"))


class Seen:
    """A bounded, durable set of identities."""

    def __init__(self, generation: int = GENERATION) -> None:
        self._generation = generation
        self._young: set[int] = set()
        self._old: set[int] = set()
        self._fresh = array("Q")
        self._items: list[tuple[str, int]] = []
        """Committed items of the living generations: key, number of identities."""
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def add(self, key: int) -> bool:
        """Remember ``key``; False when it was known already."""
        if key in self._young or key in self._old:
            return False
        if len(self._young) >= self._generation:
            self._old, self._young = self._young, set()
        self._young.add(key)
        self._fresh.append(key)
        return True

    def __contains__(self, key: int) -> bool:
        return key in self._young or key in self._old

    def holds(self, text: str) -> bool:
        """Tell whether the identity of a text is remembered."""
        return bool(self._young or self._old) and identity(text) in self

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Take back what was committed. One that was forgotten and came again is as new as its last coming."""
        keys = array("Q")
        for name, value in sorted(items):
            before = len(keys)
            keys.frombytes(value[: len(value) // 8 * 8])
            self._items.append((name, len(keys) - before))
            self._sequence = int(name) + 1
        newest_first = islice(dict.fromkeys(reversed(keys)), 2 * self._generation)
        for key in reversed(list(newest_first)):
            self.add(key)
        self._fresh = array("Q")

    def changes(self) -> list[tuple[str, bytes | None]]:
        """The identities that are new since the last commit, and the items that are forgotten."""
        if not self._fresh:
            return []
        name = f"{self._sequence:012d}"
        changes: list[tuple[str, bytes | None]] = [(name, self._fresh.tobytes())]
        self._sequence += 1
        self._items.append((name, len(self._fresh)))
        self._fresh = array("Q")
        held = sum(count for _, count in self._items)
        while self._items and held - self._items[0][1] >= 2 * self._generation:
            gone, count = self._items.pop(0)
            held -= count
            changes.append((gone, None))
        if len(self._items) > 600:
            changes += self._merge()
        return changes

    def _merge(self) -> list[tuple[str, bytes | None]]:
        """Write everything known as one item, so that the number of items stays small."""
        changes: list[tuple[str, bytes | None]] = [(name, None) for name, _ in self._items]
        keys = array("Q", [*self._old, *self._young])
        name = f"{self._sequence:012d}"
        self._sequence += 1
        self._items = [(name, len(keys))]
        changes.append((name, keys.tobytes()))
        return changes
