"""Agent loops: sessions that repeat the same prompt.

A loop is the same prompt (digits aside) five times within five minutes in one session; every five further ones count
again. The memory is bounded, evicts the least recently used sessions first, and is kept in the state: a restart must
not hide a current loop.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict, deque
from collections.abc import Iterable

from tocsin.accounting.deduplication import identity

SESSIONS = 10_000
REPEATS = 5
WINDOW = 300.0
RECENT = 32
_COMMITS_KEPT = 900
"""Number of commits whose prompts stay in the state: with one a second, three times the window."""
_PROMPTS_KEPT = 200_000
"""Maximum number of prompts in the state: 4.8 MB."""


class Loops:
    """Finds sessions that repeat a near-identical prompt."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[int, deque[tuple[float, int]]] = OrderedDict()
        self._fresh: deque[tuple[int, int, float]] = deque(maxlen=_PROMPTS_KEPT)
        """Prompts since the last commit: session, prompt, time."""
        self._items: deque[tuple[str, int]] = deque()
        """The items in the state, oldest first: key, number of prompts."""

    def repeated(self, session: str, prompt_key: int, when: float) -> bool:
        """Note one prompt; return whether it is the fifth repetition within the window (or the tenth, ...)."""
        key = identity(session)
        self._fresh.append((key, prompt_key, when))
        return self._note(key, prompt_key, when)

    def _note(self, session: int, prompt_key: int, when: float) -> bool:
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

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore what was committed by noting it again, in order."""
        for name, value in sorted(items):
            third = len(value) // 24 * 8
            sessions, prompts, times = array("Q"), array("Q"), array("d")
            for column, at in ((sessions, 0), (prompts, third), (times, 2 * third)):
                column.frombytes(value[at : at + third])
            for entry in zip(sessions, prompts, times, strict=True):
                self._note(*entry)
            self._items.append((name, len(times)))

    def changes(self) -> list[tuple[str, bytes | None]]:
        """Return one item with the prompts since the last commit, and deletions of items that are too old to matter."""
        if not self._fresh:
            return []
        sessions, prompts, times = zip(*self._fresh, strict=True)
        columns = array("Q", sessions), array("Q", prompts), array("d", times)
        name = f"{int(self._items[-1][0]) + 1 if self._items else 0:012d}"
        self._items.append((name, len(self._fresh)))
        self._fresh.clear()
        changes: list[tuple[str, bytes | None]] = [(name, b"".join(column.tobytes() for column in columns))]
        held = sum(count for _, count in self._items)
        while len(self._items) > 1 and (len(self._items) > _COMMITS_KEPT or held > _PROMPTS_KEPT):
            gone, count = self._items.popleft()
            held -= count
            changes.append((gone, None))
        return changes
