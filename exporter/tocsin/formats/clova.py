"""Naver's CLOVA Studio (HyperCLOVA X), converted to OpenAI's format: a response is in ``result`` beside a ``status``.

https://api.ncloud-docs.com/docs/clovastudio-chatcompletionsv3. The code of a status is an HTTP status and two more
digits. A stream has the fragments, and finally the whole text again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_REASONS: Final = ("finishReason", "stopReason")
_EVENT_KEYS: Final = frozenset((*_REASONS, "inputLength", "outputLength"))


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body is of this API."""
    return isinstance(body.get("status"), dict) and _message(body.get("result")) is not None


def is_event(chunk: dict[str, Any]) -> bool:
    """Return whether an object is an event of a stream of this API."""
    return isinstance(chunk.get("message"), dict) and not chunk.keys().isdisjoint(_EVENT_KEYS)


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
    result = body["result"]
    usage, message = result.get("usage"), _message(result) or {}
    counts = usage if isinstance(usage, dict) else {}
    details = counts.get("completionTokensDetails")
    reason = next((result[name] for name in _REASONS if result.get(name)), None)
    return {
        "created": result.get("created"),
        "choices": [{
            "finish_reason": reason,
            "message": {"content": message.get("content"), "tool_calls": message.get("toolCalls")},
        }],
        "usage": {
            "prompt_tokens": counts.get("promptTokens", result.get("inputLength")),
            "completion_tokens": counts.get("completionTokens", result.get("outputLength")),
            "completion_tokens_details": {
                "reasoning_tokens": details.get("thinkingTokens") if isinstance(details, dict) else None
            },
        } if counts or "inputLength" in result else None,
        "error": body.get("error"),
    }  # fmt: skip


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the events of a stream into one body."""
    texts = [text if isinstance(text := event["message"].get("content"), str) else "" for event in events]
    *fragments, last = texts
    whole = last if last and last == "".join(fragments) else "".join(texts)
    return {"status": {}, "result": {**events[-1], "message": {**events[-1]["message"], "content": whole}}}


def _message(result: Any) -> dict[str, Any] | None:
    """Return the message of a result; for completions, their text as one."""
    if not isinstance(result, dict):
        return None
    message, text = result.get("message"), result.get("text")
    if isinstance(message, dict):
        return message
    return {"content": text} if isinstance(text, str) and "inputLength" in result else None
