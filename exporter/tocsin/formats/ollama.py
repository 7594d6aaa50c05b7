"""Ollama's own API (``/api/chat``, ``/api/generate``), brought to the shape of OpenAI's.

https://github.com/ollama/ollama/blob/main/docs/api.md. A stream is one JSON object a line; the last one,
``done: true``, carries the counts. An error ends a stream in a line of its own, under HTTP 200. Times are nanoseconds.
"""

from __future__ import annotations

import json
from typing import Any, Final

from tocsin.formats.lenient import is_number

_MOVED: Final = ("load", "unload")
"""Why an answer to an empty prompt ends: a model was loaded, or freed, and nothing was said."""


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether a response body is Ollama's own."""
    return "model" in body and "choices" not in body and ("done" in body or "prompt_eval_count" in body)


def stream(text: str) -> dict[str, Any] | None:
    """Put the lines of a stream together into one body; None when they are something else."""
    said: list[str] = []
    last: dict[str, Any] = {}
    error: Any = None
    for line in text.splitlines():
        try:
            chunk = json.loads(line)
        except (ValueError, RecursionError):
            continue  # cut off with the log
        if isinstance(chunk, dict) and is_body(chunk):
            said.append(_text(chunk))
            last = chunk
        elif isinstance(chunk, dict) and isinstance(chunk.get("error"), str):
            error = {"type": "server_error", "message": chunk["error"]}
    return {**last, "response": "".join(said), "error": error} if last else None


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body under OpenAI's names."""
    counts = (0, 0) if body.get("done_reason") in _MOVED else (body.get("prompt_eval_count"), body.get("eval_count"))
    usage = dict(zip(("prompt_tokens", "completion_tokens"), counts, strict=True))
    message = body.get("message")
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    reason = "tool_calls" if calls and body.get("done_reason") == "stop" else body.get("done_reason")
    said = {"role": "assistant", "content": _text(body) or None, "tool_calls": calls}
    return {
        "model": body.get("model"),
        "created": body.get("created_at"),
        "choices": [{"finish_reason": reason, "message": said}],
        "error": body.get("error"),
        "usage": usage if any(count is not None for count in usage.values()) else None,
        "metrics": {"latencyMs": took / 1e6} if is_number(took := body.get("total_duration")) else None,
    }


def _text(body: dict[str, Any]) -> str:
    message = body.get("message")
    said = body.get("response") or (message.get("content") if isinstance(message, dict) else None)
    return said if isinstance(said, str) else ""
