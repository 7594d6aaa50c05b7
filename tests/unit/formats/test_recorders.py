"""What providers write of calls themselves: results of batches, and Bedrock's log of invocations.

Made by the pages that ``tocsin.formats.recorders`` names; the expected values were worked out by hand.
"""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip

ASKED = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50}
CLAUDE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "Yo"}],
    "stop_reason": "end_turn", "usage": {"input_tokens": 100, "cache_creation_input_tokens": 50, "cache_read_input_tokens": 300, "output_tokens": 7},
}  # fmt: skip
GEMINI = {
    "candidates": [{"content": {"parts": [{"text": "Yo"}], "role": "model"}, "finishReason": "STOP"}], "modelVersion": "gemini-2.5-flash",
    "responseId": "r1", "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 20, "thoughtsTokenCount": 40},
}  # fmt: skip


def parse(record: dict[str, Any], word: str = "auto") -> Call:
    event = formats.get(word, content=True).parse(json.dumps(record).encode())
    assert isinstance(event, Call)
    assert event.field_errors == ()
    return event


def tokens(call: Call) -> tuple[int | None, ...]:
    return call.input_tokens, call.output_tokens, call.cache_read_tokens, call.cache_write_tokens, call.reasoning_tokens


# ---- Batches --------------------------------------------------------------------------------------------
VERTEX = {"custom_id": "q-1", "request": {**ASKED, "anthropic_version": "vertex-2023-10-16"}}
BEDROCK = {"recordId": "CALL0000001", "modelInput": {**ASKED, "anthropic_version": "bedrock-2023-05-31"}}


@pytest.mark.parametrize(
    ("line", "identity", "model", "counts"),
    [
        ({**VERTEX, "response": CLAUDE, "status": ""}, "msg_1", "claude-sonnet-4-5", (450, 7, 300, 50, None)),
        ({**BEDROCK, "modelOutput": CLAUDE}, "msg_1", "claude-sonnet-4-5", (450, 7, 300, 50, None)),
        ({"key": "q-1", "response": GEMINI}, "r1", "gemini-2.5-flash", (100, 60, None, None, 40)),
    ],
)
@pytest.mark.parametrize("word", ["auto", "openai"])
def test_a_result_of_a_batch_is_a_call_at_half_the_price(word, line, identity, model, counts):
    call = parse(line, word)
    assert (call.id, call.model, call.failure, call.finish_reason, call.batch_rates) == (identity, model, None, "stop", True)
    assert tokens(call) == counts
    assert call.content is not None
    assert call.content.output == "Yo"


QUOTA = {"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({**VERTEX, "response": {}, "status": f"Too Many Requests: {json.dumps(QUOTA)}"}, "rate_limited"),
        ({**BEDROCK, "error": {"errorCode": 400, "errorMessage": "Malformed input request", "retryable": False}}, "client_4xx"),
        ({**BEDROCK, "error": {"errorCode": 500, "errorMessage": "x"}}, "provider_5xx"),
        ({"key": "q-1", "error": {"code": 3, "message": "x", "status": "INVALID_ARGUMENT"}}, "client_4xx"),
    ],
)
def test_a_result_of_a_batch_that_failed_says_why(line, reason):
    call = parse(line)
    assert (call.failure, call.usage_expected, call.batch_rates) == (reason, False, True)


def test_lines_of_two_batches_with_the_same_id_are_two_calls():
    first, second = ({**BEDROCK, "modelOutput": {**CLAUDE, "id": name}} for name in ("msg_1", "msg_2"))
    assert parse(first).id != parse(second).id


def test_a_textual_status_of_another_recorder_is_not_a_failure():
    recorded = {"custom_id": "q-1", "status": "200 OK", "request": ASKED, "response": CLAUDE}
    assert parse(recorded).failure is None


# ---- Bedrock's log --------------------------------------------------------------------------------------
MODEL = "anthropic.claude-3-haiku-20240307-v1:0"
LOG = {
    "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-11-20T10:00:00Z", "accountId": "1", "region": "us-east-1",
    "requestId": "req-1", "operation": "Converse", "modelId": MODEL, "identity": {"arn": "arn:aws:sts::1:assumed-role/app/s"},
}  # fmt: skip
HOST = "bedrock-runtime.us-east-1.amazonaws.com"
COUNTS = ({"inputTokenCount": 8, "cacheReadInputTokenCount": 4, "cacheWriteInputTokenCount": 2}, {"outputTokenCount": 5})


def invocation(answer: Any = None, **fields: Any) -> dict[str, Any]:
    sent, received = COUNTS
    return {**LOG, "input": {**sent, "inputBodyJson": ASKED}, "output": {**received, "outputBodyJson": answer}, **fields}


CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Yo"}]}}, "stopReason": "end_turn", "metrics": {"latencyMs": 551},
    "usage": {"inputTokens": 8, "outputTokens": 5, "totalTokens": 19, "cacheReadInputTokens": 4, "cacheWriteInputTokens": 2},
}  # fmt: skip


@pytest.mark.parametrize(("operation", "stream"), [("Converse", False), ("ConverseStream", True)])
def test_an_invocation_in_bedrocks_log_is_a_call(operation, stream):
    call = parse(invocation(CONVERSE, operation=operation))
    assert (call.id, call.provider, call.model, call.start, call.duration) == ("req-1", HOST, MODEL, 1795168800.0, 0.551)
    assert (call.stream, call.consumer, call.finish_reason, call.failure) == (stream, LOG["identity"]["arn"], "stop", None)
    assert tokens(call) == (14, 5, 4, 2, None)
    assert call.content is not None
    assert (call.content.output, call.content.input[0].text) == ("Yo", "Hi")


def test_the_events_of_a_stream_in_bedrocks_log_are_combined():
    answer = [
        {"type": "message_start", "message": {**CLAUDE, "content": [], "stop_reason": None, "usage": {"input_tokens": 8, "output_tokens": 1}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Yo"}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 5}},
        {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 8, "outputTokenCount": 5, "invocationLatency": 900}},
        "[DONE]",
    ]
    call = parse(invocation(answer, operation="InvokeModelWithResponseStream"))
    assert (call.stream, call.finish_reason, call.input_tokens, call.output_tokens, call.duration) == (True, "length", 8, 5, 0.9)


def test_an_invocation_whose_texts_are_not_logged_has_its_tokens():
    sent, received = COUNTS
    call = parse({**LOG, "input": sent, "output": received})
    assert (call.model, call.failure, tokens(call)) == (MODEL, None, (14, 5, 4, 2, None))


def test_an_inference_profile_as_the_model_keeps_its_full_name():
    arn = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"
    assert parse(invocation(CONVERSE, modelId=arn)).model == arn


@pytest.mark.parametrize(
    ("code", "reason"),
    [("ThrottlingException", "rate_limited"), ("ModelTimeoutException", "timeout"), ("InternalServerException", "provider_5xx"), ("ValidationException", "client_4xx")],
)  # fmt: skip
def test_an_invocation_that_failed_says_why(code, reason):
    call = parse({**LOG, "errorCode": code, "input": {}, "output": {}})
    assert (call.failure, call.model, call.usage_expected) == (reason, MODEL, False)


@pytest.mark.parametrize("odd", [{"operation": ["Converse"]}, {"operation": None}, {"schemaType": []}])
def test_an_operation_that_is_not_text_is_not_a_call(odd):
    with pytest.raises(Skip):
        parse({**LOG, **odd})


def test_a_model_name_with_a_lone_surrogate_is_kept():
    assert parse(invocation(CONVERSE, modelId="m\ud800")).model.startswith("m")


def test_a_cache_log_line_is_not_a_failed_batch_result() -> None:
    line = {"key": "cache:42", "error": "connection refused"}
    with pytest.raises(Skip):
        formats.get("auto").parse(json.dumps(line).encode())


SAID = {"candidates": [{"content": {"role": "model", "parts": [{"text": "A"}]}, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 1}}
VERTEX_ROW = {
    "endpoint": "projects/1/locations/l/publishers/google/models/gemini-2.0-flash", "logging_time": "2026-01-01T00:00:00.1Z", "request_id": 19301,
    "request_payload": [], "response_payload": [], "model": "gemini-2.0-flash", "metadata": {"request_latency": 712},
    "full_request": {"contents": [{"role": "user", "parts": [{"text": "Q"}]}]}, "full_response": SAID,
}  # fmt: skip


@pytest.mark.parametrize("said", [SAID, [SAID], json.dumps(SAID)], ids=["object", "chunks", "text"])
def test_a_row_of_vertex_ais_log_is_a_call(said):
    call = parse(VERTEX_ROW | {"full_response": said})
    assert call.content is not None
    assert (call.model, call.input_tokens, call.output_tokens, call.finish_reason, call.duration) == ("gemini-2.0-flash", 5, 1, "stop", 0.712)
    assert (call.content.input[0].text, call.content.output) == ("Q", "A")


def test_a_row_of_databricks_payloads_has_its_time_and_duration():
    body = {"id": "x", "model": "m", "choices": [{"message": {"content": "A"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}
    row = {"databricks_request_id": "d", "timestamp_ms": 1764312000000, "status_code": 200, "execution_time_ms": 1447, "request": '{"messages": []}'}
    call = parse(row | {"response": json.dumps(body)})
    assert (call.start, call.duration, call.input_tokens, call.status) == (1764312000.0, 1.447, 9, 200)


def test_a_row_of_databricks_ai_gateway_has_its_time():
    row = {"databricks_request_id": "d", "request_time": "2026-01-01T00:00:00Z", "status_code": 429, "execution_duration_ms": 12, "request": '{"messages": []}', "response": None}
    call = parse(row)
    assert (call.start, call.duration, call.failure) == (1767225600.0, 0.012, "rate_limited")


@pytest.mark.parametrize("took", [0.532, "0.532"])
def test_nginxs_request_time_is_not_a_timestamp(took):
    body = {"id": "x", "created": 1764312000, "model": "m", "choices": [{"message": {"content": "A"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}
    assert parse({"request_time": took, "status": 200, "request": {"messages": []}, "response": body}).start == 1764312000.0


def test_a_log_of_requests_to_another_service_is_not_a_call():
    line = {"full_request": "GET /orders", "full_response": '{"error": "boom"}', "request_id": 1}
    with pytest.raises(Skip, match="unknown_format"):
        formats.get("auto").parse(json.dumps(line).encode())
