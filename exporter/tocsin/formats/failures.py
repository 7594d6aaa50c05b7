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
_CODES: Final = (
    r"data ?inspection|cyber ?policy|sensitive ?(?:content|words) ?detected|(?:in|out)put new ?sensitive"
)
_BLOCKED: Final = re.compile(
    r"content ?(?:filter|policy|moderation|management policy|blocked)|responsible ?ai|moderation ?blocked"
    r"|blocked ?prompt|prohibited ?content|" + _CODES
)
"""DashScope's name is ``data_inspection_failed``, OpenAI's of what may serve an attack ``cyber_policy``; those of
Volcengine, New API and MiniMax (https://platform.minimax.io/docs/api-reference/errorcode) speak of what is sensitive.
"""
_FLAGGED: Final = re.compile(
    r"(?:^|errors: |message\": ?\")output blocked by content filter|flagged as potentially violating"
    r"|rejected (?:as a result of|by) (?:our|the) safety|violates? usage guidelines|content exists risk"
    r"|unsafe or sensitive content|不安全或敏感内容|your input was flagged"
    r"|(?:in|out)put (?:\w+ )?may contain sensitive information"
    r"|google's responsible ai practices|content was flagged for possible cybersecurity"
)
"""What vendors say where they refuse a request, some of which they call no more than invalid, or forbidden.

Anthropic (and Bedrock in its name), OpenAI, xAI, DeepSeek, Z.ai in two languages, OpenRouter, Volcengine, Imagen.
"""
_SHUT_OUT: Final = re.compile(
    r"\b(?:account|organi[sz]ation|team|workspace|access|api ?key)\b.{0,80}"
    r"\b(?:is|was|been|are|were) (?:\w+ )?(?:suspended|disabled|deactivated|terminated|banned|revoked)\b"
)
"""What a vendor says to those whom it serves no more, be it for its policies: every call fails, whatever it asks."""
_OF_THE_CALLER: Final = (401, 402, 404, 407)
"""Statuses of who calls, or of what is called: none comes of what was asked, whatever the text beside it says."""
_REFUSALS: Final = ("blocked_guardrail", "blocked_provider")
_QUOTED: Final = re.compile(r"(?<!\w)'[^']*+'(?!\w)|`[^`]*+`|(?<!\w)\"[^\"]*+\"(?!\w)")
"""What a message quotes: names and words of the caller, by which it is classed only where nothing else tells."""
_CODE: Final = re.compile(r"(?:^|error code:? |status(?: ?code)?:? |http ?)([45]\d\d)(?!\d)")
"""A status inside a type or a code."""
_SAID_CODE: Final = re.compile(
    r"^([45]\d\d)(?= *(?:$|[-:{(]|[A-Z]|status code))"
    r"|(?:[Ee]rror code:? |[Ss]tatus(?: ?code)?:? |HTTP(?:/[\d.]+)? ?(?:error )?|(?:Client|Server) error ')"
    r"([45]\d\d)(?!\d)"
)
"""A status inside a message, where the SDKs of OpenAI, Anthropic and Google, httpx, requests and axios put it.

Any other number is one of the caller's: "500 items is more than the maximum".
"""


class _Reasons:
    """Patterns of words, each with the reason of a failure that it tells."""

    def __init__(self, *rows: tuple[str, str]) -> None:
        self._rows = tuple((re.compile(pattern), reason) for pattern, reason in rows)

    def first(self, words: str, otherwise: str = OTHER) -> str:
        """Return the reason of the first pattern that stands in some words."""
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
"""Of types and codes of errors in small letters, without the signs between their words; the first holds.

What expired in a batch was never begun, as what was cancelled: OpenAI calls it that, too
(https://platform.openai.com/docs/guides/batch).
"""


_NAMED: Final = re.compile(
    r"^(?:[\w.]*\.)?(\w*(?:[Ee]rror|[Ee]xception|[Tt]imeout))(?=[:(]|$)|\b([A-Z]\w*(?:Error|Exception|Timeout))\b"
    r"|(?:^|^\d+ |(?<=[Ee]rror: )|; |\bcode = |StatusCode\.)"
    r"([A-Z]+_[A-Z_]+|(?<=\d )[A-Z]+|(?<=Code\.)[A-Z]+|(?<== )\w+)\b"
)
"""Names of errors in a message: of exceptions (``str`` or ``repr`` of one, botocore, Ruby) and gRPC's codes."""
_SAID_LIMITED: Final = (
    r"^rate ?limit|^\S+ rate ?limit\.?$|rate ?limited|(?:rate|request) ?limit (?:reached|exceeded|error|hit)"
    r"|rate exceeded|throttl(?:ed|ing)"
    r"|(?:exceed(?:s|ed)?|reached|hit)\b.{0,60}\b(?:rate ?limit|quota)"
    r"|quota.{0,40}(?:exceeded|exhausted|reached)|insufficient ?quota|check quota|resource (?:has been )?exhausted"
    r"|too many (?:requests|tokens|concurrent|connections)|slow down|no deployments available"
)
_SAID_LATE: Final = (
    r"\be?(?:socket)?timed ?out|deadline (?:exceeded|expired)|exceeded (?:the|its) deadline|due to (?:a )?time ?out"
    r"|client\.timeout|^(?:error: |\S+ |model \S+ )?time ?out\.?$|\btime ?out (?:error|exceeded|expired)"
    r"|in provider: timeout"
    r"|(?:^|\b(?:request|gateway|read|connect(?:ion)?|response|upstream|server|socket|stream|pool|operation|idle|i/o"
    r"|handshake) )time ?out\b(?! (?:must|should|param|value))"
)
_SAID_CONNECTION: Final = (
    r"connection (?:\w+ )?(?:error|reset|refused|closed|aborted|lost|broken|terminated|failed|attempts|pool)"
    r"|(?:cannot|can't|could not|couldn't|failed to|unable to) (?:connect|fetch|resolve host)|disconnected"
    r"|closed (?:the |network )?connection|no connection established"
    r"|(?:ssl|tls) (?:handshake|connection (?:could|error|fail))|incomplete chunked|ended prematurely"
    r"|connect error|\bhang up\b|\beconn|\benotfound|eai ?again|getaddrinfo|name resolution|no such host"
    r"|name or service not known|unreachable|no route to host|broken ?pipe|fetch failed|network ?error"
    r"|^terminated$|premature (?:close|eof)|\beof (?:occurred|error)|unexpected eof|\beof$"
    r"|stream (?:closed|reset)|\bssl[:e]|certificate verify|max retries"
)
_SAID_CANCELLED: Final = (
    r"^(?:cancell?ed|aborted)|(?:request|operation|stream|call|context|task) (?:was )?(?:cancell?ed|aborted)"
    r"|user aborted"
)
_SAID_BROKEN: Final = (
    r"bad gateway|overloaded|over capacity|\bserver (?:had an |is )?(?:error|busy)|internal (?:server )?error"
    r"|(?:service|server|model|provider|backend|upstream|api|openai|temporarily|currently) (?:is )?"
    r"(?:temporarily |currently )?unavailable(?! in| for)"
    r"|no healthy upstream|upstream error|not ready|currently loading"
    r"|unexpected error (?:during|while) processing"
)
_PHRASES: Final = _Reasons(
    (r"^(?:invalid|unsupported|unknown|unrecognized|incorrect|missing)\b", "client_4xx"),
    (r"client ?(?:disconnect|closed)", "cancelled"),
    (_SAID_LIMITED, "rate_limited"),
    (_SAID_LATE, "timeout"),
    (_SAID_CONNECTION, "connection"),
    (_SAID_CANCELLED, "cancelled"),
    (_SAID_BROKEN, "provider_5xx"),
    (_WRONG, "client_4xx"),
)
"""Of messages in small letters: what providers and networks say when they fail, the first holds.

A word alone ("quota", "timeout", "internal") may be the caller's, and makes no outage.
"""


def by_status(status: int | None) -> str | None:
    """Class an HTTP status of 400 and above."""
    if status is None or status < 400:
        return None
    named = _STATUSES.get(status)
    return named or ("provider_5xx" if status >= 500 else "client_4xx")


def by_error(told: str, status: int | None, message: str = "") -> str:
    """Class a failure by what its error is called, by its HTTP status, and else by what its ``message`` says.

    A message alone makes a refusal of a plain 4xx, and nothing of a 401, 429 or 5xx: that may speak of filters, too.
    """
    words = _words(told)
    refusal = _refusal(words)
    if refusal is not None:
        return refusal
    reason = by_status(status) or _by_words(words)
    if is_of_caller(status):
        return reason
    if reason == "client_4xx" and _is_flagged(_words(message)):
        return "blocked_provider"
    if not message or not (reason == OTHER or (reason == "client_4xx" and not words)):
        return reason
    said = by_message(_QUOTED.sub("", message[:_TOLD_MAX]))
    said = by_message(message) if said == OTHER else said
    return said if reason == OTHER or said in _REFUSALS else reason


def is_refused(message: str) -> bool:
    """Tell whether an error says in a vendor's own words or codes that it is a refusal of what was asked."""
    words = _words(message)
    return _is_flagged(words) or (re.search(_CODES, words) is not None and _SHUT_OUT.search(words) is None)


def is_of_caller(status: int | None) -> bool:
    """Tell whether a status is of who calls, or of what is called: none of them comes of what was asked."""
    return status in _OF_THE_CALLER


def by_message(message: str) -> str:
    """Class what an error says: a status or an exception's name where SDKs put it, or a phrase that is well known."""
    words = _words(message)
    refusal = _refusal(words)
    if refusal is not None:
        return refusal
    code = _SAID_CODE.search(message[:_TOLD_MAX])
    if code is not None:
        return by_status(int(code[1] or code[2])) or OTHER
    names = (_by_words(_words(name[name.lastindex or 0])) for name in _NAMED.finditer(message[:_TOLD_MAX]))
    called = next((reason for reason in names if reason != OTHER), OTHER)
    if called not in (OTHER, "cancelled"):  # clients cancel what is late, and some say so
        return called
    return _PHRASES.first(words, called)


def _refusal(words: str) -> str | None:
    if _GUARDRAIL.search(words):
        return "blocked_guardrail"
    return "blocked_provider" if _BLOCKED.search(words) and not _SHUT_OUT.search(words) else None


def _is_flagged(words: str) -> bool:
    return _FLAGGED.search(words) is not None and _SHUT_OUT.search(words) is None


def _words(told: str) -> str:
    return told[:_TOLD_MAX].lower().translate(_JOINTS)


def _by_words(words: str) -> str:
    """Class the words of an error; ``other`` where none is known."""
    code = _CODE.search(words)
    if code is not None:
        return by_status(int(code[1])) or OTHER
    return _WORDS.first(words)
