"""A span or a log record, independent of its encoding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from tocsin.formats.lenient import MAX_SECONDS, is_number

ATTRIBUTES_MAX: Final = 20_000
"""Maximum attributes of one span; SDKs keep 128, OpenInference 10,000. The rest are dropped."""
NESTED_MAX: Final = 64
"""Maximum depth of values; deeper ones are dropped."""

MESSAGE_EVENTS: Final = frozenset(
    (
        "gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message",
        "gen_ai.choice",
    )
)  # fmt: skip
"""Names of events that are one message each: all are kept. Of other events of one name only the first is."""
MESSAGES_MAX: Final = 10_000
"""Maximum messages of one span; SDKs keep 128 events. Beyond it the oldest are dropped."""


@dataclass(slots=True)
class Moment:
    """An event of a span: something that happened during it."""

    name: str
    time: int
    """Nanoseconds of the Unix epoch; 0 if unknown."""
    attributes: dict[str, Any]


@dataclass(slots=True)
class Record:
    """One span or log record, with its resource."""

    trace_id: str = ""
    span_id: str = ""
    name: str = ""
    """The span's name; for a log record the event name."""
    start: int = 0
    """Nanoseconds of the Unix epoch; 0 if unknown; for a log record its time."""
    end: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    moments_dropped: bool = False
    """The oldest events of the span are missing: there were more than the SDK keeps."""
    messages_dropped: bool = False
    """There were more than ``SPOKEN_MAX`` messages."""
    failed: bool = False
    message: str = ""
    """The status message."""
    resource: dict[str, Any] = field(default_factory=dict)
    scope: str = ""
    """The instrumentation library."""
    is_log: bool = False
    body: Any = None
    """The body of a log record."""

    @property
    def event(self) -> str:
        """The event name of a log record; empty if it has none."""
        name = self.name or self.attributes.get("event.name")
        return name if isinstance(name, str) else ""

    def call_id(self, session_key: str, *parts: Any) -> str | None:
        """Return an id for the event of a call whose response has none, from its session, its time and ``parts``.

        All calls of a turn may share a span id. A processor may have removed the attributes: the trace id and the
        record's own time replace them. None if neither time is known.
        """
        session = self.attributes.get(session_key, self.trace_id)
        moment = self.attributes.get("event.timestamp", self.start or None)
        return None if moment is None else "|".join(map(str, (session, moment, *parts)))

    def set_duration(self, milliseconds: Any) -> None:
        """Turn a log record's time, which is the end of a call, into start and end; ignore invalid ``milliseconds``."""
        if is_number(milliseconds) and 0 <= milliseconds < MAX_SECONDS * 1000:
            self.end, self.start = self.start, max(0, self.start - int(milliseconds * 1e6))


def number(value: Any) -> Any:
    """Return a number, which coding agents may write as text; anything else unchanged."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        return int(value)
    return value
