"""Text Generation Inference's own API (``/generate``, ``/generate_stream``), brought to the shape of OpenAI's.

https://huggingface.github.io/text-generation-inference. What was generated is counted; what was asked only in streams,
and where the tokens of the prompt were asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether a response body is of this API, with its details."""
    return "generated_text" in body and isinstance(body.get("details"), dict)


def is_event(chunk: dict[str, Any]) -> bool:
    """Tell whether an object is an event of a stream of this API: a token each, with the whole text in the last one."""
    return "generated_text" in chunk and isinstance(chunk.get("token"), dict)


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the body that the events of a stream amount to."""
    ended = next((event for event in events if is_body(event)), None)
    if ended is not None:
        return {"generated_text": ended["generated_text"], "details": ended["details"]}
    said = [event["token"].get("text") for event in events]
    return {"generated_text": "".join(text for text in said if isinstance(text, str)), "details": {}}


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body under OpenAI's names."""
    details = body["details"]
    prompt = details.get("prefill")
    sent = details.get("input_length") or (len(prompt) if isinstance(prompt, list) and prompt else None)
    usage = {"prompt_tokens": sent, "completion_tokens": details.get("generated_tokens")}
    choice = {"finish_reason": details.get("finish_reason"), "message": {"content": body["generated_text"]}}
    return {
        "choices": [choice],
        "usage": usage if any(count is not None for count in usage.values()) else None,
        "error": body.get("error"),
    }
