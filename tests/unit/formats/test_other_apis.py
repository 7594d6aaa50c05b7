"""Gemini, Bedrock and Cohere in their own shapes. Values were read from the recordings by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Message, ToolCall

FOLDER = Path(__file__).parents[2] / "golden" / "other-apis"


def parse(record: Any) -> Call:
    event = formats.get("auto", content=True).parse(json.dumps(record).encode())
    assert isinstance(event, Call)
    return event


def recorded(name: str) -> Call:
    return parse(json.loads(FOLDER.joinpath(f"{name}.json").read_bytes()))


@pytest.mark.parametrize(
    ("name", "model", "tokens", "finish"),
    [
        ("gemini-thoughts", "gemini-2.5-flash", (5, 1935, None, None, 1058), "stop"),
        ("gemini-max-tokens", "gemini-2.5-pro", (15, 2, None, None, 2), "length"),
        ("gemini-safety", "gemini-1.5-flash", (14, 0, None, None, None), "content_filter"),
        ("vertex-integer-enums", "gemini-2.5-pro", (74, 216, None, None, 200), "tool_calls"),
        ("vertex-prompt-block", "gemini-2.5-flash", (None, None, None, None, None), "content_filter"),
        ("converse-cache", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", (3185, 16, 2752, 0, None), "tool_calls"),
        ("converse-guardrail", "amazon.titan-text-express-v1", (28, 26, None, None, None), "stop"),
        ("bedrock-llama", "meta.llama3-70b-instruct-v1:0", (8, 35, None, None, None), "stop"),
        ("bedrock-titan", "amazon.titan-text-express-v1", (9, 17, None, None, None), "stop"),
        ("converse-stream-masked", "amazon.titan-text-express-v1", (28, 22, None, None, None), "stop"),
        ("converse-stream-tool", "anthropic.claude-3-sonnet-20240229-v1:0", (236, 58, None, None, None), "tool_calls"),
        ("invoke-stream-claude", "anthropic.claude-v2", (37, 8, None, None, None), "stop"),
        ("invoke-stream-nova", "amazon.nova-micro-v1:0", (25, 10, 0, 0, None), "length"),
        ("cohere-v1", "command-a-03-2025", (1199, 88, 448, None, None), "stop"),
        ("cohere-v2", "command-r-08-2024", (577, 90, 576, None, None), "stop"),
        ("cohere-v1-stream", "command", (69, 116, None, None, None), "stop"),
        ("cohere-v2-stream", "command-r-08-2024", (212, 36, 208, None, None), "stop"),
    ],
)  # fmt: skip
def test_tokens_are_inclusive_and_the_model_is_the_requested_one(name, model, tokens, finish):
    call = recorded(name)
    assert (call.model, call.finish_reason, call.failure, call.field_errors) == (model, finish, None, ())
    assert tokens == (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.cache_write_tokens, call.reasoning_tokens)


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("converse-cache", 1.627), ("bedrock-llama", 0.715), ("gemini-thoughts", None), ("converse-stream-tool", 1.176),
        ("invoke-stream-claude", 0.46),
    ],
)  # fmt: skip
def test_the_time_it_took_is_in_seconds(name, seconds):
    assert recorded(name).duration == seconds


def test_a_prompt_that_was_blocked_owes_no_usage():
    assert not recorded("vertex-prompt-block").usage_expected


@pytest.mark.parametrize("tail", ["", "A", "AAAA"])
def test_a_truncated_binary_stream_is_read_up_to_the_cut(tail):
    record = json.loads(FOLDER.joinpath("converse-stream-tool.json").read_bytes())
    call = parse(record | {"response_body": record["response_body"][:600] + tail})
    assert (call.failure, call.input_tokens, call.usage_expected, call.field_errors) == (None, None, True, ())


def test_the_texts_of_streams_are_joined():
    said = {name: recorded(name).content for name in ("cohere-v1-stream", "cohere-v2-stream", "invoke-stream-claude", "converse-stream-masked")}
    assert [content.output[:12] for content in said.values() if content and content.output] == [
        "Arrrr, matey", "$colorful so", "This is a te", "Hello, {ADDR",
    ]  # fmt: skip


def test_fragments_of_a_tools_input_are_joined():
    content = recorded("converse-stream-tool").content
    assert content is not None
    assert [(tool.name, json.loads(tool.arguments or "")) for tool in content.tools] == [("get_weather", {"location": "Barcelona"})]


def test_an_answer_replaced_by_a_guardrail_is_a_block():
    call = recorded("invoke-stream-blocked")
    assert (call.failure, call.input_tokens, call.output_tokens) == ("blocked_guardrail", 6, 3)


def converse(*events: Any) -> Call:
    """As an SDK logs a stream; the names are those of the API reference, ``ConverseStreamOutput``."""
    return parse({"url": "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse-stream", "status": 200, "request": {}, "response": events})


@pytest.mark.parametrize(
    ("exception", "reason"),
    [
        ("internalServerException", "provider_5xx"), ("modelStreamErrorException", "provider_5xx"), ("throttlingException", "rate_limited"),
        ("serviceUnavailableException", "provider_5xx"), ("validationException", "client_4xx"), ("modelTimeoutException", "timeout"),
    ],
)  # fmt: skip
def test_an_exception_that_ends_a_stream_under_http_200_is_a_failure(exception, reason):
    begun = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Hel"}}}
    assert converse({"messageStart": {"role": "assistant"}}, begun, {exception: {"message": "x"}}).failure == reason


def test_events_that_an_sdk_has_decoded_are_a_stream():
    call = converse(
        {"messageStart": {"role": "assistant"}}, {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Hel"}}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "lo"}}}, {"messageStop": {"stopReason": "end_turn"}},
        {"metadata": {"usage": {"inputTokens": 30, "outputTokens": 5, "totalTokens": 35}, "metrics": {"latencyMs": 1275}}},
    )  # fmt: skip
    assert (call.input_tokens, call.output_tokens, call.finish_reason, call.duration, call.stream) == (30, 5, "stop", 1.275, True)
    assert call.content is not None
    assert call.content.output == "Hello"


def test_coheres_embeddings_have_only_billed_units():
    body = {"id": "e", "embeddings": {"float": [[0.1]]}, "texts": ["x"], "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 2}}}
    call = parse({"url": "https://api.cohere.com/v2/embed", "status": 200, "request": {"model": "embed-v4.0"}, "response": body})
    assert (call.input_tokens, call.output_tokens) == (2, 0)


@pytest.mark.parametrize(("reason", "failure"), [("TIMEOUT", "timeout"), ("ERROR", "provider_5xx"), ("USER_CANCEL", "cancelled")])
def test_reasons_of_cohere_that_are_failures(reason, failure):
    body = {"id": "c", "finish_reason": reason, "message": {"role": "assistant", "content": []}, "usage": {"tokens": {"input_tokens": 1, "output_tokens": 2}}}
    assert parse({"status": 200, "request": {}, "response": body}).failure == failure


def test_a_guardrail_check_owes_no_usage():
    body = {"action": "NONE", "outputs": [], "usage": {"topicPolicyUnits": 1}}
    call = parse({"url": "https://bedrock-runtime.us-east-1.amazonaws.com/guardrail/g1/version/1/apply", "status": 200, "request": {}, "response": body})
    assert not call.usage_expected


CONTENTS = [
    {"role": "user", "parts": [{"text": "Is it warm in Oslo?"}]},
    {"role": "model", "parts": [{"functionCall": {"name": "weather", "args": {}}}]},
    {"role": "user", "parts": [{"function_response": {"name": "weather", "response": {"degrees": 21}}}]},
]
CANDIDATE = {"content": {"role": "model", "parts": [{"text": "hm", "thought": True}, {"text": "Yes, "}]}}


def test_geminis_thoughts_are_not_content_and_tool_results_have_the_role_tool():
    call = parse({
        "request": {"contents": CONTENTS, "systemInstruction": {"parts": [{"text": "Be brief."}]}, "generationConfig": {"temperature": 0.5}},
        "response": {"candidates": [CANDIDATE]},
    })  # fmt: skip
    assert call.content is not None
    assert call.content.input == [
        Message("system", "Be brief."), Message("user", "Is it warm in Oslo?"), Message("assistant", ""), Message("tool", '{"degrees": 21}'),
    ]  # fmt: skip
    assert (call.content.output, call.params) == ("Yes, ", {"temperature": 0.5})


CHUNKS = [
    {"candidates": [CANDIDATE], "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 1}},
    {"candidates": [{"content": {"parts": [{"text": "21."}]}, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 3}},
]


@pytest.mark.parametrize(
    "body",
    ["".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in CHUNKS), CHUNKS, json.dumps(CHUNKS)],
    ids=["events", "array", "array as text"],
)
def test_a_stream_of_gemini_has_its_counts_once(body):
    call = parse({"url": "https://a/v1beta/models/g:streamGenerateContent", "status": 200, "request": {"contents": CONTENTS}, "response": body})
    assert (call.model, call.input_tokens, call.output_tokens, call.finish_reason, call.stream) == ("g", 9, 3, "stop", True)
    assert call.content is not None
    assert call.content.output == "Yes, 21."


@pytest.mark.parametrize(("action", "failure"), [("BLOCKED", "blocked_guardrail"), ("ANONYMIZED", None)])
def test_a_guardrail_that_masks_does_not_block(action, failure):
    body = {
        "output": {"message": {"content": [{"text": "x"}]}}, "stopReason": "guardrail_intervened", "usage": {"inputTokens": 5, "outputTokens": 0},
        "trace": {"guardrail": {"outputAssessments": {"g": [{"sensitiveInformationPolicy": {"piiEntities": [{"action": action}]}}]}}},
    }  # fmt: skip
    call = parse({"url": "https://a/model/m/converse", "status": 200, "request": {"messages": []}, "response": body})
    assert (call.failure, call.input_tokens) == (failure, 5)


def test_calls_and_results_of_tools_in_converse_are_read():
    said = [
        {"role": "user", "content": [{"text": "Is it warm?"}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"json": {"degrees": 21}}, {"text": "sunny"}]}}]},
    ]
    parts = [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "Yes"}, {"toolUse": {"name": "f", "input": {"a": 1}}}]
    call = parse({"url": "https://a/model/m/converse", "status": 200, "request": {"messages": said, "system": [{"text": "Be brief."}]},
                  "response": {"output": {"message": {"content": parts}}, "stopReason": "tool_use", "usage": {}}})  # fmt: skip
    assert call.content is not None
    assert call.content.input == [Message("system", "Be brief."), Message("user", "Is it warm?"), Message("tool", '{"degrees": 21}\nsunny')]
    assert (call.content.output, call.content.tools) == ("Yes", [ToolCall("f", '{"a": 1}')])


@pytest.mark.parametrize("name", ["gemini-thoughts", "converse-cache", "cohere-v2", "cohere-v1"])
def test_a_bare_body_is_recognised(name):
    body = json.loads(FOLDER.joinpath(f"{name}.json").read_bytes())["response_body"]
    assert parse(body).input_tokens == recorded(name).input_tokens


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("https://x.openai.azure.com/openai/deployments/house-gpt/chat/completions?api-version=1", "house-gpt"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-v2%3A1/invoke", "anthropic.claude-v2:1"),
        ("https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent?key=x", "gemini-2.5-flash"),
    ],
)
def test_a_call_that_failed_has_the_model_of_one_that_did_not(url, model):
    failed = parse({"url": url, "status": 503, "request": {"contents": [], "messages": []}, "response": None})
    served = parse({"url": url, "status": 200, "request": {"contents": [], "messages": []}, "response": {"model": "served", "choices": []}})
    assert (failed.model, served.model, served.served_model) == (model, model, "served")


# ---- Vertex AI's predictions, and Bedrock's cache -------------------------------------------------------
VERTEX = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/publishers/google/models"


def test_embeddings_of_vertex_ai_have_their_tokens():
    texts = [{"embeddings": {"values": [0.1], "statistics": {"token_count": count, "truncated": False}}} for count in (4, 6)]
    answer = {"predictions": texts, "metadata": {"billableCharacterCount": 40}}
    call = parse({"id": "1", "status": 200, "url": f"{VERTEX}/text-embedding-005:predict", "request": {"instances": []}, "response": answer})
    assert (call.model, call.input_tokens, call.output_tokens, call.failure) == ("text-embedding-005", 10, 0, None)


def test_pictures_of_vertex_ai_owe_no_tokens():
    answer = {"predictions": [{"bytesBase64Encoded": "iVBO", "mimeType": "image/png"}]}
    call = parse({"id": "1", "status": 200, "url": f"{VERTEX}/imagen-3.0:predict", "request": {"instances": [{"prompt": "x"}]}, "response": answer})
    assert (call.model, call.usage_expected, call.failure) == ("imagen-3.0", False, None)


@pytest.mark.parametrize(
    ("details", "kept", "errors"),
    [
        ([{"ttl": "1h", "inputTokens": 30}, {"ttl": "5m", "inputTokens": 10}], 30, ()), ([{"ttl": "5m", "inputTokens": 40}], None, ()),
        (["1h"], None, ()), ({"ttl": "1h"}, None, ()), ([{"ttl": "1h", "inputTokens": 41}], None, ("usage.cacheDetails",)),
    ],
)  # fmt: skip
def test_hour_long_cache_writes_of_converse_are_counted(details, kept, errors):
    usage = {"inputTokens": 8, "outputTokens": 5, "totalTokens": 113, "cacheReadInputTokens": 60, "cacheWriteInputTokens": 40, "cacheDetails": details}
    answer = {"output": {"message": {"content": [{"text": "x"}]}}, "stopReason": "end_turn", "usage": usage}
    call = parse({"id": "1", "status": 200, "request": {"model": "m"}, "response": answer})
    assert (call.input_tokens, call.cache_write_tokens, call.hour_write_tokens, call.field_errors) == (108, 40, kept, errors)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([{"outputText": "Hi ", "inputTextTokenCount": 8}, {"outputText": "you", "completionReason": "FINISH", "totalOutputTextTokenCount": 2, "inputTextTokenCount": 8}], "Hi you"),
        ([{"generation": "Hi", "prompt_token_count": 8, "stop_reason": None}, {"generation": "", "generation_token_count": 2, "stop_reason": "stop"}], "Hi"),
        ([{"completion": "Hi", "stop_reason": None}, {"completion": "", "stop_reason": "stop_sequence"}], "Hi"),
    ],
)  # fmt: skip
def test_a_last_chunk_without_text_keeps_the_text(pieces, text):
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke-with-response-stream"
    call = parse({"url": url, "status": 200, "request": {"prompt": "x"}, "response": pieces})
    assert call.content is not None
    assert (call.content.output, call.finish_reason) == (text, "stop")


def test_an_operation_that_amazon_does_not_know_is_a_failure_under_any_status():
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse"
    body = {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"}
    assert parse({"url": url, "status": 200, "request": {"messages": []}, "response": body}).failure is not None


@pytest.mark.parametrize("reason", ["load", "unload"])
def test_loading_a_model_into_ollama_owes_no_usage(reason):
    body = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": reason}
    call = parse({"url": "http://localhost:11434/api/chat", "request": {"model": "m", "messages": []}, "response": body})
    assert (call.input_tokens, call.output_tokens, call.failure) == (0, 0, None)
