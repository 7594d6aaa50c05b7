"""Gemini CLI's and Qwen Code's events of calls, by Gemini CLI's documentation and its tests."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip
from tocsin.intake import records

END = 1_751_500_005
COUNTS = {
    "model": "gemini-2.5-pro", "duration_ms": 2311, "input_token_count": 12000, "output_token_count": 350, "cached_content_token_count": 8000,
    "thoughts_token_count": 420, "tool_token_count": 60, "total_token_count": 12830, "status_code": 200,
}  # fmt: skip
DETAILS = {"gen_ai.operation.name": "generate_content", "gen_ai.provider.name": "gcp.vertex_ai", "gen_ai.request.model": "gemini-2.5-pro"}


def attribute(key: str, told: Any) -> dict[str, Any]:
    if isinstance(told, list):
        return {"key": key, "value": {"arrayValue": {"values": [{"stringValue": one} for one in told]}}}
    return {"key": key, "value": {"intValue": str(told)} if isinstance(told, int) else {"stringValue": told}}


def event(name: str, *, agent: str = "gemini-cli", timed: bool = True, at: int = END, **told: Any) -> Call:
    common = {"session.id": "9f075be3", "event.name": name, "auth_type": "oauth-personal"}
    if timed:
        common["event.timestamp"] = "2026-10-01T10:00:02.311Z"
    record = {"timeUnixNano": f"{at}000000000", "body": {"stringValue": "as people read it"}, "attributes": [attribute(*item) for item in (common | told).items()]}
    body = {"resourceLogs": [{"scopeLogs": [{"scope": {"name": agent}, "logRecords": [record]}]}]}
    (part,) = records(json.dumps(body).encode())
    call = formats.get("auto", content=True).parse(part)
    assert isinstance(call, Call)
    return call


def test_thoughts_and_tool_results_are_counted():
    call = event("gemini_cli.api_response", finish_reasons=["STOP"], **COUNTS)
    assert (call.provider, call.model, call.session, call.finish_reason) == ("gcp.vertex_ai", "gemini-2.5-pro", "9f075be3", "stop")
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.reasoning_tokens) == (12060, 770, 8000, 420)
    assert (call.duration, call.start, call.failure) == (pytest.approx(2.311), pytest.approx(END - 2.311), None)


def test_opentelemetrys_event_of_the_same_answer_is_the_same_call():
    used = {"gen_ai.usage.input_tokens": 12000, "gen_ai.usage.output_tokens": 350, "gen_ai.response.id": "resp-1"}
    again = event("gen_ai.client.inference.operation.details", **DETAILS, **used)
    assert again.id == event("gemini_cli.api_response", **COUNTS).id


@pytest.mark.parametrize("told", [{}, {"gen_ai.response.model": "gemini-2.5-pro"}], ids=["a request sent", "a request that failed"])
def test_opentelemetrys_event_without_a_response_is_not_a_call(told):
    with pytest.raises(Skip, match="no_call"):
        event("gen_ai.client.inference.operation.details", **DETAILS, **told)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"error": 'UNAVAILABLE. {"error":{"code":503}}', "error_type": "ApiError", "status_code": 503}, "provider_5xx"),
        ({"error": "You exceeded your current quota", "error_type": "TerminalQuotaError", "status_code": "429"}, "rate_limited"),
        ({"error": "API key not valid.", "error_type": "ApiError", "status_code": 400}, "client_4xx"),
        ({"error": "The user aborted a request.", "error_type": "AbortError"}, "cancelled"),
        ({"error.message": "Please wait.", "error.type": "RateLimitError"}, "rate_limited"),
    ],
)
def test_an_error_is_a_failure(told, reason):
    call = event("gemini_cli.api_error", model="gemini-2.5-pro", duration_ms=100, **told)
    assert (call.failure, call.usage_expected, call.duration) == (reason, False, pytest.approx(0.1))


@pytest.mark.parametrize("name", ["gemini_cli.api_request", "gemini_cli.tool_call", "gemini_cli.model_routing", "gemini_cli.chat.content_retry"])
def test_other_events_are_not_calls(name):
    with pytest.raises(Skip, match="no_call"):
        event(name, **COUNTS)


def test_qwen_codes_events_are_read_as_well():
    call = event("qwen-code.api_response", agent="qwen-code", **COUNTS | {"model": "qwen3-coder-plus"})
    assert (call.model, call.output_tokens, call.duration) == ("qwen3-coder-plus", 770, pytest.approx(2.311))


def test_simultaneous_answers_are_distinguished_by_model_and_counts():
    assert event("gemini_cli.api_response", **COUNTS).id != event("gemini_cli.api_response", **COUNTS | {"model": "gemini-2.5-flash"}).id


def test_answers_without_a_time_are_distinguished_by_that_of_the_record():
    first, second = (event("gemini_cli.api_response", timed=False, at=at, **COUNTS) for at in (END, END + 9))
    assert first.id != second.id
    assert first.id == event("gemini_cli.api_response", timed=False, **COUNTS).id


def test_opentelemetrys_event_without_its_time_counts_no_answer_twice():
    used = {"gen_ai.usage.input_tokens": 12000, "gen_ai.usage.output_tokens": 350}
    with pytest.raises(Skip, match="no_call"):
        event("gen_ai.client.inference.operation.details", timed=False, **DETAILS, **used)
