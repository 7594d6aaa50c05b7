"""DashScope's own API, converted to OpenAI's: its answer stands inside of ``output``.

https://help.aliyun.com/zh/model-studio/qwen-api-via-dashscope. Each event of a stream has all that was said so far, or
a piece where ``incremental_output`` was asked for; a reason that is not yet known is the text "null".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tocsin.formats.texts import part_text, whole_text

_ANSWERED: Final = {"text", "finish_reason"}


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether a response body, or an event of a stream, is of this API."""
    said, usage = body.get("output"), body.get("usage")
    answered = isinstance(said, dict) and (isinstance(said.get("choices"), list) or said.keys() >= _ANSWERED)
    return answered and isinstance(usage, dict) and "output_tokens" in usage


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body under OpenAI's names."""
    return stream([body])


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the events of a stream amount to, under OpenAI's names."""
    first = [_first(event["output"]) for event in events]
    messages = [choice["message"] for choice in first]
    reasons = [reason for choice in first if (reason := choice.get("finish_reason")) not in (None, "null")]
    said = whole_text([part_text(message.get("content")) for message in messages])
    return {
        "id": events[-1].get("request_id"),
        "choices": [{
            "finish_reason": reasons[-1] if reasons else None,
            "message": {"content": said, "tool_calls": _tool_calls(messages)},
        }],
        "usage": events[-1].get("usage"),
        "error": events[-1].get("error"),
    }  # fmt: skip


def _tool_calls(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the calls to tools, whose arguments come as texts do."""
    pieces: dict[int, list[dict[str, Any]]] = {}
    for message in messages:
        calls = message.get("tool_calls")
        for place, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict) and isinstance(call.get("function"), dict):
                index = call.get("index")
                pieces.setdefault(index if isinstance(index, int) else place, []).append(call["function"])
    return [
        {"function": {
            "name": next((piece["name"] for piece in of_one if piece.get("name")), None),
            "arguments": whole_text([said for piece in of_one if isinstance(said := piece.get("arguments"), str)]),
        }}
        for of_one in pieces.values()
    ]  # fmt: skip


def _first(said: dict[str, Any]) -> dict[str, Any]:
    """Return the first answer in the shape of a choice."""
    choices = said.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else said
    message = choice.get("message")
    return {**choice, "message": message if isinstance(message, dict) else {"content": choice.get("text")}}
