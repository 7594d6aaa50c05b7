"""Input drift: how far each route's inputs have moved from their own past, in which direction, and its durable state.

``llm_input_drift_psi`` is the population stability index by feature: features of the question, and the configured extra
labels. While a feature is not stable, ``llm_input_drift_gain`` names the segment that grew most: one of our bins, or a
label value, never the question itself. A newly accepted baseline resets the route. All of a route's first questions are
sampled, later one in four: enough for windows of hundreds, and cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from xxhash import xxh3_64_intdigest

from tocsin import catalogue as cat
from tocsin.accounting.group import SEPARATOR
from tocsin.detectors.drift import FEATURES, Drift, Segments, features
from tocsin.series.store import Row, Store

ROUTES_MAX = 100
"""Maximum number of routes monitored; the first ones seen."""
ALL_UNTIL = 2_000
"""Number of a route's first questions that are all sampled."""
EVERY = 4
LABEL = "label_"
"""Prefix of features that are labels, as a label may have the name of one of our features."""
STABLE_BELOW = 0.1
"""Value of the index below which a feature is stable, by convention."""


class _Watched:
    """The drift of one route."""

    def __init__(self, labels: Sequence[str], baseline: str | None = None) -> None:
        self.baseline = baseline
        """Id of the baseline that it belongs to; None: not known yet."""
        self.asked = 0
        self.questions = {name: Drift(len(bins)) for name, bins in FEATURES.items()}
        self.labels = {LABEL + name: Segments() for name in labels}
        self.gains: dict[str, Row] = {}
        """Gain rows by feature, for features that are not stable."""

    def features(self) -> Iterator[tuple[str, Drift]]:
        """Return the drift of each feature."""
        yield from self.questions.items()
        yield from self.labels.items()

    def take(self, question: str, values: Sequence[str]) -> None:
        """Add one question and the values of the labels."""
        for name, place in features(question).items():
            self.questions[name].add(place)
        for segments, value in zip(self.labels.values(), values, strict=True):
            segments.add(segments.place(value))

    def grown(self, name: str) -> tuple[str, float]:
        """Return the segment of a feature that gained most, and the share it gained."""
        if name in self.labels:
            place, gain = self.labels[name].grown()
            return self.labels[name].name(place), gain
        place, gain = self.questions[name].grown()
        return FEATURES[name][place], gain

    def restore(self, name: str, value: bytes) -> None:
        """Restore one feature, or the id of the baseline if ``name`` is empty; unreadable values start anew."""
        if not name:
            self.baseline = value.decode("utf-8", "replace")
            return
        with suppress(ValueError):
            if name in self.labels:
                self.labels[name] = Segments.unpack(value)
            elif name in self.questions and (drift := Drift.unpack(value)).bins == self.questions[name].bins:
                self.questions[name] = drift
                self.asked = ALL_UNTIL + 1 if drift.value() is not None else 1


class InputDrift:
    """The drift of all monitored routes."""

    def __init__(self, store: Store, baseline: Callable[[str], str]) -> None:
        """``baseline`` returns the id of a route's accepted baseline."""
        self._store = store
        self._baseline = baseline
        self._routes: dict[str, _Watched] = {}
        self._dirty: set[str] = set()

    def ask(self, route: str, question: str, values: Sequence[str] = ()) -> None:
        """Sample one question of a route, with the ``values`` of the extra labels."""
        watched = self._routes.get(route)
        if watched is None:
            if len(self._routes) >= ROUTES_MAX:
                return
            watched = self._routes[route] = _Watched(self._store.extra)
        asked, watched.asked = watched.asked, watched.asked + 1
        # By hash: every fourth one would always be the same question if questions alternate.
        if asked > ALL_UNTIL and xxh3_64_intdigest(asked.to_bytes(8, "little")) % EVERY:
            return
        watched.take(question, values)
        self._dirty.add(route)

    def publish(self) -> None:
        """Update the gauges; a feature without a value yet has no series."""
        for route in self._dirty:
            watched, baseline = self._routes[route], self._baseline(route)
            if watched.baseline not in (None, baseline):
                self._forget(route, watched)
                watched = self._routes[route] = _Watched(self._store.extra)
            watched.baseline = baseline
            for name, drift in watched.features():
                value = drift.value()
                if value is not None:
                    self._store.row(cat.INPUT_PSI, route, name).set(round(value, 4))
                    self._name(route, watched, name, moved=value >= STABLE_BELOW)

    def _name(self, route: str, watched: _Watched, name: str, *, moved: bool) -> None:
        """Expose the segment that a feature has moved to, and no other; none if the feature is stable."""
        former = watched.gains.pop(name, None)
        if moved:
            segment, gain = watched.grown(name)
            row = watched.gains[name] = self._store.row(cat.INPUT_GAIN, route, name, segment)
            row.set(round(gain, 4))
        if former is not None and former is not watched.gains.get(name):
            self._store.remove(former)

    def _forget(self, route: str, watched: _Watched) -> None:
        for row in watched.gains.values():
            self._store.remove(row)
        for name, _ in watched.features():
            self._store.remove(self._store.row(cat.INPUT_PSI, route, name))

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore the committed state."""
        for key, value in items:
            route, _, name = key.partition(SEPARATOR)
            self._routes.setdefault(route, _Watched(self._store.extra)).restore(name, value)
            self._dirty.add(route)
        self.publish()
        self._dirty = set()

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Return the state of the routes that changed since the last call."""
        return [change for step in self.steps() for change in step]

    def steps(self) -> Iterator[list[tuple[str, bytes | None]]]:
        """Return ``changes`` in one step per route; no question may be added before the last one."""
        dirty, self._dirty = self._dirty, set()
        for route in dirty:
            watched = self._routes[route]
            packed = [(SEPARATOR.join((route, name)), drift.pack()) for name, drift in watched.features()]
            yield [*packed, (route, (watched.baseline or "").encode())]
