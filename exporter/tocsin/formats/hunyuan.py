"""Tencent's Hunyuan over Tencent Cloud's own API, converted to OpenAI's format, whose names it has in PascalCase.

https://cloud.tencent.com/document/product/1729/105701. A response is inside ``Response``, as Tencent's errors are,
under HTTP 200; the events of a stream, and what Tencent's SDKs return, are not wrapped. An error in a stream is in
``ErrorMsg``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from tocsin.formats.texts import part_text

_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_DEPTH_MAX: Final = 8
"""A response is nested less deeply: ``Response.Choices[].Message.ToolCalls[].Function.Name``."""
_STATUSES: Final = {
    "AuthFailure": 401, "UnauthorizedOperation": 403, "FailedOperation.ServiceNotActivated": 403,
    "FailedOperation.ServiceStop": 402, "ResourceUnavailable.InArrears": 402, "ResourceUnavailable.LowBalance": 402,
    "LimitExceeded": 429, "RequestLimitExceeded": 429, "FailedOperation.EngineServerLimitExceeded": 429,
}  # fmt: skip
"""The HTTP status equivalent to a code, or to its first part, that has no known words."""


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body, or an event of a stream, is of this API; Tencent's others have such errors."""
    inner = _inside(body)
    return isinstance(inner.get("Choices"), list) or isinstance(inner.get("Error"), dict) or "ErrorMsg" in inner


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
    response = _snake(_inside(body))
    error = response.get("error") or response.pop("error_msg", None)
    if isinstance(error, dict):
        error = {"message": error.get("msg"), "status": _status(str(error.get("code"))), **error}
    return {**response, "id": response.get("id") or response.get("request_id"), "error": error or body.get("error")}


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the events of a stream into one body, with the first choice."""
    chunks = [as_openai(event) for event in events]
    first = [chunk["choices"][0] for chunk in chunks if isinstance(chunk.get("choices"), list) and chunk["choices"]]
    choices = [choice for choice in first if isinstance(choice, dict)]
    deltas = [delta for choice in choices if isinstance(delta := choice.get("delta"), dict)]
    reasons = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    error = next((chunk["error"] for chunk in chunks if chunk.get("error")), None)
    calls = [call for delta in deltas if isinstance(delta.get("tool_calls"), list) for call in delta["tool_calls"]]
    return {
        **chunks[-1],
        "usage": next((chunk["usage"] for chunk in reversed(chunks) if chunk.get("usage")), None),
        "choices": [{
            "finish_reason": reasons[-1] if reasons else None,
            "message": {"content": "".join(part_text(delta.get("content")) for delta in deltas), "tool_calls": calls},
        }],
        **({"error": error} if error else {}),
    }  # fmt: skip


def request(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request in OpenAI's format."""
    return dict(_snake(body))


def _status(code: str) -> int | None:
    return _STATUSES.get(code) or _STATUSES.get(code.partition(".")[0])


def _inside(body: dict[str, Any]) -> dict[str, Any]:
    inner = body.get("Response")
    return inner if isinstance(inner, dict) else body


def _snake(value: Any, depth: int = _DEPTH_MAX) -> Any:
    """Convert the keys of the objects in a value to snake_case, down to a depth."""
    if depth and isinstance(value, dict):
        return {_WORDS.sub("_", name).lower(): _snake(inner, depth - 1) for name, inner in value.items()}
    return [_snake(inner, depth - 1) for inner in value] if depth and isinstance(value, list) else value
