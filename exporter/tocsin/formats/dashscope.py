"""DashScope's own API, whose answer is inside ``output``, converted to OpenAI's format.

https://help.aliyun.com/zh/model-studio/qwen-api-via-dashscope. Each event of a stream has all of the text so far, or
a fragment if ``incremental_output`` was requested; a finish reason that is not yet known is the text "null".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tocsin.formats.texts import part_text, stream_text

_TEXT_KEYS: Final = {"text", "finish_reason"}


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body, or an event of a stream, is of this API."""
    output, usage = body.get("output"), body.get("usage")
    answered = isinstance(output, dict) and (isinstance(output.get("choices"), list) or output.keys() >= _TEXT_KEYS)
    return answered and isinstance(usage, dict) and "output_tokens" in usage


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
    return stream([body])


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the events of a stream into one body in OpenAI's format."""
    first = [_first(event["output"]) for event in events]
    messages = [choice["message"] for choice in first]
    reasons = [reason for choice in first if (reason := choice.get("finish_reason")) not in (None, "null")]
    text = stream_text([part_text(message.get("content")) for message in messages])
    return {
        "id": events[-1].get("request_id"),
        "choices": [{
            "finish_reason": reasons[-1] if reasons else None,
            "message": {"content": text, "tool_calls": _tool_calls(messages)},
        }],
        "usage": events[-1].get("usage"),
        "error": events[-1].get("error"),
    }  # fmt: skip


def _tool_calls(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tool calls, whose arguments are cumulative or fragments, as the texts are."""
    by_index: dict[int, list[dict[str, Any]]] = {}
    for message in messages:
        calls = message.get("tool_calls")
        for place, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict) and isinstance(call.get("function"), dict):
                index = call.get("index")
                by_index.setdefault(index if isinstance(index, int) else place, []).append(call["function"])
    return [
        {"function": {
            "name": next((piece["name"] for piece in pieces if piece.get("name")), None),
            "arguments": stream_text([text for piece in pieces if isinstance(text := piece.get("arguments"), str)]),
        }}
        for pieces in by_index.values()
    ]  # fmt: skip


def _first(output: dict[str, Any]) -> dict[str, Any]:
    """Return the first answer in the format of a choice."""
    choices = output.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else output
    message = choice.get("message")
    return {**choice, "message": message if isinstance(message, dict) else {"content": choice.get("text")}}
