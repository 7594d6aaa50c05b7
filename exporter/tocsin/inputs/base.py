"""The protocol between inputs and the pipeline that reads them.

An input owns its position. The pipeline reads a slice of records from it, passes each record to the format adapters,
and commits the position in the same transaction as the counters, so that what was read and what was counted never
differ (design, 1.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from tocsin.formats.base import Buffer

RECORD_LEAST = 64
"""Minimum size charged for a record when work is limited by bytes: a slice of two-byte records would contain thousands,
each costing as much as a small call."""
Change = tuple[str, bytes | None]
"""A key within the input's part of the state and its new value; None deletes it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record comes from: determines its format and how it is counted."""

    input: str
    """``file``, ``webhook`` or ``replay``: the ``input`` label of ``tocsin_events_*``."""
    format: str
    """A value of ``--format``; ``auto`` recognises the format from the records."""
    stream: str = ""
    """Identity of the file or request, used to remember its format and in messages; never a label."""
    received: float | None = None
    """Unix time at which a webhook body was accepted; None for files."""
    single: bool = False
    """True if each record is one event: an array is not split further."""


Sink = Callable[[Buffer, Origin], None]
"""Takes one record: a line without its newline, or one JSON value of a webhook body.

The buffer is only valid during the call. A sink never raises for bad records.
"""

Oversize = Callable[[int, Origin], None]
"""Called with the length so far of a line longer than ``limits.max_line_bytes``: one event, read and skipped."""


class Input(Protocol):
    """A source of records whose position can be committed."""

    part: str
    """Name of its section of the state, unique among inputs."""
    deletes: bool
    """Whether ``committed`` deletes data: then a commit of its position must survive a power failure."""

    def restore(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Restore the committed position from the input's own values; called once, before the first read."""

    def read(self, sink: Sink, max_bytes: int) -> int:
        """Pass at most about ``max_bytes`` of complete records to ``sink``; return the bytes consumed, 0 if idle.

        Never blocks for longer than it takes to read that many bytes.
        """

    def changes(self) -> list[Change]:
        """Return what to commit so that a restart continues after the last record passed on."""

    def committed(self) -> None:
        """Called once the last ``changes()`` are durable: delete what they made obsolete, such as spool segments."""

    def behind(self) -> bool:
        """Return whether data that existed at the start is still unread; newer data does not matter."""

    def backlog(self) -> int:
        """Return the bytes known to be unread; 0 means caught up."""
