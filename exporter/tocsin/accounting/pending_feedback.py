"""Feedback that arrived before its call, held until the call arrives.

Webhook senders guarantee no order, and LiteLLM sends calls in batches. The wait is bounded in time and in number.
Feedback that has waited too long is given up, which is counted; pending feedback survives a restart. Because no input
records the passing of time, feedback is given up in one commit and counted in the next, so that a crash between the two
repeats neither.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from tocsin.accounting.deduplication import identity
from tocsin.call import Feedback
from tocsin.labels import clean

WAIT = 300.0
"""Seconds that feedback waits for its call, counted anew after a restart."""
WAITING_MOST = 10_000
_NO_CALL = 0
"""Stored in place of the call for feedback that is given up but not counted yet."""


class _Waiting(msgspec.Struct):
    call: int
    feedback: Feedback
    since: float


class PendingFeedback:
    """A bounded, durable queue of feedback, by the id of the call that it is about."""

    def __init__(self, most: int = WAITING_MOST) -> None:
        self._most = most
        self._waiting: dict[int, _Waiting] = {}
        """By number, oldest first."""
        self._numbers: dict[int, list[int]] = {}
        """Numbers by identity of the call."""
        self._given_up: dict[int, Feedback] = {}
        """By number: counted once a commit contains that it no longer waits."""
        self._next = 0
        self._changed: dict[int, None] = {}
        """Numbers added or removed since the last commit."""

    def __len__(self) -> int:
        return len(self._waiting)

    def hold(self, feedback: Feedback, now: float) -> None:
        """Let feedback wait, without what is not counted: ids and names may identify a person, a comment is content.

        Names of scorers become label values already here, so that long ones take no memory.
        """
        call = identity(feedback.call_id)
        scores = feedback.scores and {clean(scorer): value for scorer, value in feedback.scores.items()}
        by = feedback.by if feedback.is_of_reviewer else None
        kept = msgspec.structs.replace(feedback, id="", call_id="", by=by, comment=None, scores=scores)
        self._changed[self._next] = None
        self._add(self._next, _Waiting(call, kept, now))

    def release(self, names: Iterable[str]) -> list[Feedback]:
        """Return the feedback that waited for a call with one of these ids."""
        numbers = [number for name in names for number in self._numbers.get(identity(name), ())]
        return [self._remove(number).feedback for number in numbers]

    def surplus(self) -> list[Feedback]:
        """Give up the oldest feedback above the limit immediately: after a crash, inputs reproduce the surplus."""
        return [self._remove(next(iter(self._waiting))).feedback for _ in range(len(self) - self._most)]

    def give_up(self, now: float) -> None:
        """Give up feedback that has waited for ``WAIT`` seconds at ``now``."""
        first = next(iter(self._waiting.values()), None)
        if first is not None and first.since > now:  # the clock was set back, or this is a start
            for waiting in self._waiting.values():
                waiting.since = min(waiting.since, now)
        while self._waiting:
            number, waiting = next(iter(self._waiting.items()))
            if now - waiting.since < WAIT:
                return
            self._given_up[number] = self._remove(number).feedback

    def given_up(self) -> list[Feedback]:
        """Return, once, the feedback given up; the last commit must contain that it was."""
        gone, self._given_up = self._given_up, {}
        self._changed |= dict.fromkeys(gone)
        return list(gone.values())

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore what was committed."""
        for name, value in sorted(items):
            call, feedback = msgspec.msgpack.decode(value, type=tuple[int, Feedback])
            if call == _NO_CALL:
                self._given_up[int(name)] = feedback
                self._next = int(name) + 1
            else:
                self._add(int(name), _Waiting(call, feedback, math.inf))

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Return an item for each feedback added since the last commit, and deletions for those removed."""
        changed, self._changed = self._changed, {}
        return [(f"{number:012d}", self._encoded(number)) for number in changed]

    def _add(self, number: int, waiting: _Waiting) -> None:
        self._waiting[number] = waiting
        self._numbers.setdefault(waiting.call, []).append(number)
        self._next = number + 1

    def _remove(self, number: int) -> _Waiting:
        waiting = self._waiting.pop(number)
        numbers = self._numbers[waiting.call]
        numbers.remove(number)
        if not numbers:
            del self._numbers[waiting.call]
        self._changed[number] = None
        return waiting

    def _encoded(self, number: int) -> bytes | None:
        waiting = self._waiting.get(number)
        if waiting is not None:
            return msgspec.msgpack.encode((waiting.call, waiting.feedback))
        feedback = self._given_up.get(number)
        return None if feedback is None else msgspec.msgpack.encode((_NO_CALL, feedback))
