"""A span or a log record, whatever it was encoded in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from tocsin.formats.lenient import MAX_SECONDS, is_number

ATTRIBUTES_MAX: Final = 20_000
"""Of one span; SDKs keep 128, and OpenInference 10,000. What is more is left out."""
NESTED_MAX: Final = 64
"""Values inside each other; what is deeper is left out."""

SPOKEN: Final = frozenset(
    (
        "gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message",
        "gen_ai.choice",
    )
)  # fmt: skip
"""Names of events that are a message each: all of them are kept. Of others with one name the first is."""
SPOKEN_MAX: Final = 10_000
"""Messages of one span; SDKs keep 128 events. Of more the oldest are left out."""


@dataclass(slots=True)
class Moment:
    """An event of a span: something that happened within it."""

    name: str
    time: int
    """Nanoseconds of the Unix epoch, 0 where it is not told."""
    attributes: dict[str, Any]


@dataclass(slots=True)
class Record:
    """One span or log record, with what is said of all that its service sends."""

    trace_id: str = ""
    span_id: str = ""
    name: str = ""
    """Of a span; of a log record the name of its event."""
    start: int = 0
    """Nanoseconds of the Unix epoch, 0 where it is not told; of a log record its time."""
    end: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    moments_dropped: bool = False
    """The oldest events of the span are not here: there were more than the SDK keeps."""
    messages_dropped: bool = False
    """There were more than ``SPOKEN_MAX`` messages."""
    failed: bool = False
    message: str = ""
    """What the status says."""
    resource: dict[str, Any] = field(default_factory=dict)
    scope: str = ""
    """The library that instruments."""
    is_log: bool = False
    body: Any = None
    """Of a log record."""

    @property
    def event(self) -> str:
        """The name of the event that a log record is, empty where it has none."""
        named = self.name or self.attributes.get("event.name")
        return named if isinstance(named, str) else ""

    def set_duration(self, took: Any) -> None:
        """Make a log record, whose time is that of the end, begin some milliseconds before it, if that can be."""
        if is_number(took) and 0 <= took < MAX_SECONDS * 1000:
            self.end, self.start = self.start, max(0, self.start - int(took * 1e6))


def number(told: Any) -> Any:
    """Return a number that may be a text, as coding agents write them; anything else as it is."""
    if isinstance(told, str) and told.isascii() and told.isdecimal() and len(told) < 16:
        return int(told)
    return told
