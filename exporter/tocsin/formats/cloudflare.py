"""Workers AI of Cloudflare, whose answers stand in the ``result`` of its API, converted to OpenAI's.

https://developers.cloudflare.com/workers-ai. Models that speak OpenAI's API have their whole body there, others a text
called ``response``, of which a stream has a piece in each event.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

_OF_EVENTS: Final = frozenset(("response", "p", "usage", "tool_calls"))
_OPENAIS: Final = ("choices", "output")


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether a response body is of this API."""
    result = body.get("result")
    return "success" in body and isinstance(result, dict) and not result.keys().isdisjoint(("response", *_OPENAIS))


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body under OpenAI's names."""
    result = body["result"]
    errors: dict[str, Any] = {name: body[name] for name in ("success", "errors", "error") if name in body}
    if not result.keys().isdisjoint(_OPENAIS):
        return {**errors, **result}
    said = result.get("response")
    text = said if isinstance(said, str) or said is None else json.dumps(said, ensure_ascii=False)  # of JSON mode
    message = {"content": text, "tool_calls": result.get("tool_calls")}
    return {**errors, "choices": [{"finish_reason": None, "message": message}], "usage": result.get("usage")}


def is_event(chunk: dict[str, Any]) -> bool:
    """Tell whether an object is an event of a stream of this API."""
    return isinstance(chunk.get("response"), str) and chunk.keys() <= _OF_EVENTS


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the body that the events of a stream amount to."""
    said = "".join(event["response"] for event in events)
    usage = next((event["usage"] for event in reversed(events) if event.get("usage")), None)
    return {"result": {"response": said, "usage": usage}, "success": True}
