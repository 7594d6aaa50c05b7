"""Answers of OpenAI's Realtime API, as its event ``response.done`` holds them, brought to the shape of Responses.

https://platform.openai.com/docs/api-reference/realtime-server-events/response/done. Why one ended early or failed
stands in ``status_details``; the model is that of the session, which no answer names.
"""

from __future__ import annotations

from typing import Any


def is_body(body: dict[str, Any]) -> bool:
    """Tell whether a response body is of this API."""
    return body.get("object") == "realtime.response"


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body under the names of the Responses API."""
    details = body.get("status_details")
    details = details if isinstance(details, dict) else {}
    output = body.get("output")
    return {
        **body,
        "output": [_heard(item) for item in output] if isinstance(output, list) else output,
        "incomplete_details": details,
        "error": body.get("error") or details.get("error"),
    }


def _heard(item: Any) -> Any:
    """Return an item with the transcripts of its sound as texts."""
    parts = item.get("content") if isinstance(item, dict) else None
    if not isinstance(parts, list):
        return item
    heard = [{"text": part.get("transcript"), **part} if isinstance(part, dict) else part for part in parts]
    return {**item, "content": heard}
