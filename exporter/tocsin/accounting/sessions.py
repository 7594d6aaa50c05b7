"""Agents that go in circles, and consumers or sessions that pass their hourly tokens.

A loop is the same prompt (digits aside) five times within five minutes in one session; each further
five count again. Both memories are bounded and least recently used entries leave first.
"""

from __future__ import annotations

from collections import OrderedDict, deque

SESSIONS = 10_000
REPEATS = 5
WINDOW = 300.0
RECENT = 32


class Loops:
    """Finds sessions that repeat a near-identical prompt."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, deque[tuple[float, int]]] = OrderedDict()

    def repeated(self, session: str, prompt_key: int, when: float) -> bool:
        """Note one prompt; True at its fifth repetition within the window (and at the tenth, ...)."""
        recent = self._sessions.get(session)
        if recent is None:
            if len(self._sessions) >= SESSIONS:
                self._sessions.popitem(last=False)
            recent = self._sessions[session] = deque(maxlen=RECENT)
        else:
            self._sessions.move_to_end(session)
        recent.append((when, prompt_key))
        count = sum(1 for at, key in recent if key == prompt_key and abs(when - at) <= WINDOW)
        if count < REPEATS:
            return False
        self._sessions[session] = deque((entry for entry in recent if entry[1] != prompt_key), maxlen=RECENT)
        return True


class HourlyLimit:
    """Tokens per clock hour of event time by consumer or session; a breach counts once an hour."""

    def __init__(self, tokens_per_hour: int) -> None:
        self._limit = tokens_per_hour
        self._used: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def breached(self, name: str, tokens: int, when: float) -> bool:
        """Add tokens; True when this call is the one that passes the limit."""
        hour = int(when // 3600)
        known_hour, used = self._used.get(name, (hour, 0))
        before = used if known_hour == hour else 0
        if name not in self._used and len(self._used) >= SESSIONS:
            self._used.popitem(last=False)
        self._used[name] = (hour, before + tokens)
        self._used.move_to_end(name)
        return before <= self._limit < before + tokens
