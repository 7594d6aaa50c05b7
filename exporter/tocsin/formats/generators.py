"""Bodies of servers that generate text under names of their own, converted to OpenAI's.

llama.cpp (``/completion``, https://github.com/ggml-org/llama.cpp/tree/master/tools/server), SGLang (``/generate``,
https://docs.sglang.io), KoboldCpp, watsonx (https://cloud.ibm.com/apidocs/watsonx-ai), Hugging Face without
details, PaLM on Vertex AI, and on Bedrock Mistral and Jurassic
(https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html). They are bodies in a pair alone: by itself
an object with a text is anybody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tocsin.formats import bedrock
from tocsin.formats.texts import whole_text

_LISTS: Final = ("results", "outputs", "completions", "predictions")
_TEXTS: Final = ("generated_text", "text", "content")
_REASONS: Final = ("stop_reason", "finish_reason", "finishReason", "stop_type")
_SENT: Final = ("input_token_count", "prompt_tokens", "tokens_evaluated")
_RECEIVED: Final = ("generated_token_count", "completion_tokens", "tokens_predicted")
_SURE: Final = frozenset((*_SENT, *_RECEIVED))
"""Counts that nobody else has beside a text."""
_BESIDE: Final = _SURE | {*_REASONS, "generated_text", "meta_info", "safetyAttributes", "stop", bedrock.METRICS}


def is_body(body: dict[str, Any], beside: frozenset[str] = _BESIDE) -> bool:
    """Tell whether a response body, or a piece of a stream, is of such a server; none has OpenAI's ``usage``."""
    told = _told(body)
    if "usage" in body or told.keys().isdisjoint(beside):
        return False
    return any(isinstance(told.get(name), str) for name in _TEXTS)


def is_sure(body: dict[str, Any]) -> bool:
    """Tell whether a response body is of such a server, whatever was asked."""
    return is_body({**body, **_meta(body)}, _SURE)


def _told(body: dict[str, Any]) -> dict[str, Any]:
    """Return what is told of the first text: where the body has a list of them, the first one with what it wraps."""
    for name in _LISTS:
        listed = body.get(name)
        first = listed[0] if isinstance(listed, list) and listed else None
        if isinstance(first, dict):
            inner = first.get("data")  # Jurassic's
            return {**first, **inner} if isinstance(inner, dict) else first
    return body


def _meta(body: dict[str, Any]) -> dict[str, Any]:
    """Return what SGLang tells beside a text."""
    meta = body.get("meta_info")
    return meta if isinstance(meta, dict) else {}


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body under OpenAI's names."""
    told, meta = _told(body), _meta(body)
    counted = {**body, **told, **meta}
    sent, received = _first(counted, _SENT), _first(counted, _RECEIVED)
    usage = {
        "prompt_tokens": sent,
        "completion_tokens": received,
        "prompt_tokens_details": {"cached_tokens": counted.get("cached_tokens")},
    }
    named = meta.get("id", body.get("id"))  # not of a text in a list, which may be its number there
    return {
        "id": named if isinstance(named, str) else None,  # Jurassic's is 1234, always
        "model": _first(body, ("model", "model_id")),
        "created": body.get("created_at"),
        "choices": [{"finish_reason": _reason(counted), "message": {"content": _first(told, _TEXTS)}}],
        "usage": bedrock.measured(body) or _of_palm(body) if sent is None and received is None else usage,
        "error": body.get("error"),
        bedrock.METRICS: body.get(bedrock.METRICS),
    }


def _first(told: dict[str, Any], names: Sequence[str]) -> Any:
    return next((told[name] for name in names if told.get(name) is not None), None)


def _reason(told: dict[str, Any]) -> Any:
    """Return why a text ended; SGLang has its type, and Jurassic its reason, in an object."""
    reason = _first(told, _REASONS)
    return reason.get("type", reason.get("reason")) if isinstance(reason, dict) else reason


def _of_palm(body: dict[str, Any]) -> dict[str, Any] | None:
    counts: Any = body.get("metadata")
    counts = counts.get("tokenMetadata") if isinstance(counts, dict) else None
    if not isinstance(counts, dict):
        return None
    sent, received = (
        count.get("totalTokens") if isinstance(count := counts.get(name), dict) else None
        for name in ("inputTokenCount", "outputTokenCount")
    )
    return {"prompt_tokens": sent, "completion_tokens": received}


def stream(pieces: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the body that its pieces amount to: the last one, which has the counts, with the text of all."""
    texts = [text for piece in pieces if isinstance(text := _first(_told(piece), _TEXTS), str)]
    last, told = pieces[-1], _told(pieces[-1])
    whole = {name: value for name, value in {**last, **told}.items() if name not in (*_LISTS, *_TEXTS)}
    return {**whole, "generated_text": whole_text(texts) if "meta_info" in last else "".join(texts)}
