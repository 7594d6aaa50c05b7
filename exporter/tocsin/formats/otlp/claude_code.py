"""Claude Code's log events and spans of calls, converted to OpenTelemetry's names.

https://code.claude.com/docs/en/monitoring-usage. Numbers may be texts, the time of an event is the end of the call,
and input excludes cached tokens. The event and the span of a call have the same ``request_id``. ``prompt.id`` is new
for each turn: it is not a managed prompt.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.lenient import is_number
from tocsin.formats.otlp.record import Record, number

_SPAN: Final = "claude_code.llm_request"
_SUCCEEDED: Final = "claude_code.api_request"
_FAILED: Final = "claude_code.api_error"
_SCOPE: Final = "com.anthropic.claude_code"
"""The scope in which event names lack their prefix."""


def is_event(record: Record) -> bool:
    """Return whether a log record is the event of a successful or a failed call."""
    return record.is_log and _event(record) in (_SUCCEEDED, _FAILED)


def _event(record: Record) -> str:
    attributes = record.attributes
    names = (record.body, record.name, attributes.get("event.name"))
    name = next((name for name in names if name and isinstance(name, str)), "")
    return f"claude_code.{name}" if record.scope.startswith(_SCOPE) and "." not in name else name


def rename(record: Record) -> None:
    """Convert an event or a span of a call to OpenTelemetry's names; leave any other record unchanged."""
    if not (is_event(record) if record.is_log else record.name == _SPAN):
        return
    attributes = record.attributes
    sent, received, read, written = (
        number(attributes.get(f"{name}_tokens")) for name in ("input", "output", "cache_read", "cache_creation")
    )
    if is_number(sent):
        sent += sum(max(count, 0) for count in (read, written) if is_number(count))
    ttft_ms, status = number(attributes.get("ttft_ms")), number(attributes.get("status_code"))
    renamed = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": attributes.get("gen_ai.system", "anthropic"),
        "gen_ai.request.model": attributes.get("model"),
        "gen_ai.response.id": attributes.get("request_id") or _event_id(attributes),
        "gen_ai.response.finish_reason": attributes.get("stop_reason"),
        "gen_ai.request.stream": is_number(ttft_ms),
        "gen_ai.response.time_to_first_chunk": ttft_ms / 1000 if is_number(ttft_ms) else None,
        "gen_ai.usage.input_tokens": sent,
        "gen_ai.usage.output_tokens": received,
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.cache_creation.input_tokens": written,
        "gen_ai.usage.cost": attributes.get("cost_usd"),
        "http.response.status_code": status,
    }
    record.attributes = renamed | {name: value for name, value in attributes.items() if name != "prompt.id"}
    if record.is_log:
        record.set_duration(number(attributes.get("duration_ms")))
    if attributes.get("error") or (record.is_log and _event(record) == _FAILED):
        record.failed, record.message = True, str(attributes.get("error") or record.message)


def _event_id(attributes: dict[str, Any]) -> str | None:
    """Return an id of the event: older ones lack a request id, and all events of a turn may share a span id."""
    session, sequence = attributes.get("session.id"), attributes.get("event.sequence")
    return None if session is None or sequence is None else f"claude_code|{session}|{sequence}"
