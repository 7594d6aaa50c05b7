"""Codex's events of calls (log records), by its source (codex-rs/otel) and what its users keep of them."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip
from tocsin.intake import records

END = 1_751_500_005
COMPLETED = {
    "event.kind": "response.completed", "input_token_count": "12000", "output_token_count": "350", "cached_token_count": 8000,
    "reasoning_token_count": 128, "tool_token_count": "12350",
}  # fmt: skip


def value(told: Any) -> dict[str, Any]:
    return {"boolValue": told} if isinstance(told, bool) else {"intValue": str(told)} if isinstance(told, int) else {"stringValue": told}


def event(name: str, *, word: str = "auto", end: int = END, **told: Any) -> Call:
    common = {
        "event.name": name, "event.timestamp": "2026-06-05T02:37:54.042Z", "conversation.id": "019e5dc9", "user.account_id": "acc",
        "user.email": "dev@example.com", "model": "gpt-5.4", "slug": "gpt-5.4",
    }  # fmt: skip
    attributes = [{"key": key, "value": value(told)} for key, told in (common | told).items() if told is not None]
    record = {"timeUnixNano": f"{end}000000000", "attributes": attributes, "traceId": "a" * 32, "spanId": "b" * 16}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "codex_cli_rs"}}]}
    body = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": {"name": "codex_otel.log_only"}, "logRecords": [record]}]}]}
    (part,) = records(json.dumps(body).encode())
    call = formats.get(word).parse(part)
    assert isinstance(call, Call)
    return call


@pytest.mark.parametrize("word", ["auto", "otlp", "logs"])
def test_the_event_with_the_tokens_is_the_call(word):
    call = event("codex.sse_event", word=word, **COMPLETED)
    assert (call.provider, call.model, call.route, call.consumer, call.session) == ("openai", "gpt-5.4", "codex_cli_rs", "acc", "019e5dc9")
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.reasoning_tokens) == (12000, 350, 8000, 128)
    assert (call.failure, call.finish_reason, call.start, call.field_errors) == (None, "stop", END, ())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("codex.api_request", {"http.response.status_code": 200, "duration_ms": "1250"}),
        ("codex.sse_event", {"event.kind": "response.completed", "duration_ms": "12"}),
        ("codex.sse_event", {"event.kind": "response.output_text.delta", "duration_ms": "12"}),
        ("codex.sse_event", {"event.kind": "response.output_item.done", "error.message": "failed to parse response.output_item.done"}),
        ("codex.api_request", {"http.response.status_code": 503, "error.message": "http 503", "endpoint": "/models"}),
        ("codex.websocket_request", {"success": "true", "duration_ms": "30"}),
        ("codex.user_prompt", {"prompt": "[REDACTED]"}),
        ("codex.tool_result", {"tool_name": "exec_command", "success": "false", "output": "x"}),
        ("codex.conversation_starts", {"provider_name": "OpenAI"}),
    ],
)
def test_events_that_record_no_call_or_repeat_one_are_skipped(name, told):
    with pytest.raises(Skip, match="no_call"):
        event(name, **told)


@pytest.mark.parametrize(
    ("name", "told", "reason"),
    [
        ("codex.api_request", {"http.response.status_code": 401, "error.message": "http 401 Unauthorized"}, "client_4xx"),
        ("codex.api_request", {"http.status_code": "429"}, "rate_limited"),
        ("codex.api_request", {"error.message": "error sending request for url (https://x/responses): connection refused"}, "connection"),
        ("codex.websocket_request", {"error.message": "stream disconnected before completion: connection reset"}, "connection"),
        ("codex.sse_event", {"error.message": "idle timeout waiting for SSE"}, "timeout"),
        (
            "codex.sse_event",
            {"event.kind": "response.failed", "error.message": '{"response":{"error":{"code":"rate_limit_exceeded","message":"Rate limit reached for x"}}}'},
            "rate_limited",
        ),
    ],
)
def test_a_request_that_was_refused_and_a_stream_that_broke_off_are_failures(name, told, reason):
    call = event(name, duration_ms="268", **told)
    assert (call.failure, call.usage_expected, call.duration) == (reason, False, pytest.approx(0.268))


def test_calls_of_one_turn_in_a_shared_span_are_distinguished_by_their_time():
    assert event("codex.sse_event", **COMPLETED).id != event("codex.sse_event", **COMPLETED | {"event.timestamp": "2026-06-05T02:37:59.000Z"}).id


def test_calls_without_identifying_attributes_are_distinguished():
    names = {"conversation.id": None, "event.timestamp": None}
    first, second = (event("codex.sse_event", end=end, **COMPLETED | names).id for end in (END, END + 1))
    assert first != second


@pytest.mark.parametrize("odd", ["", "many", "-5", "9" * 40, True])
def test_odd_counts_cost_no_call(odd):
    assert event("codex.sse_event", **COMPLETED | {"cached_token_count": odd, "reasoning_token_count": odd}).output_tokens == 350
