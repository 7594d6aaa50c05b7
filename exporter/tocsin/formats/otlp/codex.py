"""Codex's log events of calls, converted to OpenTelemetry's names.

https://developers.openai.com/codex/config-advanced and ``codex-rs/otel`` of https://github.com/openai/codex. A
successful call is counted by the one event that has its tokens, not by those of its HTTP request and of each stream
event, which would count it again. Those count requests that failed and streams that broke off.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.otlp.record import Record, number

_STREAM_EVENT: Final = "codex.sse_event"
_REQUESTS: Final = ("codex.api_request", "codex.websocket_request")
_COMPLETED: Final = "response.completed"
_FAILING_KINDS: Final = (None, "response.failed", _COMPLETED)
"""Stream events whose error ends the stream; no kind: an error of the stream itself. Codex skips others."""
_MODELS: Final = "/models"
"""The endpoint that lists models, which is not a call."""
_SENT: Final = "input_token_count"


def is_event(record: Record) -> bool:
    """Return whether a log record is the event of a successful call or of a failed attempt."""
    if not record.is_log or not record.event.startswith("codex."):
        return False
    attributes, name = record.attributes, record.event
    if name == _STREAM_EVENT:
        kind = attributes.get("event.kind")
        failed = "error.message" in attributes and kind in _FAILING_KINDS
        return failed or (kind == _COMPLETED and _SENT in attributes)
    if name not in _REQUESTS or attributes.get("endpoint") == _MODELS:
        return False
    return "error.message" in attributes or _is_error(_status(attributes))


def _status(attributes: dict[str, Any]) -> Any:
    return number(attributes.get("http.response.status_code", attributes.get("http.status_code")))


def _is_error(status: Any) -> bool:
    return isinstance(status, int) and not isinstance(status, bool) and status >= 400


def rename(record: Record) -> None:
    """Convert an event of a call to OpenTelemetry's names; leave any other record unchanged."""
    if not is_event(record):
        return
    attributes = record.attributes
    failed = record.event != _STREAM_EVENT or "error.message" in attributes
    sent, received, read, reasoning = (
        number(attributes.get(f"{name}_token_count")) for name in ("input", "output", "cached", "reasoning")
    )
    renamed = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": attributes.get("model"),
        "gen_ai.request.stream": True,
        "gen_ai.response.id": record.call_id("conversation.id", "codex", sent, received),
        "gen_ai.response.finish_reason": None if failed else "stop",
        "gen_ai.conversation.id": attributes.get("conversation.id"),
        "gen_ai.usage.input_tokens": sent,
        "gen_ai.usage.output_tokens": received,
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.reasoning.output_tokens": reasoning,
        "user.id": attributes.get("user.account_id"),
    }
    record.attributes = attributes | renamed | {"http.response.status_code": _status(attributes)}
    if failed:
        record.failed, record.message = True, str(attributes.get("error.message") or "")
        record.set_duration(number(attributes.get("duration_ms")))
