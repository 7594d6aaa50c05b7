"""Cohere's own API (``/v1/chat``, ``/v2/chat``), brought to the shape of OpenAI's.

https://docs.cohere.com/reference/chat. ``tokens`` are those of the model, ``billed_units`` leave out its preamble.
"""

from __future__ import annotations

from typing import Any


def _told(body: dict[str, Any]) -> dict[str, Any]:
    told = body.get("usage", body.get("meta"))
    return told if isinstance(told, dict) else {}


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether a response body is of this API."""
    return "choices" not in body and "finish_reason" in body and isinstance(_told(body).get("tokens"), dict)


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body under OpenAI's names."""
    told = _told(body)
    message = body.get("message")
    said = message if isinstance(message, dict) else {"content": body.get("text"), "tool_calls": body.get("tool_calls")}
    usage = {**told["tokens"], "input_tokens_details": {"cached_tokens": told.get("cached_tokens")}}
    choice = {"finish_reason": body["finish_reason"], "message": said}
    return {"id": body.get("id", body.get("generation_id")), "choices": [choice], "usage": usage}
