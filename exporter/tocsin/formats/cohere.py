"""Cohere's own API (``/v1/chat``, ``/v2/chat``, ``/v2/embed``), converted to OpenAI's format.

https://docs.cohere.com/reference/chat and /reference/chat-stream. ``tokens`` are those of the model; ``billed_units``
exclude its preamble, and are all that embeddings have. A stream is server-sent events; in version 1 it may also be one
object per line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_EVENTS: Final = (
    "message-start", "message-end", "content-start", "content-delta", "content-end", "tool-plan-delta",
    "tool-call-start", "tool-call-delta", "tool-call-end", "citation-start", "citation-end",
)  # fmt: skip
_FAILURES: Final = {"TIMEOUT": "timeout", "USER_CANCEL": "cancelled"}
"""Finish reasons that are failures under HTTP 200, and our reasons for them."""


def _usage(body: dict[str, Any]) -> dict[str, Any]:
    usage = body.get("usage", body.get("meta"))
    return usage if isinstance(usage, dict) else {}


def _tokens(body: dict[str, Any]) -> dict[str, Any] | None:
    usage = _usage(body)
    for counts in (usage.get("tokens"), usage.get("billed_units")):
        if isinstance(counts, dict) and counts.keys() & {"input_tokens", "output_tokens"}:
            return counts
    return None


def _generations(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the generations of the Generate API, which come with finish reasons, a prompt or ``meta``."""
    listed = body.get("generations")
    found = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    if listed != found or not all(isinstance(entry.get("text"), str) for entry in found):
        return []
    return found if found and ("finish_reason" in found[0] or "prompt" in body or "meta" in body) else []


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body is of this API."""
    if "generations" in body and "id" in body:
        return bool(_generations(body))
    named = "generation_id" in body or ("id" in body and isinstance(body.get("message"), dict))
    return (named and "finish_reason" in body) or _tokens(body) is not None


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
    tokens = _tokens(body)
    usage = tokens and {**tokens, "input_tokens_details": {"cached_tokens": _usage(body).get("cached_tokens")}}
    converted: dict[str, Any] = {"choices": [], "usage": usage, "error": body.get("error")}
    converted["id"] = body.get("id", body.get("generation_id"))
    if generations := _generations(body):
        return converted | {
            "choices": [{"finish_reason": entry.get("finish_reason"), "text": entry["text"]} for entry in generations]
        }
    if "finish_reason" not in body:  # embeddings
        return converted
    message = body.get("message")
    if not isinstance(message, dict):
        message = {"content": body.get("text"), "tool_calls": body.get("tool_calls")}
    failure = _FAILURES.get(str(body["finish_reason"]).upper())
    error = failure and {"type": failure}
    return converted | {"choices": [{"finish_reason": body["finish_reason"], "message": message, "error": error}]}


def is_event(chunk: dict[str, Any]) -> bool:
    """Return whether an object is an event of a stream of this API."""
    return chunk.get("type") in _EVENTS or isinstance(chunk.get("event_type"), str)


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the events of a stream into one body; in version 1 the last event contains all of it."""
    body: dict[str, Any] = {"finish_reason": None}
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for event in events:
        response = event.get("response")
        if event.get("event_type") == "stream-end" and isinstance(response, dict):
            return {"finish_reason": event.get("finish_reason"), **response}
        delta = event.get("delta")
        delta = delta if isinstance(delta, dict) else event
        message = delta.get("message")
        message = message if isinstance(message, dict) else {}
        body |= {key: event[key] for key in ("id", "generation_id") if isinstance(event.get(key), str)}
        body |= {key: delta[key] for key in ("finish_reason", "usage", "error") if delta.get(key)}
        content = message.get("content")
        text = content.get("text") if isinstance(content, dict) else event.get("text")
        texts += [text] if isinstance(text, str) else []
        _add_call(calls, event.get("type"), message.get("tool_calls"))
    return {**body, "message": {"content": "".join(texts), "tool_calls": calls}}


def _add_call(calls: list[dict[str, Any]], kind: Any, entry: Any) -> None:
    """Add the start of a tool call, or a fragment of the last one's arguments."""
    function = entry.get("function") if isinstance(entry, dict) else None
    if not isinstance(function, dict):
        return
    if kind == "tool-call-start":
        calls.append({"function": dict(function)})
    elif calls and isinstance(function.get("arguments"), str):
        last = calls[-1]["function"]
        last["arguments"] = str(last.get("arguments") or "") + function["arguments"]
