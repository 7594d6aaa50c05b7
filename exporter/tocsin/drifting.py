"""How far what each route is asked has moved from its own past: ``llm_input_drift_psi``, and its durable state.

The first questions of a route are all taken, later ones every fourth: enough for windows of hundreds, and cheap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin import catalogue as cat
from tocsin.accounting.group import SEPARATOR
from tocsin.detectors.drift import FEATURES, Drift, features
from tocsin.series.store import Store

ROUTES_MAX = 100
"""Routes that are watched; the first ones seen."""
ALL_UNTIL = 2_000
"""Questions of a route that are all taken."""
EVERY = 4


class InputDrift:
    """The drift of every watched route."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._routes: dict[str, dict[str, Drift]] = {}
        self._asked: dict[str, int] = {}
        self._dirty: set[str] = set()

    def ask(self, route: str, question: str) -> None:
        """Take one question of a route."""
        asked = self._asked.get(route, 0)
        if not asked and len(self._asked) >= ROUTES_MAX:
            return
        self._asked[route] = asked + 1
        if asked > ALL_UNTIL and asked % EVERY:
            return
        drifts = self._routes.get(route)
        if drifts is None:
            drifts = self._routes[route] = {name: Drift(len(bins)) for name, bins in FEATURES.items()}
        for name, place in features(question).items():
            drifts[name].add(place)
        self._dirty.add(route)

    def publish(self) -> None:
        """Bring the gauges up to date; a feature without a value yet has no series."""
        for route in self._dirty:
            for name, drift in self._routes[route].items():
                value = drift.value()
                if value is not None:
                    self._store.row(cat.INPUT_PSI, route, name).set(round(value, 4))

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Take back the committed state; what cannot be read starts anew."""
        for key, value in items:
            route, _, name = key.partition(SEPARATOR)
            try:
                drift = Drift.unpack(value)
            except ValueError:
                continue
            if name in FEATURES:
                known = self._routes.setdefault(route, {n: Drift(len(bins)) for n, bins in FEATURES.items()})
                known[name] = drift
                self._asked[route] = ALL_UNTIL + 1 if drift.value() is not None else 1
                self._dirty.add(route)
        self.publish()
        self._dirty = set()

    def changes(self) -> list[tuple[str, bytes | None]]:
        """State of the routes that changed since the last call."""
        return [change for step in self.steps() for change in step]

    def steps(self) -> Iterator[list[tuple[str, bytes | None]]]:
        """Return ``changes``, a step for each route; no question may be taken before the last one."""
        dirty, self._dirty = self._dirty, set()
        for route in dirty:
            yield [(SEPARATOR.join((route, name)), drift.pack()) for name, drift in self._routes[route].items()]
