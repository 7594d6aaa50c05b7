"""Tocsin's own event: each object is one call or one feedback. The schema is ``native.schema.json``.

Only ``id``, ``time`` and ``model`` are required; an absent key means "unknown", never 0.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.call import (
    DRILLED,
    EXPECTED_FORMATS,
    FAILURE_REASONS,
    UNKNOWN,
    Call,
    Content,
    Drill,
    Event,
    Expectation,
    Skip,
    ToolCall,
    expected_format,
)
from tocsin.call import Prompt as CallPrompt
from tocsin.formats.base import Buffer
from tocsin.formats.failures import by_error, by_status
from tocsin.formats.feedback import FeedbackFormat
from tocsin.formats.finish import finish_of
from tocsin.formats.lenient import MAX_SECONDS, bounded, convert, count, load
from tocsin.formats.pairs import hold_first_token, hold_parts, prompt_key, scores_of, seconds, texts_of
from tocsin.formats.texts import messages, part_text, token_logprobs


class Error(msgspec.Struct, gc=False):
    """Why the call failed."""

    type: str | None = None
    message: str | None = None


class Usage(msgspec.Struct, gc=False):
    """Token counts; input includes cache_read and cache_write, output includes reasoning."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


class Prompt(msgspec.Struct, gc=False):
    """The prompt template of the call."""

    name: str | None = None
    version: str | None = None
    checksum: str | None = None
    system: str | None = None


class Expect(msgspec.Struct, gc=False):
    """What the answer should be."""

    format: str | None = None
    schema: Any = None
    pattern: str | None = None
    language: str | None = None


class NativeEvent(msgspec.Struct, gc=False):
    """A call or, with ``type`` "feedback", a judgement of one."""

    id: str
    time: str | float
    model: str | None = None
    v: int | None = None
    type: str | None = None
    provider: str | None = None
    served_model: str | None = None
    fingerprint: str | None = None
    route: str | None = None
    consumer: str | None = None
    session: str | None = None
    status: int | None = None
    error: Error | str | None = None
    duration_s: float | None = None
    ttft_s: float | None = None
    stream: bool | None = None
    cache_hit: bool | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    finish_reason: str | None = None
    params: dict[str, Any] | None = None
    prompt: Prompt | None = None
    input: msgspec.Raw = msgspec.Raw()
    output: msgspec.Raw = msgspec.Raw()
    context: msgspec.Raw = msgspec.Raw()
    tools: msgspec.Raw = msgspec.Raw()
    expect: Expect | None = None
    scores: dict[str, Any] | None = None
    confidence: float | None = None
    logprobs: msgspec.Raw = msgspec.Raw()
    labels: dict[str, Any] | None = None
    trace_id: str | None = None
    call_id: str | None = None
    flag: str | None = None
    by: str | None = None
    comment: str | None = None
    verdict: str | None = None
    kind: str | None = None
    category: str | None = None


_fast = msgspec.json.Decoder(NativeEvent)
_feedback = FeedbackFormat()


class Native:
    """Adapter for native events and feedback."""

    name = "native"

    def __init__(self, *, content: bool = False) -> None:
        self._content = content

    def parse(self, data: Buffer) -> Event:
        """Return the call or feedback of one event; see ``Format.parse``."""
        errors: list[str] = []
        try:
            event = _fast.decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            event = convert(_with_aliases(load(data)), NativeEvent, errors)
        start = seconds(event.time)
        if start is None:
            errors.append("time")
        if event.type == "feedback":
            return _feedback.parse(data)
        if event.type == "drill":
            if event.category not in DRILLED:
                raise Skip("unknown_category")
            return Drill("drill|" + event.id, event.category, start)
        if not event.id:
            raise Skip("missing_id")
        if not event.model:
            raise Skip("wrong_type" if "model" in errors else "missing_model")
        call = _call(event, start, errors)
        if event.session is not None and event.input:
            call.prompt_key = prompt_key(_decode(event.input))
        if self._content:
            _fill_content(call, event, errors)
        call.field_errors = tuple(errors)
        return call


def _with_aliases(tree: dict[str, Any]) -> dict[str, Any]:
    """Read ``event_id`` and ``ts`` if ``id`` and ``time`` are missing: many loggers use these names."""
    for name, alias in (("id", "event_id"), ("time", "ts")):
        if name not in tree and alias in tree:
            tree[name] = tree[alias]
    return tree


def _call(e: NativeEvent, start: float | None, errors: list[str]) -> Call:
    call = Call(e.id, e.call_id or e.id, e.provider or UNKNOWN, e.model or UNKNOWN, e.route or UNKNOWN, start)
    call.duration = bounded(e.duration_s, "duration_s", MAX_SECONDS, errors)
    hold_first_token(call, e.ttft_s, errors)
    call.status = None if (status := bounded(e.status, "status", 1000, errors)) is None else int(status)
    call.failure = _failure(e, call.status)
    if call.failure is not None:
        call.id += "|failed"  # a later successful retry or fallback is another event of the same call
    call.usage_expected = call.failure is None
    call.served_model, call.fingerprint = e.served_model, e.fingerprint
    call.consumer, call.session, call.trace_id = e.consumer or None, e.session or None, e.trace_id
    call.stream, call.cache_hit = e.stream is True, e.cache_hit is True
    if e.usage is not None:
        call.input_tokens = count(e.usage.input, "usage.input", errors)
        call.output_tokens = count(e.usage.output, "usage.output", errors)
        call.cache_read_tokens = count(e.usage.cache_read, "usage.cache_read", errors)
        call.cache_write_tokens = count(e.usage.cache_write, "usage.cache_write", errors)
        call.reasoning_tokens = count(e.usage.reasoning, "usage.reasoning", errors)
        hold_parts(call, errors)
    call.cost_usd = bounded(e.cost_usd, "cost_usd", 1e6, errors)
    call.finish_reason = finish_of(e.finish_reason)
    call.refusal = call.finish_reason == "refusal"
    if e.prompt is not None and e.prompt.name:
        call.prompt = CallPrompt(e.prompt.name, e.prompt.version, e.prompt.checksum)
    if e.scores:
        call.scores = scores_of(e.scores, errors)
    call.confidence = bounded(e.confidence, "confidence", 1.0, errors, inclusive=True)
    call.params = e.params
    if e.labels:
        call.labels = texts_of(e.labels, errors)
    return call


def _failure(e: NativeEvent, status: int | None) -> str | None:
    error = e.error
    name, message = (error.type, error.message) if isinstance(error, Error) else (error, None)
    if name and " " in name:  # a sentence, not a name
        name, message = None, f"{name}: {message}" if message else name
    reason = name or message
    if not reason:
        return by_status(status)
    return reason if reason in FAILURE_REASONS else by_error(name or "", status, message or "")


def _decode(raw: msgspec.Raw) -> Any:
    """Decode a field that only detectors need; None if it is absent or invalid."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _expectation(expect: Expect, errors: list[str]) -> Expectation:
    """Return the expectation of the answer; a schema or a pattern implies the format."""
    kind = expected_format(expect.format, expect.schema, expect.pattern)
    if kind is not None and kind not in EXPECTED_FORMATS:
        errors.append("expect.format")
        kind = None
    return Expectation(kind, expect.schema, expect.pattern, expect.language)


def _fill_content(call: Call, e: NativeEvent, errors: list[str]) -> None:
    output = _decode(e.output)
    passages = _decode(e.context)
    conversation = messages(_decode(e.input))
    if e.prompt is not None and e.prompt.system:
        conversation.insert(0, messages([{"role": "system", "content": e.prompt.system}])[0])
    call.content = Content(
        input=conversation,
        output=None if output is None else part_text(output),
        context=[passages] if isinstance(passages, str) else _texts(passages),
        tools=[ToolCall(name) for name in _texts(_decode(e.tools))],
        logprobs=token_logprobs([_decode(e.logprobs)]),
        state="present" if output or conversation else "absent",
    )
    if e.expect is not None:
        call.expect = _expectation(e.expect, errors)
