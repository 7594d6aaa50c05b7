"""How counting shares the event loop with requests: how long a slice is, and who waits for whom.

Requests come first: between two slices of counting the loop turns until a turn has served nobody, so a request waits
for the rest of one slice and for the requests before it. It needs a few turns from its arrival to its answer, so where
requests are about, several pass, and slices are short. Senders of webhooks are left more than that, because they may
give up and what is spooled can be counted later; but not for ever, because alerts are made of what is counted.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from typing import Final

PIECE_MOST: Final = 128 << 10
"""Bytes read at once: a slice is made of pieces, and ends with the one that exceeds its time."""
PIECE_LEAST: Final = 2 << 10
"""An event or two: where content is judged, one can take a slice's time and more."""
PIECES: Final = 4
"""Pieces in a slice."""
SLICE_SECONDS: Final = 0.002
"""What a slice, of counting, committing or rendering, shall take."""
BUSY_SECONDS: Final = 0.0005
"""The same where requests are about: each waits for the rest of what has begun, half of this on average."""
REQUESTS_FIRST: Final = 0.01
"""Seconds that requests may take between two slices."""
TURNS: Final = 4
"""Turns from the arrival of a small request to its answer: read, wake the connection, start its task, and our own."""
GIVE_WAY: Final = 9.0
"""While a webhook receives, this many times as long as a slice took is left to it."""
PATIENCE: Final = 5.0
"""Seconds without having counted everything after which senders are given less and less of that,"""
OVERDUE: Final = 15.0
"""and after which counting gets at least half of the time: an alert has 60 s from the event to the page."""
URGENT_SECONDS: Final = 0.02
FILLING: Final = 0.25
"""Share of the spool in use from which on fewer answers are scored,"""
FULL: Final = 0.5
"""and at which hardly any is."""
AFFORDABLE_LEAST: Final = 0.01
SWITCH_SECONDS: Final = 0.0005
"""After which a thread that looks at a large text, or commits, lets the event loop run. Python's own is ten times that,
and the loop would wait for so long whenever it wakes: several times for each request."""
_SOMEBODY: Final = 0.0001
"""A turn that takes longer has served somebody,"""
_ABOUT: Final = 0.0003
"""and where turns take so long together, requests are about for the next second."""
_STEP: Final = 0.002


def affordable(used: float) -> float:
    """Return the share of answers whose quality can still be scored where so much of the spool is in use.

    A full spool refuses deliveries, and most senders do not come again: a sample of scores is better than lost calls.
    """
    return min(1.0, max(AFFORDABLE_LEAST, (FULL - used) / (FULL - FILLING)))


def collect_seldom(young: int = 2_000) -> None:
    """Make garbage collection rare: events are acyclic, and default collections cost a tenth of the time.

    Collecting the young holds up the loop by what has been made and kept since: 50,000 objects are 2 ms at
    best and were seen to be 25 on a busy machine, 5,000 to be 5. Where nobody waits, more are cheaper.
    What is there now is taken out of it for good; call it again when much has been loaded.
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
        """Take ``receiving``, which tells whether something of a webhook arrived a moment ago.

        What requests take is told by ``cpu``: on a busy machine a turn is long without anyone having been served.
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
        """What a slice shall take now."""
        return BUSY_SECONDS if self._timer() < self._busy_until else SLICE_SECONDS

    def drained(self) -> None:
        """Take note that everything is counted."""
        self._drained = self._timer()

    async def turn(self) -> None:
        """Let others run until nobody is served, several turns where requests are about, within what they may take."""
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
        """Let others run where they have waited for as long as a slice: for between the steps of long work."""
        if self._timer() - self._turned >= self.seconds:
            await self.turn()

    async def give_way(self, spent: float, size: int, *, senders_first: bool = True) -> None:
        """Let others run after a slice of ``size`` bytes in ``spent`` seconds, senders for longer; plan the next."""
        began, overdue = self._timer(), self._overdue()
        await self.turn()
        share = 1.0 - overdue if senders_first else 0.0
        until = began + share * GIVE_WAY * min(spent, SLICE_SECONDS)
        while (left := until - self._timer()) > 0 and self._receiving():  # noqa: ASYNC110 - what arrives has no event
            await asyncio.sleep(min(left, _STEP))
        self.slice = self.seconds
        if overdue >= 1.0:
            self.slice = min(URGENT_SECONDS, max(self.slice, self._timer() - began))
        piece = size / max(spent, 1e-5) * self.slice / PIECES
        self.size = min(PIECE_MOST, max(PIECE_LEAST, int(piece)))

    def _overdue(self) -> float:
        """Tell how long not everything has been counted: 0 until ``PATIENCE`` is over, 1 from ``OVERDUE`` on."""
        return min(1.0, max(0.0, (self._timer() - self._drained - PATIENCE) / (OVERDUE - PATIENCE)))
