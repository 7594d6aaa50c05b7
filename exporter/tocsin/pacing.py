"""How counting shares the event loop with requests: how long a slice is, and who waits for whom.

A request needs a few turns of the loop from its arrival to its answer, so where requests are about, counting works
in short slices and lets several turns pass between two of them. Senders of webhooks come first, because they may give
up and what is spooled can be counted later; but not for ever, because alerts are made of what is counted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

SLICE_BYTES: Final = 128 << 10
"""Read at most in one slice."""
SLICE_LEAST: Final = 2 << 10
"""An event or two: where content is judged, one can take a slice's time and more."""
SLICE_SECONDS: Final = 0.002
"""What a slice, of counting, committing or rendering, shall take."""
BUSY_SECONDS: Final = 0.001
"""The same where requests are about."""
TURNS: Final = 4
"""Turns from the arrival of a small request to its answer: read, wake the connection, start its task, and our own."""
GIVE_WAY: Final = 9.0
"""While a webhook receives, this many times as long as a slice took is left to it."""
PATIENCE: Final = 5.0
"""Seconds without having counted everything after which senders are given less and less of that,"""
OVERDUE: Final = 15.0
"""and after which counting gets at least half of the time: an alert has 60 s from the event to the page."""
URGENT_SECONDS: Final = 0.02
_SOMEBODY: Final = 0.0003
"""A turn that takes longer has served somebody."""
_STEP: Final = 0.002


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
        self.size = SLICE_BYTES
        """Bytes of the next slice."""
        self._receiving = receiving
        self._timer = timer
        self._cpu = cpu
        self._busy_until = float("-inf")
        self._drained = timer()
        self._took = 0.0

    @property
    def seconds(self) -> float:
        """What a slice shall take now: where requests are about, as long as they took last, within bounds."""
        if self._timer() >= self._busy_until:
            return SLICE_SECONDS
        return min(SLICE_SECONDS, max(BUSY_SECONDS, self._took))

    def drained(self) -> None:
        """Take note that everything is counted."""
        self._drained = self._timer()

    async def turn(self) -> None:
        """Let others run: several turns where they are about, but no more once they have had as much as a slice."""
        began = self._cpu()
        for _ in range(TURNS if self._timer() < self._busy_until else 1):
            await asyncio.sleep(0)
            self._took = self._cpu() - began
            if self._took > BUSY_SECONDS:
                break
        if self._took > _SOMEBODY:
            self._busy_until = self._timer() + 1.0

    async def give_way(self, spent: float, *, senders_first: bool = True) -> None:
        """Let others run after a slice of ``spent`` seconds, senders for longer, and size the next one."""
        began = self._timer()
        await self.turn()
        overdue = (began - self._drained - PATIENCE) / (OVERDUE - PATIENCE)
        share = min(1.0, max(0.0, 1.0 - overdue)) if senders_first else 0.0
        until = began + share * GIVE_WAY * min(spent, SLICE_SECONDS)
        while (left := until - self._timer()) > 0 and self._receiving():  # noqa: ASYNC110 - what arrives has no event
            await asyncio.sleep(min(left, _STEP))
        target = self.seconds
        if overdue >= 1.0:
            target = min(URGENT_SECONDS, max(target, self._timer() - began))
        self.size = min(SLICE_BYTES, max(SLICE_LEAST, int(self.size * target / max(spent, 1e-4))))
