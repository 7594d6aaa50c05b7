"""Rows outside the groups that survive a restart."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tocsin import catalogue as cat
from tocsin.accounting.group import SEPARATOR
from tocsin.series.store import Row, Store


class Durable:
    """Rarely changing counters and infos; keeps changes for the next commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed: dict[Row, None] = {}

    def add(self, family: cat.Family, *labels: str, amount: float = 1) -> Row:
        """Add to a row, creating it if necessary."""
        row = self._store.row(family, *labels)
        row.add(amount)
        self._changed[row] = None
        return row

    def remove(self, row: Row) -> None:
        """Remove a row from the page and, with the next commit, from the state."""
        self._store.remove(row)
        self._changed[row] = None

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Return what changed since the last call: key and value; None deletes."""
        changed, self._changed = self._changed, {}
        return [(SEPARATOR.join((row.family.name, *row.labels)), self._packed(row)) for row in changed]

    def _packed(self, row: Row) -> bytes | None:
        living = self._store.rows[row.family].get(row.labels) is row
        return msgspec.msgpack.encode(row.values[0]) if living else None

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore committed rows, except for families and labels that this version does not have."""
        for key, value in items:
            name, *labels = key.split(SEPARATOR)
            family = cat.FAMILIES.get(name)
            if family is not None and len(labels) == len(family.labels):
                self._store.row(family, *labels).set(msgspec.msgpack.decode(value))
