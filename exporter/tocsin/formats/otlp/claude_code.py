"""Claude Code's events of calls (log records) and their spans, converted to OpenTelemetry's names.

https://code.claude.com/docs/en/monitoring-usage. Numbers may be texts, an event has the time at which the call ended,
and input leaves out what is cached. An event and the span of one call have the same ``request_id``. ``prompt.id`` is a
new one for each turn, not a managed prompt.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.lenient import is_number
from tocsin.formats.otlp.record import Record, number

_SPAN: Final = "claude_code.llm_request"
_ANSWERED: Final = "claude_code.api_request"
_FAILED: Final = "claude_code.api_error"
_SCOPE: Final = "com.anthropic.claude_code"
"""In which events are called without their prefix."""


def is_event(record: Record) -> bool:
    """Return whether a log record is an event of a call that was answered, or of one that was given up."""
    return record.is_log and _event(record) in (_ANSWERED, _FAILED)


def _event(record: Record) -> str:
    told = record.attributes
    names = (record.body, record.name, told.get("event.name"))
    name = next((name for name in names if name and isinstance(name, str)), "")
    return f"claude_code.{name}" if record.scope.startswith(_SCOPE) and "." not in name else name


def rename(record: Record) -> None:
    """Give an event or a span of a call OpenTelemetry's names; any other record keeps its own."""
    if not (is_event(record) if record.is_log else record.name == _SPAN):
        return
    told = record.attributes
    sent, received, read, written = (
        number(told.get(f"{name}_tokens")) for name in ("input", "output", "cache_read", "cache_creation")
    )
    if is_number(sent):
        sent += sum(max(count, 0) for count in (read, written) if is_number(count))
    first, status = number(told.get("ttft_ms")), number(told.get("status_code"))
    found = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": told.get("gen_ai.system", "anthropic"),
        "gen_ai.request.model": told.get("model"),
        "gen_ai.response.id": told.get("request_id") or _in_session(told),
        "gen_ai.response.finish_reason": told.get("stop_reason"),
        "gen_ai.request.stream": is_number(first),
        "gen_ai.response.time_to_first_chunk": first / 1000 if is_number(first) else None,
        "gen_ai.usage.input_tokens": sent,
        "gen_ai.usage.output_tokens": received,
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.cache_creation.input_tokens": written,
        "gen_ai.usage.cost": told.get("cost_usd"),
        "http.response.status_code": status,
    }
    record.attributes = found | {name: value for name, value in told.items() if name != "prompt.id"}
    if record.is_log:
        record.set_duration(number(told.get("duration_ms")))
    if told.get("error") or (record.is_log and _event(record) == _FAILED):
        record.failed, record.message = True, str(told.get("error") or record.message)


def _in_session(told: dict[str, Any]) -> str | None:
    """Return an id of the event: older ones have none of their request, and all of a turn may share that of a span."""
    session, sequence = told.get("session.id"), told.get("event.sequence")
    return None if session is None or sequence is None else f"claude_code|{session}|{sequence}"
