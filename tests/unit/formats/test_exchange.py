"""Envelopes that recorders and batches put around a request and its response. Made by hand after their documentation."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call

USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
CHAT = {"id": "c-1", "object": "chat.completion", "created": 9, "model": "served", "choices": [{"message": {"content": "hi"}}], "usage": USAGE}
MESSAGE = {
    "id": "msg_1", "type": "message", "model": "claude", "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": 70},
}  # fmt: skip


def parse(record: Any, word: str = "auto") -> Call:
    event = formats.get(word, content=True).parse(json.dumps(record).encode())
    assert isinstance(event, Call)
    return event


PORTKEY = {
    "_id": "p-1", "created_at": "2026-11-20T02:47:00Z", "organisation_id": "o",
    "request": {"url": "https://api.openai.com/v1/chat/completions", "method": "POST", "headers": {}, "body": {"model": "m"}},
    "response": {"status": 200, "responseTime": 1530, "headers": {}, "body": CHAT},
}  # fmt: skip


def test_a_line_of_portkeys_log_has_its_url_time_and_duration_around_the_bodies():
    call = parse(PORTKEY)
    assert (call.id, call.provider, call.route, call.model) == ("p-1", "api.openai.com", "/v1/chat/completions", "m")
    assert (call.start, call.duration, call.status, call.input_tokens) == (1_795_142_820.0, 1.53, 200, 9)


def test_a_failed_line_of_portkeys_log_is_classed_by_the_status_around_its_body():
    assert parse({**PORTKEY, "response": {"status": 503, "body": {"error": {"message": "x"}}}}).failure == "provider_5xx"


HELICONE = {
    "request_id": "h-1", "user_id": "user-17", "model": "m", "provider": "OPENAI", "request_response_url": "https://x",
    "metadata": {"cost": 0.0006, "promptTokens": 9, "completionTokens": 2, "totalTokens": 11, "latencyMs": 1530},
}  # fmt: skip


@pytest.mark.parametrize("cut", [False, True], ids=["whole bodies", "cut bodies"])
def test_helicones_webhook_has_counts_that_cut_bodies_lack(cut):
    asked, answered = json.dumps({"model": "m", "user": "other"}), json.dumps(CHAT)
    call = parse({**HELICONE, "request_body": asked[:20] if cut else asked, "response_body": answered[:50] if cut else answered})
    assert (call.id, call.provider, call.model, call.consumer) == ("h-1", "openai", "m", "user-17")
    assert (call.input_tokens, call.output_tokens, call.cost_usd, call.duration) == (9, 2, 0.0006, 1.53)
    assert call.field_errors == (("request", "response") if cut else ())


@pytest.mark.parametrize(
    "record",
    [
        {"response": {"status_code": 200, "body": MESSAGE}}, {"request": {"url": "https://a/v1/messages", "body": {}}, "response": {"body": MESSAGE}},
        {"url": "https://gateway.example.com/anthropic/v1/messages", "response": MESSAGE}, {"response_body": json.dumps(MESSAGE)},
        {"custom_id": "q-1", "result": {"type": "succeeded", "message": MESSAGE}},
    ],
    ids=["status beside the body", "url beside the body", "gateway", "text", "batch"],
)  # fmt: skip
def test_messages_of_anthropic_are_recognised_in_any_envelope(record):
    call = parse(record)
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.finish_reason) == (73, 2, 70, "stop")


def test_chat_completions_under_a_path_with_anthropic_are_chat():
    call = parse({"url": "https://gateway.example.com/anthropic/v1/chat/completions", "status": 200, "request": {"model": "m"}, "response": CHAT})
    assert (call.input_tokens, call.output_tokens) == (9, 2)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"type": "errored", "error": {"type": "error", "error": {"type": "invalid_request_error", "message": "x"}}}, "client_4xx"),
        ({"type": "errored", "error": {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}}, "provider_5xx"),
        ({"type": "canceled"}, "cancelled"), ({"type": "expired"}, "cancelled"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("word", ["auto", "anthropic"])
def test_a_result_of_a_batch_without_a_message_is_a_failure(word, result, reason):
    first, second = (parse({"custom_id": name, "result": result}, word) for name in ("q-1", "q-2"))
    assert (first.failure, first.usage_expected) == (reason, False)
    assert first.id != second.id


@pytest.mark.parametrize(
    ("record", "half"),
    [
        ({"id": "batch_req_1", "custom_id": "q-1", "response": {"status_code": 200, "request_id": "r", "body": CHAT}, "error": None}, True),
        ({"custom_id": "q-1", "result": {"type": "succeeded", "message": MESSAGE}}, True),
        ({"response": MESSAGE | {"usage": {"input_tokens": 3, "output_tokens": 2, "service_tier": "batch"}}}, True),
        ({"url": "https://api.openai.com/v1/chat/completions", "response": {**CHAT, "service_tier": "flex"}}, True),
        (
            {
                "url": "https://api.openai.com/v1/chat/completions",
                "response": f"data: {json.dumps({**CHAT, 'object': 'chat.completion.chunk', 'choices': [], 'service_tier': 'flex'})}\n\n",
            },
            True,
        ),
        ({"url": "https://api.groq.com/openai/v1/chat/completions", "response": {**CHAT, "service_tier": "flex"}}, False),
        ({"url": "https://api.openai.com/v1/chat/completions", "response": {**CHAT, "service_tier": "default"}}, False),
        ({"response": MESSAGE}, False),
    ],
    ids=["OpenAI's batch", "Anthropic's batch", "its tier", "flex", "a stream's", "Groq's flex", "default", "Messages"],
)  # fmt: skip
def test_calls_billed_at_batch_rates_are_marked(record, half):
    """https://developers.openai.com/api/docs/guides/flex-processing, https://console.groq.com/docs/flex-processing."""
    assert parse(record).batch_rates is half


# The two examples of https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/batch-prediction-from-cloud-storage
VERTEX = {"status": "", "processed_time": "2024-11-01T18:13:16.826+00:00", "request": {"contents": [{"parts": [{"text": "x"}], "role": "user"}]}}


@pytest.mark.parametrize("word", ["auto", "openai"])
def test_a_result_of_vertex_ais_batches_has_an_empty_status(word):
    usage = {"candidatesTokenCount": 36, "promptTokenCount": 29180, "totalTokenCount": 29216}
    body = {"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}], "modelVersion": "gemini-2.0-flash-001@default", "usageMetadata": usage}
    call = parse({**VERTEX, "response": body}, word)
    assert (call.failure, call.input_tokens, call.output_tokens, call.batch_rates, call.field_errors) == (None, 29180, 36, True, ())
    assert call.start == 1730484796.826


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ('Bad Request: {"error": {"code": 400, "message": "Please use a valid role: user, model.", "status": "INVALID_ARGUMENT"}}', "client_4xx"),
        ('Service Unavailable: {"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}}', "provider_5xx"), ("Timeout: it took too long", "timeout"),
    ],
)  # fmt: skip
def test_a_textual_status_in_vertex_ai_batches_is_a_failure(status, reason):
    call = parse({**VERTEX, "status": status, "response": {}})
    assert (call.failure, call.usage_expected, call.field_errors) == (reason, False, ())


@pytest.mark.parametrize("name", ["duration_ms", "latency_ms"])
def test_a_duration_in_milliseconds_is_read(name):
    assert parse({"status": 200, name: 250, "request": {"model": "m"}, "response": CHAT}).duration == 0.25
    assert parse({"status": 200, name: 250, "duration_s": 2.0, "request": {"model": "m"}, "response": CHAT}).duration == 2.0


def test_times_years_apart_give_no_duration():
    body = {"id": "r", "object": "response", "status": "completed", "output": [], "created_at": 1, "completed_at": 1_795_142_820, "usage": USAGE}
    assert parse(body).duration is None


def test_a_record_of_another_service_with_an_input_is_not_a_call():
    record = {"uri": "https://api.example.com/v2/guardrails/pii/execute", "status": 200, "request_body": {"input": {"text": "x"}}, "response_body": {"pass": True}}
    with pytest.raises(Exception, match="unknown_format"):
        parse(record)


def test_fields_that_only_the_recorder_knows_are_read():
    told = {"duration_s": 2.0, "ttft_s": 0.25, "cost_usd": 0.5, "trace_id": "t-1", "labels": {"team": "search", "x": 1}}
    call = parse({"status": 200, **told, "request": {"model": "m"}, "response": {**CHAT, "usage": {**USAGE, "cost": 0.1}}})
    assert (call.duration, call.ttft, call.cost_usd, call.trace_id, call.labels) == (2.0, 0.25, 0.5, "t-1", {"team": "search"})


@pytest.mark.parametrize(("name", "value"), [("ttft_s", 3.0), ("ttft_s", -1), ("ttft_s", "x"), ("cost_usd", -1), ("trace_id", 5), ("duration_s", True)])
def test_invalid_fields_of_a_recorder_are_field_errors(name, value):
    call = parse({"status": 200, "duration_s": 2.0, name: value, "request": {"model": "m"}, "response": CHAT})
    assert (call.ttft, call.cost_usd, call.trace_id, call.field_errors) == (None, None, None, (name,))


@pytest.mark.parametrize(("header", "cost"), [("0.0006", 0.0006), ("0.0", None), ("None", None), ("-1", None), ("nan", None)])
def test_the_cost_header_of_litellms_proxy_is_read(header, cost):
    pair = {"status": 200, "response_headers": {"X-LiteLLM-Response-Cost": header}, "request": {"model": "m"}, "response": CHAT}
    assert parse(pair).cost_usd == cost


@pytest.mark.parametrize(
    ("path", "body", "tokens"),
    [
        ("/v1beta/models/gemini-embedding-001:embedContent", {"embedding": {"values": [0.1]}}, None),
        ("/v1beta/models/gemini-2.5-flash:countTokens", {"totalTokens": 5}, None),
        ("/api/embed", {"model": "nomic-embed-text", "embeddings": [[0.1]], "total_duration": 14_143_917, "prompt_eval_count": 8}, 8),
    ],
)
def test_embeddings_of_other_apis_miss_no_usage(path, body, tokens):
    call = parse({"url": "https://a.example.com" + path, "status": 200, "request": {"model": "m"}, "response": body})
    assert (call.input_tokens, call.usage_expected and call.input_tokens is None) == (tokens, False)


@pytest.mark.parametrize(("error", "reason"), [("peer closed connection", "connection"), ({"type": "timeout", "message": "ReadTimeout"}, "timeout"), (None, None), ("", None)])
def test_an_interrupted_answer_is_a_failure_with_its_partial_content(error, reason):
    begun = 'data: {"choices": [{"delta": {"content": "Hel"}}]}\n\n'
    call = parse({"status": 200, "url": "https://a/v1/chat/completions", "request": {"model": "m", "stream": True}, "response": begun, "error": error})
    assert (call.failure, call.usage_expected) == (reason, reason is None)
    assert call.content is not None
    assert call.content.output == "Hel"


@pytest.mark.parametrize("headers", [{"OpenAI-Processing-Ms": "412"}, {"openai-processing-ms": ["412"]}, [["Openai-Processing-Ms", "412"], "x"]])
def test_headers_may_be_lists(headers):
    call = parse({"id": "1", "status": 200, "request": {"model": "m"}, "response": CHAT, "response_headers": headers})
    assert call.duration == 0.412


def test_a_pair_may_bring_scores_and_those_beyond_their_range_are_named():
    call = parse({"id": "1", "request": {"model": "m"}, "response": CHAT, "scores": {"judge": 0.4, "stars": 5}}, "openai")
    assert (call.scores, call.field_errors) == ({"judge": 0.4}, ("scores",))
