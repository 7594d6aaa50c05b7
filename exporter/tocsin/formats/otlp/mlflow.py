"""MLflow's spans of calls to a model, converted to OpenTelemetry's names.

https://mlflow.org/docs/latest/genai/tracing/. Each attribute is JSON in a text, even a text; ``mlflow.spanInputs`` and
``mlflow.spanOutputs`` are the bodies of request and response.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.otlp.record import Record
from tocsin.formats.otlp.texts import object_of

_OPERATIONS: Final = {"CHAT_MODEL": "chat", "LLM": "chat", "EMBEDDING": "embeddings"}


def rename(record: Record) -> None:
    """Convert a span of a call to OpenTelemetry's names; leave any other record unchanged."""
    attributes = record.attributes
    kind = attributes.get("mlflow.spanType")
    operation = _OPERATIONS.get(_unquoted(kind)) if isinstance(kind, str) else None
    if operation is None or "gen_ai.operation.name" in attributes:
        return
    counts, cost = object_of(attributes.get("mlflow.chat.tokenUsage")), object_of(attributes.get("mlflow.llm.cost"))
    response = object_of(attributes.get("mlflow.spanOutputs"))
    renamed: dict[str, Any] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _unquoted(attributes.get("mlflow.llm.provider")),
        "gen_ai.request.model": _unquoted(attributes.get("mlflow.llm.model")),
        "gen_ai.response.model": response.get("model"),
        "gen_ai.usage.input_tokens": counts.get("input_tokens"),
        "gen_ai.usage.output_tokens": counts.get("output_tokens"),
        "gen_ai.usage.cache_read.input_tokens": counts.get("cache_read_input_tokens"),
        "gen_ai.usage.cache_creation.input_tokens": counts.get("cache_creation_input_tokens"),
        "gen_ai.usage.cost": cost.get("total_cost"),
        "input.value": attributes.get("mlflow.spanInputs"),
        "output.value": attributes.get("mlflow.spanOutputs"),
    }
    record.attributes = renamed | attributes


def _unquoted(value: Any) -> str:
    """Return a text that is JSON, or plain in older versions."""
    return value.strip('"') if isinstance(value, str) else ""
