"""What an input is, for the pipeline that drives it.

An input owns its position. The pipeline asks it for a slice of records, hands each record to the
format adapters, and commits the input's position in the same transaction as the counters, so that
what was read and what was counted can never differ (design, 1.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from tocsin.formats.base import Buffer

RECORD_LEAST = 64
"""Bytes that a record counts for at least where work is measured by them: of records of two bytes a slice would hold
thousands, and each costs as much as a small call."""
Change = tuple[str, bytes | None]
"""A key within the input's part of the state and its new value; None deletes it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record comes from: decides its format and how it is accounted."""

    input: str
    """``file``, ``webhook`` or ``replay``: the ``input`` label of ``tocsin_events_*``."""
    format: str
    """A word of ``--format``; ``auto`` is recognised from the records."""
    stream: str = ""
    """Identity of the file or request, for format stickiness and messages; never a label."""
    received: float | None = None
    """Unix time at which a webhook body was accepted, None for files."""
    single: bool = False
    """True when each record is one event: an array among them is no further batch."""


Sink = Callable[[Buffer, Origin], None]
"""Takes one record: a line without its newline, or one JSON value of a webhook body.

The buffer is only valid during the call. A sink never raises for bad records.
"""

Oversize = Callable[[int, Origin], None]
"""Told of a line longer than ``limits.max_line_bytes`` (its length so far): one event, read and skipped."""


class Input(Protocol):
    """A source of records with a position that can be committed."""

    part: str
    """Name of its part of the state, unique among inputs."""
    deletes: bool
    """Tells whether ``committed`` deletes what was read: then a commit of its position must survive a loss of power."""

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Take back the committed position; called once, before the first read. Values are its own bytes."""

    def read(self, sink: Sink, max_bytes: int) -> int:
        """Hand at most about ``max_bytes`` of complete records to ``sink``; return the bytes consumed, 0 when idle.

        Never blocks for longer than the reading of that many bytes takes.
        """

    def changes(self) -> list[Change]:
        """What must be committed so that a restart goes on after the last record handed out."""

    def committed(self) -> None:
        """The last ``changes()`` are durable: forget what they made obsolete (delete spool segments)."""

    def behind(self) -> bool:
        """Tell whether something is unread that was there at the start; what came since does not matter."""

    def backlog(self) -> int:
        """Bytes known to be unread; 0 means caught up."""
