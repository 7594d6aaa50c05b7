"""Request/response pairs: identity, envelopes, bodies that are not objects."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip

CHAT = {
    "id": "chatcmpl-7", "object": "chat.completion", "created": 1763640366, "model": "m",
    "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2},
}  # fmt: skip


def parse(record: Any, word: str = "openai") -> Call:
    event = formats.get(word, content=True).parse(json.dumps(record).encode())
    assert isinstance(event, Call)
    return event


def test_a_pair_takes_provider_and_route_from_its_url():
    call = parse({"url": "https://api.example.com/v1/chat/completions", "status": 200, "request": {}, "response": CHAT})
    assert (call.provider, call.route) == ("api.example.com", "/v1/chat/completions")


def test_a_url_that_is_none_leaves_the_provider_to_the_format_and_is_named():
    call = parse({"url": "http://[x", "status": 200, "request": {}, "response": CHAT})
    assert (call.provider, call.field_errors) == ("openai", ("url",))


@pytest.mark.parametrize(
    ("around", "request_", "response"),
    [
        ({"session": "s-1", "session_id": "s-2"}, {}, {}), ({"session_id": "s-1"}, {"conversation": "s-2"}, {}),
        ({"session": 5}, {"conversation": "s-1"}, {}), ({}, {"conversation": {"id": "s-2"}}, {"conversation": {"id": "s-1"}}),
    ],
)  # fmt: skip
def test_a_pair_belongs_to_the_session_around_it_or_to_the_conversation_that_the_provider_keeps(around, request_, response):
    """https://platform.openai.com/docs/api-reference/conversations"""
    call = parse({**around, "url": "https://api.example.com/v1/responses", "request": request_, "response": {**CHAT, **response}})
    assert call.session == "s-1"
    assert call.field_errors == (("session",) if around.get("session") == 5 else ())


def test_a_reused_short_response_id_is_another_event():
    assert parse(CHAT).id != parse({**CHAT, "created": CHAT["created"] + 60}).id


def test_the_same_response_logged_twice_is_one_event():
    first = {"time": "2026-11-20T02:47:00Z", "status": 200, "request": {}, "response": CHAT}
    assert parse(first).id == parse({**first, "time": "2026-11-20T02:47:09Z"}).id


def test_a_queued_response_and_its_finished_body_are_two_events_of_one_call():
    queued = {"id": "resp_1", "object": "response", "created_at": 1, "status": "queued", "output": [], "usage": None}
    finished = {**queued, "status": "completed", "usage": {"input_tokens": 3, "output_tokens": 2}}
    before, after = parse(queued), parse(finished)
    assert before.id != after.id
    assert before.call_id == after.call_id


def test_an_error_without_an_id_is_known_by_its_bytes():
    failed = {"time": "2026-11-20T02:47:00Z", "status": 500, "request": {}, "response": {"error": {"message": "x"}}}
    assert parse(failed).id == parse(failed).id
    assert parse(failed).id != parse({**failed, "time": "2026-11-20T02:47:01Z"}).id


def test_a_body_that_is_not_json_is_a_field_error():
    call = parse({"id": "1", "status": 200, "request": {"model": "m"}, "response": "{cut of"})
    assert (call.failure, call.usage_expected, call.field_errors) == (None, True, ("response",))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"error": True, "message": "Rate limit exceeded"}, "rate_limited"), ({"error": True}, "other"), ({"error": 503}, "provider_5xx"),
        ({"error": [{"message": "Request timed out"}]}, "timeout"), ({"error": ["overloaded"]}, "provider_5xx"),
        ({"error": False}, None), ({"error": []}, None), ({"error": {}}, None), ({"success": True, "errors": []}, None),
        ({"success": False, "errors": [{"code": 7505, "message": "Rate limit exceeded"}]}, "rate_limited"),
        ({"success": False, "errors": [], "message": "Internal error"}, "provider_5xx"),
        ({"__type": "com.amazon.coral.availability#ThrottlingException", "message": "x"}, "rate_limited"),
    ],
)  # fmt: skip
def test_an_error_of_any_form_is_a_failure(told, reason):
    assert parse({"id": "1", "status": 200, "request": {"model": "m"}, "response": told}).failure == reason


@pytest.mark.parametrize("word", ["openai", "anthropic"])
def test_a_usage_and_labels_of_a_wrong_type_are_named(word):
    body = {"id": "r", "type": "message" if word == "anthropic" else None, "model": "m", "usage": "12"}
    call = parse({"id": "1", "status": 200, "request": {"model": "m"}, "response": body, "labels": ["a"]}, word)
    assert (call.input_tokens, set(call.field_errors)) == (None, {"usage", "labels"})


@pytest.mark.parametrize("word", ["openai", "auto"])
@pytest.mark.parametrize("page", ["<!DOCTYPE html>\n<html>sign in</html>", "\n<html lang='en'>", {"body": "<HTML>"}])
def test_a_page_in_the_place_of_an_answer_is_a_failure(word, page):
    asked = {"model": "m", "messages": []}
    pair = {"id": "1", "status": 200, "url": "https://api.example.com/v1/chat/completions", "request": asked, "response": page}

    assert (parse(pair, word).failure, parse({**pair, "status": 404}, word).failure) == ("provider_5xx", "client_4xx")


def test_an_html_page_without_a_model_request_is_not_a_call():
    pair = {"id": "1", "status": 200, "url": "https://example.com/", "request": {"q": "a"}, "response": "<html>"}
    with pytest.raises(Skip, match="unknown_format"):
        parse(pair, "auto")


def test_an_error_body_under_http_200_is_a_failure():
    error = {"error": {"code": "content_filter", "status": 400, "message": "filtered"}}
    assert parse({"id": "1", "status": 200, "request": {}, "response": error}).failure == "blocked_provider"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (408, "timeout"), (504, "timeout"), (429, "rate_limited"), (499, "cancelled"), (500, "provider_5xx"),
        (529, "provider_5xx"), (424, "provider_5xx"), (498, "rate_limited"), (400, "client_4xx"), (401, "client_4xx"), (404, "client_4xx"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("word", ["openai", "anthropic"])
def test_a_status_is_classed(word, status, reason):
    call = parse({"id": "1", "status": status, "request": {}, "response": {"error": {"message": "x"}}}, word)
    assert (call.failure, call.status, call.usage_expected) == (reason, status, False)


@pytest.mark.parametrize(("response", "reason"), [(None, "connection"), ("", "connection"), (CHAT, None)])
def test_a_status_of_0_without_an_answer_is_a_network_error(response, reason):
    assert parse({"id": "1", "status": 0, "request": {"model": "m", "messages": []}, "response": response}).failure == reason


def test_the_lines_of_an_ollama_stream_are_combined():
    lines = [
        {"model": "llama3", "created_at": "2024-05-24T20:57:43Z", "message": {"content": "Hel"}, "done": False},
        {"model": "llama3", "created_at": "2024-05-24T20:57:44Z", "message": {"content": "lo"}, "done": False},
        {"model": "llama3", "created_at": "2024-05-24T20:57:45Z", "message": {"content": ""}, "done": True,
         "done_reason": "stop", "prompt_eval_count": 17, "eval_count": 2},
    ]  # fmt: skip
    text = "\n".join(json.dumps(line) for line in lines)
    call = parse({"url": "http://127.0.0.1:11434/api/chat", "status": 200, "request": {}, "response": text}, "auto")
    assert (call.input_tokens, call.output_tokens, call.finish_reason) == (17, 2, "stop")
    assert call.content is not None
    assert call.content.output == "Hello"


def test_an_error_that_ends_an_ollama_stream_under_http_200_is_a_failure():
    """The lines are those of https://docs.ollama.com/api/errors."""
    begun = {"model": "gemma3", "created_at": "2025-10-26T17:21:21.196249Z", "response": " Yes", "done": False}
    text = "\n".join(map(json.dumps, (begun, {"error": "an error was encountered while running the model"})))
    call = parse({"url": "http://127.0.0.1:11434/api/generate", "status": 200, "request": {}, "response": text}, "auto")
    assert (call.failure, call.usage_expected) == ("provider_5xx", False)


@pytest.mark.parametrize("missing", ["id", "status", "startTime"])
def test_auto_does_not_take_an_incomplete_litellm_record_for_a_pair(missing):
    record = {"id": "1", "status": "success", "startTime": 1.0, "endTime": 2.0, "custom_llm_provider": "openai",
              "response": CHAT}  # fmt: skip
    del record[missing]
    with pytest.raises(Skip) as skipped:
        parse(record, "auto")
    assert skipped.value.reason == {"startTime": "missing_time"}.get(missing, f"missing_{missing}")


@pytest.mark.parametrize("word", ["openai", "anthropic"])
def test_a_record_of_litellm_under_the_name_of_a_pair_is_skipped(word):
    """Its failures stand where a pair has none: they would count as successes."""
    record = {"id": "1", "status": "failure", "startTime": 1.0, "endTime": 2.0, "litellm_call_id": "1", "model": "gpt-4o", "response": {}}

    with pytest.raises(Skip, match="unknown_format"):
        parse(record, word)


def test_auto_is_not_misled_by_words_of_another_format_deeper_in_the_record():
    record = {"id": "1", "time": "2026-11-20T02:47:00Z", "model": "m", "status": 200, "labels": {"startTime": "x"}}
    assert parse(record, "auto").model == "m"


def test_a_stream_that_ends_in_an_error_keeps_the_tokens_it_reports():
    chunk = {"choices": [], "error": {"code": 400, "message": "x"}, "usage": {"prompt_tokens": 43, "completion_tokens": 10}}
    call = parse({"id": "1", "status": 200, "request": {}, "response": f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n"})
    assert (call.failure, call.input_tokens, call.output_tokens) == ("client_4xx", 43, 10)


@pytest.mark.parametrize(("tokens", "taken"), [(10**9 - 1, True), (10**9, False), (2**53 - 1, False)])
@pytest.mark.parametrize("word", ["openai", "anthropic"])
def test_a_count_of_a_billion_tokens_is_a_fault_in_every_format(word, tokens, taken):
    names = {"openai": ("prompt_tokens", "completion_tokens"), "anthropic": ("input_tokens", "output_tokens")}[word]
    usage = {names[0]: tokens, names[1]: 1}
    call = parse({"status": 200, "request": {"model": "m"}, "response": {"id": "r", "usage": usage}}, word)
    assert call.input_tokens == (tokens if taken else None)
    assert bool(call.field_errors) is not taken


@pytest.mark.parametrize("status", ["\u00b2", "\u0663", "x", 1e6, True, [], "9999999"])
def test_a_status_that_is_none_is_named_and_left_out(status):
    call = parse({"id": "1", "status": status, "request": {}, "response": CHAT})
    assert (call.status, call.failure, call.field_errors) == (None, None, ("status",))


@pytest.mark.parametrize("status", [503, "503", 503.0, "503 Service Unavailable"])
def test_a_status_may_be_a_number_or_digits(status):
    assert parse({"id": "1", "status": status, "request": {}, "response": {}}).failure == "provider_5xx"


@pytest.mark.parametrize("time", ["Fri, 20 Nov 2026 02:47:00 GMT", "20 Nov 2026 04:47:00 +0200", "2026/11/20 02:47:00"])
def test_a_time_may_be_a_date_of_http_or_have_slashes(time):
    call = parse({"id": "1", "time": time, "request": {}, "response": CHAT})
    assert (call.start, call.field_errors) == (1795142820.0, ())


@pytest.mark.parametrize("time", ["yesterday", "Fri, 99 Nov 2026 02:47:00 GMT", "a, b", ":", ""])
def test_a_time_that_is_none_is_named(time):
    call = parse({"id": "1", "time": time, "request": {"model": "m"}, "response": {}})
    assert (call.start, call.field_errors) == (None, ("time",))


def test_a_time_that_is_null_is_the_one_in_the_response():
    assert parse({"id": "1", "time": None, "request": {}, "response": CHAT}).start == CHAT["created"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [("Request timed out.", "timeout"), ("Connection refused", "connection"), ("The operation was aborted", "cancelled"), ("?", "other"), ({"type": "timeout"}, "timeout")],
)
def test_an_error_that_is_a_text_is_classed_by_its_words(error, reason):
    assert parse({"id": "1", "request": {"model": "m"}, "response": None, "error": error}).failure == reason


def test_the_bare_body_of_an_error_is_recognised_and_an_event_with_an_error_stays_ours():
    assert parse({"error": {"message": "x", "type": "server_error"}}, "auto").failure == "provider_5xx"
    event = {"id": "1", "time": "2026-11-20T02:47:00Z", "model": "m", "error": {"type": "timeout", "message": "x"}}
    assert parse(event, "auto").failure == "timeout"


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"status_code": 503, "body": "upstream connect error"}, "provider_5xx"),
        ({"status": 429, "body": {"error": {"message": "slow down"}}}, "rate_limited"),
        ({"status_code": 200, "body": CHAT}, None),
    ],
)
def test_the_status_may_be_beside_the_body_in_the_response(response, reason):
    call = parse({"id": "batch_req_1", "response": response, "error": None}, "auto")
    assert (call.failure, call.model) == (reason, "m" if reason is None else "unknown")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": "429", "message": "x"}, "rate_limited"), ({"code": "TooManyRequests", "message": "x"}, "rate_limited"),
        ({"code": "DeploymentNotFound", "message": "x"}, "client_4xx"), ({"type": "billing_error", "message": "x"}, "client_4xx"),
        ({"type": "request_too_large", "message": "x"}, "client_4xx"), ({"type": "overloaded_error", "message": "x"}, "provider_5xx"),
        ({"code": "moderation_blocked", "message": "x"}, "blocked_provider"), ({"code": "ServiceUnavailable", "message": "x"}, "provider_5xx"),
    ],
)  # fmt: skip
def test_a_bare_error_is_classed_by_its_code_or_type(error, reason):
    assert parse({"error": error}, "auto").failure == reason


@pytest.mark.parametrize(
    ("told", "reason"),
    [("connect ECONNREFUSED 10.0.0.1:443", "connection"), ("read ECONNRESET", "connection"), ("socket hang up", "connection"),
     ("getaddrinfo ENOTFOUND api.example.com", "connection"), ("connect ETIMEDOUT 10.0.0.1:443", "timeout"), ("Request timed out.", "timeout")],
)  # fmt: skip
def test_network_errors_of_clients_are_classified(told, reason):
    assert parse({"url": "https://api.openai.com/v1/chat/completions", "status": 0, "request": {"model": "m"}, "error": told}).failure == reason


def test_vllms_flat_error_is_a_failure():
    assert parse({"object": "error", "message": "x", "type": "BadRequestError", "param": None, "code": 400}, "auto").failure == "client_4xx"


def test_a_failed_call_to_azure_has_its_deployment_for_a_model():
    url = "https://x.openai.azure.com/openai/deployments/house-gpt/chat/completions?api-version=2024-02-01"
    assert parse({"url": url, "status": 503, "request": {"messages": []}, "response": None}).model == "house-gpt"


@pytest.mark.parametrize("path", ["/v1/messages/count_tokens", "/v1/images/generations", "/v1/audio/speech", "/v1/moderations", "/v1/models"])
def test_where_nothing_is_metered_in_tokens_none_are_missed(path):
    assert not parse({"url": "https://api.openai.com" + path, "status": 200, "request": {"model": "m"}, "response": {}}).usage_expected


@pytest.mark.parametrize("name", ["model", "user"])
def test_a_name_that_is_not_text_is_a_field_error(name):
    call = parse({"id": "1", "status": 200, "request": {name: {"a": 1}}, "response": {**CHAT, "model": None}})
    assert (call.model, call.consumer, call.field_errors) == ("unknown", None, (name,))


def test_an_error_in_a_choice_under_http_200_is_a_failure():
    choice = {"finish_reason": "error", "message": {"content": ""}, "error": {"code": 503, "message": "x"}}
    assert parse({"id": "1", "status": 200, "request": {}, "response": {**CHAT, "choices": [choice]}}).failure == "provider_5xx"


def test_an_answer_that_deepseek_broke_off_for_want_of_resources_is_a_failure():
    """Finish reasons of https://api-docs.deepseek.com/api/create-chat-completion."""
    choice = {"finish_reason": "insufficient_system_resource", "message": {"content": "Hel"}}
    assert parse({"id": "1", "status": 200, "request": {}, "response": {**CHAT, "choices": [choice]}}).failure == "provider_5xx"


def test_a_failure_and_the_success_of_its_retry_under_the_same_id_are_two_events_of_one_call():
    failed = parse({"id": "r-1", "status": 503, "request": {"model": "m"}, "response": {"error": {"message": "x"}}})
    retried = parse({"id": "r-1", "status": 200, "request": {"model": "m"}, "response": CHAT})
    assert failed.id != retried.id
    assert failed.call_id == retried.call_id == "r-1"


def test_attempts_of_one_request_are_joined_by_their_call_id():
    call = parse({"id": "try-2", "call_id": "c-1", "status": 200, "request": {}, "response": CHAT})
    assert (call.id, call.call_id) == ("try-2", "c-1")


# ---- usage ------------------------------------------------------------------------------------------------
def used(usage: dict[str, Any]) -> Call:
    return parse({**CHAT, "usage": usage})


def test_xais_reasoning_outside_the_output_is_added():
    call = used({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135, "completion_tokens_details": {"reasoning_tokens": 94}})
    assert (call.input_tokens, call.output_tokens, call.reasoning_tokens) == (32, 103, 94)


def test_openai_counts_reasoning_in_the_answer():
    call = used({"prompt_tokens": 32, "completion_tokens": 103, "total_tokens": 135, "completion_tokens_details": {"reasoning_tokens": 94}})
    assert (call.output_tokens, call.reasoning_tokens) == (103, 94)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 21, "completion_tokens": 0, "total_tokens": 81, "completion_tokens_details": {"reasoning_tokens": 60}}, (21, 60)),
        ({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}, (20, 603)),
        ({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 113, "cache_read_input_tokens": 70, "cache_creation_input_tokens": 30}, (109, 4)),
        ({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 10**12}, (9, 4)),
        ({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 0}, (9, 4)),
        ({"prompt_tokens": None, "completion_tokens": None, "input_tokens": 9, "output_tokens": 4}, (9, 4)),
        ({"prompt_tokens": "9", "completion_tokens": 4.0}, (9, 4)),
    ],
    ids=["thought told", "thought not told", "cached", "absurd total", "empty total", "two names", "digits"],
)  # fmt: skip
def test_tokens_that_only_the_total_includes_are_added(usage, tokens):
    call = used(usage)
    assert (call.input_tokens, call.output_tokens) == tokens


def test_a_count_that_exceeds_its_total_is_a_field_error():
    call = used({"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 6}, "completion_tokens_details": {"reasoning_tokens": 3}})
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.reasoning_tokens) == (5, 2, None, None)
    assert call.field_errors == ("usage.cache_read", "usage.reasoning")


@pytest.mark.parametrize("name", ["prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"])
def test_cache_reads_have_many_names(name):
    assert used({"prompt_tokens": 5, "completion_tokens": 2, name: 4}).cache_read_tokens == 4


@pytest.mark.parametrize(("told", "kept", "errors"), [(30, 30, ()), (0, 0, ()), (500, None, ("usage.cache_creation",)), ("x", None, ("usage.cache_creation",))])
def test_hour_long_cache_writes_are_counted_separately(told, kept, errors):
    written = {"ephemeral_5m_input_tokens": 70, "ephemeral_1h_input_tokens": told}
    usage = {"input_tokens": 5, "output_tokens": 1, "cache_creation_input_tokens": 100, "cache_creation": written}
    body = {"type": "message", "id": "m", "model": "claude", "content": [], "usage": usage}
    call = parse({"id": "1", "request": {"model": "claude"}, "response": body}, "anthropic")
    assert (call.input_tokens, call.cache_write_tokens, call.hour_write_tokens, call.field_errors) == (105, 100, kept, errors)


def test_tokens_of_compaction_are_added():
    usage = {
        "input_tokens": 23_000, "output_tokens": 1_000, "iterations": [
            {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500},
            {"type": "message", "input_tokens": 23_000, "output_tokens": 1_000},
        ],
    }  # fmt: skip
    call = parse({"id": "msg_1", "type": "message", "model": "m", "content": [], "stop_reason": "end_turn", "usage": usage}, "anthropic")
    assert (call.input_tokens, call.output_tokens) == (203_000, 4_500)


def test_tokens_of_an_advisor_are_added():
    """The usage is laid out as in https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool."""
    usage = {
        "input_tokens": 412, "output_tokens": 531, "iterations": [
            {"type": "message", "input_tokens": 412, "output_tokens": 89},
            {"type": "advisor_message", "model": "claude-opus-4-6", "input_tokens": 823, "output_tokens": 1612},
            {"type": "message", "input_tokens": 1348, "cache_read_input_tokens": 412, "output_tokens": 442},
        ],
    }  # fmt: skip
    call = parse({"id": "msg_1", "type": "message", "model": "m", "content": [], "stop_reason": "end_turn", "usage": usage}, "anthropic")
    assert (call.input_tokens, call.output_tokens) == (412 + 823, 531 + 1612)


def test_a_lone_total_of_embeddings_is_their_input():
    """As Voyage answers: https://docs.voyageai.com/reference/embeddings-api."""
    body = {"object": "list", "data": [{"object": "embedding", "embedding": [0.1], "index": 0}], "model": "voyage-3", "usage": {"total_tokens": 10}}
    call = parse({"id": "1", "status": 200, "request": {"model": "voyage-3"}, "response": body})
    assert (call.input_tokens, call.output_tokens) == (10, 0)


# Bodies of speech and pictures: https://platform.openai.com/docs/api-reference/audio and /images-streaming.
SPOKEN = {"type": "tokens", "input_tokens": 14, "input_token_details": {"text_tokens": 0, "audio_tokens": 14, "cached_tokens": 3}, "output_tokens": 45, "total_tokens": 59}


def test_cached_tokens_of_a_transcription_are_read():
    call = parse({"url": "https://api.openai.com/v1/audio/transcriptions", "status": 200, "request": {"model": "m"}, "response": {"text": "hi", "usage": SPOKEN}})
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens) == (14, 45, 3)


@pytest.mark.parametrize(
    ("path", "events"),
    [
        ("audio/transcriptions", [{"type": "transcript.text.delta", "delta": "hi"}, {"type": "transcript.text.done", "text": "hi", "usage": SPOKEN}]),
        ("audio/speech", [{"type": "speech.audio.delta", "audio": "AA"}, {"type": "speech.audio.done", "usage": SPOKEN}]),
        ("images/generations", [{"type": "image_generation.partial_image", "b64_json": "AA"}, {"type": "image_generation.completed", "b64_json": "AA", "usage": SPOKEN}]),
        ("images/edits", [{"type": "image_edit.completed", "b64_json": "AA", "usage": SPOKEN}]),
    ],
)  # fmt: skip
def test_the_last_event_of_speech_and_pictures_has_the_tokens(path, events):
    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    call = parse({"url": f"https://api.openai.com/v1/{path}", "status": 200, "request": {"model": "m", "stream": True}, "response": text}, "auto")
    assert (call.input_tokens, call.output_tokens, call.failure) == (14, 45, None)


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ({"cost": 0.0018}, 0.0018), ({"cost": {"input_tokens_cost": 0.001, "request_cost": 0.005, "total_cost": 0.006}}, 0.006),
        ({"cost_in_usd_ticks": 232_856_000}, 0.0232856),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0002}}, 0.0002),
        ({"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}}, 0.21),
        ({"cost": 0.2, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.2}}, 0.2),
        ({"cost": 0.2, "is_byok": True, "cost_details": {"upstream_inference_cost": None}}, 0.2),
        ({"cost": 0}, None), ({"cost": "0.1"}, None), ({"cost": True}, None), ({}, None),
    ],
)  # fmt: skip
def test_the_billed_amount_is_the_cost(told, cost):
    assert used({"prompt_tokens": 5, "completion_tokens": 2, **told}).cost_usd == (None if cost is None else pytest.approx(cost))


@pytest.mark.parametrize(
    "body",
    [
        {"object": "response.input_tokens", "input_tokens": 321}, {"id": "resp_1", "object": "response", "deleted": True},
        {"object": "list", "data": [{"object": "chat.completion", "choices": [], "usage": {"prompt_tokens": 1}}]}, {"object": "list", "data": [], "has_more": False},
        {"id": "conv_1", "object": "conversation", "created_at": 1}, {"id": "run_1", "object": "thread.run", "status": "queued", "usage": None},
    ],
)  # fmt: skip
def test_an_object_that_is_not_a_response_owes_no_usage(body):
    call = parse({"id": "1", "url": "https://api.openai.com/v1/responses", "request": {"model": "m"}, "response": body})
    assert (call.usage_expected, call.input_tokens) == (False, None)


@pytest.mark.parametrize("listed", [[{"object": "embedding", "embedding": [0.1]}], [{"embedding": "AAAA"}], []])
def test_embeddings_without_usage_owe_it(listed):
    body = {"object": "list", "data": listed, "model": "m"}
    assert parse({"id": "1", "url": "https://h/v1/embeddings", "request": {"model": "m"}, "response": body}).usage_expected


def test_user_messages_in_a_compacted_conversation_are_not_the_answer():
    kept = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "mail bob@corp.example"}]}
    body = {"object": "response.compaction", "output": [kept, {"type": "compaction", "encrypted_content": "x"}], "usage": {"input_tokens": 12, "output_tokens": 1}}
    call = parse({"id": "1", "request": {"model": "m"}, "response": body})
    assert call.content is not None
    assert (call.content.output, call.input_tokens) == (None, 12)


def test_a_realtime_response_is_read_from_its_last_event():
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "Hi!"}]}
    usage = {"total_tokens": 275, "input_tokens": 127, "output_tokens": 148, "input_token_details": {"cached_tokens": 64}}
    ended = {"object": "realtime.response", "id": "r", "status": "incomplete", "status_details": {"reason": "max_output_tokens"}, "output": [said], "usage": usage}
    record = {"id": "1", "url": "wss://api.openai.com/v1/realtime", "request": {"type": "response.create"}, "response": {"type": "response.done", "response": ended}}
    call = parse(record, "auto")
    assert call.content is not None
    assert (call.content.output, call.input_tokens, call.cache_read_tokens, call.finish_reason) == ("Hi!", 127, 64, "length")


def test_geminis_live_api_counts_a_response():
    record = {"usageMetadata": {"promptTokenCount": 57, "responseTokenCount": 74, "totalTokenCount": 131}, "serverContent": {"turnComplete": True}}
    assert parse(record).output_tokens == 74


def test_baidus_errors_under_200_are_failures():
    record = {"id": "1", "status": 200, "request": {"messages": []}, "response": {"error_code": 18, "error_msg": "Open api qps request limit reached"}}
    assert parse(record).failure == "rate_limited"
    assert parse({"id": "2", "request": {"messages": []}, "response": {"error_code": 0, "error_msg": "", "result": "x", "object": "chat.completion"}}).failure is None


def test_deepinfras_estimated_cost_is_used():
    usage = {"prompt_tokens": 15, "completion_tokens": 16, "total_tokens": 31, "estimated_cost": 0.0000268}
    assert parse({"id": "1", "request": {"model": "m"}, "response": {"choices": [], "usage": usage}}).cost_usd == 0.0000268


def test_a_bare_exception_under_http_200_is_a_failure():
    body = {"modelStreamErrorException": {"message": "Model produced invalid sequence as part of ToolUse."}}
    assert parse({"id": "1", "status": 200, "request": {"messages": []}, "response": body}).failure == "provider_5xx"


def test_a_response_that_is_complete_has_stopped():
    body = {"id": "resp_1", "object": "response", "status": "complete", "output": [], "usage": {"input_tokens": 1, "output_tokens": 1}}
    assert parse({"id": "1", "request": {"model": "m"}, "response": body}).finish_reason == "stop"
