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
    """Return what is counted of a call whose words never come: what else it tells is counted, and may be large."""
    return Call(
        call.id, call.call_id, model=call.model, route=call.route, failure=call.failure, trace_id=call.trace_id,
        output_tokens=call.output_tokens, finish_reason=call.finish_reason, refusal=call.refusal,
        scores=call.scores, confidence=call.confidence, content=Content(state="absent"), response_id=call.response_id,
    )  # fmt: skip


class MissingContent:
    """A durable list of calls that were given up, with what they are counted under."""

    def __init__(self) -> None:
        self._fresh: _Given = []
        """Given up since the last ``due``."""
        self._held: _Given = []
        """Of the next commit."""
        self._changed = False

    def __len__(self) -> int:
        return len(self._fresh)

    def give_up(self, call: Call, labels: Labels) -> None:
        """Take a ``bare`` call, and what it is counted under."""
        self._fresh.append((call, labels))

    def due(self) -> _Given:
        """Return, once, what the last commit has held; what was given up since is due when the next one has."""
        due, self._held, self._fresh = self._held, self._fresh, []
        self._changed = self._changed or bool(due or self._held)
        return due

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Take back what was committed."""
        for _, value in items:
            self._held = msgspec.msgpack.decode(value, type=_Given)

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Return all that is given up and not counted, where that has changed since the last call."""
        if not self._changed:
            return []
        self._changed = False
        return [(_KEY, msgspec.msgpack.encode(self._held) if self._held else None)]
