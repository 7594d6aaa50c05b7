"""The last hour of each category, for the status page's sparklines.

Prometheus has more and keeps it longer; this is for users who have only the exporter. It is kept in memory only: the
lines begin anew after a restart.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

from tocsin import catalogue as cat
from tocsin.accounting.quality import COMPOSITE
from tocsin.series.store import Store

EVERY = 10.0
"""Seconds between samples of the counters."""
SPAN = 3600.0
POINTS = 60
_INTENDED = {"blocked_guardrail", "blocked_provider", "cancelled"}
"""Failures that somebody wanted; the others are those of LLMNoSuccess, a dead key among them."""
_PAGING = ("true", "false", "false")
"""Label values of violations that page: delivered, not echoed, not an example."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A sample of the counters."""

    at: float
    requests: float
    failed: float
    """Requests that got no answer, and that nobody blocked or gave up."""
    scored: float
    score: float
    usd: float
    violations: float


@dataclass(frozen=True, slots=True)
class Trend:
    """One sparkline: values of equal intervals, newest last; None if an interval has no data."""

    of: str
    """The quantity shown, with its unit."""
    seconds: float
    """Duration that the line covers."""
    low: float
    """Minimum scale, extended by values outside it: a share of 0.1 % must not look like a peak."""
    high: float
    values: tuple[float | None, ...]


class Trends:
    """Samples the counters periodically."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looks: deque[_Look] = deque(maxlen=int(SPAN / EVERY) + 1)

    def look(self, now: float) -> None:
        """Sample the counters, unless the last sample is too recent; ``now`` is in seconds on any clock."""
        if self._looks and now - self._looks[-1].at < EVERY:
            return
        store = self._store
        scores = [r.values for r in store.rows.get(cat.QUALITY_SCORE, {}).values() if r.labels[-1] == COMPOSITE]
        self._looks.append(
            _Look(
                at=now,
                requests=store.total(cat.REQUESTS),
                failed=sum(
                    r.values[0] for r in store.rows.get(cat.FAILURES, {}).values() if r.labels[-1] not in _INTENDED
                ),
                scored=sum(sum(values[1:]) for values in scores),
                score=sum(values[0] for values in scores),
                usd=store.total(cat.COST),
                violations=sum(
                    r.values[0] for r in store.rows.get(cat.VIOLATIONS, {}).values() if r.labels[-3:] == _PAGING
                ),
            )
        )

    def lines(self) -> dict[str, Trend]:
        """Return the line of each category; empty until there are two samples."""
        if len(self._looks) < 2:
            return {}
        spans = list(pairwise(self._thinned()))
        seconds = self._looks[-1].at - self._looks[0].at
        failing = tuple(_ratio(b.failed - a.failed, b.requests - a.requests) for a, b in spans)
        score = tuple(_ratio(b.score - a.score, b.scored - a.scored) for a, b in spans)
        usd = tuple(max(0.0, b.usd - a.usd) * 3600 / (b.at - a.at) for a, b in spans)
        violations = tuple(max(0.0, b.violations - a.violations) for a, b in spans)
        return {
            "outage": Trend("share failing", seconds, 0.0, 0.1, failing),
            "quality": Trend("mean score", seconds, 0.5, 1.0, score),
            "cost": Trend("US dollars an hour", seconds, 0.0, 1.0, usd),
            "safety": Trend("violations", seconds, 0.0, 2.0, violations),
        }

    def _thinned(self) -> list[_Look]:
        """Return the samples at the ends of at most POINTS intervals."""
        looks = list(self._looks)
        step = -(-(len(looks) - 1) // POINTS)
        return looks[::-1][::step][::-1]  # counted back from the newest, which must be included


def _ratio(part: float, whole: float) -> float | None:
    """Return a share; None if nothing came in, or a sum decreased because old series expired."""
    return part / whole if whole > 0 and part >= 0 else None
