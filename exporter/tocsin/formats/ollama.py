"""Ollama's own API (``/api/chat``, ``/api/generate``), converted to OpenAI's format.

https://github.com/ollama/ollama/blob/main/docs/api.md. A stream is one JSON object per line; the last one,
``done: true``, has the counts. An error ends a stream in a line of its own, under HTTP 200. Times are nanoseconds.
"""

from __future__ import annotations

from typing import Any, Final

from tocsin.formats.lenient import is_number
from tocsin.formats.sse import objects_of_lines

_LOADING: Final = ("load", "unload")
"""Reasons of an answer to an empty prompt: a model was loaded or unloaded, and nothing generated."""


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body is Ollama's own."""
    return "model" in body and "choices" not in body and ("done" in body or "prompt_eval_count" in body)


def stream(text: str) -> dict[str, Any] | None:
    """Combine the lines of a stream into one body; None if they are something else."""
    texts: list[str] = []
    last: dict[str, Any] = {}
    error: Any = None
    for chunk in objects_of_lines(text):
        if is_body(chunk):
            texts.append(_text(chunk))
            last = chunk
        elif isinstance(chunk.get("error"), str):
            error = {"type": "server_error", "message": chunk["error"]}
    return {**last, "response": "".join(texts), "error": error} if last else None


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body in OpenAI's format."""
    counts = (0, 0) if body.get("done_reason") in _LOADING else (body.get("prompt_eval_count"), body.get("eval_count"))
    usage = dict(zip(("prompt_tokens", "completion_tokens"), counts, strict=True))
    message = body.get("message")
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    reason = "tool_calls" if calls and body.get("done_reason") == "stop" else body.get("done_reason")
    answer = {"role": "assistant", "content": _text(body) or None, "tool_calls": calls}
    return {
        "model": body.get("model"),
        "created": body.get("created_at"),
        "choices": [{"finish_reason": reason, "message": answer}],
        "error": body.get("error"),
        "usage": usage if any(count is not None for count in usage.values()) else None,
        "metrics": {"latencyMs": nanoseconds / 1e6} if is_number(nanoseconds := body.get("total_duration")) else None,
    }


def _text(body: dict[str, Any]) -> str:
    message = body.get("message")
    text = body.get("response") or (message.get("content") if isinstance(message, dict) else None)
    return text if isinstance(text, str) else ""
