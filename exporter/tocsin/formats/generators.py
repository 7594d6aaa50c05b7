"""Bodies of text generation servers with formats of their own, converted to OpenAI's.

llama.cpp (``/completion``, https://github.com/ggml-org/llama.cpp/tree/master/tools/server), SGLang (``/generate``,
https://docs.sglang.io), Triton (``/generate``, https://docs.nvidia.com/deeplearning/triton-inference-server),
KoboldCpp, watsonx (https://cloud.ibm.com/apidocs/watsonx-ai), Hugging Face without details, PaLM on Vertex AI, and on
Bedrock Mistral and Jurassic (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html). They are
recognised only in a pair: on its own an object with a text could be anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tocsin.formats import bedrock
from tocsin.formats.lenient import first_of
from tocsin.formats.texts import stream_text

_LISTS: Final = ("results", "outputs", "completions", "predictions")
_TEXTS: Final = ("generated_text", "text", "content", "text_output")
_REASONS: Final = ("stop_reason", "finish_reason", "finishReason", "stop_type")
_SENT: Final = ("input_token_count", "prompt_tokens", "tokens_evaluated", "num_input_tokens")
_RECEIVED: Final = ("generated_token_count", "completion_tokens", "tokens_predicted", "num_output_tokens")
_SURE: Final = frozenset((*_SENT, *_RECEIVED))
"""Counts that no other format has beside a text."""
_BESIDE: Final = _SURE | {
    *_REASONS, "generated_text", "meta_info", "safetyAttributes", "stop", "model_version", bedrock.METRICS,
}  # fmt: skip


def is_body(body: dict[str, Any], beside: frozenset[str] = _BESIDE) -> bool:
    """Return whether a response body, or a chunk of a stream, is of such a server; none has OpenAI's ``usage``."""
    result = _first_result(body)
    if "usage" in body or result.keys().isdisjoint(beside):
        return False
    return any(isinstance(result.get(name), str) for name in _TEXTS)


def is_sure(body: dict[str, Any]) -> bool:
    """Return whether a response body is of such a server, whatever the request."""
    return is_body({**body, **_meta(body)}, _SURE)


def _first_result(body: dict[str, Any]) -> dict[str, Any]:
    """Return the object with the first text: the body, or the first of its list, with what that one wraps."""
    for name in _LISTS:
        listed = body.get(name)
        first = listed[0] if isinstance(listed, list) and listed else None
        if isinstance(first, dict):
            inner = first.get("data")  # Jurassic's
            return {**first, **inner} if isinstance(inner, dict) else first
    return body


def _meta(body: dict[str, Any]) -> dict[str, Any]:
    """Return SGLang's metadata of a text."""
    meta = body.get("meta_info")
    return meta if isinstance(meta, dict) else {}


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
    result, meta = _first_result(body), _meta(body)
    merged = {**body, **result, **meta}
    sent, received = first_of(merged, _SENT), first_of(merged, _RECEIVED)
    usage = {
        "prompt_tokens": sent,
        "completion_tokens": received,
        "prompt_tokens_details": {"cached_tokens": merged.get("cached_tokens")},
    }
    identity = meta.get("id", body.get("id"))  # not that of a list entry, which may be its index
    return {
        "id": identity if isinstance(identity, str) else None,  # Jurassic's is always 1234
        "model": first_of(body, ("model", "model_id", "model_name")),
        "created": body.get("created_at"),
        "choices": [{"finish_reason": _reason(merged), "message": {"content": first_of(result, _TEXTS)}}],
        "usage": bedrock.measured(body) or _palm_usage(body) if sent is None and received is None else usage,
        "error": body.get("error"),
        bedrock.METRICS: body.get(bedrock.METRICS),
    }


def _reason(tree: dict[str, Any]) -> Any:
    """Return the finish reason; SGLang's and Jurassic's are inside an object."""
    reason = first_of(tree, _REASONS)
    return reason.get("type", reason.get("reason")) if isinstance(reason, dict) else reason


def _palm_usage(body: dict[str, Any]) -> dict[str, Any] | None:
    counts: Any = body.get("metadata")
    counts = counts.get("tokenMetadata") if isinstance(counts, dict) else None
    if not isinstance(counts, dict):
        return None
    sent, received = (
        count.get("totalTokens") if isinstance(count := counts.get(name), dict) else None
        for name in ("inputTokenCount", "outputTokenCount")
    )
    return {"prompt_tokens": sent, "completion_tokens": received}


def stream(chunks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the chunks of a stream into one body: the last one, which has the counts, with the text of all."""
    texts = [text for chunk in chunks if isinstance(text := first_of(_first_result(chunk), _TEXTS), str)]
    last, result = chunks[-1], _first_result(chunks[-1])
    body = {name: value for name, value in {**last, **result}.items() if name not in (*_LISTS, *_TEXTS)}
    return {**body, "generated_text": stream_text(texts) if "meta_info" in last else "".join(texts)}
