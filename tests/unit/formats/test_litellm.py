"""LiteLLM payloads: what versions and endpoints do differently."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call

BASE: dict[str, Any] = {
    "id": "chatcmpl-1", "litellm_call_id": "c-1", "status": "success", "startTime": 1000.0, "endTime": 1002.0,
    "completionStartTime": 1000.5, "stream": True, "model": "gpt-4o", "model_group": "", "custom_llm_provider": "openai",
    "prompt_tokens": 10, "completion_tokens": 4, "response_cost": 0.01,
    "response": {"choices": [{"finish_reason": "stop", "message": {"content": "hi"}}]},
}  # fmt: skip


def parse(**changes: Any) -> Call:
    event = formats.get("litellm", content=True).parse(json.dumps({**BASE, **changes}).encode())
    assert isinstance(event, Call)
    return event


def failed(code: object, name: str = "", normalized: str | None = None) -> str | None:
    information = {"error_code": code, "error_class": name, "normalized_error": normalized}
    return parse(status="failure", response={}, error_information=information).failure


@pytest.mark.parametrize(("provider", "output"), [("xai", 4 + 94), ("openai", 4)])
def test_reasoning_beyond_the_output_of_an_xai_stream_is_added(provider, output):
    """The total of a stream excludes the reasoning, too, so it is no help."""
    usage = {"prompt_tokens": 10, "completion_tokens": 4, "completion_tokens_details": {"reasoning_tokens": 94}}
    call = parse(custom_llm_provider=provider, total_tokens=14, response={"usage": usage})
    assert call.output_tokens == output
    assert call.field_errors == (() if provider == "xai" else ("reasoning_tokens",))


def test_the_failure_and_the_success_of_a_retry_are_two_events_of_one_call():
    first, second = parse(status="failure", id="c-1"), parse()
    assert first.id != second.id
    assert first.call_id == second.call_id == "c-1"


def test_an_answer_without_a_name_has_that_of_its_call():
    assert parse(id=None, litellm_call_id="call-1").call_id == "call-1"


@pytest.mark.parametrize("name", ["", None])
def test_calls_without_ids_are_distinguished_by_their_time_and_tokens(name):
    nameless = {"id": name, "litellm_call_id": None}
    one, again, other = (parse(**nameless, total_tokens=tokens) for tokens in (5, 5, 6))

    assert one.id == again.id != other.id
    assert one.call_id != other.call_id


def test_a_model_group_names_the_model_when_it_is_not_empty():
    assert parse().model == "gpt-4o"
    assert parse(model_group="fast").model == "fast"


@pytest.mark.parametrize("first", [1000.0, 1002.0, None])
def test_a_time_to_first_token_at_either_end_is_none_at_all(first):
    assert parse(completionStartTime=first).ttft is None


def test_only_streams_have_a_time_to_first_token():
    assert parse().ttft == 0.5
    assert parse(stream=None).ttft is None


def test_a_cache_hit_costs_nothing_and_is_priced():
    assert parse(cache_hit=True, response_cost=0.0).cost_usd == 0.0
    assert parse(response_cost=0.0).cost_usd is None


@pytest.mark.parametrize("response", [{}, "text", [{"a": 1}], None, {"text": "redacted-by-litellm"}])
def test_a_response_of_any_type_is_accepted(response):
    assert parse(response=response).field_errors == ()


def test_redacted_content_is_absent_content():
    call = parse(response={"choices": [{"message": {"content": "redacted-by-litellm"}}]})
    assert call.content is not None
    assert (call.content.state, call.content.output) == ("redacted", None)


def test_a_refusal_is_a_success():
    call = parse(response={"choices": [{"finish_reason": "stop", "message": {"content": None, "refusal": "No."}}]})
    assert (call.refusal, call.failure) == (True, None)


def test_a_refusal_of_the_responses_api_is_a_success():
    said = {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}
    call = parse(call_type="aresponses", response={"status": "completed", "output": [{"type": "reasoning"}, said]})
    assert (call.refusal, call.failure) == (True, None)


@pytest.mark.parametrize("output", ["No.", {}, [None, "No."], [{"content": "No."}], [{"content": [None]}]])
def test_an_odd_output_refuses_nothing(output):
    call = parse(response={"output": output})
    assert (call.refusal, call.field_errors) == (False, ())


@pytest.mark.parametrize(
    ("code", "name", "normalized", "reason"),
    [
        ("429", "RateLimitError", "429_RATE_LIMIT_EXCEEDED", "rate_limited"),
        (429, "", None, "rate_limited"),
        ("429", "ProxyRateLimitError", None, "rate_limited"),
        ("408", "Timeout", "408_UPSTREAM_TIMEOUT", "timeout"),
        ("446", "APIError", "", "blocked_guardrail"),
        ("500", "InternalServerError", "500_PROVIDER_INTERNAL_ERROR", "provider_5xx"),
        ("500", "InternalServerError", "503_CONNECTION_ERROR", "connection"),
        ("content_filter", "BadRequestError", None, "blocked_provider"),
        ("400", "GuardrailRaisedException", None, "blocked_guardrail"),
        ("401", "AuthenticationError", None, "client_4xx"),
        ("400", "BadRequestError", "429_NO_HEALTHY_DEPLOYMENTS", "client_4xx"),
        ("400", "BadRequestError", "408_UPSTREAM_TIMEOUT", "client_4xx"),
        ("400", "ProxyException", "500_PROVIDER_CONNECTION_ERROR", "client_4xx"),
        ("429", "RouterRateLimitError", "429_NO_HEALTHY_DEPLOYMENTS", "rate_limited"),
        ("", "RouterRateLimitError", "429_NO_HEALTHY_DEPLOYMENTS", "rate_limited"),
        ("", "RouterRateLimitErrorBasic", None, "rate_limited"),
        ("", "MidStreamFallbackError", "500_PROVIDER_CONNECTION_ERROR", "connection"),
        ("", "ProxyException", None, "client_4xx"),
        ("", "ContextWindowExceededError", None, "client_4xx"),
        ("", "ClientPayloadError", None, "connection"),
        ("", "", None, "other"),
    ],
)
def test_failures_are_classed(code, name, normalized, reason):
    assert failed(code, name, normalized) == reason


def test_a_disconnected_client_is_a_cancelled_call_with_its_tokens():
    call = parse(error_information={"error_code": "499"})
    assert (call.failure, call.input_tokens) == ("cancelled", 10)


def test_an_optional_field_of_a_wrong_type_is_left_out_and_named():
    call = parse(prompt_tokens="many")
    assert (call.input_tokens, call.output_tokens, call.field_errors) == (None, 4, ("prompt_tokens",))


def test_a_session_gives_prompts_that_differ_in_digits_one_key():
    one, two, other = (
        parse(session_id="s", messages=[{"role": "user", "content": text}]) for text in ("try 1", "try 22", "stop")
    )
    assert one.prompt_key == two.prompt_key != other.prompt_key
    assert parse(messages=[{"role": "user", "content": "try 1"}]).prompt_key is None


def test_tokens_are_never_invented():
    call = parse(prompt_tokens=0, completion_tokens=0)
    assert (call.input_tokens, call.output_tokens, call.usage_expected) == (None, None, True)
