"""Text Generation Inference's own API (``/generate``, ``/generate_stream``), converted to OpenAI's format.

https://huggingface.github.io/text-generation-inference. Output tokens are always counted; input tokens only in streams,
and if the prompt's tokens were requested (``decoder_input_details``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body is of this API, with its details."""
    return "generated_text" in body and isinstance(body.get("details"), dict)


def is_event(chunk: dict[str, Any]) -> bool:
    """Return whether an object is an event of a stream: each has one token, the last one also the whole text."""
    return "generated_text" in chunk and isinstance(chunk.get("token"), dict)


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the events of a stream into one body."""
    last = next((event for event in events if is_body(event)), None)
    if last is not None:
        return {"generated_text": last["generated_text"], "details": last["details"]}
    texts = [event["token"].get("text") for event in events]
    return {"generated_text": "".join(text for text in texts if isinstance(text, str)), "details": {}}


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
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
