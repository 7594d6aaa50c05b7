"""YandexGPT's own API, converted to OpenAI's.

https://yandex.cloud/docs/foundation-models/text-generation/api-ref/TextGeneration/completion. Counts are texts. A
stream is one JSON object per line, each with all of the text so far. The model's URI contains the caller's folder,
which is dropped; the version that answered is a date.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_STATUS: Final = "ALTERNATIVE_STATUS_"
_REASONS: Final = {
    "FINAL": "stop", "TRUNCATED_FINAL": "length", "CONTENT_FILTER": "content_filter", "TOOL_CALLS": "tool_calls",
}  # fmt: skip
_OPTIONS: Final = {"temperature": "temperature", "maxTokens": "max_tokens", "stream": "stream"}


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body, or a line of a stream, is of this API."""
    result = body.get("result")
    return isinstance(result, dict) and isinstance(result.get("alternatives"), list)


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
    result = body["result"]
    usage = result.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    reasoning = _inside(counts, "completionTokensDetails", "reasoningTokens")
    return {
        "system_fingerprint": result.get("modelVersion"),
        "choices": [_choice(each) for each in result["alternatives"] if isinstance(each, dict)],
        "usage": {
            "prompt_tokens": counts.get("inputTextTokens"),
            "completion_tokens": counts.get("completionTokens"),
            "total_tokens": counts.get("totalTokens"),
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        } if counts else None,
        "error": body.get("error"),
    }  # fmt: skip


def stream(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the last of the lines of a stream: it has the whole answer."""
    return lines[-1]


def request(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request in OpenAI's format."""
    uri, options, messages = body.get("modelUri"), body.get("completionOptions"), body.get("messages")
    options = options if isinstance(options, dict) else {}
    return {
        "model": uri.split("/", 3)[-1] if isinstance(uri, str) else None,
        "messages": [_message(message) for message in messages] if isinstance(messages, list) else body.get("text"),
        **{ours: options[name] for name, ours in _OPTIONS.items() if name in options},
    }


def _message(message: Any) -> Any:
    return {"role": message.get("role"), "content": message.get("text")} if isinstance(message, dict) else message


def _choice(alternative: dict[str, Any]) -> dict[str, Any]:
    message = alternative.get("message")
    message = message if isinstance(message, dict) else {}
    status = str(alternative.get("status") or "").removeprefix(_STATUS)
    calls = _inside(message, "toolCallList", "toolCalls")
    return {
        "finish_reason": _REASONS.get(status),
        "message": {
            "content": message.get("text"),
            "tool_calls": [{"function": call.get("functionCall")} for call in calls if isinstance(call, dict)]
            if isinstance(calls, list) else None,
        },
    }  # fmt: skip


def _inside(body: dict[str, Any], name: str, inner: str) -> Any:
    found = body.get(name)
    return found.get(inner) if isinstance(found, dict) else None
