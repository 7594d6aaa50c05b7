"""LiteLLM's ``StandardLoggingPayload``, as its generic callback posts it and its loggers write it.

Source: https://docs.litellm.ai/docs/proxy/logging_spec, and what the proxy actually sends (1.81 to 1.109):
``response_time`` is the time to first token for streams, an unknown price is a cost of 0.0, a guardrail
block has status "failure" like an outage, and the success after a retry shares its call id.
"""

from __future__ import annotations

from typing import Any

import msgspec
import xxhash

from tocsin.call import NO_CALL, OTHER, UNKNOWN, Call, Prompt, Skip
from tocsin.formats import litellm_content, litellm_errors, passthrough, spendlogs
from tocsin.formats.base import Buffer
from tocsin.formats.exchange import decode
from tocsin.formats.failures import by_error
from tocsin.formats.finish import FINISH, refused
from tocsin.formats.lenient import MAX_SECONDS, MAX_TOKENS, convert, count, load, text_seconds, within
from tocsin.formats.litellm_payload import (
    Details,
    Error,
    FullPayload,
    Metadata,
    Payload,
    PromptManagement,
    Response,
    WithSession,
)

_fast = msgspec.json.Decoder(Payload).decode
_full = msgspec.json.Decoder(FullPayload).decode
_prompt = msgspec.json.Decoder(WithSession)


class LiteLLM:
    """Adapter for LiteLLM payloads."""

    name = "litellm"

    def __init__(self, *, content: bool = False) -> None:
        self._content = content

    def parse(self, data: Buffer) -> Call:
        """Return the call of one payload; see ``Format.parse``."""
        call = self._parse(data)
        if call.failure == OTHER:
            call.failure = litellm_errors.by_text(data)
        elif call.failure == "client_4xx" or (call.status == 424 and call.failure == "provider_5xx"):
            call.failure = litellm_errors.refusal(data, call.status) or call.failure
        if call.usage_expected and call.input_tokens is None:
            passthrough.complete(call, data, content=self._content)
        return call

    def _parse(self, data: Buffer) -> Call:
        if self._content:
            try:
                return _with_content(_full(data))
            except (msgspec.MsgspecError, ValueError, RecursionError):
                pass  # a field has an unexpected type: take the lenient path
        errors: list[str] = []
        tree: dict[str, Any] | None = None
        try:
            payload = _fast(data)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            tree = load(data)
            payload = convert(spendlogs.as_payload(tree), Payload, errors)
        call = _call(payload, errors)
        if call.session is not None:
            call.prompt_key = _prompt_key(data)
        if self._content:
            litellm_content.fill_from_tree(call, decode(data) if tree is None else tree)
            call.response_id = payload.id
        if errors:
            call.field_errors = tuple(errors)
        return call


def _call(p: Payload, errors: list[str]) -> Call:
    meta = p.metadata or _NO_METADATA
    start, duration, ttft = _times(p, errors)
    info, response = p.error_information, p.response
    is_failure = p.status != "success" or (info is not None and info.error_code)
    failure, status = _failed(p) if is_failure else (None, None)
    model = p.model_group or p.model or UNKNOWN
    if isinstance(response, Response):
        served, fingerprint, finish, refusal, queued = _answer(response, model)
        if failure is None and response.status in _FAILED_STATUSES:
            failure = _response_failure(response)
    else:
        served = fingerprint = finish = None
        refusal = queued = False
    cache_hit = p.cache_hit is True
    call_id, identity = p.litellm_call_id, p.id or ""
    if not identity and not call_id:  # calls without ids must not become duplicates of each other
        identity = f"{p.startTime}|{p.endTime}|{p.model}|{p.total_tokens}|{p.trace_id}"
    sent, received, read, written, reasoning = _usage(p, meta, errors, owed=failure is None and cache_hit)
    cost = p.response_cost
    if cost is not None:
        if not 0 <= cost < 1e6:
            errors.append("response_cost")
            cost = None
        elif not cost and not cache_hit and (sent or received):
            cost = None  # 0.0 with tokens means "unknown price", not free
    if sent is None and p.call_type in _TOOL_CALL_TYPES:
        raise Skip(NO_CALL)
    metered = sent is not None or p.call_type is None or p.call_type in _TOKEN_CALL_TYPES
    managed = meta.prompt_management_metadata
    return Call(  # by position: by name it takes half a microsecond longer, a thirtieth of the parse
        f"{call_id or ''}|{p.status}|{identity}", call_id or identity,
        p.custom_llm_provider or UNKNOWN, model, _route(p.request_tags, meta),
        start, duration, ttft, failure, status, served, fingerprint,
        p.end_user or meta.user_api_key_user_id or meta.user_api_key_hash, p.session_id or None, p.trace_id,
        p.stream is True, cache_hit,
        sent, received, read, written, reasoning, metered and failure is None and not queued, cost,
        finish, refusal, None, None if managed is None else _prompt_of(managed),
    )  # fmt: skip


def _times(p: Payload, errors: list[str]) -> tuple[float | None, float | None, float | None]:
    """Return the start in Unix seconds, the duration and the time to first token in seconds."""
    start: float | str | None = p.startTime
    end: float | str | None = p.endTime
    if isinstance(start, str):
        start = _seconds(start, "startTime", errors)
    if isinstance(end, str):
        end = _seconds(end, "endTime", errors)
    if start is None or end is None:
        return start, None, None
    duration = end - start
    if not 0 <= duration < MAX_SECONDS:
        if duration > 0:
            errors.append("endTime")
        return start, None, None
    if p.stream:
        first = p.completionStartTime
        if isinstance(first, str):
            first = _seconds(first, "completionStartTime", errors)
        if first is not None and start < first < end:
            return start, duration, first - start
    return start, duration, None


def _failed(p: Payload) -> tuple[str | None, int | None]:
    """Return the reason and the HTTP status of a failure; (None, None) for a success."""
    info = p.error_information
    if p.status != "success":
        error = info or Error()
        code = str(error.error_code or "")
        guardrail = p.status_fields.guardrail_status if p.status_fields is not None else None
        guarded = p.metadata is not None and bool(p.metadata.applied_guardrails)
        reason = litellm_errors.failure(
            code, error.error_class or "", error.normalized_error or "", guardrail, guarded=guarded
        )
        return reason, int(code[:6]) if code.isdecimal() else None
    if info is not None and str(info.error_code) == "499":
        return "cancelled", None  # the client disconnected; usage is still reported
    return None, None


def _response_failure(response: Response) -> str | None:
    """Return the reason why a response of the Responses API failed under HTTP 200.

    None for a failed batch, video or fine-tuning job: polling its status is a call that succeeds.
    """
    if response.output is None:
        return None
    if response.status == "cancelled":
        return "cancelled"
    code = response.error.get("code") if isinstance(response.error, dict) else None
    reason = by_error(str(code), None)
    return "provider_5xx" if reason == OTHER else reason


def _answer(response: Response, model: str) -> tuple[str | None, str | None, str | None, bool, bool]:
    """Return served model (if it differs), fingerprint, finish reason, whether refused, whether queued."""
    finish, refusal = response.stop_reason, False
    if response.incomplete_details is not None:  # the Responses API
        finish = response.incomplete_details.reason
    if response.choices:
        choice = response.choices[0]
        finish = choice.finish_reason
        refusal = choice.message is not None and bool(choice.message.refused)
    elif response.output is not None:  # the Responses API, too
        refusal = refused(response.output)
        finish = finish or ("stop" if response.status == "completed" else None)
    if finish:
        refusal = refusal or finish == "refusal"
        finish = FINISH.get(finish, OTHER)
    served = response.model
    return (
        served if served and served != model else None,
        response.system_fingerprint,
        finish or None,
        refusal,
        response.status in ("queued", "in_progress"),
    )


def _prompt_of(managed: PromptManagement) -> Prompt | None:
    if not managed.prompt_id:
        return None
    return Prompt(managed.prompt_id, None if managed.prompt_version is None else str(managed.prompt_version))


_FAILED_STATUSES = ("failed", "cancelled")
_TOKEN_CALL_TYPES = frozenset(
    prefix + kind
    for prefix in ("", "a")
    for kind in (
        "completion", "text_completion", "embedding", "anthropic_messages", "responses", "generate_content",
        "generate_content_stream", "pass_through_endpoint", "llm_passthrough_route",
    )
)  # fmt: skip
"""Types of calls metered in tokens; images, speech, reranking and the like are metered in other units."""
_TOOL_CALL_TYPES = ("call_mcp_tool", "list_mcp_tools")
"""Types of calls to MCP servers through the proxy's gateway: no model is called."""
_NO_METADATA = Metadata()
_NO_DETAILS = Details()
_NO_COUNTS = (None, None, None, None, None)


def _route(tags: list[str] | None, meta: Metadata) -> str:
    """``app:NAME`` among the tags, else the team alias, else the request path."""
    if tags:
        for tag in tags:
            if tag.startswith("app:") and len(tag) > 4:
                return tag[4:]
    return meta.user_api_key_team_alias or meta.user_api_key_request_route or UNKNOWN


_Counts = tuple[int | None, int | None, int | None, int | None, int | None]


def _usage(p: Payload, meta: Metadata, errors: list[str], *, owed: bool) -> _Counts:
    """Return sent, received, cache read, cache written and reasoning tokens; ``owed``: zeros are a count."""
    sent, received = p.prompt_tokens, p.completion_tokens
    if sent is not None and not 0 <= sent < MAX_TOKENS:
        sent = count(sent, "prompt_tokens", errors)
    if received is not None and not 0 <= received < MAX_TOKENS:
        received = count(received, "completion_tokens", errors)
    if not sent and not received and not owed:
        return _NO_COUNTS  # LiteLLM writes 0 for unknown counts
    usage = meta.usage_object
    if usage is None or usage.prompt_tokens_details is None:
        usage = (p.response.usage if isinstance(p.response, Response) else None) or usage
    if usage is None:
        return sent, received, None, None, None
    input_details = usage.prompt_tokens_details or usage.input_tokens_details or _NO_DETAILS
    output_details = usage.completion_tokens_details or usage.output_tokens_details or _NO_DETAILS
    read = usage.cache_read_input_tokens or input_details.cached_tokens  # streams of 1.72 have only the former
    written = usage.cache_creation_input_tokens or input_details.cache_creation_tokens
    reasoning = output_details.reasoning_tokens
    if not read and not written and not reasoning:
        return sent, received, read, written, reasoning
    read = count(read, "cached_tokens", errors)
    written = count(written, "cache_creation_input_tokens", errors)
    cached = (read or 0) + (written or 0)
    if cached > (sent or 0):
        sent = (sent or 0) + cached
    elif cached and p.status_fields is None and p.litellm_call_id is None:
        sent = (sent or 0) + _uncounted_cached(meta, input_details, cached, written or 0)
    reasoning = count(reasoning, "reasoning_tokens", errors)
    if reasoning and _is_reasoning_excluded(reasoning, p):
        received = (received or 0) + reasoning
    reasoning = within(reasoning, received, "reasoning_tokens", errors)
    return sent, received, read, written, reasoning


def _uncounted_cached(meta: Metadata, input_details: Details, cached: int, written: int) -> int:
    """Return the cached tokens that are not in prompt_tokens, in versions before 1.77.7.

    Streams of 1.61, which have no details: all. From 1.65, which has the usage in its metadata, to 1.77.1: cache
    writes.
    """
    if meta.usage_object is None:
        return cached if input_details is _NO_DETAILS else 0
    return written if input_details.cache_creation_tokens is None else 0


def _is_reasoning_excluded(reasoning: int, p: Payload) -> bool:
    """Return whether reasoning is not part of the output: xAI's, which LiteLLM 1.81 passes on unchanged.

    In its streams the total excludes it, too.
    """
    received = p.completion_tokens or 0
    if p.custom_llm_provider == "xai" and reasoning > received:
        return True
    return p.total_tokens == (p.prompt_tokens or 0) + received + reasoning


def _seconds(value: str, name: str, errors: list[str]) -> float | None:
    """Return the Unix seconds of a time in text; an invalid one is an error."""
    moment = text_seconds(value)
    if moment is None and value:
        errors.append(name)
    return moment


def _prompt_key(data: Buffer) -> int | None:
    try:
        return _key_of(bytes(_prompt.decode(data).messages))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _key_of(messages: bytes) -> int | None:
    raw = messages[-300:]
    return xxhash.xxh3_64_intdigest(raw.translate(None, b"0123456789")) if raw else None


def _with_content(p: FullPayload) -> Call:
    errors: list[str] = []
    call = _call(p, errors)
    if errors:
        call.field_errors = tuple(errors)
    messages = bytes(p.messages)  # a copy: the line's buffer is reused
    if call.session is not None:
        call.prompt_key = _key_of(messages)
    litellm_content.fill(call, p, messages)
    return call
