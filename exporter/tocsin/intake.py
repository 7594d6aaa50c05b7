"""Intake: parses each record, drops duplicates, counts the rest, and accounts for every event."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from msgspec import Raw

from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger
from tocsin.call import NO_CALL, Call, Drill, Event, Feedback, Skip
from tocsin.formats.base import Buffer, Format
from tocsin.formats.lenient import SKIP_REASONS, elements
from tocsin.formats.otlp import jsonform
from tocsin.formats.otlp.pieces import Piece
from tocsin.inputs.base import Origin
from tocsin.scoring.inspection import Inspection
from tocsin.scoring.merging import RecordMerger
from tocsin.scoring.scoring import Scoring

log = logging.getLogger(__name__)

_BRACE, _BRACKET = b"{["
RECORDS_AT_ONCE: Final = 16
"""Records counted per step of one line or body: a millisecond for spans."""
LARGE: Final = 128 << 10
"""Bytes of a record above which a thread parses it: a crafted one takes a microsecond per byte, and all would wait."""
_BLANK = b"\x00\xef\xbb\xbf \t\r\n"


@dataclass(slots=True)
class Tally:
    """Events of one input since the last commit."""

    read: int = 0
    counted: int = 0
    duplicate: int = 0


class Intake:
    """Takes records, parses them into events, and accounts for every one."""

    def __init__(
        self,
        ledger: Ledger,
        formats: Callable[[str], Format],
        clock: Callable[[], float],
        scoring: Scoring | None = None,
    ) -> None:
        self._ledger = ledger
        self.scoring = scoring
        """None: content is not inspected."""
        self._merger = RecordMerger(ledger, scoring)
        self._get = formats
        self._parsers: dict[str, Callable[[Buffer], Event]] = {}
        self._clock = clock
        self._waiting = 0
        """Records in ``Ledger.deferred``: a large one and those behind it."""
        self.tallies: dict[str, Tally] = {}
        """Events since the last commit by input."""
        self.skipped: dict[tuple[str, str], int] = {}
        self.passed: dict[str, int] = {}
        """Spans and log records since the last commit that are not calls, by input: they do not count as events."""
        self.now = clock()
        """Time of counting, refreshed once per slice: reading the clock for each event costs too much."""
        self.recent: deque[dict[str, object]] = deque(maxlen=50)
        """The newest skipped events, without content, for ``/recent``."""

    def tick(self) -> None:
        """Refresh the time of counting."""
        self.now = self._clock()

    def meet(self, name: str) -> None:
        """Export the counters of an input as 0 from its start."""
        if name not in self.tallies:
            self.tallies[name] = Tally()
            self._publish(name, Tally())
            for reason in (*SKIP_REASONS, "adapter_error"):
                self._ledger.add(cat.EVENTS_SKIPPED, name, reason, amount=0)
            self._ledger.add(cat.RECORDS_PASSED, name, amount=0)

    def take(self, data: Buffer, origin: Origin) -> None:
        """Count one record, or each event of an array or OTLP request. Never raises for bad data.

        If ``Ledger.deferred`` is processed, most of a large number are deferred: they may take seconds.
        """
        if origin.single or (data and data[0] == _BRACE and not jsonform.is_request(data)):
            self._take_one(data, origin)
            return
        found = records(data)
        if not self._defers:
            self._take_some(found, origin)
        elif self._take_some(found, origin, RECORDS_AT_ONCE):
            self._ledger.deferred.append(partial(self._take_on, found, origin))

    @property
    def _defers(self) -> bool:
        """Whether ``Ledger.deferred`` is processed."""
        return self.scoring is not None and self.scoring.detectors is not None

    def _take_some(self, found: Iterator[Buffer], origin: Origin, most: int | None = None) -> bool:
        """Count the next records; return whether their number reached ``most``."""
        left = most
        for record in islice(found, most):
            self._take_one(record, origin)
            left = left and left - 1
        return left == 0

    async def _take_on(self, found: Iterator[Buffer], origin: Origin) -> None:
        if self._take_some(found, origin, RECORDS_AT_ONCE):
            self._ledger.deferred.append(partial(self._take_on, found, origin))

    def finish(self) -> None:
        """Stop waiting for other records of calls: there are none."""
        self._merger.finish(self.now)

    def oversize(self, length: int, origin: Origin) -> None:
        """Account for a line above the size limit; ``length`` is what was read of it."""
        del length
        self.meet(origin.input)
        self.tallies[origin.input].read += 1
        self._skip(origin.input, "too_long")

    def skipped_by_reason(self) -> dict[str, int]:
        """Return the events of all inputs that were skipped since the last ``publish``, by reason."""
        found: dict[str, int] = {}
        for (_, reason), count in self.skipped.items():
            found[reason] = found.get(reason, 0) + count
        return found

    def renew(self) -> None:
        """Discard cached parsers, as the configuration has changed."""
        self._parsers.clear()

    def parsed(self, data: Buffer, origin: Origin) -> Event | str:
        """Return the event in a record, or the reason why it is skipped."""
        parse = self._parsers.get(origin.format)
        if parse is None:
            parse = self._parsers[origin.format] = self._get(origin.format).parse
        try:
            return parse(data)
        except Skip as skip:
            return skip.reason
        except RecursionError:
            return "too_deep"
        except Exception as error:  # noqa: BLE001 - our own defect must not block ingest on one record
            log.error("skipped a %s record: %s in its adapter", origin.format, type(error).__name__)
            return "adapter_error"

    def _take_one(self, data: Buffer, origin: Origin) -> None:
        if (self._waiting or len(data) > LARGE) and self._defers:
            self._waiting += 1
            self._ledger.deferred.append(partial(self._take_later, bytes(data), origin))
        else:
            self._take_parsed(self.parsed(data, origin), data, origin)

    async def _take_later(self, data: bytes, origin: Origin) -> None:
        """Take a large record, or one behind it: a retry, or feedback, counts only after its call."""
        event = await asyncio.to_thread(self.parsed, data, origin) if len(data) > LARGE else self.parsed(data, origin)
        self._waiting -= 1
        self._take_parsed(event, data, origin)

    def _take_parsed(self, event: Event | str, data: Buffer, origin: Origin) -> None:
        self.count(event, origin)
        if type(event) is str and not origin.single:
            # a power failure leaves NULs after a torn line, and the next line is appended to them
            _, hole, after = bytes(data).rpartition(b"\x00")
            if hole and after.strip():
                self._take_one(after, origin)

    def count(self, event: Event | str, origin: Origin, seen: Inspection | None = None) -> None:
        """Count a ``parsed`` event; ``seen`` is the inspection of a call, None if it was not inspected."""
        tally = self.tallies.get(origin.input)
        if tally is None:
            self.meet(origin.input)
            tally = self.tallies[origin.input]
        if isinstance(event, str):
            if event == NO_CALL:
                self.passed[origin.input] = self.passed.get(origin.input, 0) + 1
            else:
                tally.read += 1
                self._skip(origin.input, event)
            return
        tally.read += 1
        if not self._ledger.is_new(event.id):
            tally.duplicate += 1
            if type(event) is Call and event.mergeable:
                self._merger.again(event, self.now, seen)
            return
        if type(event) is Call:
            group = self._ledger.count(event, self.now)
            waits = event.mergeable and self._merger.first(event, group, self.now)
            if self.scoring is not None and not waits:
                self.scoring.count(event, group, self.now, seen)
                event.content = None  # the call is queued in its group, but its content must not be kept
        elif type(event) is Feedback and self.scoring is not None:
            self.scoring.feedback(event, self.now)
        elif type(event) is Drill:
            self._drill(event)
        tally.counted += 1

    def _drill(self, drill: Drill) -> None:
        """Set the time of a drill; a drill in an old log is as old as its event."""
        self._ledger.add(cat.DRILLS, drill.category)
        last = self._ledger.store.row(cat.LAST_DRILL, drill.category)
        last.set(max(last.values[0], min(self.now, drill.time or self.now)))

    def _skip(self, name: str, reason: str) -> None:
        self.skipped[name, reason] = self.skipped.get((name, reason), 0) + 1
        self.recent.append({"time": round(self.now, 3), "input": name, "reason": reason})

    def publish(self) -> None:
        """Run all steps of ``publishing``."""
        for _ in self.publishing():
            pass

    def publishing(self) -> Iterator[None]:
        """Add the event counters and expired waits to their rows, in small steps; a commit must follow."""
        yield from self._merger.settling(self.now)
        if self.scoring is not None:
            self.scoring.publish(self.now)
        for name, tally in self.tallies.items():
            if tally.read:  # the zeros of an idle input must not be written every second
                self._publish(name, tally)
                self.tallies[name] = Tally()
        for (name, reason), value in self.skipped.items():
            self._ledger.add(cat.EVENTS_SKIPPED, name, reason, amount=value)
        self.skipped = {}
        for name, value in self.passed.items():
            self._ledger.add(cat.RECORDS_PASSED, name, amount=value)
        self.passed = {}

    def _publish(self, name: str, tally: Tally) -> None:
        self._ledger.add(cat.EVENTS_READ, name, amount=tally.read)
        self._ledger.add(cat.EVENTS_COUNTED, name, amount=tally.counted)
        self._ledger.add(cat.EVENTS_DUPLICATE, name, amount=tally.duplicate)


def records(data: Buffer) -> Iterator[Buffer]:
    """Yield the records in a line or body: itself, nothing if it is blank, or the parts of an array or OTLP request."""
    head = next((byte for byte in data[:16] if byte not in _BLANK), 0)
    found: Sequence[Raw | Piece] | None = None
    if jsonform.is_request(data):
        found = jsonform.split(data)
    elif head == _BRACKET:
        with contextlib.suppress(ValueError):
            found = elements(data)
    if found is not None:
        yield from map(bytes, found)
    elif head or bytes(data).strip(_BLANK):
        yield data
