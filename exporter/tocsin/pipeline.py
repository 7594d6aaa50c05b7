"""The main loop: read a slice, yield to other tasks, commit about once a second, answer scrapes.

Scrapes are answered only right after a commit, so that ``/metrics`` never shows a value that a crash could take back.
While commits fail, it shows only values that inputs reproduce when they are read again, in any order and at any time.
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
"""Seconds between two polls of idle inputs."""
IDLE_MOST = 0.4
IDLE_SHARE = 1 / 25
"""Share of the idle time so far that the next poll waits, between ``IDLE`` and ``IDLE_MOST``. How a change of an idle
file is interpreted depends on how long it was idle, with a limit slightly above this one (``Stream.surely_read``)."""
CATCH_UP = 30.0
"""Seconds after the start by which the exporter is ready, with or without a backlog."""


def idle_pause(idle: float) -> float:
    """Return the seconds until the next poll of inputs that have been idle for ``idle`` seconds."""
    return min(IDLE_MOST, max(IDLE, idle * IDLE_SHARE))


def commit_pause(age: float) -> float:
    """Return the seconds from a commit, ``age`` seconds after the start, to the next one.

    At first this is the age: when the process dies, at least half of its work is kept, so that even one that is killed
    soon after every start makes progress.
    """
    return min(COMMIT_EVERY, max(COMMIT_FIRST, age))


class Pipeline:
    """Drives the inputs and decides when values may be exposed."""

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
        """Set once the backlog from before the start is counted (or 30 s have passed)."""
        self.heartbeat = self._last_read = time.monotonic()
        self.trouble = state.trouble
        """Why totals are not durable; None while they are."""
        self._clock = clock
        self._before_page = before_page
        self._after_commit = after_commit
        self._pace = Pace(receiving)
        self._spool_unread = spool_unread
        self._logs = logs
        self._uncommitted: list[tuple[str, str, bytes | None]] = []
        self._saved = True
        """Whether the last commit succeeded."""
        self._in_order = True
        """Only one log, or only webhooks, were read when commits began to fail: a crash does not change the order."""
        self._lasting = False
        """The next commit allows an input to delete data, so it must be flushed to disk."""
        self._wanted: dict[tuple[bool, bool], asyncio.Future[list[bytes]]] = {}
        self._wake = asyncio.Event()
        self._stop = False

    def restore(self) -> None:
        """Restore the committed state: counters and positions."""
        self.ledger.restore({part: self.state.load(part) for part in self.ledger.parts})
        scoring = self.intake.scoring
        if scoring is not None:
            scoring.restore({part: self.state.load(part) for part in scoring.parts})
            scoring.event_time = not self.ledger.groups.by_labels  # a first start counts past events
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
        """Read and count for the duration of a slice; return the bytes read."""
        until = time.monotonic() + self._pace.slice
        total = read = self._read(self._pace.size)
        while read and not self.ledger.deferred and time.monotonic() < until:
            read = self._read(self._pace.size)
            total += read
        return total

    async def _finish_calls(self) -> None:
        """Run the deferred steps of calls that are only partly counted."""
        deferred = self.ledger.deferred
        while deferred:
            await deferred[0]()
            deferred.popleft()
            self.heartbeat = time.monotonic()
            await self._pace.breathe()

    def _read(self, size: int) -> int:
        return sum([source.read(self.intake.take, size) for source in self.inputs])

    def _caught_up(self, running: float) -> bool:
        """Return whether the backlog of the start is counted; limited in time, as a busy log always has new data."""
        return running > CATCH_UP or not any(source.behind() for source in self.inputs)

    async def page(self, *, openmetrics: bool, packed: bool) -> list[bytes]:
        """Return the committed page in chunks; concurrent scrapes share one rendering."""
        kind = (openmetrics, packed)
        waiting = self._wanted.get(kind)
        if waiting is None:
            waiting = self._wanted[kind] = asyncio.get_running_loop().create_future()
            self._wake.set()
        return await asyncio.shield(waiting)

    def wake(self) -> None:
        """End the idle wait: an input has new data."""
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
        """Add all counts to their rows, and store positions and rows in one transaction."""
        await self._pace.breathe()
        for _ in self.ledger.settling():  # otherwise publishing would settle everything in one step
            await self._pace.breathe()
        await self._finish_calls()
        if self.intake.scoring is not None:
            self.intake.scoring.saved = self._saved
            if self.ready.is_set():  # before, calls may be read again that were scored and exposed while commits failed
                self.intake.scoring.affordable = affordable(self._spool_unread())
        await self._pace.breathe()
        for _ in self.intake.publishing():
            await self._pace.breathe()
        await self._pace.breathe()
        await self._gather()
        await self._write()
        if self.ready.is_set():  # the backlog of a start happened earlier
            self._after_commit()

    async def _gather(self) -> None:
        """Add changes since the last commit to the uncommitted ones."""
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
        """Commit pending changes off the event loop; if that fails, keep them for the next attempt."""
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
            if self._saved and self.state.writable:  # an unwritable state is logged at the start
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
        """Render the requested pages; nothing is read meanwhile, so a page is a consistent snapshot."""
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
        """Return whether several inputs were read: after a crash, the order among them may differ."""
        read = self.ledger.store.rows.get(cat.EVENTS_READ, {}).values()
        return self._logs() > 1 or sum(row.values[0] > 0 for row in read) > 1
