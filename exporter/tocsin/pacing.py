"""Pacing: how counting shares the event loop with requests.

Requests come first: between two slices of counting the event loop turns until a turn has served nobody, so a request
waits for the rest of one slice and for the requests before it. A request needs a few turns from its arrival to its
answer, so while requests are active, several turns pass and slices are short. Webhook senders get more time, because
they may give up and spooled data can be counted later; but within limits, because alerts depend on what is counted.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from typing import Final

PIECE_MOST: Final = 128 << 10
"""Maximum bytes per read: a slice consists of pieces, and ends with the one that exceeds its time."""
PIECE_LEAST: Final = 2 << 10
"""An event or two: if content is judged, one can take a slice's time and more."""
PIECES: Final = 4
"""Pieces per slice."""
SLICE_SECONDS: Final = 0.002
"""Target duration of a slice of counting, committing or rendering."""
BUSY_SECONDS: Final = 0.0005
"""The same while requests are active: each waits for the rest of the current slice, half of this on average."""
REQUESTS_FIRST: Final = 0.01
"""Maximum seconds for requests between two slices."""
TURNS: Final = 4
"""Turns from the arrival of a small request to its answer: read, wake the connection, start its task, and our own."""
GIVE_WAY: Final = 9.0
"""While a webhook receives, it gets this multiple of a slice's duration."""
PATIENCE: Final = 5.0
"""Seconds without having counted everything after which senders get gradually less time,"""
OVERDUE: Final = 15.0
"""and after which counting gets at least half of the time: an alert has 60 s from the event to the page."""
URGENT_SECONDS: Final = 0.02
FILLING: Final = 0.25
"""Share of the spool in use above which fewer answers are scored,"""
FULL: Final = 0.5
"""and at which hardly any are."""
AFFORDABLE_LEAST: Final = 0.01
SWITCH_SECONDS: Final = 0.0005
"""Seconds after which a thread that inspects a large text, or commits, yields to the event loop. Python's default is
ten times that, and the loop would wait for so long on each wakeup: several times per request."""
_SOMEBODY: Final = 0.0001
"""A turn that takes longer has served a request;"""
_ABOUT: Final = 0.0003
"""and if turns take this long together, requests count as active for the next second."""
_STEP: Final = 0.002


def affordable(used: float) -> float:
    """Return the share of answers whose quality can still be scored with this share of the spool in use.

    A full spool refuses deliveries, and most senders do not retry: a sample of scores is better than lost calls.
    """
    return min(1.0, max(AFFORDABLE_LEAST, (FULL - used) / (FULL - FILLING)))


def collect_seldom(young: int = 2_000) -> None:
    """Make garbage collection rare: events are acyclic, and default collections take a tenth of the time.

    Collecting the young generation blocks the event loop in proportion to the objects created and kept since: 50,000
    objects take 2 ms at best and up to 25 on a busy machine, 5,000 up to 5. If nobody waits, larger generations are
    cheaper. Existing objects are frozen; call it again after loading much.
    """
    gc.freeze()
    gc.set_threshold(young, 2_500_000 // young, 100)


class Pace:
    """The pace of one pipeline."""

    def __init__(
        self,
        receiving: Callable[[], bool],
        timer: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        """Take ``receiving``, which returns whether webhook data arrived very recently.

        ``cpu`` measures what requests take: on a busy machine a turn may be long without serving any.
        """
        self.size = PIECE_MOST // PIECES
        """Bytes of the next pieces."""
        self.slice = SLICE_SECONDS
        """Seconds of the next slice."""
        self._receiving = receiving
        self._timer = timer
        self._cpu = cpu
        self._busy_until = float("-inf")
        self._drained = self._turned = timer()

    @property
    def seconds(self) -> float:
        """Target duration of a slice now."""
        return BUSY_SECONDS if self._timer() < self._busy_until else SLICE_SECONDS

    def drained(self) -> None:
        """Note that everything is counted."""
        self._drained = self._timer()

    async def turn(self) -> None:
        """Let other tasks run until none is served, several turns while requests are active, within a time limit."""
        may_take = max(BUSY_SECONDS, REQUESTS_FIRST * (1.0 - self._overdue()))
        left = TURNS if self._timer() < self._busy_until else 1
        began = self._cpu()
        took, served = 0.0, True
        while took <= may_take and (left > 0 or served):
            await asyncio.sleep(0)
            before, took = took, self._cpu() - began
            served = took - before > _SOMEBODY
            left -= 1
        self._turned = self._timer()
        if took > _ABOUT:
            self._busy_until = self._turned + 1.0

    async def breathe(self) -> None:
        """Let other tasks run if they have waited for as long as a slice: for use between the steps of long work."""
        if self._timer() - self._turned >= self.seconds:
            await self.turn()

    async def give_way(self, spent: float, size: int, *, senders_first: bool = True) -> None:
        """Let others run after a slice of ``size`` bytes in ``spent`` seconds, senders for longer; plan the next."""
        began, overdue = self._timer(), self._overdue()
        await self.turn()
        share = 1.0 - overdue if senders_first else 0.0
        until = began + share * GIVE_WAY * min(spent, SLICE_SECONDS)
        while (left := until - self._timer()) > 0 and self._receiving():  # noqa: ASYNC110 - arriving data has no event
            await asyncio.sleep(min(left, _STEP))
        self.slice = self.seconds
        if overdue >= 1.0:
            self.slice = min(URGENT_SECONDS, max(self.slice, self._timer() - began))
        piece = size / max(spent, 1e-5) * self.slice / PIECES
        self.size = min(PIECE_MOST, max(PIECE_LEAST, int(piece)))

    def _overdue(self) -> float:
        """Return how overdue counting is: 0 until ``PATIENCE`` has passed, 1 from ``OVERDUE`` on."""
        return min(1.0, max(0.0, (self._timer() - self._drained - PATIENCE) / (OVERDUE - PATIENCE)))
