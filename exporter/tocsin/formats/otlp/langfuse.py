"""Spans of Langfuse's SDKs (3 and later), converted to OpenTelemetry's names.

https://langfuse.com/integrations/native/opentelemetry#property-mapping. Values other than text are JSON in a text.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.lenient import first_of, is_number, text_seconds
from tocsin.formats.otlp.record import Record
from tocsin.formats.otlp.texts import object_of

_OBSERVATION: Final = "langfuse.observation."
_OPERATIONS: Final = {"generation": "chat", "embedding": "embeddings"}
_NAMES: Final = {
    "model.name": "gen_ai.request.model", "input": "gen_ai.prompt", "output": "gen_ai.completion",
    "prompt.name": "gen_ai.prompt.name", "prompt.version": "gen_ai.prompt.version",
}  # fmt: skip
_SENT: Final = ("input", "prompt_tokens", "input_tokens")
_RECEIVED: Final = ("output", "completion_tokens", "output_tokens")
_CACHE_READ: Final = ("input_cache_read", "input_cached_tokens", "cache_read_input_tokens", "cached_tokens")
_CACHE_WRITE: Final = ("input_cache_creation", "cache_creation_input_tokens")
_REASONING: Final = ("output_reasoning", "output_reasoning_tokens", "reasoning_tokens")
"""Names of token counts, which are free: those of Langfuse's own integrations, and OpenAI's."""


def rename(record: Record) -> None:
    """Convert a generation or an embedding to OpenTelemetry's names; leave any other span unchanged."""
    attributes = record.attributes
    operation = _OPERATIONS.get(str(attributes.get(f"{_OBSERVATION}type")))
    if operation is None or "gen_ai.operation.name" in attributes:
        return
    cost = object_of(attributes.get(f"{_OBSERVATION}cost_details"))
    first_token = _first_token(record, attributes)
    renamed = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.stream": first_token is not None,
        "gen_ai.response.time_to_first_chunk": first_token,
        "gen_ai.usage.cost": cost.get("total", _total(cost)),
        **{ours: attributes.get(f"{_OBSERVATION}{name}") for name, ours in _NAMES.items()},
        **_usage(object_of(attributes.get(f"{_OBSERVATION}usage_details"))),
    }
    record.attributes = renamed | attributes
    if attributes.get(f"{_OBSERVATION}level") == "ERROR":
        record.failed, record.message = True, str(attributes.get(f"{_OBSERVATION}status_message") or record.message)


def _usage(details: dict[str, Any]) -> dict[str, Any]:
    """Return the counts, inclusive.

    By Langfuse's convention ``input`` excludes counts whose names begin with it, and so does ``output``: the total is
    the sum of all. OpenAI's names, with their details in nested objects, are inclusive already.
    """
    counts = dict(details)
    for inner in details.values():
        counts |= inner if isinstance(inner, dict) else {}
    sent, received = first_of(counts, _SENT), first_of(counts, _RECEIVED)
    total = first_of(counts, ("total", "total_tokens"))
    output = received if is_number(received) else 0
    if "input" in counts and is_number(sent) and not (is_number(total) and total <= sent + output):
        sent += _total(_parts(counts), "input_", "cache_") or 0
        received = received + (_total(_parts(counts), "output_") or 0) if is_number(received) else received
    return {
        "gen_ai.usage.input_tokens": sent,
        "gen_ai.usage.output_tokens": received,
        "gen_ai.usage.cache_read.input_tokens": first_of(counts, _CACHE_READ),
        "gen_ai.usage.cache_creation.input_tokens": first_of(counts, _CACHE_WRITE),
        "gen_ai.usage.reasoning.output_tokens": first_of(counts, _REASONING),
    }


def _parts(counts: dict[str, Any]) -> dict[str, Any]:
    """Return the counts that may be part of the input or the output: all but these two under their other names."""
    return {name: count for name, count in counts.items() if name not in (*_SENT, *_RECEIVED)}


def _total(counts: dict[str, Any], *prefixes: str) -> Any:
    """Return the sum of the numbers whose names begin with one of the prefixes, or of all; None if there are none."""
    numbers = [count for name, count in counts.items() if is_number(count) and name.startswith(prefixes or "")]
    return sum(numbers) if numbers else None


def _first_token(record: Record, attributes: dict[str, Any]) -> float | None:
    """Return the seconds to the first token of a stream; None without streaming."""
    raw = attributes.get(f"{_OBSERVATION}completion_start_time")
    moment = text_seconds(raw.strip('"')) if isinstance(raw, str) else None
    if moment is None or not record.start < moment * 1e9 < record.end:
        return None
    return moment - record.start / 1e9
