"""Events of calls (log records) of Gemini CLI, and of Qwen Code, which came of it, converted to OpenTelemetry's names.

https://geminicli.com/docs/cli/telemetry. Each call is told twice: under their own names, with all counts, and by
OpenTelemetry's event, with the words. Both have the time in common. That event comes also of a request that is sent,
and of one that failed, without a word on that. Thoughts are counted beside the answer, what tools put in beside the
prompt. Newer versions name an error as OpenTelemetry does.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.lenient import is_number
from tocsin.formats.otlp.record import Record, number

_AGENTS: Final = ("gemini-cli", "qwen-code")
_ANSWERED: Final = ("gemini_cli.api_response", "qwen-code.api_response")
_FAILED: Final = ("gemini_cli.api_error", "qwen-code.api_error")
_DETAILS: Final = "gen_ai.client.inference.operation.details"
_OF_ANSWERS: Final = frozenset(
    ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.response.finish_reasons", "gen_ai.response.id")
)
_GEMINI_API: Final = "gemini-api-key"


def is_event(record: Record) -> bool:
    """Return whether a log record is their own event of a call that was answered, or of one that failed."""
    return record.is_log and (record.event in _ANSWERED or record.event in _FAILED)


def is_silent(record: Record) -> bool:
    """Return whether a log record is OpenTelemetry's event of them, and of no answer."""
    return record.scope in _AGENTS and record.event == _DETAILS and record.attributes.keys().isdisjoint(_OF_ANSWERS)


def rename(record: Record) -> None:
    """Give an event of a call OpenTelemetry's names; any other record keeps its own."""
    if not record.is_log:
        return
    told = record.attributes
    if record.event == _DETAILS and record.scope in _AGENTS:
        counts = (told.get("gen_ai.usage.input_tokens"), told.get("gen_ai.usage.output_tokens"))
        same = _identity(record, told.get("gen_ai.request.model"), *counts)
        record.attributes = told | {"gen_ai.response.id": same or told.get("gen_ai.response.id")}
    elif is_event(record):
        _rename(record, told)


def _rename(record: Record, told: dict[str, Any]) -> None:
    sent, received, read, thought, added = (
        number(told.get(f"{name}_token_count")) for name in ("input", "output", "cached_content", "thoughts", "tool")
    )
    record.attributes = told | {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": _provider(record, told),
        "gen_ai.request.model": told.get("model"),
        "gen_ai.response.id": _identity(record, told.get("model"), sent, received),
        "gen_ai.response.finish_reasons": told.get("finish_reasons"),
        "gen_ai.usage.input_tokens": _sum(sent, added),
        "gen_ai.usage.output_tokens": _sum(received, thought),
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.reasoning.output_tokens": thought,
        "error.type": told.get("error_type", told.get("error.type")),
        "http.response.status_code": number(told.get("status_code")),
    }
    record.set_duration(number(told.get("duration_ms")))
    if record.event in _FAILED:
        record.failed, record.message = True, str(told.get("error", told.get("error.message")) or "")


def _provider(record: Record, told: dict[str, Any]) -> str | None:
    """Return the provider as Gemini CLI tells it in OpenTelemetry's event."""
    if not record.event.startswith("gemini"):
        return None
    return "gcp.gen_ai" if told.get("auth_type") == _GEMINI_API else "gcp.vertex_ai"


def _sum(count: Any, more: Any) -> Any:
    return count + more if is_number(count) and is_number(more) and more > 0 else count


def _identity(record: Record, *parts: Any) -> str | None:
    """Return an id that both events of one call have, and no other call of the session."""
    session, moment = record.attributes.get("session.id", record.trace_id), record.attributes.get("event.timestamp")
    return None if moment is None else "|".join(map(str, (session, moment, *parts)))
