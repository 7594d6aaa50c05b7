"""What a commit leaves of a part of the state, for tests of its restarts."""

from collections.abc import Iterable
from typing import Protocol


class Memory(Protocol):
    """A part of the state that says what changed."""

    def changes(self) -> Iterable[tuple[str, bytes | None]]:
        """Everything since the last commit."""


def commit(memory: Memory, state: dict[str, bytes]) -> None:
    """Bring what changed to ``state``, from which a restart restores."""
    for key, value in memory.changes():
        if value is None:
            del state[key]
        else:
            state[key] = value
