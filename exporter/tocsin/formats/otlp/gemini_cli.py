"""Log events of calls by Gemini CLI and its fork Qwen Code, converted to OpenTelemetry's names.

https://geminicli.com/docs/cli/telemetry. Each call is logged twice: under their own names, with all counts, and as
OpenTelemetry's event, with the content. Both have the same time. The latter is also logged when a request is sent, and
when it failed, without the error. Thoughts are counted outside the answer, tool results outside the prompt. Newer
versions name an error as OpenTelemetry does.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.lenient import is_number
from tocsin.formats.otlp.record import Record, number

_AGENTS: Final = ("gemini-cli", "qwen-code")
_SUCCEEDED: Final = ("gemini_cli.api_response", "qwen-code.api_response")
_FAILED: Final = ("gemini_cli.api_error", "qwen-code.api_error")
_DETAILS: Final = "gen_ai.client.inference.operation.details"
_RESPONSE_KEYS: Final = frozenset(
    ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.response.finish_reasons", "gen_ai.response.id")
)
_SESSION: Final = "session.id"
_GEMINI_API: Final = "gemini-api-key"


def is_event(record: Record) -> bool:
    """Return whether a log record is their own event of a successful or a failed call."""
    return record.is_log and (record.event in _SUCCEEDED or record.event in _FAILED)


def is_without_response(record: Record) -> bool:
    """Return whether a log record is OpenTelemetry's event, but without any response, or cannot be matched to one.

    Its own time differs from that of their event by a moment: if a processor removed the attribute, only that counts.
    """
    if record.scope not in _AGENTS or record.event != _DETAILS:
        return False
    attributes = record.attributes
    return "event.timestamp" not in attributes or attributes.keys().isdisjoint(_RESPONSE_KEYS)


def rename(record: Record) -> None:
    """Convert an event of a call to OpenTelemetry's names; leave any other record unchanged."""
    if not record.is_log:
        return
    attributes = record.attributes
    if record.event == _DETAILS and record.scope in _AGENTS:
        counts = (attributes.get("gen_ai.usage.input_tokens"), attributes.get("gen_ai.usage.output_tokens"))
        shared_id = record.call_id(_SESSION, attributes.get("gen_ai.request.model"), *counts)
        record.attributes = attributes | {"gen_ai.response.id": shared_id or attributes.get("gen_ai.response.id")}
    elif is_event(record):
        _rename(record, attributes)


def _rename(record: Record, event: dict[str, Any]) -> None:
    sent, received, read, thoughts, tool_results = (
        number(event.get(f"{name}_token_count")) for name in ("input", "output", "cached_content", "thoughts", "tool")
    )
    record.attributes = event | {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": _provider(record, event),
        "gen_ai.request.model": event.get("model"),
        "gen_ai.response.id": record.call_id(_SESSION, event.get("model"), sent, received),
        "gen_ai.response.finish_reasons": event.get("finish_reasons"),
        "gen_ai.usage.input_tokens": _sum(sent, tool_results),
        "gen_ai.usage.output_tokens": _sum(received, thoughts),
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.reasoning.output_tokens": thoughts,
        "error.type": event.get("error_type", event.get("error.type")),
        "http.response.status_code": number(event.get("status_code")),
    }
    record.set_duration(number(event.get("duration_ms")))
    if record.event in _FAILED:
        record.failed, record.message = True, str(event.get("error", event.get("error.message")) or "")


def _provider(record: Record, attributes: dict[str, Any]) -> str | None:
    """Return the provider as in OpenTelemetry's event of Gemini CLI."""
    if not record.event.startswith("gemini"):
        return None
    return "gcp.gen_ai" if attributes.get("auth_type") == _GEMINI_API else "gcp.vertex_ai"


def _sum(count: Any, more: Any) -> Any:
    return count + more if is_number(count) and is_number(more) and more > 0 else count
