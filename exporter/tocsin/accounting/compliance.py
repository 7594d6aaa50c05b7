"""The exact window of the last 1,000 format checks of each route, which PromQL cannot express."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tocsin import catalogue as cat
from tocsin.call import OTHER
from tocsin.series.store import Store

WINDOW = 1000
ROUTES_MAX = 500
"""Maximum number of routes with their own window; further ones share that of ``other``."""


class Window:
    """A ring buffer of outcomes."""

    __slots__ = ("compliant", "filled", "position", "ring")

    def __init__(self) -> None:
        self.ring = bytearray(WINDOW)
        self.position = 0
        self.filled = 0
        self.compliant = 0

    def add(self, passed: bool) -> None:
        """Add one outcome, replacing the oldest of a full window."""
        self.compliant += passed - self.ring[self.position]
        self.ring[self.position] = passed
        self.position = (self.position + 1) % WINDOW
        self.filled = min(WINDOW, self.filled + 1)


class Compliance:
    """The windows of all routes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._windows: dict[str, Window] = {}
        self._dirty: set[str] = set()

    def meet(self, route: str) -> str:
        """Export an empty window for a route; return the label that it is counted under."""
        if route not in self._windows:
            if len(self._windows) >= ROUTES_MAX:
                route = OTHER
            self._windows.setdefault(route, Window())
            self._dirty.add(route)
        return route

    def add(self, route: str, passed: bool) -> None:
        """Add the outcome of one format check."""
        route = self.meet(route)
        self._windows[route].add(passed)
        self._dirty.add(route)

    def publish(self) -> None:
        """Update the gauges."""
        for route in self._dirty:
            window = self._windows[route]
            self._store.row(cat.FORMAT_WINDOW_COMPLIANT, route).set(window.compliant)
            self._store.row(cat.FORMAT_WINDOW_CALLS, route).set(window.filled)

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore committed windows."""
        for route, value in items:
            window = self._windows[route] = Window()
            position, filled, ring = msgspec.msgpack.decode(value, type=tuple[int, int, bytes])
            window.position, window.filled, window.ring = position % WINDOW, min(filled, WINDOW), bytearray(ring)
            window.compliant = sum(window.ring)
            self._dirty.add(route)
        self.publish()
        self._dirty = set()

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Return the windows that changed since the last commit."""
        self.publish()
        changes: list[tuple[str, bytes | None]] = []
        for route in self._dirty:
            window = self._windows[route]
            changes.append((route, msgspec.msgpack.encode((window.position, window.filled, bytes(window.ring)))))
        self._dirty = set()
        return changes
