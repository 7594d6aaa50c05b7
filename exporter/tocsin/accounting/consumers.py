"""Token totals by consumer: the top K by keyed hash, the rest in ``other``, with the sum conserved.

A promoted consumer starts at 0 (its past stays in ``other``), a demoted one moves its total to ``other``. So no series
ever decreases and the sum over consumers is always ``llm_tokens_total``.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from tocsin.call import OTHER, TOKEN_KINDS, UNKNOWN, Call, usage_of
from tocsin.catalogue import CONSUMER_TOKENS
from tocsin.labels import keyed_hash
from tocsin.series.store import Row, Store

STEP = 256
REMEMBERED = 10_000
"""Number of consumers whose weight is known; above it the lightest half is forgotten."""


class _Consumer:
    __slots__ = ("name", "rows", "totals", "weight")

    def __init__(self, name: str) -> None:
        self.name = name
        self.weight = 0
        self.rows: list[Row] | None = None
        self.totals = [0, 0, 0, 0, 0]
        """The values of the rows after ``changes()``."""

    def add(self, usage: Sequence[int]) -> None:
        totals = self.totals
        totals[0] += usage[0]
        totals[1] += usage[1]
        if usage[2] or usage[3] or usage[4]:
            totals[2] += usage[2]
            totals[3] += usage[3]
            totals[4] += usage[4]

    def packed(self) -> tuple[str, bytes]:
        self.publish()
        return self.name, msgspec.msgpack.encode(_Saved(self.weight, None if self.rows is None else self.totals))

    def publish(self) -> None:
        for row, total in zip(self.rows or (), self.totals, strict=False):
            row.set(total)


class _Saved(msgspec.Struct):
    weight: int
    totals: list[int] | None


class Consumers:
    """Token totals by consumer."""

    def __init__(self, store: Store, top: int, key: bytes) -> None:
        self._store = store
        self._top = top
        self._key = key
        self._by_value: dict[str, _Consumer] = {}
        self._by_hash: dict[str, _Consumer] = {}
        self._exposed: list[_Consumer] = []
        self._bar = 0.0 if top else float("inf")
        """Weight above which a hidden consumer may be promoted."""
        self._dirty: set[_Consumer] = set()
        self._other = self._fixed(OTHER)
        self._unknown = self._fixed(UNKNOWN)

    def _fixed(self, name: str) -> _Consumer:
        consumer = self._by_hash[name] = _Consumer(name)
        consumer.rows = self._rows(name)
        return consumer

    def _rows(self, name: str) -> list[Row]:
        return [self._store.row(CONSUMER_TOKENS, name, kind) for kind in TOKEN_KINDS]

    def add_all(self, calls: Sequence[Call], totals: Sequence[int], usage: Sequence[int]) -> None:
        """Add the tokens of calls, by call (input and output) and in total (by kind)."""
        known, touched = self._by_value, self._dirty.add
        other = list(usage)
        for call, total in zip(calls, totals, strict=True):
            value = call.consumer
            if value is None:
                consumer = self._unknown
            else:
                consumer = known.get(value) or self._meet(value)
                consumer.weight += total
                if consumer.rows is None and (consumer.weight <= self._bar or not self._promote(consumer)):
                    touched(consumer)
                    continue
            touched(consumer)
            mine = usage_of(call)
            consumer.add(mine)
            other = list(map(operator.sub, other, mine))
        if any(other):
            self._other.add(other)
            touched(self._other)

    def offenders(self, limit: int = 50) -> list[dict[str, object]]:
        """Return the heaviest consumers since the state was created, by hash, for ``/api/v1/offenders``."""
        known = sorted(
            (c for c in self._by_hash.values() if c.weight), key=lambda c: c.weight, reverse=True
        )
        return [{"consumer": c.name, "tokens": c.weight, "exported": c.rows is not None} for c in known[:limit]]

    def _meet(self, value: str) -> _Consumer:
        if len(self._by_value) >= 2 * REMEMBERED:
            self._by_value.clear()
        name = keyed_hash(value, self._key)
        consumer = self._by_hash.get(name)
        if consumer is None:
            if len(self._by_hash) >= REMEMBERED:
                self._forget()
            consumer = self._by_hash[name] = _Consumer(name)
        self._by_value[value] = consumer
        return consumer

    def _forget(self) -> None:
        hidden = sorted((c for c in self._by_hash.values() if c.rows is None), key=lambda c: c.weight)
        for consumer in hidden[: len(hidden) // 2 + 1]:
            del self._by_hash[consumer.name]
            consumer.weight = -1  # its item is deleted by the next commit
            self._dirty.add(consumer)
        for value in [v for v, c in self._by_value.items() if c.name not in self._by_hash]:
            del self._by_value[value]

    def _promote(self, consumer: _Consumer) -> bool:
        """Give a heavy consumer its own series; return False if it is not heavy enough."""
        if len(self._exposed) >= self._top:
            self._raise_bar()
            if consumer.weight <= self._bar:
                return False
            self._demote(min(self._exposed, key=lambda c: c.weight))
        consumer.rows = self._rows(consumer.name)
        self._exposed.append(consumer)
        self._raise_bar()
        return True

    def _raise_bar(self) -> None:
        """Set the weight above which a consumer is promoted; between two calls it can only be too low.

        It is a tenth above the lightest, as every change of consumers costs series.
        """
        if len(self._exposed) >= self._top:
            self._bar = 1.1 * min((c.weight for c in self._exposed), default=2**62)

    def _demote(self, consumer: _Consumer) -> None:
        other = self._other.totals
        other[:] = [a + b for a, b in zip(other, consumer.totals, strict=True)]
        consumer.totals = [0, 0, 0, 0, 0]
        for row in consumer.rows or []:
            self._store.remove(row)
        consumer.rows = None
        self._exposed.remove(consumer)
        self._dirty |= {consumer, self._other}

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore the committed totals."""
        for name, value in items:
            saved = msgspec.msgpack.decode(value, type=_Saved)
            consumer = self._by_hash.get(name)
            if consumer is None:
                consumer = self._by_hash[name] = _Consumer(name)
                if saved.totals is not None:
                    consumer.rows = self._rows(name)
                    self._exposed.append(consumer)
            consumer.weight = saved.weight
            if saved.totals is not None and len(saved.totals) == len(TOKEN_KINDS):
                consumer.totals = saved.totals
                consumer.publish()
        while len(self._exposed) > self._top:
            self._demote(min(self._exposed, key=lambda c: c.weight))
        self._raise_bar()

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Return what changed since the last commit."""
        return [item for step in self.steps() for item in step]

    def steps(self) -> Iterator[list[tuple[str, bytes | None]]]:
        """Return ``changes`` in steps of about a millisecond; nothing may be added in between."""
        changed, self._dirty = self._dirty, set()
        living = [c for c in changed if c.weight >= 0]
        # Deletions come first: a forgotten consumer may have been added again.
        yield [(c.name, None) for c in changed if c.weight < 0]
        for start in range(0, len(living), STEP):
            yield [c.packed() for c in living[start : start + STEP]]
