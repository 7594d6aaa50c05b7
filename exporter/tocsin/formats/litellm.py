"""LiteLLM's ``StandardLoggingPayload``, as its generic callback posts it and its loggers write it.

Source: https://docs.litellm.ai/docs/proxy/logging_spec, and what the proxy really sends (1.81 to 1.109):
``response_time`` is the time to first token for streams, an unknown price is a cost of 0.0, a guardrail
block has status "failure" like an outage, and the success after a retry shares its call id.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import xxhash

from tocsin.call import OTHER, UNKNOWN, Call, Content, Prompt
from tocsin.formats.base import Buffer
from tocsin.formats.lenient import convert, count, is_number, iso_seconds, load
from tocsin.formats.pairs import decode
from tocsin.formats.texts import expectation, messages, sampling, text_of

REDACTED = "redacted-by-litellm"


class _Details(msgspec.Struct, gc=False):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_creation_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _PromptManagement(msgspec.Struct, gc=False):
    prompt_id: str | None = None
    prompt_version: str | int | None = None


class _Metadata(msgspec.Struct, gc=False):
    user_api_key_hash: str | None = None
    user_api_key_user_id: str | None = None
    user_api_key_team_alias: str | None = None
    user_api_key_request_route: str | None = None
    usage_object: _Usage | None = None
    prompt_management_metadata: _PromptManagement | None = None


class _Error(msgspec.Struct, gc=False):
    error_code: str | int | None = None
    error_class: str | None = None
    normalized_error: str | None = None


class _Status(msgspec.Struct, gc=False):
    guardrail_status: str | None = None


class _Answer(msgspec.Struct, gc=False):
    refusal: str | None = None


class _Choice(msgspec.Struct, gc=False):
    finish_reason: str | None = None
    message: _Answer | None = None


class _Response(msgspec.Struct, gc=False):
    model: str | None = None
    system_fingerprint: str | None = None
    status: str | None = None
    stop_reason: str | None = None
    choices: list[_Choice] | None = None


class _Payload(msgspec.Struct, gc=False):
    id: str
    status: str
    startTime: float | str  # noqa: N815 - LiteLLM's name
    endTime: float | str  # noqa: N815
    metadata: _Metadata | None = None
    model: str | None = None
    model_group: str | None = None
    completionStartTime: float | str | None = None  # noqa: N815
    custom_llm_provider: str | None = None
    litellm_call_id: str | None = None
    trace_id: str | None = None
    session_id: str | None = None
    call_type: str | None = None
    stream: bool | None = None
    cache_hit: bool | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    response_cost: float | None = None
    end_user: str | None = None
    request_tags: list[str] | None = None
    status_fields: _Status | None = None
    response: _Response | list[Any] | str | None = None  # text and lists come from odd endpoints
    error_information: _Error | None = None


class _WithSession(msgspec.Struct, gc=False):
    messages: msgspec.Raw = msgspec.Raw()


_fast = msgspec.json.Decoder(_Payload)
_prompt = msgspec.json.Decoder(_WithSession)


class LiteLLM:
    """Adapter for LiteLLM payloads."""

    name = "litellm"

    def __init__(self, *, content: bool = False) -> None:
        self._content = content

    def parse(self, data: Buffer) -> Call:
        """Return the call of one payload; see ``Format.parse``."""
        errors: list[str] = []
        tree: dict[str, Any] | None = None
        try:
            payload = _fast.decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            tree = load(data)
            payload = convert(_spend_log(tree), _Payload, errors)
        call = _call(payload, errors)
        if call.session is not None:
            call.prompt_key = _prompt_key(data)
        if self._content:
            _fill_content(call, decode(data) if tree is None else tree)
        if errors:
            call.field_errors = tuple(errors)
        return call


def _spend_log(tree: dict[str, Any]) -> dict[str, Any]:
    """Give a row of LiteLLM's SpendLogs table the names of a payload."""
    if "request_id" in tree and "id" not in tree:
        tree["id"] = tree["request_id"]
        tree.setdefault("response_cost", tree.get("spend"))
        if tree.get("status") not in ("success", "failure"):
            tree["status"] = "success"
        tree["cache_hit"] = str(tree.get("cache_hit")).lower() == "true"
    return tree


def _call(p: _Payload, errors: list[str]) -> Call:
    start, end = _seconds(p.startTime, "startTime", errors), _seconds(p.endTime, "endTime", errors)
    duration = end - start if start is not None and end is not None and end >= start else None
    meta = p.metadata or _NO_METADATA
    cache_hit = p.cache_hit is True
    call_id = p.litellm_call_id or p.id
    call = Call(
        f"{p.litellm_call_id or ''}|{p.status}|{p.id}",
        call_id,
        p.custom_llm_provider or UNKNOWN,
        p.model_group or p.model or UNKNOWN,
        _route(p.request_tags, meta),
        start,
        duration,
    )
    if p.stream and start is not None and end is not None:
        first = p.completionStartTime
        first = first if first is None or type(first) is float else _seconds(first, "completionStartTime", errors)
        if first is not None and start < first < end:
            call.ttft = first - start
    call.stream = p.stream is True
    call.cache_hit = cache_hit
    call.consumer = p.end_user or meta.user_api_key_user_id or meta.user_api_key_hash
    call.session = p.session_id or None
    call.trace_id = p.trace_id
    if p.status != "success":
        call.failure = _failure(p)
        call.usage_expected = False
        info = p.error_information
        code = "" if info is None else str(info.error_code)
        if code.isdecimal():
            call.status = int(code[:6])
    elif p.error_information is not None and str(p.error_information.error_code) == "499":
        call.failure = "cancelled"  # the client went away; what was used is still reported
    _usage(call, p, meta, errors)
    _cost(call, p, errors)
    response = p.response
    if isinstance(response, _Response):
        call.fingerprint = response.system_fingerprint
        if response.model and response.model != call.model:
            call.served_model = response.model
        choices = response.choices
        finish = response.stop_reason
        if choices:
            finish = choices[0].finish_reason
            answer = choices[0].message
            call.refusal = answer is not None and bool(answer.refusal)
        if finish:
            call.finish_reason = FINISH.get(finish, OTHER)
            call.refusal = call.refusal or finish == "refusal"
        if response.status == "queued":
            call.usage_expected = False
    managed = meta.prompt_management_metadata
    if managed is not None and managed.prompt_id:
        version = None if managed.prompt_version is None else str(managed.prompt_version)
        call.prompt = Prompt(managed.prompt_id, version)
    return call


FINISH = {
    "stop": "stop", "length": "length", "tool_calls": "tool_calls", "function_call": "tool_calls",
    "content_filter": "content_filter", "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length",
    "tool_use": "tool_calls", "refusal": "refusal",
}  # fmt: skip
_NO_METADATA = _Metadata()
_NO_DETAILS = _Details()


def _route(tags: list[str] | None, meta: _Metadata) -> str:
    """``app:NAME`` among the tags, else the team alias, else the request path."""
    if tags:
        for tag in tags:
            if tag.startswith("app:") and len(tag) > 4:
                return tag[4:]
    return meta.user_api_key_team_alias or meta.user_api_key_request_route or UNKNOWN


def _usage(call: Call, p: _Payload, meta: _Metadata, errors: list[str]) -> None:
    sent = count(p.prompt_tokens, "prompt_tokens", errors)
    received = count(p.completion_tokens, "completion_tokens", errors)
    if not sent and not received and (call.failure is not None or not call.cache_hit):
        return  # LiteLLM writes 0 where it knows nothing
    call.input_tokens, call.output_tokens = sent, received
    usage = meta.usage_object
    if usage is None:
        return
    into = usage.prompt_tokens_details or usage.input_tokens_details or _NO_DETAILS
    out = usage.completion_tokens_details or usage.output_tokens_details or _NO_DETAILS
    read = into.cached_tokens if into.cached_tokens is not None else usage.cache_read_input_tokens
    written = usage.cache_creation_input_tokens
    call.cache_read_tokens = count(read, "cached_tokens", errors)
    call.cache_write_tokens = count(
        into.cache_creation_tokens if written is None else written, "cache_creation_input_tokens", errors
    )
    call.reasoning_tokens = count(out.reasoning_tokens, "reasoning_tokens", errors)


def _cost(call: Call, p: _Payload, errors: list[str]) -> None:
    cost = p.response_cost
    if cost is None:
        return
    if not 0 <= cost < 1e6:
        errors.append("response_cost")
    elif cost or call.cache_hit or not (call.input_tokens or call.output_tokens):
        call.cost_usd = cost  # 0.0 with tokens means "unknown price", not free


_BY_CODE = {"408": "timeout", "504": "timeout", "429": "rate_limited", "499": "cancelled"}


def _failure(p: _Payload) -> str:
    """Class a failure: guardrail first, then the normalised error, the class, the code."""
    info = p.error_information or _Error()
    guardrail = p.status_fields.guardrail_status if p.status_fields is not None else None
    normalized = (info.normalized_error or "").upper()
    name = info.error_class or ""
    code = str(info.error_code or "")
    if guardrail == "guardrail_intervened" or "Guardrail" in name:
        return "blocked_guardrail"
    if "CONTENT_POLICY" in normalized or "ContentPolicy" in name or code == "content_filter":
        return "blocked_provider"
    if "Timeout" in name or "TIMEOUT" in normalized:
        return "timeout"
    if "CONNECTION" in normalized or "APIConnectionError" in name:
        return "connection"
    if "RateLimit" in name:
        return "rate_limited"
    code = normalized[:3] if normalized[:3].isdigit() else code[:3]
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code.startswith("5"):
        return "provider_5xx"
    if code.startswith("4"):
        return "client_4xx"
    return {"InternalServerError": "provider_5xx", "ServiceUnavailableError": "provider_5xx"}.get(name, OTHER)


def _seconds(value: float | str | None, name: str, errors: list[str]) -> float | None:
    """Return Unix seconds of an epoch or an ISO time; a time without zone is UTC."""
    if isinstance(value, float | int):
        return float(value)
    if value:
        moment = iso_seconds(value)
        if moment is not None:
            return moment
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if is_number(number):
            return number
        errors.append(name)
    return None


def _prompt_key(data: Buffer) -> int | None:
    try:
        raw = bytes(_prompt.decode(data).messages)[-300:]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return xxhash.xxh3_64_intdigest(raw.translate(None, b"0123456789")) if raw else None


def _fill_content(call: Call, tree: dict[str, Any]) -> None:
    response = tree.get("response")
    content = Content(input=messages(tree.get("messages")))
    content.output, content.tools = text_of(response)
    if content.output == REDACTED or any(m.text == REDACTED for m in content.input):
        content = Content(state="redacted")
    elif content.output is None and not content.input:
        content.state = "absent"
    call.content = content
    params = tree.get("model_parameters")
    if isinstance(params, dict):
        call.expect = expectation(params)
        call.params = sampling(params)
