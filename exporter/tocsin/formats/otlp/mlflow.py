"""Spans of MLflow's tracing of calls to a model, converted to OpenTelemetry's names.

https://mlflow.org/docs/latest/genai/tracing/. Each attribute is JSON in a text, be it a text itself; the bodies of
request and response stand in ``mlflow.spanInputs`` and ``mlflow.spanOutputs``.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.otlp.record import Record
from tocsin.formats.otlp.texts import object_of

_OPERATIONS: Final = {"CHAT_MODEL": "chat", "LLM": "chat", "EMBEDDING": "embeddings"}


def rename(record: Record) -> None:
    """Give a span of a call OpenTelemetry's names; any other record keeps its own."""
    told = record.attributes
    kind = told.get("mlflow.spanType")
    operation = _OPERATIONS.get(_plain(kind)) if isinstance(kind, str) else None
    if operation is None or "gen_ai.operation.name" in told:
        return
    counts, cost = object_of(told.get("mlflow.chat.tokenUsage")), object_of(told.get("mlflow.llm.cost"))
    answered = object_of(told.get("mlflow.spanOutputs"))
    found: dict[str, Any] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _plain(told.get("mlflow.llm.provider")),
        "gen_ai.request.model": _plain(told.get("mlflow.llm.model")),
        "gen_ai.response.model": answered.get("model"),
        "gen_ai.usage.input_tokens": counts.get("input_tokens"),
        "gen_ai.usage.output_tokens": counts.get("output_tokens"),
        "gen_ai.usage.cache_read.input_tokens": counts.get("cache_read_input_tokens"),
        "gen_ai.usage.cache_creation.input_tokens": counts.get("cache_creation_input_tokens"),
        "gen_ai.usage.cost": cost.get("total_cost"),
        "input.value": told.get("mlflow.spanInputs"),
        "output.value": told.get("mlflow.spanOutputs"),
    }
    record.attributes = found | told


def _plain(told: Any) -> str:
    """Return a text that is JSON, or plain as older versions have it."""
    return told.strip('"') if isinstance(told, str) else ""
