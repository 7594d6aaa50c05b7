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
    return {**body, "incomplete_details": details, "error": body.get("error") or details.get("error")}
