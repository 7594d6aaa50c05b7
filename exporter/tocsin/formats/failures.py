"""Why a call failed: the failure reason for an HTTP status, for an error's type or code, or for its message.

The names are those of providers, gateways and SDKs, and of the layers below them: gRPC's codes
(https://grpc.io/docs/guides/status-codes/), those of Node.js and its ``undici``, exceptions of httpx, requests,
urllib3, aiohttp and botocore. LiteLLM's own exceptions are in ``litellm_errors``.
"""

from __future__ import annotations

import re
from typing import Final

from tocsin.call import OTHER

_STATUSES: Final = {
    408: "timeout", 504: "timeout", 429: "rate_limited", 498: "rate_limited", 499: "cancelled", 424: "provider_5xx",
    446: "blocked_guardrail",
}  # fmt: skip
"""Statuses whose reason differs from that of their class. 424 is a failed model on Bedrock and TGI; 498 is Groq's, for
no capacity in its tier ``flex``; 446 is Portkey's, for its guardrails."""

_TEXT_MAX: Final = 200
_JOINTS: Final = str.maketrans("", "", "_-")
_GUARDRAIL: Final = re.compile(
    r"guardrail.{0,12}(?:interven|block|violat|tripwire|triggered|raised)|violated guardrail"
    r"|guardrail denied|guardrail checks defined in the config failed|\bhooksfailed"
    r"|(?:prompt|response) blocked due to security config|prompt pattern is blocked"
)
"""Names and messages of guardrails, among them those of Databricks, LiteLLM, Portkey, Cloudflare and Kong.

No looser: "guardrail check failed: timed out" and "hooks failed: connection refused" are outages.
"""
_GUARDRAIL_WORDS: Final = ("guardrail", "hooks", "blocked")
"""One of them is in each: without, the pattern, which is slow, is not tried."""
_CODES: Final = (
    r"data ?inspection|cyber ?policy|sensitive ?(?:content|words) ?detected|(?:in|out)put new ?sensitive"
    r"|(?:text|image) ?illegal ?detected"
)
_BLOCKED: Final = re.compile(
    r"content ?(?:filter|policy|moderation|management policy|blocked)|responsible ?ai|moderation ?blocked"
    r"|blocked ?prompt|prohibited ?content|" + _CODES
)
"""DashScope's code is ``data_inspection_failed``, OpenAI's for content that may serve an attack ``cyber_policy``; those
of Volcengine, New API and MiniMax (https://platform.minimax.io/docs/api-reference/errorcode) contain "sensitive",
Tencent's "illegal".
"""
_FLAGGED: Final = re.compile(
    r"(?:^|errors: |message\": ?\")output blocked by content filter|flagged as potentially violating"
    r"|rejected (?:as a result of|by) (?:our|the) safety|violates? usage guidelines|content exists risk"
    r"|unsafe or sensitive content|failed content safety check|不安全或敏感内容|your input was flagged"
    r"|(?:in|out)put (?:\w+ )?may contain sensitive information"
    r"|google's responsible ai practices|content was flagged for possible cybersecurity"
)
"""Messages with which vendors refuse content, some under codes that only say invalid or forbidden.

Anthropic (also on Bedrock), OpenAI, xAI, DeepSeek, Z.ai in two languages, OpenRouter, Volcengine, Imagen, Azure API
Management.
"""
_BANNED: Final = re.compile(
    r"\b(?:account|organi[sz]ation|team|workspace|access|api ?key)\b.{0,80}"
    r"\b(?:is|was|been|are|were) (?:\w+ )?(?:suspended|disabled|deactivated|terminated|banned|revoked)\b"
)
"""Messages to accounts that a vendor no longer serves, perhaps for its policies: every call fails, whatever it asks."""
_CALLER_STATUSES: Final = (401, 402, 404, 407)
"""Statuses about the caller or the address: never caused by the content, whatever the message says."""
_REFUSALS: Final = ("blocked_guardrail", "blocked_provider")
_QUOTED: Final = re.compile(r"(?<!\w)'[^']*+'(?!\w)|`[^`]*+`|(?<!\w)\"[^\"]*+\"(?!\w)")
"""Quotations in a message: names and words of the caller, which decide the reason only if nothing else does."""
_CODE: Final = re.compile(r"(?:^|error code:? |status(?: ?code)?:? |http ?)([45]\d\d)(?!\d)")
"""A status inside a type or a code."""
_STATUS_IN_MESSAGE: Final = re.compile(
    r"^([45]\d\d)(?= *(?:$|[-:{(]|[A-Z]|status code))"
    r"|(?:[Ee]rror code:? |[Ss]tatus(?: ?code)?:? |HTTP(?:/[\d.]+)? ?(?:error )?|(?:Client|Server) error ')"
    r"([45]\d\d)(?!\d)"
)
"""A status inside a message, where the SDKs of OpenAI, Anthropic and Google, httpx, requests and axios put it.

Any other number may be the caller's: "500 items is more than the maximum".
"""


class _Reasons:
    """Patterns of words, each with its failure reason."""

    def __init__(self, *rows: tuple[str, str]) -> None:
        self._rows = tuple((re.compile(pattern), reason) for pattern, reason in rows)

    def first(self, words: str, otherwise: str = OTHER) -> str:
        """Return the reason of the first pattern that matches; ``otherwise`` if none does."""
        return next((reason for pattern, reason in self._rows if pattern.search(words)), otherwise)


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
_WORDS: Final = _Reasons(
    (r"client ?(?:disconnect|closed)", "cancelled"),
    (r"rate ?limit|too ?many|quota|throttl|resource ?exhausted|slow ?down|modelnotready", "rate_limited"),
    (r"time[ds]? ?out|deadline", "timeout"),
    (_CONNECTION, "connection"),
    (r"cancel|batch ?expired", "cancelled"),
    (_BROKEN, "provider_5xx"),
    (_WRONG, "client_4xx"),
    (r"abort", "cancelled"),
)
"""For types and codes of errors in lower case, without the characters between their words; the first match counts.

A request that expired in a batch never started, like a cancelled one: OpenAI also calls it so
(https://platform.openai.com/docs/guides/batch).
"""


_NAMES: Final = re.compile(
    r"^(?:[\w.]*\.)?(\w*(?:[Ee]rror|[Ee]xception|[Tt]imeout))(?=[:(]|$)|\b([A-Z]\w*(?:Error|Exception|Timeout))\b"
    r"|(?:^|^\d+ |(?<=[Ee]rror: )|; |\bcode = |StatusCode\.)"
    r"([A-Z]+_[A-Z_]+|(?<=\d )[A-Z]+|(?<=Code\.)[A-Z]+|(?<== )\w+)\b"
)
"""Names of errors in a message: of exceptions (``str`` or ``repr`` of one, botocore, Ruby) and gRPC's codes."""
_LIMITED_PHRASES: Final = (
    r"^rate ?limit|^\S+ rate ?limit\.?$|rate ?limited|(?:rate|request) ?limit (?:reached|exceeded|error|hit)"
    r"|rate exceeded|throttl(?:ed|ing)"
    r"|(?:exceed(?:s|ed)?|reached|hit)\b.{0,60}\b(?:rate ?limit|quota)"
    r"|quota.{0,40}(?:exceeded|exhausted|reached)|insufficient ?quota|check quota|resource (?:has been )?exhausted"
    r"|too many (?:requests|tokens|concurrent|connections)|slow down|no deployments available"
)
_TIMEOUT_PHRASES: Final = (
    r"\be?(?:socket)?timed ?out|deadline (?:exceeded|expired)|exceeded (?:the|its) deadline|due to (?:a )?time ?out"
    r"|client\.timeout|^(?:error: |\S+ |model \S+ )?time ?out\.?$|\btime ?out (?:error|exceeded|expired)"
    r"|in provider: timeout"
    r"|(?:^|\b(?:request|gateway|read|connect(?:ion)?|response|upstream|server|socket|stream|pool|operation|idle|i/o"
    r"|handshake) )time ?out\b(?! (?:must|should|param|value))"
)
_CONNECTION_PHRASES: Final = (
    r"connection (?:\w+ )?(?:error|reset|refused|closed|aborted|lost|broken|terminated|failed|attempts|pool)"
    r"|(?:cannot|can't|could not|couldn't|failed to|unable to) (?:connect|fetch|resolve host)|disconnected"
    r"|closed (?:the |network )?connection|no connection established"
    r"|(?:ssl|tls) (?:handshake|connection (?:could|error|fail))|incomplete chunked|ended prematurely"
    r"|connect error|\bhang up\b|\beconn|\benotfound|eai ?again|getaddrinfo|name resolution|no such host"
    r"|name or service not known|unreachable|no route to host|broken ?pipe|fetch failed|network ?error"
    r"|^terminated$|premature (?:close|eof)|\beof (?:occurred|error)|unexpected eof|\beof$"
    r"|stream (?:closed|reset)|\bssl[:e]|certificate verify|max retries"
)
_CANCELLED_PHRASES: Final = (
    r"^(?:cancell?ed|aborted)|(?:request|operation|stream|call|context|task) (?:was )?(?:cancell?ed|aborted)"
    r"|user aborted"
)
_BROKEN_PHRASES: Final = (
    r"bad gateway|overloaded|over capacity|\bserver (?:had an |is )?(?:error|busy)|internal (?:server )?error"
    r"|(?:service|server|model|provider|backend|upstream|api|openai|temporarily|currently) (?:is )?"
    r"(?:temporarily |currently )?unavailable(?! in| for)"
    r"|no healthy upstream|upstream error|not ready|currently loading"
    r"|unexpected error (?:during|while) processing"
)
_PHRASES: Final = _Reasons(
    (r"^(?:invalid|unsupported|unknown|unrecognized|incorrect|missing)\b", "client_4xx"),
    (r"client ?(?:disconnect|closed)", "cancelled"),
    (_LIMITED_PHRASES, "rate_limited"),
    (_TIMEOUT_PHRASES, "timeout"),
    (_CONNECTION_PHRASES, "connection"),
    (_CANCELLED_PHRASES, "cancelled"),
    (_BROKEN_PHRASES, "provider_5xx"),
    (_WRONG, "client_4xx"),
)
"""For messages in lower case: the phrases of providers and networks when they fail; the first match counts.

A single word ("quota", "timeout", "internal") may be the caller's, and is no outage.
"""


def by_status(status: int | None) -> str | None:
    """Return the reason for an HTTP status of 400 and above; None below."""
    if status is None or status < 400:
        return None
    named = _STATUSES.get(status)
    return named or ("provider_5xx" if status >= 500 else "client_4xx")


def by_error(name: str, status: int | None, message: str = "") -> str:
    """Return the reason of a failure: by its error's ``name``, by its HTTP status, and otherwise by its ``message``.

    A message alone can turn a plain 4xx into a refusal, but not a 401, 429 or 5xx: their messages may mention filters.
    A 424 is Cloudflare's for its guardrails, too.
    """
    words = _words(name)
    refusal = _refusal(words)
    if refusal is not None:
        return refusal
    reason = by_status(status) or _by_words(words)
    if is_of_caller(status):
        return reason
    told = _words(message) if reason == "client_4xx" or status == 424 else ""
    if _is_guardrail(told):
        return "blocked_guardrail"
    if reason == "client_4xx" and _is_flagged(told):
        return "blocked_provider"
    if not message or not (reason == OTHER or (reason == "client_4xx" and not words)):
        return reason
    by_text = by_message(_QUOTED.sub("", message[:_TEXT_MAX]))
    by_text = by_message(message) if by_text == OTHER else by_text
    return by_text if reason == OTHER or by_text in _REFUSALS else reason


def is_refused(message: str) -> bool:
    """Return whether a message has a vendor's own words or codes for refusing content."""
    words = _words(message)
    return _is_flagged(words) or (re.search(_CODES, words) is not None and _BANNED.search(words) is None)


def is_guardrail(message: str) -> bool:
    """Return whether a message has the words with which guardrails refuse."""
    return _is_guardrail(_words(message))


def is_of_caller(status: int | None) -> bool:
    """Return whether a status is about the caller or the address: none of these is caused by the content."""
    return status in _CALLER_STATUSES


def by_message(message: str) -> str:
    """Return the reason that a message gives: a status or exception name where SDKs put it, or a known phrase."""
    words = _words(message)
    refusal = _refusal(words)
    if refusal is not None:
        return refusal
    status = _STATUS_IN_MESSAGE.search(message[:_TEXT_MAX])
    if status is not None:
        return by_status(int(status[1] or status[2])) or OTHER
    names = (_by_words(_words(name[name.lastindex or 0])) for name in _NAMES.finditer(message[:_TEXT_MAX]))
    named = next((reason for reason in names if reason != OTHER), OTHER)
    if named not in (OTHER, "cancelled"):  # clients cancel late requests, and some name the timeout
        return named
    return _PHRASES.first(words, named)


def _is_guardrail(words: str) -> bool:
    return any(word in words for word in _GUARDRAIL_WORDS) and _GUARDRAIL.search(words) is not None


def _refusal(words: str) -> str | None:
    if _is_guardrail(words):
        return "blocked_guardrail"
    return "blocked_provider" if _BLOCKED.search(words) and not _BANNED.search(words) else None


def _is_flagged(words: str) -> bool:
    return _FLAGGED.search(words) is not None and _BANNED.search(words) is None


def _words(text: str) -> str:
    return text[:_TEXT_MAX].lower().translate(_JOINTS)


def _by_words(words: str) -> str:
    """Return the reason for an error's type and code; ``other`` if unknown."""
    code = _CODE.search(words)
    if code is not None:
        return by_status(int(code[1])) or OTHER
    return _WORDS.first(words)
