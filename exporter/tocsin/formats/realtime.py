"""Responses of OpenAI's Realtime API, from its event ``response.done``, converted to the format of the Responses API.

https://platform.openai.com/docs/api-reference/realtime-server-events/response/done. The reason of an early end or a
failure is in ``status_details``; the model is the session's, which no response names.
"""

from __future__ import annotations

from typing import Any


def is_body(body: dict[str, Any]) -> bool:
    """Return whether a response body is of this API."""
    return body.get("object") == "realtime.response"


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body in the format of the Responses API."""
    details = body.get("status_details")
    details = details if isinstance(details, dict) else {}
    output = body.get("output")
    return {
        **body,
        "output": [_transcribed(item) for item in output] if isinstance(output, list) else output,
        "incomplete_details": details,
        "error": body.get("error") or details.get("error"),
    }


def _transcribed(item: Any) -> Any:
    """Return an item with the transcripts of its audio as texts."""
    parts = item.get("content") if isinstance(item, dict) else None
    if not isinstance(parts, list):
        return item
    transcribed = [{"text": part.get("transcript"), **part} if isinstance(part, dict) else part for part in parts]
    return {**item, "content": transcribed}
