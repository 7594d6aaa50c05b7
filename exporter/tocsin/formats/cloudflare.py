"""Cloudflare's Workers AI, whose answers are in the ``result`` of its API, converted to OpenAI's format.

https://developers.cloudflare.com/workers-ai. Models with OpenAI's API have their whole body there, others a text
called ``response``, of which each event of a stream has a fragment.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

_EVENT_KEYS: Final = frozenset(("response", "p", "usage", "tool_calls"))
_OPENAI_KEYS: Final = ("choices", "output")


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body is of this API."""
    result = body.get("result")
    return "success" in body and isinstance(result, dict) and not result.keys().isdisjoint(("response", *_OPENAI_KEYS))


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
    result = body["result"]
    errors: dict[str, Any] = {name: body[name] for name in ("success", "errors", "error") if name in body}
    if not result.keys().isdisjoint(_OPENAI_KEYS):
        return {**errors, **result}
    answer = result.get("response")
    text = answer if isinstance(answer, str) or answer is None else json.dumps(answer, ensure_ascii=False)  # JSON mode
    message = {"content": text, "tool_calls": result.get("tool_calls")}
    return {**errors, "choices": [{"finish_reason": None, "message": message}], "usage": result.get("usage")}


def is_event(chunk: dict[str, Any]) -> bool:
    """Return whether an object is an event of a stream of this API."""
    return isinstance(chunk.get("response"), str) and chunk.keys() <= _EVENT_KEYS


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the events of a stream into one body."""
    text = "".join(event["response"] for event in events)
    usage = next((event["usage"] for event in reversed(events) if event.get("usage")), None)
    return {"result": {"response": text, "usage": usage}, "success": True}
