"""Logs through the exporter's own pipeline, with the clock in event time."""

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
"""Of so many to twice as many of the newest ids it is remembered when their calls were known."""
DAYS_MAX = 62
"""Days that a backtest covers at most: two months are 90,000 evaluations of each rule."""
Progress = Callable[[float], None]
"""Told the share done, 0..1."""


class PeriodError(Exception):
    """The events cover more time than can be replayed."""


class Collector:
    """Reads events into a sorter, each with the time at which it was known."""

    def __init__(self, sorter: EventSorter, now: float, progress: Callable[[], None] = lambda: None) -> None:
        """``progress`` is told now and then that more was read."""
        self._sorter = sorter
        self._progress = progress
        self._adapters: dict[str, Format] = {}
        self._latest = now + FUTURE
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}
        """When the newest calls were known, by their ids, in two generations."""
        self._undated: list[tuple[bytes, Origin]] = []
        self._last: float | None = None
        self._first_of_all, self._last_of_all = inf, -inf

    def check(self) -> None:
        """Check that the time of the events can be replayed: one with a wrong year is enough that it cannot.

        Raises:
            PeriodError: they cover too much; the text says what.
        """
        seconds = self._last_of_all - self._first_of_all
        if seconds > DAYS_MAX * 86400:
            first, last = (datetime.fromtimestamp(at, UTC).date() for at in (self._first_of_all, self._last_of_all))
            raise PeriodError(
                f"the events cover {seconds / 86400:,.0f} days, from {first} to {last}, and {DAYS_MAX} at most are "
                "replayed: give fewer logs, or take out what has a wrong time"
            )

    def take(self, data: Buffer, origin: Origin) -> None:
        """Take one record; an array and a request of OTLP are taken apart."""
        for record in records(data):
            self._add(bytes(record), origin)

    def end_of_file(self) -> None:
        """What follows is another file: its undated events belong to its own dated ones."""
        for data, origin in self._undated:  # nothing in the file had a time: before everything else
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
        except Skip:
            return None
        when = event.known_at if type(event) is Call else getattr(event, "time", None)
        if when is None or not OLDEST < when < self._latest:
            return None
        if type(event) is Call:
            self._remember(event, when)
        elif type(event) is Feedback:  # it may bear the time at which its call began; a log tells of the call first
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
    """The time that the events cover, and where the samples begin; Unix seconds."""

    origin: float
    first: float
    last: float


class _Scrapes:
    """Samples in event time, one every ``SCRAPE`` seconds from an origin on, as a server takes them."""

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
        """Take those that are due before a time (Unix seconds)."""
        while self.origin + self._tick * SCRAPE < when:
            self._scrape()

    def finish(self, last: float) -> None:
        """Take those that show the last event, to the end of the coarsest step."""
        while self.origin + (self._tick - 1) * SCRAPE < last or (self._tick - 1) * SCRAPE % COARSE:
            self._scrape()

    def _scrape(self) -> None:
        seconds = self._tick * SCRAPE
        self._tick += 1
        intake = self._intake
        intake.now = max(intake.now, self.origin + seconds)  # what waits for a time does so while nothing happens, too
        intake.publish()
        self._ledger.settle()
        self._before_page()
        if not seconds % _FORGET:
            self._ledger.changes()  # nothing is committed here: only bounds what waits for a commit
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
    """Count all events in event time, sampling as a scrape would; None when there is no event with a time."""
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
