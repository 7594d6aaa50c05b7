"""Amazon Bedrock's InvokeModel bodies in a model's own shape (Titan, Llama, Claude 2), converted to OpenAI's.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html. The chunks of a stream have the same shape:
their texts are concatenated, and their counts are cumulative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tocsin.formats import bedrock

_TEXTS = ("outputText", "generation", "completion")


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether an object is such a body, or a piece of one."""
    return "inputTextTokenCount" in body or ("stop_reason" in body and ("generation" in body or "completion" in body))


def stream(pieces: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the body that its pieces amount to."""
    whole: dict[str, Any] = {}
    for piece in pieces:
        whole |= {name: value for name, value in piece.items() if value is not None}
    for name in _TEXTS:
        texts = [text for piece in pieces if isinstance(text := piece.get(name), str)]
        whole |= {name: "".join(texts)} if texts else {}
    return whole


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body under OpenAI's names."""
    results = body.get("results")
    said = results[0] if isinstance(results, list) and results and isinstance(results[0], dict) else body
    text = _first(said, *_TEXTS)
    sent = _first(body, "inputTextTokenCount", "prompt_token_count")
    received = _first(said, "tokenCount", "totalOutputTextTokenCount", "generation_token_count")
    usage = {"prompt_tokens": sent, "completion_tokens": received}
    choice = {"finish_reason": _first(said, "completionReason", "stop_reason"), "message": {"content": text}}
    return {
        "choices": [] if text is None else [choice],  # embeddings have none
        "usage": bedrock.measured(body) if sent is None and received is None else usage,
        "error": body.get("error") or bedrock.blocked(body),
        bedrock.METRICS: body.get(bedrock.METRICS),
    }


def _first(told: dict[str, Any], *names: str) -> Any:
    return next((told[name] for name in names if told.get(name) is not None), None)
