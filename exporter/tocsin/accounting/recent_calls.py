"""Recent calls by id, so that feedback and guard verdicts can be joined to them.

Two generations, as in ``SeenIds``: the newest 50,000 to 100,000 ids are known at any time, also after a restart.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import msgspec

from tocsin.accounting.deduplication import Items, identity

GENERATION = 50_000
_TAKEN_AT_ONCE = 256


class RecentCalls:
    """A bounded, durable map from ids to one of few texts (a label set)."""

    def __init__(self, generation: int = GENERATION) -> None:
        self._generation = generation
        self._young: dict[int, str] = {}
        self._old: dict[int, str] = {}
        self._tail: list[tuple[int, str]] = []
        """The newest ids: those of the current item of the state."""
        self._put_lately: list[tuple[str, str]] = []
        """Added but not yet in the map: adding many at once is cheaper, and they are seldom queried."""
        self._items = Items(2 * generation)

    def put(self, name: str, text: str) -> None:
        """Remember ``text`` for the id; the newest text of an id counts."""
        self._put_lately.append((name, text))
        if len(self._put_lately) >= _TAKEN_AT_ONCE:
            self._take()

    def _take(self) -> None:
        pairs = [(identity(name), text) for name, text in self._put_lately]
        self._put_lately = []
        self._tail += pairs
        self._hold(pairs)

    def _hold(self, pairs: list[tuple[int, str]]) -> None:
        if len(self._young) + len(pairs) < self._generation:
            self._young.update(pairs)
            return
        for key, text in pairs:
            self._put(key, text)

    def get(self, name: str) -> str | None:
        """Return the text of the id, None if it is unknown."""
        if self._put_lately:
            self._take()
        key = identity(name)
        found = self._young.get(key)
        return self._old.get(key) if found is None else found

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore what was committed, oldest first."""
        for name, value in sorted(items):
            texts, *packed = msgspec.msgpack.decode(value, type=tuple[list[str], bytes, bytes])
            keys, numbers = array("Q", packed[0]), array("I", packed[1])
            self._tail = [(key, texts[number]) for key, number in zip(keys, numbers, strict=True)]
            self._hold(self._tail)
            self._items.restore(name, len(keys))
        if self._items.begin():
            self._tail = []

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Return the item with what is new since the last commit, and the items that are forgotten."""
        self._take()
        if len(self._tail) == self._items.written:
            return []
        name, gone = self._items.write(len(self._tail))
        packed = _packed(self._tail)
        if self._items.begin():
            self._tail = []
        return [(name, packed), *((oldest, None) for oldest in gone)]

    def _put(self, key: int, text: str) -> None:
        if len(self._young) >= self._generation and key not in self._young:
            self._old, self._young = self._young, {}
        self._young[key] = text


def _packed(pairs: list[tuple[int, str]]) -> bytes:
    numbers: dict[str, int] = {}
    indices = array("I", (numbers.setdefault(text, len(numbers)) for _, text in pairs))
    keys = array("Q", (key for key, _ in pairs))
    return msgspec.msgpack.encode((list(numbers), keys.tobytes(), indices.tobytes()))
