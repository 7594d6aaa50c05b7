"""Metrics about Tocsin itself, collected right before a page is rendered."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger
from tocsin.inputs.spool import Spool
from tocsin.inputs.tailer import FileInput
from tocsin.pipeline import Pipeline

_PAGE = os.sysconf("SC_PAGE_SIZE")
_REASONS = ("missing", "permission", "not_a_file", "io")


class SelfMetrics:
    """Gauges that are only valid at the time of a scrape."""

    def __init__(
        self, ledger: Ledger, files: FileInput, spool: Spool | None, heartbeats: Callable[[], dict[str, float]]
    ) -> None:
        self._ledger = ledger
        self._files = files
        self._spool = spool
        self._heartbeats = heartbeats
        ledger.store.row(cat.START_TIME).set(round(time.time(), 3))

    def publish(self, pipeline: Pipeline) -> None:
        """Update the gauges."""
        row = self._ledger.store.row
        now = time.time()
        backlog = {source.part: source.backlog() for source in pipeline.inputs}
        for part, size in backlog.items():
            row(cat.BACKLOG, part).set(size)
        unread = any(backlog.values())
        lag = max(0.0, now - self._ledger.newest) if unread and self._ledger.newest else 0.0
        row(cat.INGEST_LAG).set(round(lag, 3))
        for reason in ("deleted", "truncated"):
            row(cat.STREAMS_LOST, reason).set(self._files.lost.get(reason, 0))
        unusable = self._files.unusable()
        for reason in dict.fromkeys((*_REASONS, *unusable)):
            row(cat.INPUT_UNUSABLE, reason).set(unusable.get(reason, 0))
        row(cat.STATE_DEGRADED).set(int(pipeline.trouble is not None))
        row(cat.SERIES).set(self._ledger.store.samples)
        for task, beat in self._heartbeats().items():
            row(cat.HEARTBEAT, task).set(round(now - (time.monotonic() - beat), 3))
        if self._spool is not None:
            row(cat.SPOOL_BYTES).set(self._spool.spool_bytes)
            for reason, count in self._spool.skipped.items():
                row(cat.SPOOL_PASSED_OVER, reason).set(count)
            row(cat.SPOOL_AGE).set(round(self._spool.oldest_age(now), 3))
        publish_seen(self._ledger)
        self._process()

    def _process(self) -> None:
        row = self._ledger.store.row
        usage = resource.getrusage(resource.RUSAGE_SELF)
        row(cat.CPU).set(round(usage.ru_utime + usage.ru_stime, 3))
        try:
            row(cat.RESIDENT).set(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE)
            row(cat.OPEN_FDS).set(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - a list of names is enough
        except OSError:
            return  # no /proc on this system


def publish_seen(ledger: Ledger) -> None:
    """Export which categories have a signal: any call for outage and cost, a score, a checked answer."""
    seen = bool(ledger.groups.by_labels)
    rows = ledger.store.rows
    signals = {
        "outage": seen,
        "cost": seen,
        "quality": any(row.values[0] for f in (cat.SCORED, cat.FORMAT_CHECKS) for row in rows.get(f, {}).values()),
        "safety": any(row.values[0] for row in rows.get(cat.ANSWERS_CHECKED, {}).values()),
    }
    shown = rows.get(cat.CATEGORY_INSTRUMENTED, {})
    for category, signal in signals.items():
        if signal or (category,) in shown:  # an intentional gap (declared.content: off) has no row
            ledger.store.row(cat.CATEGORY_INSTRUMENTED, category).set(int(signal))


def publish_healthy(ledger: Ledger) -> None:
    """Export the health of an exporter that keeps up, for a backtest: what no log shows must not mute alerts."""
    publish_seen(ledger)
    row = ledger.store.row
    row(cat.INGEST_LAG).set(0)
    row(cat.STATE_DEGRADED).set(0)
    row(cat.COMMIT_FAILURES)
    for reason in ("deleted", "truncated"):
        row(cat.STREAMS_LOST, reason)
    row(cat.SERIES).set(ledger.store.samples)
