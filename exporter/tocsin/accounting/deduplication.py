"""Deduplication: remembers event ids, so that a redelivery counts once.

Two generations of 64-bit hashes: when the young generation is full it becomes the old one, and the previous old one is
dropped. So between 100,000 and 200,000 of the newest ids are remembered at any time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import islice

import xxhash

GENERATION = 100_000
ITEM_LEAST = 512
"""Minimum number of identities of an item of the state before the next one is begun: until then it is rewritten,
longer.

So there are few items, and none takes long to write.
"""

_digest = xxhash.xxh3_64_intdigest


def identity(text: str) -> int:
    """Return the 64-bit identity of an id (XXH3); lone surrogates are legal input."""
    try:
        return _digest(text.encode())
    except UnicodeEncodeError:
        return _digest(text.encode("utf-8", "surrogatepass"))


class Items:
    """The items of the state that store a memory of ids: their names, and the number of ids in each."""

    def __init__(self, held: int) -> None:
        """At least ``held`` ids stay stored."""
        self._held = held
        self._counts: list[tuple[str, int]] = []
        """Name of each item, oldest first, and its number of ids."""
        self._number = 0
        self.written = 0
        """Ids in the current item."""

    def restore(self, name: str, count: int) -> None:
        """Note the next committed item."""
        self._counts.append((name, count))
        self._number, self.written = int(name), count

    def write(self, count: int) -> tuple[str, list[str]]:
        """Note that the last item is rewritten with ``count`` ids; return its name and those of forgotten items."""
        name = f"{self._number:012d}"
        if self.written:
            self._counts.pop()
        self._counts.append((name, count))
        self.written = count
        held, gone = sum(count for _, count in self._counts), []
        while held - self._counts[0][1] >= self._held:
            oldest, size = self._counts.pop(0)
            held -= size
            gone.append(oldest)
        return name, gone

    def begin(self) -> bool:
        """Begin the next item if this one is long enough; return whether it was begun."""
        if self.written < ITEM_LEAST:
            return False
        self._number, self.written = self._number + 1, 0
        return True


class SeenIds:
    """A bounded, durable set of identities."""

    def __init__(self, generation: int = GENERATION) -> None:
        self._generation = generation
        self._young: set[int] = set()
        self._old: set[int] = set()
        self._tail = array("Q")
        """The newest identities: those of the current item."""
        self._items = Items(2 * generation)

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def add(self, key: int) -> bool:
        """Remember ``key``; return False if it was known already."""
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
        """Return whether the identity of a text is remembered."""
        return bool(self._young or self._old) and identity(text) in self

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore what was committed, before any other use. An id that recurred is as new as its last occurrence."""
        keys, tail = array("Q"), array("Q")
        for name, value in sorted(items):
            tail = array("Q", value[: len(value) // 8 * 8])
            keys.extend(tail)
            self._items.restore(name, len(tail))
        known = list(islice(dict.fromkeys(reversed(keys)), 2 * self._generation))[::-1]
        first, then = known[: self._generation], known[self._generation :]
        self._old, self._young = (set(first), set(then)) if then else (set(), set(first))
        self._tail = array("Q") if self._items.begin() else tail

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Return the item with the identities that are new since the last commit, and the items that are forgotten."""
        if len(self._tail) == self._items.written:
            return []
        name, gone = self._items.write(len(self._tail))
        packed = self._tail.tobytes()
        if self._items.begin():
            self._tail = array("Q")
        return [(name, packed), *((oldest, None) for oldest in gone)]
