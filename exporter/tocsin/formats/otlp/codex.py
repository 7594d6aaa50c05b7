"""Codex's events of calls (log records), converted to OpenTelemetry's names.

https://developers.openai.com/codex/config-advanced and ``codex-rs/otel`` of https://github.com/openai/codex. A call
that was answered is told by the one event that has its tokens: what Codex logs of its HTTP request, and of each piece
of the stream, would tell it again. A request that was refused, and a stream that broke off, are told by those.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.otlp.record import Record, number

_PIECE: Final = "codex.sse_event"
_REQUESTS: Final = ("codex.api_request", "codex.websocket_request")
_ANSWERED: Final = "response.completed"
_BROKEN: Final = (None, "response.failed", _ANSWERED)
"""Pieces whose error ends the stream; without a kind it is the stream's own. Others are skipped by Codex."""
_MODELS: Final = "/models"
"""What it asks for the list of models, which calls none."""
_SENT: Final = "input_token_count"


def is_event(record: Record) -> bool:
    """Return whether a log record is the event of a call that was answered, or of an attempt that failed."""
    if not record.is_log or not record.event.startswith("codex."):
        return False
    told, name = record.attributes, record.event
    if name == _PIECE:
        kind = told.get("event.kind")
        return (kind == _ANSWERED and _SENT in told) or ("error.message" in told and kind in _BROKEN)
    if name not in _REQUESTS or told.get("endpoint") == _MODELS:
        return False
    return "error.message" in told or _is_error(_status(told))


def _status(told: dict[str, Any]) -> Any:
    return number(told.get("http.response.status_code", told.get("http.status_code")))


def _is_error(status: Any) -> bool:
    return isinstance(status, int) and not isinstance(status, bool) and status >= 400


def rename(record: Record) -> None:
    """Give an event of a call OpenTelemetry's names; any other record keeps its own."""
    if not is_event(record):
        return
    told = record.attributes
    failed = record.event != _PIECE or "error.message" in told
    sent, received, read, thought = (
        number(told.get(f"{name}_token_count")) for name in ("input", "output", "cached", "reasoning")
    )
    found = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": told.get("model"),
        "gen_ai.request.stream": True,
        "gen_ai.response.id": _identity(record, sent, received),
        "gen_ai.response.finish_reason": None if failed else "stop",
        "gen_ai.conversation.id": told.get("conversation.id"),
        "gen_ai.usage.input_tokens": sent,
        "gen_ai.usage.output_tokens": received,
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.reasoning.output_tokens": thought,
        "user.id": told.get("user.account_id"),
    }
    record.attributes = told | found | {"http.response.status_code": _status(told)}
    if failed:
        record.failed, record.message = True, str(told.get("error.message") or "")
        record.set_duration(number(told.get("duration_ms")))


def _identity(record: Record, *counts: Any) -> str | None:
    """Return an id of the event, as there is none of the answer: all of a turn may share those of a span.

    Its attributes may have been taken off on the way.
    """
    session = record.attributes.get("conversation.id", record.trace_id)
    moment = record.attributes.get("event.timestamp", record.start or None)
    return None if moment is None else "|".join(map(str, ("codex", session, moment, *counts)))
