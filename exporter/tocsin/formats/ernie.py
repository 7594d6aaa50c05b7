"""Baidu's ERNIE and other models of Qianfan's first API, converted to OpenAI's format: the text is in ``result``.

https://cloud.baidu.com/doc/WENXINWORKSHOP/s/jlil56u11. Its second API is OpenAI's. Each
event of a stream has a fragment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_OWN_KEYS: Final = frozenset(("is_truncated", "need_clear_history", "is_end"))


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body, or an event of a stream, is of this API."""
    return isinstance(body.get("result"), str) and not body.keys().isdisjoint(_OWN_KEYS)


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in OpenAI's format."""
    reason = "length" if body.get("is_truncated") is True else body.get("finish_reason")
    message = {"content": body["result"], "function_call": body.get("function_call")}
    return {**body, "choices": [{"finish_reason": reason, "message": message}]}


def stream(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Combine the events of a stream into one body."""
    call = next((event["function_call"] for event in events if event.get("function_call")), None)
    return {**events[-1], "result": "".join(event["result"] for event in events), "function_call": call}
