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
ITEM_LEAST = 512
"""Identities that an item of the state has before the next one is begun: until then it is written anew, longer.

So items are few, and nothing that takes long has to be written as one."""

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
        self._tail = array("Q")
        """The newest identities: of the item that is still written to,"""
        self._written = 0
        """and how many of them it has."""
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
        self._tail.append(key)
        return True

    def __contains__(self, key: int) -> bool:
        return key in self._young or key in self._old

    def holds(self, text: str) -> bool:
        """Tell whether the identity of a text is remembered."""
        return bool(self._young or self._old) and identity(text) in self

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Take back what was committed. One that was forgotten and came again is as new as its last coming."""
        keys, tail = array("Q"), array("Q")
        for name, value in sorted(items):
            tail = array("Q", value[: len(value) // 8 * 8])
            keys.extend(tail)
            self._items.append((name, len(tail)))
            self._sequence = int(name)
        newest_first = islice(dict.fromkeys(reversed(keys)), 2 * self._generation)
        for key in reversed(list(newest_first)):
            self.add(key)
        self._tail, self._written = tail, len(tail)
        self._begin_item()

    def changes(self) -> list[tuple[str, bytes | None]]:
        """The item with the identities that are new since the last commit, and the items that are forgotten."""
        if len(self._tail) == self._written:
            return []
        name = f"{self._sequence:012d}"
        changes: list[tuple[str, bytes | None]] = [(name, self._tail.tobytes())]
        if self._written:
            self._items.pop()
        self._items.append((name, len(self._tail)))
        self._written = len(self._tail)
        self._begin_item()
        held = sum(count for _, count in self._items)
        while held - self._items[0][1] >= 2 * self._generation:
            gone, count = self._items.pop(0)
            held -= count
            changes.append((gone, None))
        return changes

    def _begin_item(self) -> None:
        """Begin the next item where this one is long enough."""
        if self._written >= ITEM_LEAST:
            self._tail, self._written = array("Q"), 0
            self._sequence += 1
