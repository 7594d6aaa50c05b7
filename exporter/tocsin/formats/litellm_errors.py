"""The failure reason from the exception that LiteLLM logged: its class, its code, its normalised error."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from tocsin.call import OTHER
from tocsin.formats import failures

_BY_CLASS: Final = {
    **dict.fromkeys(("InternalServerError", "ServiceUnavailableError", "BadGatewayError", "APIError"), "provider_5xx"),
    **dict.fromkeys(
        (
            "AuthenticationError", "BadRequestError", "NotFoundError", "PermissionDeniedError",
            "UnprocessableEntityError", "ProxyException", "ContextWindowExceededError", "UnsupportedParamsError",
            "RejectedRequestError", "ImageFetchError", "BudgetExceededError",
        ),
        "client_4xx",
    ),
    "CancelledError": "cancelled",
}
_BLOCK_STATUSES: Final = ("400", "403", "422")
"""Statuses with which custom guardrails refuse, as LiteLLM's documentation suggests: with FastAPI's exception."""
_CONNECTION_ERRORS: Final = (
    "ReadError", "WriteError", "RemoteProtocolError", "ServerDisconnectedError", "ClientPayloadError", "ClientOSError",
    "IncompleteRead",
)  # fmt: skip
"""Exceptions of httpx and aiohttp for a broken connection."""
_BY_CODE: Final = {
    "408": "timeout", "504": "timeout", "429": "rate_limited", "499": "cancelled", "424": "provider_5xx",
    "446": "blocked_guardrail",
}  # fmt: skip
_NAMES: Final = re.compile(r"\blitellm\.(\w+): ")
_MID_STREAM: Final = "MidStreamFallbackError"
"""A subclass of ServiceUnavailableError; its text names the exception that it wraps."""


class _ErrorFields(msgspec.Struct):
    error_str: Any = None
    error_information: Any = None


_decode_error = msgspec.json.Decoder(_ErrorFields).decode


def failure(code: str, name: str, normalized: str, guardrail: str | None, *, guarded: bool = False) -> str:
    """Return the reason of a failure: guardrail, then a ``code`` of 4xx, the normalised error, the class ``name``.

    LiteLLM derives its normalised errors from the message, too: a model that is not configured is "no healthy
    deployments", and a 400 that mentions a timeout is a timeout. So the code that the caller received comes first.
    ``guarded``: guardrails were applied.

    ``RouterRateLimitError`` (no deployment is available) is a rate limit: one 429 cools a deployment down, 5xx only do
    if most calls fail, and those calls are logged with their provider, which this one lacks (1.106).
    """
    normalized = normalized.upper()
    if guardrail == "guardrail_intervened" or _is_block(name):
        return "blocked_guardrail"
    if guarded and name == "HTTPException" and code in _BLOCK_STATUSES:
        return "blocked_guardrail"
    if "CONTENT_POLICY" in normalized or "ContentPolicy" in name or code == "content_filter":
        return "blocked_provider"
    code = code[:3]
    if not (code.isdigit() and code.startswith("4")):
        if "Timeout" in name or "TIMEOUT" in normalized:
            return "timeout"
        if "CONNECTION" in normalized or "Connect" in name or name in _CONNECTION_ERRORS:
            return "connection"
        if "RateLimit" in name:
            return "rate_limited"
        code = normalized[:3] if normalized[:3].isdigit() else code
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code.startswith("5"):
        return "provider_5xx"
    if code.startswith("4"):
        return "client_4xx"
    return _BY_CLASS.get(name, OTHER)


def by_text(data: bytes | bytearray | memoryview) -> str:
    """Return the reason of a failure without a known code or class, from its text.

    Streams that broke off have no code (1.106), failures before January 2025 only their text. Of nested exceptions
    the innermost decides.
    """
    text, info = _text(data)
    for name in reversed(_NAMES.findall(text[:500])):
        reason = failure("", name, "", None)
        if reason != OTHER:
            return reason
    if info.get("error_class") == _MID_STREAM:
        return "provider_5xx"
    return failures.by_message(text) if text else OTHER


def refusal(data: bytes | bytearray | memoryview, status: int | None) -> str | None:
    """Return the reason if a 4xx is a refusal of the content, from the text that LiteLLM passes on.

    LiteLLM raises ContentPolicyViolationError for wordings that it knows. Others become a bad request or a lack of
    permission, with the body of the response in the text. Guardrails of Cloudflare refuse with 424, which elsewhere
    is an outage.
    """
    if failures.is_of_caller(status):
        return None
    text = _text(data)[0]
    if failures.is_guardrail(text):
        return "blocked_guardrail"
    return "blocked_provider" if status != 424 and failures.is_refused(text) else None


def _text(data: bytes | bytearray | memoryview) -> tuple[str, dict[str, Any]]:
    """Return the text of a payload's error, empty if there is none, and its ``error_information``."""
    try:
        payload = _decode_error(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return "", {}
    info = payload.error_information if isinstance(payload.error_information, dict) else {}
    text = payload.error_str or info.get("error_message")
    return text if isinstance(text, str) else "", info


def _is_block(name: str) -> bool:
    """Return whether an exception is a guardrail's verdict, not a failure of the guardrail."""
    if "Guardrail" in name:
        return not name.endswith(("APIError", "MissingSecrets"))
    return "Blocked" in name or name == "ModifyResponseException"
