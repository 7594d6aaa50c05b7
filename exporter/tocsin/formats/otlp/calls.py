"""Turns the span or log record of a call to a model into a ``Call``.

One call may have several spans, of instrumentation in several layers, and log records as well: they share the id of
the provider's response, or the ids of trace and span, and count once.
"""

from __future__ import annotations

import contextlib
import re
from itertools import islice
from typing import Any, Final

import xxhash

from tocsin.call import NO_CALL, UNKNOWN, Call, Expectation, Prompt, Skip
from tocsin.formats import gemini
from tocsin.formats.failures import by_error
from tocsin.formats.finish import finish_of
from tocsin.formats.lenient import MAX_SECONDS, bounded, is_number
from tocsin.formats.otlp import claude_code, codex, gemini_cli, genkit, langfuse, mlflow, names, span_events, texts
from tocsin.formats.otlp.record import Record
from tocsin.formats.otlp.texts import Attributes
from tocsin.formats.pairs import hold_first_token, hold_parts, prompt_key, tokens
from tocsin.formats.texts import expectation, sampling

_NANOS: Final = 1e9
_UNIQUE_LENGTH: Final = 16
"""Length from which a response's id is considered unique: some servers number theirs from a small range."""
_CODE: Final = re.compile(
    r"(?:[Ee]rror code:? |[Ss]tatus(?: ?code)?:? |HTTP(?:/[\d.]+)? )([45]\d\d)(?!\d)|^([45]\d\d)\b"
)
"""A status in an SDK's error message; most spans have it nowhere else."""
_ERROR_MAX: Final = 2000
"""Maximum characters of an error that are read."""
_TEXT_MAX: Final = 1024
"""Maximum characters of a name or an id,"""
_LABELS_MAX: Final = 128
"""and attributes of a resource, as many as SDKs keep: calls are held in memory until their other records arrive."""
_FINISH: Final = {"completed": "stop", "guardrail_intervened": "content_filter"}
"""OpenLIT's, and Bedrock's, whose guardrail may only have masked a part."""
_REFUSALS: Final = ("blocked_guardrail", "blocked_provider")
_UNNAMED_SERVICE: Final = "unknown_service"
"""The SDK's name for a service without one."""
_SAMPLING: Final = ("temperature", "top_p", "max_tokens", "seed")
_RECORDS_DEFAULTS: Final = "openlit"
"""Instrumentation that records the SDK's defaults for parameters that were not sent."""
_PROVIDERS: Final = re.compile(r"(?:^|[._])(openai|anthropic|cohere|mistralai|groq|ollama|bedrock|vertexai|together)\b")
"""Instrumentation libraries are named after what they instrument."""
_COUNTS: Final = ((names.SENT, "gen_ai.usage.input_tokens"), (names.RECEIVED, "gen_ai.usage.output_tokens"))
_PARTS: Final = (
    (names.CACHE_READ, "gen_ai.usage.cache_read"), (names.CACHE_WRITE, "gen_ai.usage.cache_write"),
    (names.REASONING, "gen_ai.usage.reasoning"),
)  # fmt: skip
"""Token counts: the names of their attributes, and the name of a field error in them."""
_SPAN_CONVENTIONS: Final = (langfuse, mlflow, genkit, claude_code, span_events)
_LOG_CONVENTIONS: Final = (claude_code, codex, gemini_cli)
"""Modules that convert other conventions to OpenTelemetry's attribute names."""


def is_call(record: Record) -> bool:
    """Return whether a span is a call to a model, not something that makes such calls or runs beside them."""
    attributes = record.attributes
    kind = attributes.get("openinference.span.kind")
    operation = first(attributes, names.OPERATION)
    if isinstance(operation, str):
        return operation.lower() in names.OPERATIONS
    if isinstance(kind, str):
        return kind.upper() in names.KINDS
    kind = attributes.get("gen_ai.span.kind")
    if isinstance(kind, str) and kind.upper() in names.KINDS | names.OTHER_KINDS:
        return kind.upper() in names.KINDS
    if str(attributes.get("ai.operationId")).endswith(".doEmbed"):  # Vercel's, without any other sign of a call
        return True
    models = (*names.REQUEST_MODEL[:2], *names.RESPONSE_MODEL[:2])
    if "traceloop.span.kind" in attributes or first(attributes, models) is None:
        return False
    return record.failed or not attributes.keys().isdisjoint(names.EVIDENCE)


def first(attributes: Attributes, among: tuple[str, ...]) -> Any:
    """Return the value of the first of some names that has one."""
    for name in among:
        value = attributes.get(name)
        if value is not None and value != "":
            return value
    return None


def call_of(record: Record, data: bytes, *, content: bool) -> Call:
    """Return the call that a span or log record describes; without any id, it is identified by ``data``.

    Raises:
        Skip: it describes no call.
    """
    for convention in _LOG_CONVENTIONS if record.is_log else _SPAN_CONVENTIONS:
        convention.rename(record)
    if not is_call(record):
        raise Skip(NO_CALL)
    attributes, errors = record.attributes, list[str]()
    request = texts.object_of(attributes.get("llm.invocation_parameters"))
    body, response = texts.bodies(attributes)
    served = _model(first(attributes, names.RESPONSE_MODEL))
    wanted = _model(first(attributes, names.REQUEST_MODEL)) or _text(request.get("model")) or _text(body.get("model"))
    call = Call("", "", _provider(record), wanted or served or UNKNOWN, _route(record))
    _identify(call, record, response, data)
    call.served_model = served if served != call.model else None
    call.start = record.start / _NANOS if record.start else None
    if record.start and record.end:
        call.duration = bounded((record.end - record.start) / _NANOS, "endTimeUnixNano", MAX_SECONDS, errors)
    call.stream = first(attributes, names.STREAM) is True or request.get("stream") is True
    _first_token(call, record, errors)
    if record.failed or attributes.get("error.type"):
        call.failure, call.status = _failure(record)
        call.id += "|failed"  # a successful retry under the same id is another event of the same call
        call.usage_expected = False
    _usage(call, attributes, errors)
    _finish(call, attributes, response)
    call.fingerprint = _text(first(attributes, names.FINGERPRINT)) or _text(response.get("system_fingerprint"))
    call.consumer = _text(first(attributes, names.USER)) or _text(request.get("user"))
    _context(call, record, body)
    if record.messages_dropped:
        errors.append("events")
    if content:
        call.content = texts.fill(attributes, body or request, response)
        call.expect = _expectation(attributes, body or request)
        call.params = _sampling(record, request)
    call.field_errors = tuple(errors)
    call.mergeable = True
    return call


def _text(value: Any) -> str | None:
    return value[:_TEXT_MAX] if isinstance(value, str) and value else None


def _model(value: Any) -> str | None:
    """Return the name of a model; Micrometer, and so Spring AI, writes "none" for an unknown one."""
    return None if value == "none" else _text(value)


def _provider(record: Record) -> str:
    name = _text(first(record.attributes, names.PROVIDER))
    if name is None:
        library = _PROVIDERS.search(record.scope)
        return library[1] if library else UNKNOWN
    if "ai.model.provider" in record.attributes:  # Vercel appends the API: openai.chat
        name = name.partition(".")[0]
    return name.lower()


def _route(record: Record) -> str:
    """Return the route: the service's name or, without one, the agent's."""
    service = _text(record.resource.get("service.name")) or _text(record.attributes.get("service.name"))
    if service is not None and not service.startswith(_UNNAMED_SERVICE):
        return service
    return _text(record.attributes.get("gen_ai.agent.name")) or UNKNOWN


def _identify(call: Call, record: Record, response: Attributes, data: bytes) -> None:
    response_id = _text(record.attributes.get("gen_ai.response.id")) or _text(response.get("id"))
    call.response_id = response_id
    if response_id is not None and len(response_id) >= _UNIQUE_LENGTH:
        call.id = call.call_id = response_id
    elif record.trace_id or record.span_id:
        call.id = call.call_id = f"{record.trace_id}|{record.span_id}"
    else:
        call.id = call.call_id = xxhash.xxh3_128_hexdigest(data)


def _context(call: Call, record: Record, body: Attributes) -> None:
    """Fill in the context of a call: session, trace, prompt and labels."""
    attributes = record.attributes
    call.session = _text(first(attributes, names.SESSION))
    call.trace_id = record.trace_id or None
    call.prompt = _prompt(attributes, call.route)
    labels = islice(record.resource.items(), _LABELS_MAX)
    call.labels = {name.replace(".", "_"): value[:_TEXT_MAX] for name, value in labels if isinstance(value, str)}
    if call.session is not None:
        call.prompt_key = _prompt_key(attributes, body)


def _first_token(call: Call, record: Record, errors: list[str]) -> None:
    """Fill in the time to the first token of a stream: without streaming, OpenLIT records the whole duration."""
    attributes = record.attributes
    ttft = first(attributes, names.FIRST_TOKEN)
    if ttft is None and is_number(milliseconds := first(attributes, names.FIRST_TOKEN_MS)):
        ttft = milliseconds / 1000
    if ttft is None and record.start and not record.moments_dropped:
        moments = [moment.time for moment in record.moments if moment.name in names.FIRST_MOMENTS and moment.time]
        if moments and min(moments) >= record.start:
            call.stream, ttft = True, (min(moments) - record.start) / _NANOS
    if call.stream or first(attributes, names.FIRST_TOKEN_MS) is not None:
        call.stream = True
        hold_first_token(call, ttft, errors)


def _failure(record: Record) -> tuple[str, int | None]:
    """Return the reason of a failure and the HTTP status, which is usually only in the message."""
    attributes = record.attributes
    exception = next((moment.attributes for moment in record.moments if moment.name == "exception"), {})
    error_type = str(attributes.get("error.type") or exception.get("exception.type") or "")
    error_type = error_type[:_ERROR_MAX].rpartition(".")[2]
    message = record.message or str(exception.get("exception.message") or attributes.get("error.message") or "")
    message = message[:_ERROR_MAX]
    if not error_type and (prefix := re.match(r"([A-Za-z]\w*(?:Error|Exception|Timeout)): ", message)):
        error_type, message = prefix[1], message[prefix.end() :]
    code = first(attributes, names.STATUS)
    status_text = _CODE.search(message[:200])
    if status_text is not None:
        code = int(status_text[1] or status_text[2])
    status = code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600 else None
    error_type = "" if error_type == "_OTHER" else error_type
    reason = by_error(error_type, status)
    if reason in _REFUSALS:
        return reason, status
    return by_error("" if status is not None else error_type, status, message) if message else reason, status


def _usage(call: Call, attributes: Attributes, errors: list[str]) -> None:
    """Fill in tokens and cost; cached or reasoning tokens that are counted outside input and output are added."""
    sent, received = (tokens(first(attributes, among), name, errors) for among, name in _COUNTS)
    read = written = reasoning = None
    if not attributes.keys().isdisjoint(names.PARTS):  # absent from most calls
        read, written, reasoning = (tokens(first(attributes, among), name, errors) for among, name in _PARTS)
    if not sent and not received:
        return  # zeros of both mean that nothing was counted
    if sent is not None and received is None:
        received = 0  # embeddings report only their input
    cached = (read or 0) + (written or 0)
    total = first(attributes, names.TOTAL)
    if sent is not None and cached and (cached > sent or total == sent + cached + (received or 0)):
        sent += cached
    if received is not None and reasoning and (reasoning > received or total == (sent or 0) + received + reasoning):
        received += reasoning
    call.input_tokens, call.output_tokens = sent, received
    call.cache_read_tokens, call.cache_write_tokens, call.reasoning_tokens = read, written, reasoning
    hold_parts(call, errors)
    cost = first(attributes, names.COST)
    if isinstance(cost, str):
        with contextlib.suppress(ValueError):
            cost = float(cost)
    cost = bounded(cost, "gen_ai.usage.cost", 1e6, errors)
    call.cost_usd = float(cost) if cost else None  # 0 with tokens means an unknown price


def _finish(call: Call, attributes: Attributes, response: Attributes) -> None:
    """Fill in the finish reason and whether the model refused."""
    reasons = first(attributes, names.FINISH)
    if isinstance(reasons, str) and reasons.startswith("["):
        try:
            reasons = texts.value_of(reasons)
        except ValueError:
            reasons = None
    reason = next(iter(reasons), None) if isinstance(reasons, list) else reasons
    if reason is None:
        choice = next(iter(response["choices"]), None) if isinstance(response.get("choices"), list) else None
        reason = choice.get("finish_reason") if isinstance(choice, dict) else response.get("status")
    word = reason.lower().replace("-", "_").rpartition(".")[2] if isinstance(reason, str) else ""
    call.finish_reason = _FINISH.get(word) or gemini.FINISH.get(word.upper()) or finish_of(word)
    call.refusal = call.finish_reason == "refusal" or texts.is_refused(attributes, response)


def _prompt(attributes: Attributes, route: str) -> Prompt | None:
    name, version = first(attributes, names.PROMPT), first(attributes, names.PROMPT_VERSION)
    checksum = _text(first(attributes, names.PROMPT_HASH))
    if not isinstance(name, str) and version is None:
        return None
    return Prompt(name if isinstance(name, str) else route, None if version is None else str(version), checksum)


def _prompt_key(attributes: Attributes, body: Attributes) -> int | None:
    messages = attributes.get("gen_ai.input.messages")
    if isinstance(messages, str):
        return prompt_key(messages)
    return prompt_key(body.get("messages", body.get("input")))


def _sampling(record: Record, request: Attributes) -> Attributes | None:
    if record.scope.startswith(_RECORDS_DEFAULTS):
        return None
    sent = {name: record.attributes.get(f"gen_ai.request.{name}") for name in _SAMPLING}
    return {name: value for name, value in sent.items() if is_number(value)} or sampling(request)


def _expectation(attributes: Attributes, request: Attributes) -> Expectation | None:
    """Return the expected format of the answer: from a schema, the output type, or the recorded request."""
    schema = texts.object_of(first(attributes, names.SCHEMA))
    expected = dict(request)
    if schema:
        wrapped = schema.get("type") in ("json_object", "json_schema", "text")
        expected["response_format"] = schema if wrapped else {"type": "json_schema", "schema": schema}
    elif attributes.get("gen_ai.output.type") == "json":
        expected["response_format"] = {"type": "json_object"}
    if (count := attributes.get("gen_ai.request.choice.count")) is not None:
        expected["n"] = count
    try:
        tools = texts.value_of(first(attributes, names.TOOLS))
    except ValueError:
        tools = None
    if isinstance(tools, list):
        expected["tools"] = tools
    return expectation(expected)
