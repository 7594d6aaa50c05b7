"""The fields of LiteLLM's ``StandardLoggingPayload`` that are read, typed.

Source: https://docs.litellm.ai/docs/proxy/logging_spec, and what versions from 1.61 to 1.109 sent.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.formats.chat import Choice, FullChoice, RequestParameters


class Details(msgspec.Struct, gc=False):
    """Token counts that are part of another count."""

    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_creation_tokens: int | None = None


class Usage(msgspec.Struct, gc=False):
    """Token usage under the names of several APIs."""

    prompt_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None
    input_tokens_details: Details | None = None
    output_tokens_details: Details | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class PromptManagement(msgspec.Struct, gc=False):
    """The managed prompt of a call."""

    prompt_id: str | None = None
    prompt_version: str | int | None = None


class Metadata(msgspec.Struct, gc=False):
    """The caller, the route and the guardrails."""

    user_api_key_hash: str | None = None
    user_api_key_user_id: str | None = None
    user_api_key_team_alias: str | None = None
    user_api_key_request_route: str | None = None
    prompt_management_metadata: PromptManagement | None = None
    applied_guardrails: Any = None
    usage_object: Usage | None = None


class Error(msgspec.Struct, gc=False):
    """Why a call failed."""

    error_code: str | int | None = None
    error_class: str | None = None
    normalized_error: str | None = None


class Status(msgspec.Struct, gc=False):
    """The verdict of the guardrails."""

    guardrail_status: str | None = None


class Incomplete(msgspec.Struct, gc=False):
    """Why an answer of the Responses API ended early."""

    reason: str | None = None


class Response(msgspec.Struct, gc=False):
    """A response, as far as counting needs it."""

    model: str | None = None
    system_fingerprint: str | None = None
    status: str | None = None
    error: Any = None
    incomplete_details: Incomplete | None = None
    stop_reason: str | None = None
    choices: tuple[Choice, ...] | None = None
    output: Any = None
    usage: Usage | None = None
    """Payloads of early 2025 have the details only here; those of mid-2025 still do for the Responses API."""


class Payload(msgspec.Struct, gc=False, kw_only=True):
    """Fields in the order in which LiteLLM writes them: msgspec tries the next field first."""

    id: str | None
    """The id of the response, which a provider may omit."""
    litellm_call_id: str | None = None
    trace_id: str | None = None
    session_id: str | None = None
    call_type: str | None = None
    cache_hit: bool | None = None
    stream: bool | None = None
    status: str
    status_fields: Status | None = None
    custom_llm_provider: str | None = None
    startTime: float | str  # noqa: N815 - LiteLLM's name
    endTime: float | str  # noqa: N815
    completionStartTime: float | str | None = None  # noqa: N815
    model: str | None = None
    metadata: Metadata | None = None
    response_cost: float | None = None
    total_tokens: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    request_tags: list[str] | None = None
    end_user: str | None = None
    model_group: str | None = None
    response: Response | list[Any] | str | None = None  # some endpoints have text or a list
    error_information: Error | None = None


class WithSession(msgspec.Struct, gc=False):
    """The messages of a payload, by which sessions that loop are recognised."""

    messages: msgspec.Raw = msgspec.Raw()


class FullResponse(Response, gc=False):
    """A response with its content."""

    choices: tuple[FullChoice, ...] | None = None
    content: Any = None
    text: Any = None


class FullPayload(Payload, gc=False, kw_only=True):
    """A payload with its content."""

    messages: msgspec.Raw = msgspec.Raw()
    response: FullResponse | list[Any] | str | None = None
    model_parameters: RequestParameters | None = None
