"""Replicate's predictions, as in its API and its webhooks, converted to the Responses API's format.

https://replicate.com/docs/reference/webhooks and https://github.com/replicate/cog/blob/main/docs/metrics.md. The output
of a language model is a list of fragments; its token counts are metrics. A prediction contains its input.
"""

from __future__ import annotations

from typing import Any, Final

_STATUSES: Final = {
    "starting": "queued", "processing": "in_progress", "succeeded": "completed", "failed": "failed",
    "canceled": "cancelled", "aborted": "cancelled",
}  # fmt: skip
_KEYS: Final = frozenset(("id", "version", "input", "output", "status", "logs", "error", "created_at"))
"""Other services have jobs with an input, an output and a status, too."""
_FILES: Final = "https://replicate.delivery/"
"""The output of models of images and sound is files there."""


def is_body(body: dict[str, Any]) -> bool:
    """Return whether an object is a prediction."""
    if "version" not in body or not body.keys() >= _KEYS or "object" in body:
        return False
    return isinstance(body["status"], str) and body["status"] in _STATUSES


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a prediction in the format of the Responses API; files, which have no token counts, as OpenAI's."""
    metrics = body.get("metrics")
    metrics = metrics if isinstance(metrics, dict) else {}
    output, status = body["output"], body["status"]
    fragments = output if isinstance(output, list) else [output]
    pieces = [fragment for fragment in fragments if isinstance(fragment, str)]
    texts = [piece for piece in pieces if not piece.startswith(_FILES)]
    message = [{"type": "message", "content": [{"type": "output_text", "text": "".join(texts)}]}]
    usage = {
        "input_tokens": metrics.get("input_token_count"), "output_tokens": metrics.get("output_token_count"),
    }  # fmt: skip
    seconds = metrics.get("total_time", metrics.get("predict_time"))
    return {
        "id": body.get("id"),
        "object": "file" if len(texts) < len(pieces) else "response",
        "model": body.get("model") or body["version"],
        "created_at": body.get("created_at"),
        "status": _STATUSES[status],
        "output": message if texts else None,
        "usage": usage if any(count is not None for count in usage.values()) else None,
        "error": body.get("error"),
        "metrics": {"latencyMs": seconds * 1000} if isinstance(seconds, int | float) else None,
    }


def as_pair(prediction: dict[str, Any]) -> dict[str, Any]:
    """Return a prediction from a webhook as a pair with its input."""
    return {
        "provider": "replicate",
        "request": {"model": prediction.get("model") or prediction["version"], "input": prediction["input"]},
        "response": prediction,
    }
