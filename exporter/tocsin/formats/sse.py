"""Server-sent events logged as text: from the chunks back to the body that a plain call would have had.

https://html.spec.whatwg.org/multipage/server-sent-events.html. Chat streams carry usage only in a last
chunk with empty ``choices``, and only when ``stream_options.include_usage`` was asked for; Responses
streams end with the whole body; Messages streams split usage over ``message_start`` and ``message_delta``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def is_stream(text: str) -> bool:
    """Tell whether a logged body is an event stream."""
    return text.lstrip("\ufeff \r\n").startswith(("data:", "event:", ":", "id:", "retry:"))


def body(text: str) -> dict[str, Any] | None:
    """Return the body that the stream amounts to, None when nothing in it can be used."""
    merged: dict[str, Any] = {}
    chat = _Chat()
    for chunk in _chunks(text):
        kind = chunk.get("type")
        if isinstance(chunk.get("response"), dict) and str(kind).startswith("response."):
            merged = chunk["response"]
        elif kind == "message_start" and isinstance(chunk.get("message"), dict):
            merged = {**chunk["message"], "content": []}
        elif kind in ("content_block_start", "content_block_delta", "message_delta"):
            _messages(merged, chunk)
        else:
            if chunk.get("error"):  # a router's last chunk may hold the error and the usage
                merged["error"] = chunk["error"]
            if "choices" in chunk:
                chat.add(chunk)
    return chat.body() | merged if chat.seen else merged or None


def _chunks(text: str) -> Iterator[dict[str, Any]]:
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("data:"):
            try:
                value = json.loads(line[5:])
            except (ValueError, RecursionError):
                continue  # [DONE], or a line cut off with the log
            if isinstance(value, dict):
                yield value


def _messages(merged: dict[str, Any], chunk: dict[str, Any]) -> None:
    delta = chunk.get("delta")
    content = merged.setdefault("content", [])
    if chunk["type"] == "content_block_start" and isinstance(chunk.get("content_block"), dict):
        content.append(dict(chunk["content_block"]))
    if not isinstance(delta, dict):
        return
    if chunk["type"] == "message_delta":
        merged.update({key: value for key, value in delta.items() if value is not None})
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            begun = merged.get("usage")
            merged["usage"] = {**begun, **usage} if isinstance(begun, dict) else usage
    elif isinstance(delta.get("text"), str) and content:
        content[-1]["text"] = str(content[-1].get("text") or "") + delta["text"]
    elif isinstance(delta.get("partial_json"), str) and content:
        begun = content[-1].get("input")  # an empty object until the first piece
        content[-1]["input"] = (begun if isinstance(begun, str) else "") + delta["partial_json"]


class _Chat:
    """Adds up the chunks of a chat stream."""

    def __init__(self) -> None:
        self.seen = False
        self._head: dict[str, Any] = {}
        self._texts: dict[int, list[str]] = {}
        self._refusals: dict[int, list[str]] = {}
        self._tools: dict[int, list[dict[str, Any]]] = {}
        self._finish: dict[int, Any] = {}

    def add(self, chunk: dict[str, Any]) -> None:
        self.seen = True
        for key in ("id", "model", "created", "system_fingerprint", "usage", "provider"):
            if chunk.get(key) is not None:
                self._head[key] = chunk[key]
        choices = chunk["choices"]
        for choice in choices if isinstance(choices, list) else []:
            if isinstance(choice, dict):
                self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> None:
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        delta = choice.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        texts = self._texts.setdefault(index, [])
        if isinstance(delta.get("content"), str):
            texts.append(delta["content"])
        elif isinstance(choice.get("text"), str):
            texts.append(choice["text"])
        if isinstance(delta.get("refusal"), str):
            self._refusals.setdefault(index, []).append(delta["refusal"])
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else []:
            if isinstance(call, dict) and isinstance(call.get("function"), dict):
                self._tool(self._tools.setdefault(index, []), call["function"])
        if choice.get("finish_reason"):
            self._finish[index] = choice["finish_reason"]

    @staticmethod
    def _tool(calls: list[dict[str, Any]], function: dict[str, Any]) -> None:
        """Begin a call to a tool, or add to the arguments of the last one: they come in pieces."""
        arguments = function.get("arguments")
        if function.get("name"):
            calls.append({"function": dict(function)})
        elif calls and isinstance(arguments, str):
            begun = calls[-1]["function"]
            begun["arguments"] = str(begun.get("arguments") or "") + arguments

    def body(self) -> dict[str, Any]:
        choices = [
            {
                "index": index,
                "finish_reason": self._finish.get(index),
                "message": {
                    "role": "assistant",
                    "content": "".join(texts) or None,
                    "refusal": "".join(self._refusals.get(index, [])) or None,
                    "tool_calls": self._tools.get(index) or None,
                },
            }
            for index, texts in sorted(self._texts.items())
        ]
        return {**self._head, "object": "chat.completion", "choices": choices, "stream": True}
