"""Cohere's own API (``/v1/chat``, ``/v2/chat``, ``/v2/embed``), brought to the shape of OpenAI's.

https://docs.cohere.com/reference/chat and /reference/chat-stream. ``tokens`` are those of the model, ``billed_units``
leave out its preamble and are all that embeddings have. A stream is server-sent events, of the first version also one
object a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_EVENTS: Final = (
    "message-start", "message-end", "content-start", "content-delta", "content-end", "tool-plan-delta",
    "tool-call-start", "tool-call-delta", "tool-call-end", "citation-start", "citation-end",
)  # fmt: skip
_BROKEN_OFF: Final = {"TIMEOUT": "timeout", "USER_CANCEL": "cancelled"}
"""Reasons for an end that are failures, under HTTP 200, and our words for them."""


def _told(body: dict[str, Any]) -> dict[str, Any]:
    told = body.get("usage", body.get("meta"))
    return told if isinstance(told, dict) else {}


def _tokens(body: dict[str, Any]) -> dict[str, Any] | None:
    told = _told(body)
    for found in (told.get("tokens"), told.get("billed_units")):
        if isinstance(found, dict) and found.keys() & {"input_tokens", "output_tokens"}:
            return found
    return None


def _generations(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the texts of its Generate, on Bedrock too: beside them stands what was asked, or why each ended."""
    listed = body.get("generations")
    told = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if listed != told or not all(isinstance(one.get("text"), str) for one in told):
        return []
    return told if told and ("finish_reason" in told[0] or "prompt" in body or "meta" in body) else []


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether a response body is of this API."""
    if "generations" in body and "id" in body:
        return bool(_generations(body))
    named = "generation_id" in body or ("id" in body and isinstance(body.get("message"), dict))
    return (named and "finish_reason" in body) or _tokens(body) is not None


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body under OpenAI's names."""
    tokens = _tokens(body)
    usage = tokens and {**tokens, "input_tokens_details": {"cached_tokens": _told(body).get("cached_tokens")}}
    found: dict[str, Any] = {"choices": [], "usage": usage, "error": body.get("error")}
    found["id"] = body.get("id", body.get("generation_id"))
    if generations := _generations(body):
        return found | {
            "choices": [{"finish_reason": one.get("finish_reason"), "text": one["text"]} for one in generations]
        }
    if "finish_reason" not in body:  # embeddings
        return found
    message = body.get("message")
    said = message if isinstance(message, dict) else {"content": body.get("text"), "tool_calls": body.get("tool_calls")}
    why = _BROKEN_OFF.get(str(body["finish_reason"]).upper())
    return found | {
        "choices": [{"finish_reason": body["finish_reason"], "message": said, "error": why and {"type": why}}]
    }


def is_event(chunk: dict[str, Any]) -> bool:
    """Tell whether an object is an event of a stream of this API."""
    return chunk.get("type") in _EVENTS or isinstance(chunk.get("event_type"), str)


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the body that the events of a stream amount to; the last one of the first version holds it whole."""
    whole: dict[str, Any] = {"finish_reason": None}
    said: list[str] = []
    calls: list[dict[str, Any]] = []
    for event in events:
        ended = event.get("response")
        if event.get("event_type") == "stream-end" and isinstance(ended, dict):
            return {"finish_reason": event.get("finish_reason"), **ended}
        delta = event.get("delta")
        delta = delta if isinstance(delta, dict) else event
        message = delta.get("message")
        message = message if isinstance(message, dict) else {}
        whole |= {key: event[key] for key in ("id", "generation_id") if isinstance(event.get(key), str)}
        whole |= {key: delta[key] for key in ("finish_reason", "usage", "error") if delta.get(key)}
        content = message.get("content")
        text = content.get("text") if isinstance(content, dict) else event.get("text")
        said += [text] if isinstance(text, str) else []
        _call(calls, event.get("type"), message.get("tool_calls"))
    return {**whole, "message": {"content": "".join(said), "tool_calls": calls}}


def _call(calls: list[dict[str, Any]], kind: Any, told: Any) -> None:
    """Add the beginning of a call to a tool, or a piece of the last one's arguments."""
    function = told.get("function") if isinstance(told, dict) else None
    if not isinstance(function, dict):
        return
    if kind == "tool-call-start":
        calls.append({"function": dict(function)})
    elif calls and isinstance(function.get("arguments"), str):
        begun = calls[-1]["function"]
        begun["arguments"] = str(begun.get("arguments") or "") + function["arguments"]
