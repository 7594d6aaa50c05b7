"""Rendering and compressing ``/metrics``, compared with prometheus_client's ``generate_latest`` on the same series."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from statistics import median

from measure import Figure
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from tocsin import catalogue as cat
from tocsin.series.exposition import blocks, gzip_blocks
from tocsin.series.store import Store

SIZES = ((10_000, 50.0), (100_000, 40.0))
"""Number of series, and the goal for the speed ratio."""
HISTOGRAMS = (cat.DURATION, cat.TTFT, cat.SPEED, cat.REQUEST_TOKENS)
COUNTERS = (cat.REQUESTS, cat.UNPRICED, cat.USAGE_MISSING, cat.OUTLIERS)
ROUNDS = 5
REPEATS = 5
"""Our repetitions per round, beside one of theirs, which takes fifty times as long."""
PER_LABEL_SET = sum(len(family.buckets) + 3 for family in HISTOGRAMS) + len(COUNTERS)


def values(number: int) -> tuple[float, ...]:
    """Return the observations of one label set."""
    return tuple(0.37 * (number % 7) + bound / 3 for bound in (1, 5, 20, 300))


def run() -> list[Figure]:
    """Measure both sizes."""
    figures: list[Figure] = []
    for series, goal in SIZES:
        label_sets = [("openai", f"model-{n}", f"route-{n % 10}") for n in range(series // PER_LABEL_SET)]
        figures += _size(label_sets, goal)
    return figures


def _size(label_sets: list[tuple[str, str, str]], goal: float) -> list[Figure]:
    store, registry = _ours(label_sets), _theirs(label_sets)
    lines = sum(not line.startswith(b"#") for line in b"".join(blocks(store)).splitlines())
    section = f"scrape {lines:,} series"
    print(f"\n{section}", flush=True)

    def changed() -> None:
        for _, rows in store.families():
            for row in rows:
                row.text = None

    fresh, cached, theirs, ratios = [], [], [], []
    for _ in range(ROUNDS):
        reference = _spent(lambda: gzip.compress(generate_latest(registry)))
        several = [_spent(lambda: _consume(store), before=changed) for _ in range(REPEATS)]
        theirs.append(reference)
        fresh.append(median(several))
        cached.append(median(_spent(lambda: _consume(store)) for _ in range(REPEATS)))
        ratios.append(reference / fresh[-1])
    ratio = median(ratios)
    turns = []
    for _ in range(ROUNDS * REPEATS):
        changed()
        turns.append(_turns(store))
    longest = max(map(min, zip(*turns, strict=True)))  # the minimum per turn excludes preemption by other processes
    return [
        Figure(section, "tocsin, every series changed", median(fresh) * 1e3, "ms"),
        Figure(section, "tocsin, nothing changed", median(cached) * 1e3, "ms"),
        Figure(section, "prometheus_client", median(theirs) * 1e3, "ms"),
        Figure(section, "prometheus_client / tocsin (changed)", ratio, "x", f">= {goal:g}", ratio >= goal),
        Figure(section, "longest turn of the event loop", longest * 1e3, "ms", "<= 5", longest <= 0.005),
    ]


def _spent(work: Callable[[], object], before: Callable[[], None] = lambda: None) -> float:
    before()
    began = time.process_time()
    work()
    return time.process_time() - began


def _consume(store: Store) -> None:
    for _ in gzip_blocks(blocks(store)):
        pass


def _turns(store: Store) -> list[float]:
    """Return the durations between points at which other tasks on the event loop may run."""
    turns = []
    began = time.perf_counter()
    for _ in gzip_blocks(blocks(store)):
        now = time.perf_counter()
        turns.append(now - began)
        began = now
    return turns


def _ours(label_sets: list[tuple[str, str, str]]) -> Store:
    store = Store()
    for number, labels in enumerate(label_sets):
        for family, value in zip(HISTOGRAMS, values(number), strict=True):
            store.row(family, *labels).observe(value)
        for family in COUNTERS:
            store.row(family, *labels).add(number)
    return store


def _theirs(label_sets: list[tuple[str, str, str]]) -> CollectorRegistry:
    registry = CollectorRegistry()
    histograms = [
        Histogram(family.name, family.help, family.labels, buckets=family.buckets, registry=registry)
        for family in HISTOGRAMS
    ]
    counters = [Counter(family.name, family.help, family.labels, registry=registry) for family in COUNTERS]
    for number, labels in enumerate(label_sets):
        for histogram, value in zip(histograms, values(number), strict=True):
            histogram.labels(*labels).observe(value)
        for counter in counters:
            counter.labels(*labels).inc(number)
    return registry
