"""Spans of Firebase Genkit's model actions, converted to OpenTelemetry's names.

https://genkit.dev/docs/observability/overview and ``js/core/src/tracing`` of https://github.com/genkit-ai/genkit. Input
and output are JSON text, or ``<redacted>`` if the exporter is configured so; flows, prompts and tools contain such
calls. The plugin precedes the model's name. Some plugins count thoughts outside the output.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.otlp.record import Record
from tocsin.formats.otlp.texts import object_of

_KIND: Final = "genkit:metadata:subtype"
_OPERATIONS: Final = {"model": "chat", "embedder": "embeddings"}
_REASONS: Final = {"blocked": "content_filter", "interrupted": "tool_calls"}
"""Interrupted: a tool waits for the user."""


def rename(record: Record) -> None:
    """Convert a span of a call to OpenTelemetry's names; leave any other record unchanged."""
    attributes = record.attributes
    if _KIND not in attributes:  # the usual case
        return
    operation = _OPERATIONS.get(str(attributes[_KIND]))
    if operation is None or "gen_ai.operation.name" in attributes:
        return
    plugin, _, model = str(attributes.get("genkit:name") or record.name).rpartition("/")
    output = object_of(attributes.get("genkit:output"))
    listed = output.get("candidates")  # older versions
    candidate = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else output
    usage = output.get("usage")
    counts: dict[str, Any] = usage if isinstance(usage, dict) else {}
    reason = candidate.get("finishReason")
    renamed = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": plugin or None,
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": counts.get("inputTokens"),
        "gen_ai.usage.output_tokens": counts.get("outputTokens"),
        "gen_ai.usage.total_tokens": counts.get("totalTokens"),
        "gen_ai.usage.cache_read.input_tokens": counts.get("cachedContentTokens"),
        "gen_ai.usage.reasoning.output_tokens": counts.get("thoughtsTokens"),
        "gen_ai.response.finish_reason": _REASONS.get(reason, reason) if isinstance(reason, str) else None,
        "gen_ai.conversation.id": attributes.get("genkit:sessionId"),
    }
    if operation == "chat":
        renamed["gen_ai.prompt"] = _body(attributes.get("genkit:input"))
        renamed["gen_ai.output.messages"] = _messages(candidate.get("message"))
    record.attributes = renamed | attributes
    record.failed = record.failed or attributes.get("genkit:state") == "error"


def _body(value: Any) -> Any:
    return value if isinstance(value, str) and value.startswith("{") else None


def _messages(message: Any) -> list[dict[str, Any]] | None:
    parts = message.get("content") if isinstance(message, dict) else None
    if not isinstance(parts, list):
        return None
    return [{"role": "assistant", "parts": [_part(part) for part in parts]}]


def _part(part: Any) -> Any:
    call = part.get("toolRequest") if isinstance(part, dict) else None
    return {"type": "tool_call", "name": call.get("name"), "input": call.get("input")} if (
        isinstance(call, dict)
    ) else part  # fmt: skip
