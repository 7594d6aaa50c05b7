"""Calls and records of other applications: an access log in the same file must not count as traffic."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip

CHUNK = {"id": "c", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": None}]}
PIECE = {"id": "", "object": "text_completion", "created": 1, "model": "m", "choices": [{"text": "hi", "finish_reason": None}]}


def skipped(record: Any, word: str) -> str:
    with pytest.raises(Skip) as skip:
        formats.get(word).parse(json.dumps(record).encode())
    return skip.value.reason


def parse(record: Any, word: str = "auto") -> Call:
    event = formats.get(word).parse(json.dumps(record).encode())
    assert isinstance(event, Call)
    return event


@pytest.mark.parametrize("word", ["auto", "openai", "anthropic"])
@pytest.mark.parametrize(
    "record",
    [
        {"level": "info", "msg": "handled request", "request": {"method": "GET", "host": "a", "uri": "/"}, "status": 200},
        {"level": "info", "request": {"method": "GET", "path": "/"}, "response": {"status": 200}},
        {"type": "error", "timestamp": "2026-11-20T02:47:00Z", "message": "disk full"},
        {"level": "error", "error": {"message": "ECONNREFUSED", "stack": "x"}, "msg": "upload failed"},
        {"object": "user", "id": "u1"},
        {"time": "2026-11-20T02:47:00Z", "level": "INFO", "status": 200, "url": "/healthz"},
        {"url": "https://shop.example.com/api/messages/7", "status": 502, "error": {"message": "bad gateway"}},
        {"choices": ["red", "blue"], "poll": "colour"},
        {"msg": "started", "level": 30},
    ],
    ids=lambda record: ",".join(record),
)  # fmt: skip
def test_a_record_of_another_application_is_not_a_call(record, word):
    assert skipped(record, word) == "unknown_format"


BATCH = {
    "id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions", "model": "m", "status": "completed", "created_at": 1795168800,
    "completed_at": 1795169800, "usage": {"input_tokens": 1500, "output_tokens": 500, "total_tokens": 2000},
}  # fmt: skip
"""https://developers.openai.com/api/reference/resources/batches: a batch has its usage since September 2025."""


def test_polling_a_batch_does_not_count_its_usage():
    assert skipped(BATCH, "auto") == "unknown_format"
    call = parse({"id": "1", "status": 200, "url": "https://api.openai.com/v1/batches/batch_1", "request": {}, "response": BATCH})
    assert (call.input_tokens, call.output_tokens, call.usage_expected, call.duration, call.failure) == (None, None, False, None, None)


def test_polling_a_response_by_id_is_one_event():
    body = {**BODY, "status": "completed", "usage": {"input_tokens": 3, "output_tokens": 2}}
    url = "https://api.openai.com/v1/responses"
    asked = {"status": 200, "request": {}}
    first, second = (parse({"id": name, "url": f"{url}/resp_1", "response": body, **asked}) for name in ("p1", "p2"))
    waiting = parse({"id": "p3", "url": f"{url}/resp_1", "response": BODY, **asked})
    made = parse({"id": "p4", "url": url, "response": body, "status": 200, "request": {"model": "m"}})
    assert first.id == second.id
    assert len({first.id, waiting.id, made.id}) == 3


@pytest.mark.parametrize("path", ["/v1/responses/resp_1", "/v1/responses"])
def test_polling_a_response_by_id_has_the_route_that_created_it(path):
    call = parse({"id": "p1", "url": f"https://api.openai.com{path}", "response": BODY, "status": 200, "request": {}})
    assert call.route == "/v1/responses"


def test_another_record_with_start_and_end_times_is_not_a_call():
    job = {"id": "job-7", "startTime": "2026-11-20T02:47:00Z", "endTime": "2026-11-20T02:48:00Z", "status": "success", "job": "backup"}
    assert skipped(job, "auto") == "unknown_format"


def test_a_litellm_failure_before_a_model_was_known_is_a_call():
    payload = {"id": "x", "startTime": 1.0, "endTime": 1.5, "status": "failure", "model": "", "custom_llm_provider": None, "call_type": "acompletion"}
    assert parse(payload).failure == "other"


@pytest.mark.parametrize(
    "record",
    [
        {"id": "1", "time": "2026-11-20T02:47:00Z", "url": "https://api.openai.com/v1/chat/completions", "error": "timed out"},
        {"time": "2026-11-20T02:47:00Z", "duration_s": 1.0, "status": 408, "request": {}, "response": {}},
        {"level": "error", "msg": "call failed", "status": 408, "request": {"model": "m", "messages": []}, "response": None},
    ],
    ids=["no body", "empty bodies", "logged beside a message"],
)  # fmt: skip
def test_a_call_that_brought_nothing_back_still_counts(record):
    assert parse(record).failure == "timeout"


@pytest.mark.parametrize("word", ["auto", "openai"])
@pytest.mark.parametrize("chunk", [{"object": "chat.completion.chunk", **CHUNK}, PIECE], ids=["chat", "completions"])
def test_a_chunk_of_a_stream_is_not_a_call(chunk, word):
    assert skipped(chunk, word) == "stream_chunk"


@pytest.mark.parametrize("choices", [[], [{"index": 0, "delta": {}, "finish_reason": "stop"}]], ids=["without choices", "last of a choice"])
def test_the_chunk_with_the_final_usage_is_the_call(choices):
    usage = {"prompt_tokens": 40, "completion_tokens": 10, "total_tokens": 50}
    call = parse({**CHUNK, "object": "chat.completion.chunk", "choices": choices, "usage": usage})
    assert (call.input_tokens, call.output_tokens) == (40, 10)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0}, {"prompt_tokens": 40, "completion_tokens": 1}])
def test_a_middle_chunk_with_usage_is_not_a_call(usage):
    assert skipped({**CHUNK, "object": "chat.completion.chunk", "usage": usage}, "auto") == "stream_chunk"


def test_the_last_chunk_of_a_completion_is_the_call():
    assert parse({**PIECE, "choices": [{"text": ".", "finish_reason": "length"}]}).finish_reason == "length"


BODY = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "in_progress", "output": [], "usage": None}
EVENTS = [
    {"type": "response.created", "response": BODY}, {"type": "response.output_text.delta", "output_index": 0, "delta": "hi"},
    {"type": "message_start", "message": {"id": "msg_1", "type": "message", "usage": {"input_tokens": 3, "output_tokens": 1}}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
]  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["type"])
def test_an_event_of_a_stream_is_not_a_call(event):
    assert skipped(event, "auto") == "stream_chunk"


def test_the_event_that_ends_a_stream_of_responses_is_the_call():
    usage = {"input_tokens": 3, "output_tokens": 2}
    call = parse({"type": "response.completed", "response": {**BODY, "status": "completed", "usage": usage}})
    assert (call.input_tokens, call.output_tokens, call.model) == (3, 2, "m")


def done(status: str, **details: Any) -> Call:
    """The event ``response.done`` of https://platform.openai.com/docs/api-reference/realtime-server-events."""
    usage = {"total_tokens": 275, "input_tokens": 127, "output_tokens": 148, "input_token_details": {"cached_tokens": 64, "text_tokens": 119}}
    answer = {"id": "resp_1", "object": "realtime.response", "status": status, "status_details": details or None, "output": [], "usage": usage}
    return parse({"event_id": "event_1", "type": "response.done", "response": answer})


def test_the_event_that_ends_an_answer_in_realtime_is_the_call():
    call = done("completed")
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.finish_reason) == (127, 148, 64, "stop")


@pytest.mark.parametrize(
    ("status", "details", "failure", "finish"),
    [
        ("incomplete", {"type": "incomplete", "reason": "content_filter"}, None, "content_filter"),
        ("incomplete", {"type": "incomplete", "reason": "max_output_tokens"}, None, "length"),
        ("cancelled", {"type": "cancelled", "reason": "turn_detected"}, "cancelled", "other"),
        ("failed", {"type": "failed", "error": {"type": "server_error", "code": None}}, "provider_5xx", None),
        ("failed", {"type": "failed", "error": {"type": "invalid_request_error", "code": "rate_limit_exceeded"}}, "rate_limited", None),
    ],
)  # fmt: skip
def test_an_answer_in_realtime_says_why_it_ended(status, details, failure, finish):
    call = done(status, **details)
    assert (call.failure, call.finish_reason) == (failure, finish)
