"""Calls whose content did not arrive in time, until they are counted as unscored.

Because no input records the passing of time, a call is given up in one commit and counted in the next, so that a crash
between the two repeats neither.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tocsin.accounting.group import Labels
from tocsin.call import Call, Content

_KEY = "given_up"
_Given = list[tuple[Call, Labels]]


def bare(call: Call) -> Call:
    """Return what is counted of a call without content: the rest is counted already, and may be large."""
    return Call(
        call.id, call.call_id, model=call.model, route=call.route, failure=call.failure, trace_id=call.trace_id,
        output_tokens=call.output_tokens, finish_reason=call.finish_reason, refusal=call.refusal,
        scores=call.scores, confidence=call.confidence, content=Content(state="absent"), response_id=call.response_id,
    )  # fmt: skip


class MissingContent:
    """A durable list of calls that were given up, with the labels they are counted under."""

    def __init__(self) -> None:
        self._fresh: _Given = []
        """Given up since the last ``due``."""
        self._held: _Given = []
        """Part of the next commit."""
        self._changed = False

    def __len__(self) -> int:
        return len(self._fresh)

    def give_up(self, call: Call, labels: Labels) -> None:
        """Add a ``bare`` call and its labels."""
        self._fresh.append((call, labels))

    def due(self) -> _Given:
        """Return, once, the calls in the last commit; those given up since are due after the next one."""
        due, self._held, self._fresh = self._held, self._fresh, []
        self._changed = self._changed or bool(due or self._held)
        return due

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore what was committed."""
        for _, value in items:
            self._held = msgspec.msgpack.decode(value, type=_Given)

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Return all calls that are given up but not counted, if they changed since the last call."""
        if not self._changed:
            return []
        self._changed = False
        return [(_KEY, msgspec.msgpack.encode(self._held) if self._held else None)]
