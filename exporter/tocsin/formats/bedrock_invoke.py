"""Amazon Bedrock's InvokeModel bodies in a model's own format (Titan, Llama, Claude 2), converted to OpenAI's.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html. The chunks of a stream have the same fields:
their texts are concatenated, and their counts are cumulative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tocsin.formats import bedrock
from tocsin.formats.lenient import first_of

_TEXTS = ("outputText", "generation", "completion")


def is_body(body: dict[str, Any]) -> bool:
    """Return whether an object is such a body, or a chunk of one."""
    return "inputTextTokenCount" in body or ("stop_reason" in body and ("generation" in body or "completion" in body))


def stream(chunks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the chunks of a stream into one body."""
    body: dict[str, Any] = {}
    for chunk in chunks:
        body |= {name: value for name, value in chunk.items() if value is not None}
    for name in _TEXTS:
        texts = [text for chunk in chunks if isinstance(text := chunk.get(name), str)]
        body |= {name: "".join(texts)} if texts else {}
    return body


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
    results = body.get("results")
    result = results[0] if isinstance(results, list) and results and isinstance(results[0], dict) else body
    text = first_of(result, _TEXTS)
    sent = first_of(body, ("inputTextTokenCount", "prompt_token_count"))
    received = first_of(result, ("tokenCount", "totalOutputTextTokenCount", "generation_token_count"))
    usage = {"prompt_tokens": sent, "completion_tokens": received}
    choice = {"finish_reason": first_of(result, ("completionReason", "stop_reason")), "message": {"content": text}}
    return {
        "choices": [] if text is None else [choice],  # embeddings have none
        "usage": bedrock.measured(body) if sent is None and received is None else usage,
        "error": body.get("error") or bedrock.blocked(body),
        bedrock.METRICS: body.get(bedrock.METRICS),
    }
