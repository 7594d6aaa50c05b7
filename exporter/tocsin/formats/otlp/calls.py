"""From a span of a call to a model to ``Call``.

One call may have several spans, of instrumentation in several layers, and log records beside them: they have the id of
the provider's answer in common, or the ids of trace and span, and count once.
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
from tocsin.formats.otlp import claude_code, codex, gemini_cli, langfuse, mlflow, names, span_events, texts
from tocsin.formats.otlp.record import Record
from tocsin.formats.otlp.texts import Attributes
from tocsin.formats.pairs import hold_first_token, hold_parts, prompt_key, tokens
from tocsin.formats.texts import expectation, sampling

_NANOS: Final = 1e9
_UNIQUE: Final = 16
"""Characters of an answer's id from which on it is taken for unique: some servers number theirs from a small range."""
_CODE: Final = re.compile(
    r"(?:[Ee]rror code:? |[Ss]tatus(?: ?code)?:? |HTTP(?:/[\d.]+)? )([45]\d\d)(?!\d)|^([45]\d\d)\b"
)
"""A status that an SDK tells in the text of an error; nothing else does, in most spans."""
_TOLD_MAX: Final = 2000
"""Characters of an error that are looked at."""
_TEXT_MAX: Final = 1024
"""Characters of a name or an id,"""
_LABELS_MAX: Final = 128
"""and attributes of a resource, as many as SDKs keep: calls wait for other records with what is said of them."""
_FINISH: Final = {"completed": "stop", "guardrail_intervened": "content_filter"}
"""Of OpenLIT, and of Bedrock, whose guardrail may have masked a part only."""
_REFUSALS: Final = ("blocked_guardrail", "blocked_provider")
_UNNAMED_SERVICE: Final = "unknown_service"
"""How the SDK calls a service that has no name."""
_FILLED_IN: Final = "openlit"
"""Writes its SDKs' defaults where a request sent no parameter."""
_PROVIDERS: Final = re.compile(r"(?:^|[._])(openai|anthropic|cohere|mistralai|groq|ollama|bedrock|vertexai|together)\b")
"""Libraries are called for what they instrument."""
_COUNTS: Final = ((names.SENT, "gen_ai.usage.input_tokens"), (names.RECEIVED, "gen_ai.usage.output_tokens"))
_PARTS: Final = (
    (names.CACHE_READ, "gen_ai.usage.cache_read"), (names.CACHE_WRITE, "gen_ai.usage.cache_write"),
    (names.REASONING, "gen_ai.usage.reasoning"),
)  # fmt: skip
"""Tokens by the names of their attributes, and what a fault in them is called."""
_OF_SPANS: Final = (langfuse, mlflow, claude_code, span_events)
_OF_LOGS: Final = (claude_code, codex, gemini_cli)
"""Modules that give OpenTelemetry's names to what is called otherwise."""


def is_call(record: Record) -> bool:
    """Return whether a span is that of a call to a model, and not of what makes such calls or runs beside them."""
    told = record.attributes
    kind = told.get("openinference.span.kind")
    operation = first(told, names.OPERATION)
    if isinstance(operation, str):
        return operation.lower() in names.OPERATIONS
    if isinstance(kind, str):
        return kind.upper() in names.KINDS
    kind = told.get("gen_ai.span.kind")
    if isinstance(kind, str) and kind.upper() in names.KINDS | names.OTHER_KINDS:
        return kind.upper() in names.KINDS
    if str(told.get("ai.operationId")).endswith(".doEmbed"):  # of Vercel's, with no other sign of a call
        return True
    if "traceloop.span.kind" in told or first(told, (*names.ASKED[:2], *names.SERVED[:2])) is None:
        return False
    return record.failed or not told.keys().isdisjoint(names.EVIDENCE)


def first(told: Attributes, among: tuple[str, ...]) -> Any:
    """Return the first value that is told under one of some names."""
    for name in among:
        value = told.get(name)
        if value is not None and value != "":
            return value
    return None


def call_of(record: Record, data: bytes, *, content: bool) -> Call:
    """Return the call that a span tells of; ``data`` names it where nothing else does.

    Raises:
        Skip: it tells of none.
    """
    for emitter in _OF_LOGS if record.is_log else _OF_SPANS:
        emitter.rename(record)
    if not is_call(record):
        raise Skip(NO_CALL)
    told, errors = record.attributes, list[str]()
    request = texts.object_of(told.get("llm.invocation_parameters"))
    body, response = texts.bodies(told)
    served = _model(first(told, names.SERVED))
    asked = _model(first(told, names.ASKED)) or _text(request.get("model")) or _text(body.get("model"))
    call = Call("", "", _provider(record), asked or served or UNKNOWN, _route(record))
    _identify(call, record, response, data)
    call.served_model = served if served != call.model else None
    call.start = record.start / _NANOS if record.start else None
    if record.start and record.end:
        call.duration = bounded((record.end - record.start) / _NANOS, "endTimeUnixNano", MAX_SECONDS, errors)
    call.stream = first(told, names.STREAM) is True or request.get("stream") is True
    _first_token(call, record, errors)
    if record.failed or told.get("error.type"):
        call.failure, call.status = _failure(record)
        call.id += "|failed"  # a retry that comes through under the same id is another event of the same call
        call.usage_expected = False
    _usage(call, told, errors)
    _ending(call, told, response)
    call.fingerprint = _text(first(told, names.FINGERPRINT)) or _text(response.get("system_fingerprint"))
    call.consumer = _text(first(told, names.USER)) or _text(request.get("user"))
    _surroundings(call, record, body)
    if record.messages_dropped:
        errors.append("events")
    if content:
        call.content = texts.fill(told, body or request, response)
        call.expect = _expectation(told, body or request)
        call.params = _sampling(record, request)
    call.field_errors = tuple(errors)
    call.mergeable = True
    return call


def _text(value: Any) -> str | None:
    return value[:_TEXT_MAX] if isinstance(value, str) and value else None


def _model(value: Any) -> str | None:
    """Return the name of a model; none where Micrometer, and so Spring AI, knows none and says so."""
    return None if value == "none" else _text(value)


def _provider(record: Record) -> str:
    told = _text(first(record.attributes, names.PROVIDER))
    if told is None:
        library = _PROVIDERS.search(record.scope)
        return library[1] if library else UNKNOWN
    if "ai.model.provider" in record.attributes:  # Vercel's has the API behind it: openai.chat
        told = told.partition(".")[0]
    return told.lower()


def _route(record: Record) -> str:
    """Return the application: its service's name; where that has none, the agent's."""
    named = _text(record.resource.get("service.name")) or _text(record.attributes.get("service.name"))
    if named is not None and not named.startswith(_UNNAMED_SERVICE):
        return named
    return _text(record.attributes.get("gen_ai.agent.name")) or UNKNOWN


def _identify(call: Call, record: Record, response: Attributes, data: bytes) -> None:
    answered = _text(record.attributes.get("gen_ai.response.id")) or _text(response.get("id"))
    call.response_id = answered
    if answered is not None and len(answered) >= _UNIQUE:
        call.id = call.call_id = answered
    elif record.trace_id or record.span_id:
        call.id = call.call_id = f"{record.trace_id}|{record.span_id}"
    else:
        call.id = call.call_id = xxhash.xxh3_128_hexdigest(data)


def _surroundings(call: Call, record: Record, body: Attributes) -> None:
    """Fill in what a call belongs to: session, trace, prompt and labels."""
    told = record.attributes
    call.session = _text(first(told, names.SESSION))
    call.trace_id = record.trace_id or None
    call.prompt = _prompt(told, call.route)
    labels = islice(record.resource.items(), _LABELS_MAX)
    call.labels = {name.replace(".", "_"): value[:_TEXT_MAX] for name, value in labels if isinstance(value, str)}
    if call.session is not None:
        call.prompt_key = _prompt_key(told, body)


def _first_token(call: Call, record: Record, errors: list[str]) -> None:
    """Fill in the time to the first token, of streams: others are told the whole duration, by OpenLIT."""
    told = record.attributes
    took = first(told, names.FIRST_TOKEN)
    if took is None and is_number(late := first(told, names.FIRST_TOKEN_MS)):
        took = late / 1000
    if took is None and record.start and not record.moments_dropped:
        moments = [moment.time for moment in record.moments if moment.name in names.FIRST_MOMENTS and moment.time]
        if moments and min(moments) >= record.start:
            call.stream, took = True, (min(moments) - record.start) / _NANOS
    if call.stream or first(told, names.FIRST_TOKEN_MS) is not None:
        call.stream = True
        hold_first_token(call, took, errors)


def _failure(record: Record) -> tuple[str, int | None]:
    """Return why a call failed, and the HTTP status, which as a rule stands in the message alone."""
    told = record.attributes
    raised = next((moment.attributes for moment in record.moments if moment.name == "exception"), {})
    kind = str(told.get("error.type") or raised.get("exception.type") or "")[:_TOLD_MAX].rpartition(".")[2]
    message = record.message or str(raised.get("exception.message") or told.get("error.message") or "")
    message = message[:_TOLD_MAX]
    if not kind and (named := re.match(r"([A-Za-z]\w*(?:Error|Exception|Timeout)): ", message)):
        kind, message = named[1], message[named.end() :]
    code = first(told, names.STATUS)
    found = _CODE.search(message[:200])
    if found is not None:
        code = int(found[1] or found[2])
    status = code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600 else None
    kind = "" if kind == "_OTHER" else kind
    named_reason = by_error(kind, status)
    if named_reason in _REFUSALS:
        return named_reason, status
    return by_error("" if status is not None else kind, status, message) if message else named_reason, status


def _usage(call: Call, told: Attributes, errors: list[str]) -> None:
    """Fill in tokens and cost; who counts what is cached or thought beside the rest has it added."""
    sent, received = (tokens(first(told, among), name, errors) for among, name in _COUNTS)
    read = written = reasoning = None
    if not told.keys().isdisjoint(names.PARTS):  # of most calls nothing is cached
        read, written, reasoning = (tokens(first(told, among), name, errors) for among, name in _PARTS)
    if not sent and not received:
        return  # 0 of both is what nobody has counted
    if sent is not None and received is None:
        received = 0  # embeddings tell their input alone
    cached = (read or 0) + (written or 0)
    total = first(told, names.TOTAL)
    if sent is not None and cached and (cached > sent or total == sent + cached + (received or 0)):
        sent += cached
    if received is not None and reasoning and (reasoning > received or total == (sent or 0) + received + reasoning):
        received += reasoning
    call.input_tokens, call.output_tokens = sent, received
    call.cache_read_tokens, call.cache_write_tokens, call.reasoning_tokens = read, written, reasoning
    hold_parts(call, errors)
    cost = first(told, names.COST)
    if isinstance(cost, str):
        with contextlib.suppress(ValueError):
            cost = float(cost)
    cost = bounded(cost, "gen_ai.usage.cost", 1e6, errors)
    call.cost_usd = float(cost) if cost else None  # 0 with tokens is an unknown price


def _ending(call: Call, told: Attributes, response: Attributes) -> None:
    """Fill in how the answer ended."""
    reasons = first(told, names.FINISH)
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
    call.refusal = call.finish_reason == "refusal" or texts.is_refused(told, response)


def _prompt(told: Attributes, route: str) -> Prompt | None:
    named, version = first(told, names.PROMPT), first(told, names.PROMPT_VERSION)
    checksum = _text(first(told, names.PROMPT_HASH))
    if not isinstance(named, str) and version is None:
        return None
    return Prompt(named if isinstance(named, str) else route, None if version is None else str(version), checksum)


def _prompt_key(told: Attributes, body: Attributes) -> int | None:
    asked = told.get("gen_ai.input.messages")
    if isinstance(asked, str):
        return prompt_key(asked)
    return prompt_key(body.get("messages", body.get("input")))


def _sampling(record: Record, request: Attributes) -> Attributes | None:
    if record.scope.startswith(_FILLED_IN):
        return None
    told, wanted = record.attributes, ("temperature", "top_p", "max_tokens", "seed")
    named = {name: told[f"gen_ai.request.{name}"] for name in wanted if is_number(told.get(f"gen_ai.request.{name}"))}
    return named or sampling(request)


def _expectation(told: Attributes, request: Attributes) -> Expectation | None:
    """Return what the answer is to be: as a schema says, or the kind of output, or the request that is kept."""
    schema = texts.object_of(first(told, names.SCHEMA))
    asked = dict(request)
    if schema:
        wrapped = schema.get("type") in ("json_object", "json_schema", "text")
        asked["response_format"] = schema if wrapped else {"type": "json_schema", "schema": schema}
    elif told.get("gen_ai.output.type") == "json":
        asked["response_format"] = {"type": "json_object"}
    if (several := told.get("gen_ai.request.choice.count")) is not None:
        asked["n"] = several
    try:
        tools = texts.value_of(first(told, names.TOOLS))
    except ValueError:
        tools = None
    if isinstance(tools, list):
        asked["tools"] = tools
    return expectation(asked)
