"""Claude Code's events and spans, by its documentation (https://code.claude.com/docs/en/monitoring-usage)."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip
from tocsin.intake import records

END = 1_751_500_005
USED = {
    "model": "claude-sonnet-4-6", "input_tokens": "3", "output_tokens": "40", "cache_read_tokens": "900", "cache_creation_tokens": "100",
    "cost_usd": "0.0125", "duration_ms": "4000", "request_id": "req_011CQ1234567890",
}  # fmt: skip


def event(name: str, *, word: str = "auto", scope: str = "com.anthropic.claude_code.events", **told: Any) -> Call:
    values = {"event.name": name, "session.id": "8c1d0f0e-aaaa", "user.id": "u", "prompt.id": "0b1c", "event.sequence": 7, **told}
    attributes = [{"key": key, "value": {"stringValue": str(value)}} for key, value in values.items()]
    record = {"timeUnixNano": f"{END}000000000", "body": {"stringValue": f"claude_code.{name}"}, "attributes": attributes, "traceId": "a" * 32, "spanId": "b" * 16}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "claude-code"}}]}
    body = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": {"name": scope}, "logRecords": [record]}]}]}
    (part,) = records(json.dumps(body).encode())
    call = formats.get(word, content=True).parse(part)
    assert isinstance(call, Call)
    return call


def span(**told: Any) -> Call:
    attributes = [{"key": key, "value": {"stringValue": str(value)}} for key, value in told.items()]
    inner = {
        "traceId": "a" * 32, "spanId": "c" * 16, "name": "claude_code.llm_request", "attributes": attributes,
        "startTimeUnixNano": f"{END - 4}000000000", "endTimeUnixNano": f"{END}000000000",
    }  # fmt: skip
    (part,) = records(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [inner]}]}]}).encode())
    call = formats.get("auto").parse(part)
    assert isinstance(call, Call)
    return call


@pytest.mark.parametrize("word", ["auto", "otlp", "logs"])
def test_the_input_of_a_successful_request_includes_cached_tokens(word):
    call = event("api_request", word=word, **USED)
    assert (call.provider, call.model, call.route, call.consumer) == ("anthropic", "claude-sonnet-4-6", "claude-code", "u")
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.cache_write_tokens) == (1003, 40, 900, 100)
    assert (call.cost_usd, call.start, call.duration, call.failure, call.field_errors) == (0.0125, END - 4, 4.0, None, ())


def test_the_id_of_a_turn_is_not_a_managed_prompt():
    assert event("api_request", **USED).prompt is None


@pytest.mark.parametrize("scope", ["com.anthropic.claude_code.events", "", "other"])
def test_an_event_is_recognised_by_its_body_in_any_scope(scope):
    assert event("api_request", scope=scope, **USED).output_tokens == 40


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        ("529", "Overloaded", "provider_5xx"), ("401", "Invalid API key", "client_4xx"), ("429", "busy", "rate_limited"),
        ("undefined", "Connection error.", "connection"), ("undefined", "Request timed out.", "timeout"),
    ],
)  # fmt: skip
def test_a_request_that_was_given_up_is_a_failure(status, error, reason):
    call = event("api_error", model="claude-sonnet-4-6", error=error, status_code=status, duration_ms="900", attempt="11")
    assert (call.failure, call.usage_expected, call.duration) == (reason, False, pytest.approx(0.9))


def test_events_without_a_request_id_are_distinguished_within_a_span():
    old = {name: value for name, value in USED.items() if name != "request_id"}
    assert event("api_request", **old).id != event("api_request", **old | {"event.sequence": 8}).id


def test_an_event_and_the_span_of_its_call_are_one():
    assert span(**USED, ttft_ms="700", stop_reason="end_turn").id == event("api_request", **USED).id


def test_a_span_has_the_counts():
    call = span(**USED, ttft_ms="700", stop_reason="end_turn")
    assert (call.input_tokens, call.output_tokens, call.ttft, call.finish_reason) == (1003, 40, 0.7, "stop")


@pytest.mark.parametrize("odd", ["", "many", "-5", "1.5", "9" * 40])
def test_odd_counts_are_absent_and_cost_no_call(odd):
    call = event("api_request", **USED | {"input_tokens": odd, "duration_ms": odd, "cost_usd": odd, "cache_read_tokens": odd})
    assert call.output_tokens == 40


@pytest.mark.parametrize("name", ["user_prompt", "tool_result", "api_request_body", "api_retries_exhausted"])
def test_other_events_are_not_calls(name):
    with pytest.raises(Skip, match="no_call"):
        event(name, **USED)
