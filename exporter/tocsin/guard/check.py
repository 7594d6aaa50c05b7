"""The check of one text: the request and response of ``tocsin check`` and ``POST /v1/check``."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from tocsin.call import EXPECTED_FORMATS, UNKNOWN, Expectation, Message, expected_format
from tocsin.detectors.base import SUSPICION, Subject
from tocsin.detectors.verdicts import REDACTED_KINDS, Judged, redact
from tocsin.formats.texts import messages, question_of
from tocsin.judge import Judge, Opinion, merged

ROLES: Final = frozenset({"assistant", "user", "document", "tool"})
MESSAGES_MOST: Final = 2_000
"""Number of newest messages of ``input`` that are read: reading that many takes some milliseconds."""
SCORES: Final = ("quality", "toxicity", "topic", "support", "confidence")


class Request(msgspec.Struct, gc=False):
    """A text, and what the caller knows about it."""

    text: str
    id: Any = None
    call_id: str | None = None
    """Id of the call that the answer belongs to, if ``id`` is something else: joins the guard's verdict to the log."""
    role: str = "assistant"
    route: str = UNKNOWN
    model: str = UNKNOWN
    question: str | None = None
    context: str | list[str] | None = None
    system_prompt: str | None = None
    expected_format: str | None = None
    schema: Any = None
    pattern: str | None = None
    expected_language: str | None = None
    policy: list[str] | None = None
    input: Any = None
    """Text or messages that the caller sent: values in them are echoed, not leaked."""


_decode = msgspec.json.Decoder(Request).decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class RequestError(Exception):
    """The request is invalid; ``id`` is its own id, if it could be read."""

    def __init__(self, message: str, identity: Any = None) -> None:
        super().__init__(message)
        self.id = identity


def parse(data: bytes, repaired_most: int | None = None) -> Request:
    """Parse one request; if it is not strict JSON, it is ``repaired``, up to ``repaired_most`` bytes.

    Raises:
        RequestError: with the reason, without quoting the text.
    """
    try:
        request = _decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        request = _again(data, repaired_most)
    if request.role not in ROLES:
        raise RequestError(f"role: one of {', '.join(sorted(ROLES))}", request.id)
    if request.expected_format is not None and request.expected_format not in EXPECTED_FORMATS:
        raise RequestError(f"expected_format: one of {', '.join(EXPECTED_FORMATS)}", request.id)
    return request


def repaired(data: bytes, most: int | None = None) -> bytes:
    """Return strict JSON for an object that the strict decoder rejected; ``most`` bytes, if limited.

    Lone surrogates (as written by json.dumps) and invalid UTF-8 become one character each, so that offsets are kept;
    control characters are escaped, and a leading byte order mark is removed. Null members are dropped.

    Raises:
        RequestError: not a JSON object, or too large.
    """
    if most is not None and len(data) > most:
        raise RequestError(f"over {most} bytes, and not strict JSON: half a surrogate pair, NaN or broken UTF-8")
    try:
        value = json.loads(data.decode("utf-8-sig", "replace"), strict=False)
        if isinstance(value, dict):
            value = {key: told for key, told in value.items() if told is not None}
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        raise RequestError("not JSON") from None
    if not isinstance(value, dict):
        raise RequestError("not a JSON object")
    return text.encode("utf-8", "replace")


def _again(data: bytes, most: int | None) -> Request:
    """Parse a rejected request: without null members, whatever its size, else ``repaired``."""
    try:
        told = {name: value for name, value in _fields(data).items() if bytes(value) != b"null"}
        return _decode(msgspec.json.encode(told))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if isinstance(error, msgspec.ValidationError) and most is not None and len(data) > most:
            raise RequestError(str(error)) from None
    data = repaired(data, most)
    try:
        return _decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        known = json.loads(data).get("id")
        raise RequestError(str(error) or "nested too deeply", known) from None


def subject(request: Request, expect: Expectation | None = None) -> Subject:
    """Return what the detectors judge; ``expect``, the route's, completes what the request leaves open."""
    told = request.input
    said = messages(told[-MESSAGES_MOST:] if isinstance(told, list) else told)
    question = request.question
    if question is None:
        question = question_of(said)
    context = request.context
    return Subject(
        text=request.text,
        role=request.role,
        route=request.route,
        question=question,
        input=said or ([Message("user", question)] if question else []),
        context=[context] if isinstance(context, str) else context or (),
        system_prompt=request.system_prompt,
        expect=merged(_expectation(request), expect),
        terms=request.policy or (),
    )


def check(judge: Judge, request: Request, floor: float = SUSPICION) -> tuple[Opinion, dict[str, Any]]:
    """Judge a request; return the opinion and the response."""
    rules = judge.rules(request.route, request.model)
    opinion = judge.judge(subject(request, rules.expect), rules, floor)
    return opinion, answer(request, opinion)


def answer(request: Request, opinion: Opinion) -> dict[str, Any]:
    """Return the response of ``tocsin check`` and ``POST /v1/check`` to a request."""
    report, judged = opinion.report, opinion.judged
    out: dict[str, Any] = {
        "id": request.id,
        "verdict": opinion.verdict,
        "findings": [_finding(item) for item in judged],
        "scores": {name: report.scores.get(name) for name in SCORES},
        "scanned": report.scanned,
    }
    values = [item.finding for item in judged if item.finding.kind in REDACTED_KINDS or item.verdict == "redact"]
    if values:
        out["redacted"] = redact(request.text, values)
    return out


def _finding(item: Judged) -> dict[str, Any]:
    found = item.finding
    return {
        "kind": found.kind,
        "type": found.type,
        "start": found.start,
        "end": found.end,
        "score": round(found.score, 4),
        "action": item.action,
        "example": found.example,
        "echoed": found.echoed,
    }


def _expectation(request: Request) -> Expectation | None:
    wanted = expected_format(request.expected_format, request.schema, request.pattern)
    if wanted is None and request.expected_language is None:
        return None
    return Expectation(wanted, request.schema, request.pattern, request.expected_language)
