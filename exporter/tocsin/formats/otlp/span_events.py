"""What was said, in events of a span: OpenTelemetry's older convention, converted to the names of the newer.

https://github.com/open-telemetry/semantic-conventions/blob/v1.36.0/docs/gen-ai/gen-ai-events.md. Azure's SDK and
Strands write them, each message an event, Pydantic AI's first versions all of them as a text of JSON in an attribute;
Semantic Kernel has one event for what was asked, and one for what was answered.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.otlp.record import SPOKEN, Record
from tocsin.formats.otlp.texts import object_of, value_of

_CHOICE: Final = "gen_ai.choice"
_WHOLE: Final = (
    "gen_ai.content.prompt", "gen_ai.content.completion", "gen_ai.client.inference.operation.details",
)  # fmt: skip
"""Events whose attributes are those that newer spans have themselves."""
_MARK: Final = "event.name"


def rename(record: Record) -> None:
    """Give a span what its events say, unless it says that itself; any other record keeps what it has."""
    told = record.attributes
    listed = told.get("events")
    if not record.moments and listed is None:
        return
    for moment in record.moments:
        if moment.name in _WHOLE:
            record.attributes = moment.attributes | record.attributes
    spoken = [(moment.name, moment.attributes) for moment in record.moments if moment.name in SPOKEN]
    if isinstance(listed, str) and _MARK in listed:
        spoken += _listed(listed)
    if spoken:
        record.attributes = _messages(spoken) | record.attributes


def _listed(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the events in a text of JSON; none where it is cut off."""
    try:
        found = value_of(text)
    except ValueError:
        return []
    events = [event for event in found if isinstance(event, dict)] if isinstance(found, list) else []
    return [(name, event) for event in events if (name := str(event.get(_MARK))) in SPOKEN]


def _messages(spoken: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    asked: list[Any] = []
    answered: list[Any] = []
    reasons: list[Any] = []
    for name, attributes in spoken:
        event = object_of(attributes.get("gen_ai.event.content")) or attributes
        if name == _CHOICE:
            message = event.get("message")
            answered.append(_answer(message if isinstance(message, dict) else {"content": message}))
            reasons.append(event.get("finish_reason"))
        else:
            asked.append({"role": event.get("role") or name.split(".")[1], "content": event.get("content")})
    found = (("input.messages", asked), ("output.messages", answered), ("response.finish_reasons", reasons))
    return {f"gen_ai.{name}": told for name, told in found if any(told)}


def _answer(message: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with its calls to tools, which stand among its parts where these are Converse's."""
    try:
        parts = value_of(message.get("content"))
    except ValueError:
        parts = None
    used = [part["toolUse"] for part in parts if isinstance(part, dict) and isinstance(part.get("toolUse"), dict)] if (
        isinstance(parts, list)
    ) else []  # fmt: skip
    calls = [{"function": {"name": call.get("name"), "arguments": call.get("input")}} for call in used]
    return {"role": "assistant", **message, **({"tool_calls": calls} if calls else {})}
