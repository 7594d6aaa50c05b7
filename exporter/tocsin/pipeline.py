"""The loop that drives everything: read a slice, let others run, commit about once a second, answer scrapes.

Those are answered only right after a commit, so that ``/metrics`` never shows a value that a crash could take back.
While commits fail, it shows what inputs tell again, whatever the order and time in which they do.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger
from tocsin.inputs.base import Input
from tocsin.intake import Intake
from tocsin.pacing import Pace, affordable
from tocsin.series.exposition import blocks, gzip_blocks, note_restored
from tocsin.state import State

log = logging.getLogger(__name__)

COMMIT_EVERY = 1.0
COMMIT_FIRST = 0.05
"""Seconds between two commits, and between a start and the first one."""
IDLE = 0.1
"""Seconds between two looks at inputs where nothing comes,"""
IDLE_MOST = 0.4
IDLE_SHARE = 1 / 25
"""and where nothing has come for long: this share of that time. What befalls a file at rest meanwhile is judged by how
long it had rested, with a bound a little above this one (``Stream.quietly_gone``)."""
CATCH_UP = 30.0
"""Seconds after a start by which the exporter answers, backlog or not."""


def idle_pause(rest: float) -> float:
    """Return the seconds until inputs are looked at again where nothing has come for ``rest`` seconds."""
    return min(IDLE_MOST, max(IDLE, rest * IDLE_SHARE))


def commit_pause(age: float) -> float:
    """Return the seconds from a commit, ``age`` seconds after the start, to the next one.

    At first it is as long as all before: of what a process has done by its death, half at least stays, and one that is
    killed soon after each of its starts gets on all the same.
    """
    return min(COMMIT_EVERY, max(COMMIT_FIRST, age))


class Pipeline:
    """Drives the inputs and owns the moments at which values may be seen."""

    def __init__(
        self,
        intake: Intake,
        ledger: Ledger,
        state: State,
        inputs: Sequence[Input],
        *,
        clock: Callable[[], float] = time.time,
        before_page: Callable[[], None] = lambda: None,
        after_commit: Callable[[], None] = lambda: None,
        receiving: Callable[[], bool] = lambda: False,
        spool_unread: Callable[[], float] = lambda: 0.0,
        logs: Callable[[], int] = lambda: 1,
    ) -> None:
        self.intake = intake
        self.ledger = ledger
        self.state = state
        self.inputs = list(inputs)
        self.ready = asyncio.Event()
        """Set once the backlog of the time before the start is counted (or 30 s have passed)."""
        self.heartbeat = self._last_read = time.monotonic()
        self.trouble = state.trouble
        """Why totals are live but not safe; None while they are."""
        self._clock = clock
        self._before_page = before_page
        self._after_commit = after_commit
        self._pace = Pace(receiving)
        self._spool_unread = spool_unread
        self._logs = logs
        self._uncommitted: list[tuple[str, str, bytes | None]] = []
        self._saved = True
        """The last commit did not fail."""
        self._in_order = True
        """What was read when commits began to fail is one log, or webhooks alone: a crash leaves its order."""
        self._lasting = False
        """The next commit says of an input what it may delete."""
        self._wanted: dict[tuple[bool, bool], asyncio.Future[list[bytes]]] = {}
        self._wake = asyncio.Event()
        self._stop = False

    def restore(self) -> None:
        """Take back the committed state: counters and positions."""
        self.ledger.restore({part: self.state.load(part) for part in self.ledger.parts})
        scoring = self.intake.scoring
        if scoring is not None:
            scoring.restore({part: self.state.load(part) for part in scoring.parts})
            scoring.event_time = not self.ledger.groups.by_labels  # the very first start catches up with the past
        for source in self.inputs:
            source.restore(self.state.load("input:" + source.part))
        note_restored(self.ledger.store)
        self._in_order = not self._several()

    async def run(self) -> None:
        """Read, count and commit until ``stop``; then commit once more."""
        started = last_commit = time.monotonic()
        while not self._stop:
            self.intake.tick()
            began = time.monotonic()
            read = self._slice()
            spent = time.monotonic() - began
            await self._finish_calls()
            self.heartbeat = time.monotonic()
            if not self.ready.is_set() and (not read or self._caught_up(self.heartbeat - started)):
                await self._commit()
                last_commit = time.monotonic()
                self.ready.set()
                if self.intake.scoring is not None:
                    self.intake.scoring.event_time = False
            elif self._wanted or self.heartbeat - last_commit >= commit_pause(last_commit - started):
                await self._commit()
                last_commit = time.monotonic()
            if self._wanted:
                await self._answer()
            if read:
                self._last_read = self.heartbeat
                await self._pace.give_way(spent, read, senders_first=self.ready.is_set())
            else:
                self._pace.drained()
                await self._idle()
        await self._commit()
        if self._wanted:
            await self._answer()

    def _slice(self) -> int:
        """Read and count for as long as a slice shall take; return the bytes."""
        until = time.monotonic() + self._pace.slice
        total = read = self._read(self._pace.size)
        while read and not self.ledger.rest and time.monotonic() < until:
            read = self._read(self._pace.size)
            total += read
        return total

    async def _finish_calls(self) -> None:
        """Do what is left to do for calls that are counted in part."""
        rest = self.ledger.rest
        while rest:
            await rest[0]()
            rest.popleft()
            self.heartbeat = time.monotonic()
            await self._pace.breathe()

    def _read(self, size: int) -> int:
        return sum([source.read(self.intake.take, size) for source in self.inputs])

    def _caught_up(self, running: float) -> bool:
        """Tell whether the backlog of the start is counted: a busy log always has something new."""
        return running > CATCH_UP or not any(source.behind() for source in self.inputs)

    async def page(self, *, openmetrics: bool, packed: bool) -> list[bytes]:
        """Return the committed page in pieces; scrapes that come together share one rendering."""
        kind = (openmetrics, packed)
        waiting = self._wanted.get(kind)
        if waiting is None:
            waiting = self._wanted[kind] = asyncio.get_running_loop().create_future()
            self._wake.set()
        return await asyncio.shield(waiting)

    def wake(self) -> None:
        """Tell that an input has something new, so that the idle wait ends."""
        self._wake.set()

    def stop(self) -> None:
        """End ``run`` after a last commit."""
        self._stop = True
        self._wake.set()

    async def _idle(self) -> None:
        pause = idle_pause(self.heartbeat - self._last_read)
        timer = asyncio.get_running_loop().call_later(pause, self.wake)  # half the cost of a timeout
        await self._wake.wait()
        timer.cancel()
        self._wake.clear()

    async def _commit(self) -> None:
        """Bring all counts to their rows, and keep positions and rows in one transaction."""
        await self._pace.breathe()
        for _ in self.ledger.settling():  # who publishes reads rows as a whole, and would settle all at once
            await self._pace.breathe()
        await self._finish_calls()
        if self.intake.scoring is not None:
            self.intake.scoring.saved = self._saved
            if self.ready.is_set():  # before, calls may come again that were scored, and shown, while commits failed
                self.intake.scoring.affordable = affordable(self._spool_unread())
        await self._pace.breathe()
        for _ in self.intake.publishing():
            await self._pace.breathe()
        await self._pace.breathe()
        await self._gather()
        await self._write()
        if self.ready.is_set():  # what is caught up with at a start happened earlier
            self._after_commit()

    async def _gather(self) -> None:
        """Add what has changed since the last commit to what is not committed."""
        items = self._uncommitted
        for step in self.ledger.steps():
            items += step
            await self._pace.breathe()
        if self.intake.scoring is not None:
            for step in self.intake.scoring.steps():
                items += step
                await self._pace.breathe()
        for source in self.inputs:
            part = "input:" + source.part
            changes = source.changes()
            items += [(part, key, value) for key, value in changes]
            self._lasting |= source.deletes and bool(changes)

    async def _write(self) -> None:
        """Commit what is not committed, off the event loop; where that fails, keep it for the next time."""
        items = self._uncommitted
        row = self.ledger.store.row
        began = time.perf_counter()
        try:
            if items:
                await asyncio.to_thread(self.state.commit, items, lasting=self._lasting)
                row(cat.COMMITS).add(1)
            else:
                self.state.check()
        except OSError as error:
            row(cat.COMMITS).add(1)
            row(cat.COMMIT_FAILURES).add(1)
            if self._saved and self.state.writable:  # that it is not is said at the start
                log.error("%s; counting continues, totals are durable again once a commit succeeds", error)
            if self._saved:
                self._in_order = not self._several()
            self.trouble, self._saved = str(error), False
            if self.intake.scoring is not None:
                self.intake.scoring.take_back()
            latest = {(part, key): value for part, key, value in items}
            self._uncommitted = [(part, key, value) for (part, key), value in latest.items()]
        else:
            self._uncommitted, self._lasting, self._saved = [], False, True
            self.trouble = self.state.trouble
            row(cat.COMMIT_FAILURES).add(0)
            row(cat.LAST_COMMIT).set(round(self._clock(), 3))
            for source in self.inputs:
                source.committed()
        row(cat.COMMIT_SECONDS).add(time.perf_counter() - began)

    async def _answer(self) -> None:
        """Render what is wanted; nothing is read meanwhile, so the page is one moment."""
        self._before_page()
        wanted, self._wanted = self._wanted, {}
        for (openmetrics, packed), future in wanted.items():
            parts: list[bytes] = []
            source = blocks(self.ledger.store, openmetrics=openmetrics, saved=self._saved, in_order=self._in_order)
            for part in gzip_blocks(source) if packed else source:
                if part:
                    parts.append(part)
                await self._pace.breathe()
            if not future.done():
                future.set_result(parts)

    def _several(self) -> bool:
        """Tell whether more was read than one log, or webhooks alone: the order among them is another after a crash."""
        read = self.ledger.store.rows.get(cat.EVENTS_READ, {}).values()
        return self._logs() > 1 or sum(row.values[0] > 0 for row in read) > 1
