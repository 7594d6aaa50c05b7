"""The reason of a failure from the exception that LiteLLM logged: its class, its code, its normalised word."""

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
_BLOCKS: Final = ("400", "403", "422")
"""With which guardrails of one's own refuse, as LiteLLM's documents tell them to: by FastAPI's exception."""
_CUT: Final = (
    "ReadError", "WriteError", "RemoteProtocolError", "ServerDisconnectedError", "ClientPayloadError", "ClientOSError",
    "IncompleteRead",
)  # fmt: skip
"""What httpx and aiohttp raise where a connection breaks."""
_BY_CODE: Final = {
    "408": "timeout", "504": "timeout", "429": "rate_limited", "499": "cancelled", "424": "provider_5xx",
}  # fmt: skip
_NAMES: Final = re.compile(r"\blitellm\.(\w+): ")
_MID_STREAM: Final = "MidStreamFallbackError"
"""By its source a ServiceUnavailableError; its text names what it was made of."""


class _Told(msgspec.Struct):
    error_str: Any = None
    error_information: Any = None


_told = msgspec.json.Decoder(_Told).decode


def failure(code: str, name: str, normalized: str, guardrail: str | None, *, guarded: bool = False) -> str:
    """Class a failure: guardrail first, then a ``code`` of 4xx, the normalised error, the class ``name``.

    LiteLLM looks for the words of its normalised errors in the message, too: a model that nobody configured is
    "no healthy deployments" to it, and a 400 that speaks of a timeout is one. What the caller was told holds.
    ``guarded``: guardrails were applied.

    ``RouterRateLimitError`` (no deployment is free) is a limit: one 429 makes a deployment rest, a 5xx only where most
    calls fail, and these calls stand in the log with their provider, which this one has not (1.106).
    """
    normalized = normalized.upper()
    if guardrail == "guardrail_intervened" or _is_block(name):
        return "blocked_guardrail"
    if guarded and name == "HTTPException" and code in _BLOCKS:
        return "blocked_guardrail"
    if "CONTENT_POLICY" in normalized or "ContentPolicy" in name or code == "content_filter":
        return "blocked_provider"
    code = code[:3]
    if not (code.isdigit() and code.startswith("4")):
        if "Timeout" in name or "TIMEOUT" in normalized:
            return "timeout"
        if "CONNECTION" in normalized or "Connect" in name or name in _CUT:
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
    """Class a failure of which a payload has neither code nor class that is known, by what its text says.

    Streams that broke off have no code (1.106), failures before January 2025 nothing but their text. Of exceptions
    around each other the innermost holds.
    """
    text, info = _text(data)
    for name in reversed(_NAMES.findall(text[:500])):
        reason = failure("", name, "", None)
        if reason != OTHER:
            return reason
    if info.get("error_class") == _MID_STREAM:
        return "provider_5xx"
    return failures.by_message(text) if text else OTHER


def is_refused(data: bytes | bytearray | memoryview, status: int | None) -> bool:
    """Tell whether a 4xx is a provider's refusal of what was asked, by the text that LiteLLM passes on.

    It raises its ContentPolicyViolationError for words that it knows. Anything else is a bad request to it, or a lack
    of permission, with the body of the answer in the text.
    """
    return not failures.is_of_caller(status) and failures.is_refused(_text(data)[0])


def _text(data: bytes | bytearray | memoryview) -> tuple[str, dict[str, Any]]:
    """Return what a payload says of its error, empty where it says nothing, and the parts that it tells apart."""
    try:
        told = _told(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return "", {}
    info = told.error_information if isinstance(told.error_information, dict) else {}
    text = told.error_str or info.get("error_message")
    return text if isinstance(text, str) else "", info


def _is_block(name: str) -> bool:
    """Tell whether an exception is a guardrail's verdict, not a guardrail that failed itself."""
    if "Guardrail" in name:
        return not name.endswith(("APIError", "MissingSecrets"))
    return "Blocked" in name or name == "ModifyResponseException"
