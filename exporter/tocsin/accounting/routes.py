"""The entries of ``routes``: which one applies to a call, and the metrics about each route that rules join.

Patterns cannot be joined in PromQL, so owner, tier, traffic class, baseline and thresholds are exported for every route
that calls were seen on, by its own name. A join needs exactly one row per route, but entries may differ by model: while
the models of a route match different entries, the route's own row is that of the first entry that matches it with any
model. So one model declared as a test cannot silence a route.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase

from tocsin import catalogue as cat
from tocsin.config import Match, Route
from tocsin.labels import clean
from tocsin.series.store import Row, Store

OUTLIER_FACTOR = 3.0
BASELINE = "default"
DEFAULT = Route(Match())
"""Applies if no entry matches: no owner, tier ``prod``, live traffic."""


class Routes:
    """The entries of the configuration and the routes seen."""

    def __init__(self, store: Store, entries: Sequence[Route] = ()) -> None:
        self._store = store
        self._entries = (*entries, DEFAULT)
        self._models: dict[str, Counter[str]] = {}
        """Models seen by route, with the number of their label sets."""
        self._under: dict[str, Counter[int]] = {}
        """By route, the indices of the entries that its models match, with the number of these models."""
        self._rows: dict[str, list[Row]] = {}
        self._baselines: dict[str, str] = {}

    def entry(self, route: str, model: str) -> Route:
        """Return the first entry that matches a call."""
        return self._entries[self._place(route, model)]

    def _place(self, route: str, model: str) -> int:
        return next(
            place
            for place, entry in enumerate(self._entries)
            if fnmatchcase(route, entry.match.route) and fnmatchcase(model, entry.match.model)
        )

    def outlier_factor(self, route: str, model: str) -> float:
        """Return ``tokens.outlierFactor`` of a call's entry: requests over this multiple of the p95 are outliers."""
        return self.entry(route, model).thresholds.get("tokens.outlierFactor", OUTLIER_FACTOR)

    def baseline(self, route: str) -> str:
        """Return the id of a route's accepted baseline, as it is exported."""
        return self._baselines.get(route, BASELINE)

    def meet(self, route: str, model: str) -> None:
        """Note that a label set with this route and model appeared, and export the route."""
        models, under = self._models.setdefault(route, Counter()), self._under.setdefault(route, Counter())
        models[model] += 1
        if models[model] == 1:
            place = self._place(route, model)
            under[place] += 1
            if under[place] == 1:  # otherwise it is exported already: there may be thousands of models
                self._publish(route)

    def leave(self, route: str, model: str) -> None:
        """Note that such a label set was removed; a route without any is no longer exported."""
        models, under = self._models[route], self._under[route]
        models[model] -= 1
        if not models[model]:
            del models[model]
            place = self._place(route, model)
            under[place] -= 1
            if not under[place]:
                del under[place]
                self._publish(route)

    def configure(self, entries: Sequence[Route]) -> None:
        """Apply new entries and export all routes by them."""
        self._entries = (*entries, DEFAULT)
        for route, models in list(self._models.items()):
            self._under[route] = Counter(self._place(route, model) for model in models)
            self._publish(route)

    def of_route(self, route: str) -> Route:
        """Return the entry of a route as a whole."""
        under = self._under.get(route, ())
        if len(under) == 1:
            return self._entries[next(iter(under))]
        whole = (e for e in self._entries if e.match.model == "*" and fnmatchcase(route, e.match.route))
        return next(whole)

    def _publish(self, route: str) -> None:
        for former in self._rows.pop(route, ()):
            self._store.remove(former)
        if not self._models[route]:
            del self._models[route], self._under[route]
            del self._baselines[route]
            return
        entry, row = self.of_route(route), self._store.row
        self._baselines[route] = _or(entry.baseline, BASELINE)
        rows = [
            row(cat.ROUTE_INFO, route, _or(entry.owner, ""), _or(entry.tier, "prod"), entry.traffic),
            row(cat.BASELINE_INFO, route, self.baseline(route)),
        ]
        for each in rows:
            each.set(1)
        for name, value in entry.thresholds.items():
            threshold = row(cat.THRESHOLD, route, name)
            threshold.set(value)
            rows.append(threshold)
        self._rows[route] = rows


def _or(value: str, default: str) -> str:
    return clean(value) if value else default
