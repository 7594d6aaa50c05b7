"""Why a call failed: the reason that belongs to an HTTP status, or to what an error is called, or says.

Names are those of providers, their gateways and their SDKs, and of what breaks below them: gRPC's codes
(https://grpc.io/docs/guides/status-codes/), those of Node.js and its ``undici``, exceptions of httpx, requests,
urllib3, aiohttp and botocore. LiteLLM's own exceptions are those of ``litellm_errors``.
"""

from __future__ import annotations

import re
from typing import Final

from tocsin.call import OTHER

_STATUSES: Final = {
    408: "timeout", 504: "timeout", 429: "rate_limited", 498: "rate_limited", 499: "cancelled", 424: "provider_5xx",
}  # fmt: skip
"""Those that are not what their class is. 424 is Bedrock's for a model that failed, and TGI's; 498 is Groq's for no
capacity in its tier ``flex``."""

_TOLD_MAX: Final = 200
_JOINTS: Final = str.maketrans("", "", "_-")
_GUARDRAIL: Final = re.compile(r"guardrail.{0,12}(?:interven|block|violat|tripwire|raised)")
_BLOCKED: Final = re.compile(
    r"content ?(?:filter|policy|moderation|blocked)|responsible ?ai|moderation ?blocked|blocked ?prompt"
    r"|prohibited ?content|data ?inspection"
)
"""DashScope's name is the last."""
_REFUSALS: Final = ("blocked_guardrail", "blocked_provider")
_QUOTED: Final = re.compile(r"(?<!\w)'[^']*+'(?!\w)|`[^`]*+`|(?<!\w)\"[^\"]*+\"(?!\w)")
"""What a message quotes: names and words of the caller, by which it is classed only where nothing else tells."""
_CODE: Final = re.compile(r"(?:^|error code:? |status(?: ?code)?:? |http ?)([45]\d\d)(?!\d)")
"""A status inside a text, where the SDKs of OpenAI and Anthropic, httpx and requests put it."""
_CONNECTION: Final = (
    r"connect|econn|hang ?up|\benotfound|eai ?again|getaddrinfo|name ?resolution|name or service|\bdns\b|unreach"
    r"|socket|epipe|broken ?pipe|fetch failed|^terminated$|premature|\beof\b|stream closed|protocol ?error"
    r"|(?:read|write|payload)error|incomplete ?(?:read|chunked)|chunked ?encoding|max ?retr(?:y|ies)|\bssl|\btls\b"
    r"|certificate"
)
_BROKEN: Final = (
    r"bad ?gateway|overload|(?:stream|server|model|api) ?error|server had an error|internal|unavailable"
    r"|no healthy upstream|not ready|currently loading"
)
_WRONG: Final = (
    r"invalid|not ?found|authenti|unauthori[sz]ed|forbidden|permission|access ?denied|bad ?request|too ?large|billing"
    r"|validation|unprocessable|precondition|context ?length|context ?window|unsupported|image|expired ?token"
    r"|unrecognized ?client"
)
_WORDS: Final = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        (r"client ?(?:disconnect|closed)", "cancelled"),
        (r"rate ?limit|too ?many|quota|throttl|resource ?exhausted|slow ?down|modelnotready", "rate_limited"),
        (r"time[ds]? ?out|deadline", "timeout"),
        (_CONNECTION, "connection"),
        (r"cancel", "cancelled"),
        (_BROKEN, "provider_5xx"),
        (_WRONG, "client_4xx"),
        (r"abort", "cancelled"),
    )
)
"""Of types, codes and messages of errors in small letters, without the signs between their words; the first holds."""


def by_status(status: int | None) -> str | None:
    """Class an HTTP status of 400 and above."""
    if status is None or status < 400:
        return None
    named = _STATUSES.get(status)
    return named or ("provider_5xx" if status >= 500 else "client_4xx")


def by_error(told: str, status: int | None, message: str = "") -> str:
    """Class a failure by what its error is called, by its HTTP status, and else by what its ``message`` says.

    A message alone makes a refusal of a plain 4xx, and nothing of a 429 or 5xx: that may speak of filters, too.
    """
    words = _words(told)
    if _GUARDRAIL.search(words):
        return "blocked_guardrail"
    if _BLOCKED.search(words):
        return "blocked_provider"
    reason = by_status(status) or _by_words(words)
    if not message or not (reason == OTHER or (reason == "client_4xx" and not words)):
        return reason
    said = by_error(_QUOTED.sub("", message[:_TOLD_MAX]), None)
    said = by_error(message, None) if said == OTHER else said
    return said if reason == OTHER or said in _REFUSALS else reason


def _words(told: str) -> str:
    return told[:_TOLD_MAX].lower().translate(_JOINTS)


def _by_words(words: str) -> str:
    """Class the words of an error; ``other`` where none is known."""
    code = _CODE.search(words)
    if code is not None:
        return by_status(int(code[1])) or OTHER
    return next((reason for known, reason in _WORDS if known.search(words)), OTHER)
