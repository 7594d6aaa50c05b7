"""Messages in span events: OpenTelemetry's older convention, converted to the names of the newer.

https://github.com/open-telemetry/semantic-conventions/blob/v1.36.0/docs/gen-ai/gen-ai-events.md. Azure's SDK and
Strands write one event per message, the first versions of Pydantic AI all of them as JSON in an attribute; Semantic
Kernel writes one event with the prompt, and one with the answer.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.otlp.record import MESSAGE_EVENTS, Record
from tocsin.formats.otlp.texts import object_of, value_of

_CHOICE: Final = "gen_ai.choice"
_ATTRIBUTE_EVENTS: Final = (
    "gen_ai.content.prompt", "gen_ai.content.completion", "gen_ai.client.inference.operation.details",
)  # fmt: skip
"""Events with the attributes that newer spans have themselves."""
_EVENT_NAME: Final = "event.name"


def rename(record: Record) -> None:
    """Add the messages in a span's events to its attributes, which take precedence; leave other records unchanged."""
    listed = record.attributes.get("events")
    if not record.moments and listed is None:
        return
    for moment in record.moments:
        if moment.name in _ATTRIBUTE_EVENTS:
            record.attributes = moment.attributes | record.attributes
    messages = [(moment.name, moment.attributes) for moment in record.moments if moment.name in MESSAGE_EVENTS]
    if isinstance(listed, str) and _EVENT_NAME in listed:
        messages += _listed(listed)
    if messages:
        record.attributes = _messages(messages) | record.attributes


def _listed(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the events in a JSON text; none if it is cut off."""
    try:
        values = value_of(text)
    except ValueError:
        return []
    events = [event for event in values if isinstance(event, dict)] if isinstance(values, list) else []
    return [(name, event) for event in events if (name := str(event.get(_EVENT_NAME))) in MESSAGE_EVENTS]


def _messages(events: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    inputs: list[Any] = []
    outputs: list[Any] = []
    reasons: list[Any] = []
    for name, attributes in events:
        event = object_of(attributes.get("gen_ai.event.content")) or attributes
        if name == _CHOICE:
            message = event.get("message")
            outputs.append(_answer(message if isinstance(message, dict) else {"content": message}))
            reasons.append(event.get("finish_reason"))
        else:
            inputs.append({"role": event.get("role") or name.split(".")[1], "content": event.get("content")})
    lists = (("input.messages", inputs), ("output.messages", outputs), ("response.finish_reasons", reasons))
    return {f"gen_ai.{name}": values for name, values in lists if any(values)}


def _answer(message: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with its tool calls, which Converse has among its parts."""
    try:
        parts = value_of(message.get("content"))
    except ValueError:
        parts = None
    tools = [part["toolUse"] for part in parts if isinstance(part, dict) and isinstance(part.get("toolUse"), dict)] if (
        isinstance(parts, list)
    ) else []  # fmt: skip
    calls = [{"function": {"name": call.get("name"), "arguments": call.get("input")}} for call in tools]
    return {"role": "assistant", **message, **({"tool_calls": calls} if calls else {})}
