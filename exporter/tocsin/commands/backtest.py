"""``tocsin backtest LOG...``: what these rules would have paged for, on the user's own logs."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tocsin import bundle, external, formats
from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger
from tocsin.assembly import ledger_settings, make_scoring, publish_config, publish_detectors
from tocsin.backtest import engine, feed, report, timeline
from tocsin.backtest.openmetrics import write_openmetrics
from tocsin.backtest.ordering import EventSorter
from tocsin.backtest.reading import ReadingError, read_ahead
from tocsin.backtest.rules import STEP, plan, quantiles_only, read_by
from tocsin.backtest.running import evaluate
from tocsin.backtest.sampling import Sampler, sample_names
from tocsin.config import Config, ConfigError, Match, Route, load
from tocsin.inputs.archive import read_archive
from tocsin.inputs.base import Origin
from tocsin.intake import Intake
from tocsin.pacing import collect_seldom
from tocsin.selfmetrics import publish_healthy
from tocsin.series.store import Store

EXPORTERS_OWN = ("tokens.outlierFactor",)
"""Settings that no rule reads: the exporter evaluates them, and the chart puts them into its configuration."""
EXAMPLE = "example: tocsin backtest --set quality.dropRatio=0.2 calls-*.jsonl.gz"


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("backtest", help="show what the rules would have paged on", epilog=EXAMPLE)
    parser.add_argument("logs", nargs="+", metavar="LOG", help="file (also .gz .zst .bz2 .xz) or - for stdin")
    parser.add_argument("--format", choices=("auto", *formats.FORMATS), default="auto")
    parser.add_argument("--json", action="store_true", help="print the timeline as one JSON object")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a threshold")
    parser.add_argument("--rules", action="append", default=[], metavar="FILE", help="use instead of the shipped rules")
    parser.add_argument("--html", metavar="FILE", help="write an HTML report")
    parser.add_argument("--openmetrics", metavar="FILE", help="write the samples, for promtool tsdb create-blocks-from")
    parser.add_argument("--config.file", dest="config_file", metavar="FILE", help="configuration; default: none")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Backtest; 0 if every input could be read and the rules evaluated, whether or not alerts fired."""
    promtool = external.find("promtool")
    if promtool is None:
        print(f"tocsin backtest: promtool is needed and was not found: {external.MEND}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that promtool and the temporary files end with us
    try:
        groups = _groups(arguments)
        with tempfile.TemporaryDirectory(prefix="tocsin-backtest-") as folder:
            if arguments.rules:
                engine.check(groups, promtool, Path(folder))
            backtest = _Backtest(arguments, promtool, Path(folder))
            result = backtest.run(groups)
            if result is not None and arguments.html:
                Path(arguments.html).write_text(_page(result, backtest, arguments), encoding="utf-8")
    except (engine.EngineError, feed.PeriodError, ReadingError) as error:
        print(f"tocsin backtest: {error}", file=sys.stderr)
        return 2
    if result is None:
        print(f"tocsin backtest: no event with a time could be read{backtest.lost()}", file=sys.stderr)
        return 1
    if arguments.json:
        json.dump(result.as_json(), sys.stdout)
        print()
    else:
        print("\n".join(result.as_text()))
    return result.code


def _page(result: Result, backtest: _Backtest, arguments: argparse.Namespace) -> str:
    """Return the HTML report, with the setting that would have halved the pages."""
    pages = [alert for alert in result.alerts if alert.severity == "page" and alert.firing_at is not None]
    advice = None
    if not arguments.rules:
        changed = _changed(arguments)
        known = {**bundle.settings(), **changed} if pages else {}
        advice = report.halving(
            pages, lambda key: float(known[key]), lambda key, value: backtest.pages(_shipped({**changed, key: value}))
        )
    seconds = result.period.last - result.period.first
    return report.render(result.as_json(), result.alerts, seconds, advice)


def _changed(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of ``--set`` by key."""
    return dict(map(bundle.parse_setting, arguments.set))


def _shipped(changed: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the groups of the shipped rules, compiled only if settings are changed."""
    return (bundle.compile(changed) if changed else bundle.shipped()).rule_groups()


def _groups(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the groups of rules: the shipped ones with the changes of ``--set``, or those of ``--rules``."""
    if not arguments.rules:
        return _shipped(_changed(arguments))
    if arguments.set:
        raise ConfigError("--set changes the shipped rules, and --rules replaces them: use one of them")
    groups: list[dict[str, Any]] = []
    for name in arguments.rules:
        try:
            groups += bundle.parse(Path(name).read_text(encoding="utf-8"))["groups"]
        except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
            raise ConfigError(f"{name}: not a Prometheus rule file: {error}") from None
    return groups


def configured(config: Config, changed: dict[str, Any]) -> Config:
    """Return the configuration with the exporter's own settings among ``changed``, unless its routes set them.

    Raises:
        ConfigError: one of them is not a number above 0.
    """
    own = {key: float(changed[key]) for key in EXPORTERS_OWN if key in changed}
    if not own:
        return config
    for key, value in own.items():
        if value <= 0:
            raise ConfigError(f"--set {key}: {value}: a number above 0")
    routes = [
        msgspec.structs.replace(route, thresholds=own | route.thresholds)
        for route in (*config.routes, Route(match=Match()))
    ]
    return msgspec.structs.replace(config, routes=tuple(routes))


@dataclass(slots=True)
class Result:
    """The result of a backtest."""

    period: feed.Period
    calls: int
    skipped: dict[str, int]
    alerts: list[timeline.Alert]
    nearest: list[engine.Near]
    code: int = 0

    @property
    def pages_per_week(self) -> float:
        """Pages that this configuration would have caused, per week."""
        return timeline.pages_per_week(self.alerts, self.period.last - self.period.first)

    def as_json(self) -> dict[str, Any]:
        """Return the object printed by ``--json``."""
        return {
            "from": _stamp(self.period.first), "to": _stamp(self.period.last), "step_s": STEP, "calls": self.calls,
            "skipped": self.skipped,
            "alerts": [timeline.as_json(alert, _stamp) for alert in self.alerts],
            "nearest": [
                {
                    "alertname": near.labels["alertname"],
                    "labels": {name: value for name, value in near.labels.items() if name != "alertname"},
                    "value": near.value, "threshold": near.threshold, "at": _stamp(self.period.origin + near.at),
                }
                for near in self.nearest
            ],
            "pages_per_week": self.pages_per_week,
        }  # fmt: skip

    def as_text(self) -> Iterable[str]:
        """Yield the lines of the text report."""
        period = self.period
        yield f"{self.calls:,} calls from {_stamp(period.first)} to {_stamp(period.last)}"
        if self.skipped:
            yield "skipped: " + ", ".join(f"{count:,} {reason}" for reason, count in self.skipped.items())
        fired = [alert for alert in self.alerts if alert.firing_at is not None]
        yield ""
        yield "alerts" if fired else "no alert fired"
        for alert in fired:
            where = " ".join(f"{k}={v}" for k, v in alert.labels.items())
            end = _stamp(alert.resolved_at) or "still firing"
            yield f"  {_stamp(alert.firing_at)}  {alert.severity:<6} {alert.category:<8} {alert.alertname}  {where}"
            yield f"  {'until ' + end:>20}  {alert.annotations.get('summary', '')}".rstrip()
        pending = sum(alert.firing_at is None for alert in self.alerts)
        if pending:
            yield f"  and {pending} that were pending and did not fire"
        if self.nearest:
            yield ""
            yield "nearest to firing"
        for near in self.nearest:
            where = " ".join(f"{k}={v}" for k, v in near.labels.items() if k != "alertname")
            at = _stamp(period.origin + near.at)
            yield f"  {near.value:.4g} (threshold {near.threshold:.4g})  {near.labels['alertname']}  {where}  at {at}"
        yield ""
        yield f"pages a week: {self.pages_per_week:g}"


def _stamp(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Backtest:
    """One backtest from logs to a result."""

    def __init__(self, arguments: argparse.Namespace, promtool: str, folder: Path) -> None:
        self._arguments = arguments
        self._promtool = promtool
        self._folder = folder
        self._code = 0
        self._sampled: tuple[Sampler, feed.Period] | None = None
        self._config = configured(load(arguments.config_file), _changed(arguments))
        self._progress = _Progress()
        settings = ledger_settings(self._config)
        self._ledger = Ledger(Store(settings.extra_labels), settings)
        publish_config(self._ledger.store, self._config)
        scoring = make_scoring(self._config, self._ledger)
        publish_detectors(self._ledger.store, scoring.judge)
        self._sampling = scoring.sampling
        content = not self._sampling.content_off
        self._intake = Intake(self._ledger, lambda word: formats.get(word, content=content), lambda: 0.0, scoring)
        self._intake.meet("replay")

    def run(self, groups: list[dict[str, Any]]) -> Result | None:
        """Read, count, evaluate; return None if no event has a time."""
        collect_seldom(young=50_000)
        sorter = self._read()
        every = (name for family in cat.FAMILIES.values() for name in sample_names(family))
        sampler = Sampler(every if self._arguments.openmetrics else read_by(groups))
        period = feed.drive(
            read_ahead(sorter, self._config, self._sampling), len(sorter), self._intake, self._ledger, sampler,
            before_page=lambda: publish_healthy(self._ledger), progress=self._progress.counting,
        )  # fmt: skip
        if period is None:
            self._intake.publish()
            self._progress.end()
            return None
        if self._arguments.openmetrics:
            write_openmetrics(Path(self._arguments.openmetrics), sampler, period.origin)
        self._sampled = (sampler, period)
        answers = self._evaluate(groups, sampler, period)
        self._progress.end()
        told = (alert for answer in answers for alert in timeline.alerts(answer, period.origin))
        found = timeline.in_order(timeline.since(period.first, told))
        near = timeline.nearest([miss for answer in answers for miss in answer.nearest], found)
        calls = int(self._ledger.store.total(cat.REQUESTS))
        return Result(period, calls, self._skipped(), found, near, self._code)

    def _skipped(self) -> dict[str, int]:
        """Return how many events were skipped, by reason."""
        rows = self._ledger.store.rows.get(cat.EVENTS_SKIPPED, {}).values()
        return {row.labels[1]: int(row.values[0]) for row in rows if row.values[0]}

    def lost(self) -> str:
        """Return why no event could be replayed, to complete an error message."""
        skipped = ", ".join(f"{count:,} {reason}" for reason, count in self._skipped().items())
        if not skipped:
            return ": the logs contain none"
        return f"; skipped: {skipped}. `tocsin replay` shows details; is --format {self._arguments.format} right?"

    def pages(self, groups: list[dict[str, Any]]) -> int:
        """Return how often other rules would have paged for the samples of ``run``."""
        if self._sampled is None:
            return 0
        sampler, period = self._sampled
        answers = self._evaluate(groups, sampler, period)
        self._progress.end()
        found = [alert for answer in answers for alert in timeline.alerts(answer, period.origin)]
        return sum(alert.severity == "page" and alert.firing_at is not None for alert in found)

    def _read(self) -> EventSorter:
        sorter = EventSorter()
        collector = feed.Collector(sorter, time.time(), lambda: self._progress.reading(done / size, log, len(sorter)))
        sizes = [_size(log) for log in self._arguments.logs]
        done, size = 0, sum(sizes) or 1
        for log, own in zip(self._arguments.logs, sizes, strict=True):
            origin = Origin("replay", self._arguments.format, log)
            try:
                complete = read_archive(
                    log, origin, collector.take, self._intake.oversize, self._config.limits.max_line_bytes
                )
            except OSError as error:
                self._complain(f"{log}: cannot be read: {error.strerror or error}")
                continue
            if not complete:
                self._complain(f"{log}: the archive is truncated or damaged; what was readable is replayed")
            done += own
            collector.end_of_file()
        collector.check()
        return sorter

    def _complain(self, text: str) -> None:
        print(f"tocsin: {text}", file=sys.stderr)
        self._code = 1

    def _evaluate(self, groups: list[dict[str, Any]], sampler: Sampler, period: feed.Period) -> list[engine.Answer]:
        """Have promtool evaluate the rules."""
        found = plan(groups, sampler.seen(), sampler.seconds, parts=_cores())
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        samples = engine.Samples(sampler, period, folder, quantiles_only(groups))
        return evaluate(found, self._promtool, samples, folder, self._progress.evaluating)


def _size(log: str) -> int:
    """Return the size of a log in bytes, 0 if unknown."""
    try:
        return 0 if log == "-" else Path(log).stat().st_size
    except OSError:
        return 0


def _cores() -> int:
    return max(1, min(4, os.cpu_count() or 1))


class _Progress:
    """A progress bar on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()
        self._began = time.monotonic()
        self._last = ""

    def reading(self, share: float, name: str, events: int) -> None:
        """Show the current log, and the events so far: the number in an archive is not known in advance."""
        self._draw(0.1 * share, f"reading {Path(name).name}, {events:,} events")

    def counting(self, share: float) -> None:
        """Show the share of events counted."""
        self._draw(0.1 + 0.5 * share, "counting")

    def evaluating(self, share: float) -> None:
        """Show the share of rules evaluated."""
        self._draw(0.6 + 0.4 * share, "evaluating the rules")

    def end(self) -> None:
        """Remove the bar."""
        if self._on:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _draw(self, share: float, what: str) -> None:
        if self._on:
            full = int(30 * share)
            spent = time.monotonic() - self._began
            text = f"\r\x1b[K[{'#' * full}{'.' * (30 - full)}] {share:4.0%} {what} ({spent:.0f} s)"
            print(text, end="", file=sys.stderr, flush=True)
