"""Consumers and sessions that exceed their tokens per hour.

The memory is bounded, evicts the least recently used entries first, and is kept in the state: a restart must not count
an hour's tokens from 0.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from tocsin import catalogue as cat
from tocsin.accounting.deduplication import identity
from tocsin.call import Call

USED_MAX = 10_000
"""Maximum number of consumers, or sessions, remembered."""


class TokenLimits:
    """The limits of users and sessions, if configured."""

    def __init__(self, add: Callable[..., None], user: int | None, session: int | None) -> None:
        """Take a function that adds to a counter (``Ledger.add``), and the limits in tokens per hour."""
        self._add = add
        self._user: HourlyLimit | None = None
        self._session: HourlyLimit | None = None
        self.configure(user, session)

    def __bool__(self) -> bool:
        """Return whether any limit is set."""
        return bool(self._user or self._session)

    def configure(self, user: int | None, session: int | None) -> None:
        """Apply new limits; usage in the current hour is kept."""
        self._user, self._session = _limit(user, self._user), _limit(session, self._session)
        for scope, limit in (("user", self._user), ("session", self._session)):
            if limit is not None:
                self._add(cat.LIMIT_BREACHES, scope, amount=0)  # so that the first breach is an increase

    def count(self, calls: Sequence[Call], known: Callable[[Call], float]) -> None:
        """Count the breaches of some calls; ``known`` returns the Unix time of one."""
        user, session = self._user, self._session
        for call in calls:
            total, when = (call.input_tokens or 0) + (call.output_tokens or 0), known(call)
            if user and call.consumer and user.breached(call.consumer, total, when):
                self._add(cat.LIMIT_BREACHES, "user")
            if session and call.session and session.breached(call.session, total, when):
                self._add(cat.LIMIT_BREACHES, "session")

    def memories(self) -> list[tuple[str, HourlyLimit]]:
        """Return the memories by section of the state."""
        limits = ("user_tokens", self._user), ("session_tokens", self._session)
        return [(part, limit) for part, limit in limits if limit is not None]


class HourlyLimit:
    """Tokens per clock hour of event time by consumer or session; a breach counts once an hour."""

    def __init__(self, tokens_per_hour: int) -> None:
        self.tokens_per_hour = tokens_per_hour
        self._used: OrderedDict[str, int] = OrderedDict()
        self._dirty: dict[str, None] = {}

    def breached(self, name: str, tokens: int, when: float) -> bool:
        """Add tokens; return whether this call is the one that exceeds the limit."""
        key = f"{int(when // 3600)}:{identity(name):016x}"
        before = self._used.get(key)
        if before is None:
            before = 0
            if len(self._used) >= USED_MAX:
                self._dirty[self._used.popitem(last=False)[0]] = None
        self._used[key] = before + tokens
        self._used.move_to_end(key)
        self._dirty[key] = None
        return before <= self.tokens_per_hour < before + tokens

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore what was committed; older hours are evicted first."""
        for key, value in sorted(items, key=lambda item: int(item[0].partition(":")[0])):
            self._used[key] = msgspec.msgpack.decode(value, type=int)

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Return what changed since the last commit."""
        used, dirty, self._dirty = self._used, self._dirty, {}
        return [(key, msgspec.msgpack.encode(used[key]) if key in used else None) for key in dirty]


def _limit(tokens: int | None, known: HourlyLimit | None) -> HourlyLimit | None:
    if not tokens:
        return None
    limit = known or HourlyLimit(tokens)
    limit.tokens_per_hour = tokens
    return limit
