"""Feeds logs through the exporter's own pipeline, with the clock in event time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor, inf

from tocsin import formats
from tocsin.accounting.ledger import FUTURE, OLDEST, Ledger
from tocsin.backtest.ordering import EventSorter
from tocsin.backtest.reading import Known
from tocsin.backtest.rules import COARSE, STEP
from tocsin.backtest.sampling import SCRAPE, Sampler
from tocsin.call import Call, Feedback, Skip
from tocsin.formats.base import Buffer, Format
from tocsin.inputs.base import Origin
from tocsin.intake import Intake, records

_EVERY = 2048
_FORGET = 600
_GENERATION = 20_000
"""Size of one of the two generations of ids whose calls' times are remembered."""
DAYS_MAX = 62
"""Maximum days of a backtest: two months are 90,000 evaluations of each rule."""
Progress = Callable[[float], None]
"""Called with the share done, 0..1."""


class PeriodError(Exception):
    """The events cover more time than can be replayed."""


class Collector:
    """Reads events into a sorter, each with the time at which it became known."""

    def __init__(self, sorter: EventSorter, now: float, progress: Callable[[], None] = lambda: None) -> None:
        """``progress`` is called occasionally while reading."""
        self._sorter = sorter
        self._progress = progress
        self._adapters: dict[str, Format] = {}
        self._latest = now + FUTURE
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}
        """Times of the newest calls by their ids, in two generations."""
        self._undated: list[tuple[bytes, Origin]] = []
        self._last: float | None = None
        self._first_of_all, self._last_of_all = inf, -inf

    def check(self) -> None:
        """Check that the period of the events can be replayed: one event with a wrong year makes it too long.

        Raises:
            PeriodError: the period is too long; the message names it.
        """
        seconds = self._last_of_all - self._first_of_all
        if seconds > DAYS_MAX * 86400:
            first, last = (datetime.fromtimestamp(at, UTC).date() for at in (self._first_of_all, self._last_of_all))
            raise PeriodError(
                f"the events cover {seconds / 86400:,.0f} days, from {first} to {last}, and {DAYS_MAX} at most are "
                "replayed: give fewer logs, or take out what has a wrong time"
            )

    def take(self, data: Buffer, origin: Origin) -> None:
        """Add one record; arrays and OTLP requests are split."""
        for record in records(data):
            self._add(bytes(record), origin)

    def end_of_file(self) -> None:
        """End a file: undated events belong to dated ones of the same file."""
        for data, origin in self._undated:  # no event of the file had a time: sort them first
            self._sorter.add(0.0, data, origin)
        self._undated = []
        self._last = None

    def _add(self, data: bytes, origin: Origin) -> None:
        if not len(self._sorter) % _EVERY:
            self._progress()
        when = self._known_at(data, origin)
        if when is None:
            if self._last is None:
                self._undated.append((data, origin))
                return
            when = self._last
        elif self._last is None:
            for earlier, source in self._undated:
                self._sorter.add(when, earlier, source)
            self._undated = []
        self._last = when
        self._first_of_all, self._last_of_all = min(self._first_of_all, when), max(self._last_of_all, when)
        self._sorter.add(when, data, origin)

    def _known_at(self, data: bytes, origin: Origin) -> float | None:
        adapter = self._adapters.get(origin.format)
        if adapter is None:
            adapter = self._adapters[origin.format] = formats.get(origin.format)
        try:
            event = adapter.parse(data)
        except (Skip, RecursionError):
            return None
        when = event.known_at if type(event) is Call else getattr(event, "time", None)
        if when is None or not OLDEST < when < self._latest:
            return None
        if type(event) is Call:
            self._remember(event, when)
        elif type(event) is Feedback:  # it may have the start time of its call; in a log, the call comes first
            known = self._young.get(event.call_id) or self._old.get(event.call_id, when)
            return max(when, known)
        return when

    def _remember(self, call: Call, known_at: float) -> None:
        if len(self._young) >= _GENERATION:
            self._young, self._old = {}, self._young
        for name in (call.call_id, call.trace_id, call.response_id):
            if name:
                self._young[name] = known_at


@dataclass(frozen=True, slots=True)
class Period:
    """The period of the events, and the time of the first sample; Unix seconds."""

    origin: float
    first: float
    last: float


class _Scrapes:
    """Samples in event time, one every ``SCRAPE`` seconds from an origin on, like a Prometheus server."""

    def __init__(
        self, intake: Intake, ledger: Ledger, sampler: Sampler, before_page: Callable[[], None], origin: float
    ) -> None:
        self._intake = intake
        self._ledger = ledger
        self._sampler = sampler
        self._before_page = before_page
        self.origin = origin
        self._tick = 0

    def until(self, when: float) -> None:
        """Take the samples due before a time (Unix seconds)."""
        while self.origin + self._tick * SCRAPE < when:
            self._scrape()

    def finish(self, last: float) -> None:
        """Take the samples that include the last event, up to the end of the coarsest step."""
        while self.origin + (self._tick - 1) * SCRAPE < last or (self._tick - 1) * SCRAPE % COARSE:
            self._scrape()

    def _scrape(self) -> None:
        seconds = self._tick * SCRAPE
        self._tick += 1
        intake = self._intake
        intake.now = max(intake.now, self.origin + seconds)  # timeouts also expire while nothing happens
        intake.publish()
        self._ledger.settle()
        self._before_page()
        if not seconds % _FORGET:
            self._ledger.changes()  # nothing is committed here: this only limits the changes held for a commit
            if intake.scoring is not None:
                intake.scoring.changes()
        self._sampler.sample(self._ledger.store)


def drive(
    events: Iterable[Known],
    total: int,
    intake: Intake,
    ledger: Ledger,
    sampler: Sampler,
    *,
    before_page: Callable[[], None],
    progress: Progress,
) -> Period | None:
    """Count all events in event time, sampling like scrapes; return None if no event has a time."""
    scrapes: _Scrapes | None = None
    first = last = 0.0
    for done, (when, source, found) in enumerate(events):
        if scrapes is None and when > OLDEST:
            first = when
            scrapes = _Scrapes(intake, ledger, sampler, before_page, origin=floor(when / STEP) * STEP - STEP)
        if scrapes is not None:
            scrapes.until(when)
        intake.now = last = max(last, when)
        for event, seen in found:
            intake.count(event, source, seen)
        if not done % _EVERY:
            progress(done / total)
    if scrapes is None:
        return None
    intake.finish()
    scrapes.finish(last)
    return Period(scrapes.origin, first, last)
