"""Azure Monitor's resource logs: Azure OpenAI's requests, API Management's, and its records of tokens.

The records are those that Elastic publishes (https://github.com/elastic/integrations), shortened.
"""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip

ASKED = {"model": "gpt-chat-pilot", "messages": [{"role": "user", "content": "capital of tamilnadu?"}]}
ANSWERED = {
    "choices": [{"finish_reason": "stop", "index": 0, "message": {"content": "Chennai.", "role": "assistant"}}], "created": 1719901891,
    "id": "chatcmpl-9gRL14hGa8nQstOJKvLjh7EyulsnT", "model": "gpt-35-turbo", "object": "chat.completion",
    "usage": {"completion_tokens": 8, "prompt_tokens": 14, "total_tokens": 22},
}  # fmt: skip
OPENAI = {
    "category": "RequestResponse", "correlationId": "d427a391", "durationMs": -1021, "operationName": "ChatCompletions_Create",
    "resultSignature": "200", "time": "2024-05-24T12:23:02.4350000Z",
}  # fmt: skip
TIMED = {
    "requestTime": 638515262815394150, "responseTime": 638515262825606520, "streamType": "Non-Streaming",
    "modelDeploymentName": "gpt-chat-pilot", "modelName": "gpt-35-turbo",
}  # fmt: skip
PATH = "/deployments/gpt-chat-pilot/chat/completions"
BEHIND = {"backendUrl": f"https://mine.openai.azure.com/openai{PATH}?api-version=2024-02-15-preview", "backendResponseCode": 200}
BODIES = {"requestBody": json.dumps(ASKED), "responseBody": json.dumps(ANSWERED)}
GATEWAY = {"category": "GatewayLogs", "correlationId": "99789635", "durationMs": 176, "time": "2024-07-02T06:31:31.4465902Z"}
TOKENS = {
    "correlationId": "134005c6", "sequenceNumber": 0, "deploymentName": "gpt-4o", "modelName": "gpt-4o-2024-08-06", "promptTokens": 12,
    "completionTokens": 30, "isStreamCompletion": True, "requestMessages": [{"role": "user", "content": "hi"}],
    "responseMessages": [{"role": "assistant", "content": "Hello"}],
}  # fmt: skip


def parse(record: dict[str, Any], word: str = "auto") -> Call:
    event = formats.get(word, content=True).parse(json.dumps(record).encode())
    assert isinstance(event, Call)
    return event


def gateway(**told: Any) -> Call:
    return parse({**GATEWAY, "properties": {"url": f"https://apm.azure-api.net{PATH}", "responseCode": 200, **told}})


@pytest.mark.parametrize("properties", [TIMED, json.dumps(TIMED)], ids=["an object", "a text"])
@pytest.mark.parametrize("word", ["auto", "openai"])
def test_azure_openais_log_tells_the_model_the_outcome_and_the_times(properties, word):
    call = parse({**OPENAI, "properties": properties}, word)
    assert (call.id, call.provider, call.model, call.served_model) == ("d427a391", "azure", "gpt-chat-pilot", "gpt-35-turbo")
    assert (call.route, call.failure, call.stream, call.input_tokens) == ("ChatCompletions_Create", None, False, None)
    assert (call.start, call.duration) == (pytest.approx(1715929481.5394), pytest.approx(1.021237, abs=1e-5))


@pytest.mark.parametrize(("status", "reason"), [("429", "rate_limited"), ("503", "provider_5xx"), ("408", "timeout"), ("401", "client_4xx")])
def test_azure_openais_failures_are_classed_by_their_status(status, reason):
    assert parse({**OPENAI, "resultSignature": status, "properties": TIMED}).failure == reason


@pytest.mark.parametrize(
    "record",
    [
        {**OPENAI, "operationName": "Create_Thread", "properties": {"requestTime": 638481757794854611}},
        {"category": "Audit", "operationName": "ListKey", "properties": {"objectId": "b6"}, "time": "2024-04-17T06:03:30Z"},
        {**GATEWAY, "properties": {"url": "https://apm.azure-api.net/orders/1", "responseCode": 500, "responseBody": '{"error": {"message": "x"}}'}},
        {**GATEWAY, "properties": {"url": "https://openai-shop.azure-api.net/orders/1", "responseCode": 500}},
        {"category": "GatewayLlmLogs", "properties": {"correlationId": "probe", "modelName": "", "promptTokens": 0}},
    ],
    ids=["no model", "an audit", "another API", "a gateway's name", "no tokens"],
)
def test_other_records_are_not_calls(record):
    with pytest.raises(Skip, match="unknown_format"):
        parse(record)


def test_api_managements_log_tells_a_call_with_its_bodies():
    call = gateway(**BEHIND, **BODIES, apimSubscriptionId="team-a")
    assert (call.provider, call.model, call.route, call.consumer) == ("mine.openai.azure.com", "gpt-chat-pilot", PATH, "team-a")
    assert (call.input_tokens, call.output_tokens, call.finish_reason, call.duration) == (14, 8, "stop", 0.176)
    assert call.content is not None
    assert call.content.output == "Chennai."


def test_the_bodies_of_the_backend_do_where_the_others_are_not_kept():
    call = gateway(**BEHIND, backendRequestBody=BODIES["requestBody"], backendResponseBody=BODIES["responseBody"])
    assert (call.input_tokens, call.output_tokens) == (14, 8)


def test_a_body_that_is_cut_is_named():
    assert gateway(**BEHIND, responseBody=BODIES["responseBody"][:90]).field_errors == ("response",)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"responseCode": 429, "responseBody": '{"statusCode": 429, "message": "Token limit is exceeded."}'}, "rate_limited"),
        ({"responseCode": 403, "responseBody": '{"statusCode": 403, "message": "Request failed content safety check."}'}, "blocked_provider"),
        ({"responseCode": 401, "responseBody": '{"statusCode": 401, "message": "Access denied due to missing subscription key."}'}, "client_4xx"),
        ({"responseCode": 500, "lastError": {"reason": "BackendConnectionFailure"}}, "provider_5xx"),
        ({"responseCode": 0, "lastError": {"reason": "ClientConnectionFailure", "message": "A task was canceled."}}, "cancelled"),
        ({"responseCode": 0, "lastError": {"reason": "BackendConnectionFailure"}}, "connection"),
    ],
)
def test_responses_of_the_gateway_itself_are_classified(told, reason):
    call = gateway(**told)
    assert (call.provider, call.model, call.failure) == ("apm.azure-api.net", "gpt-chat-pilot", reason)


@pytest.mark.parametrize("properties", [TOKENS, {name[0].upper() + name[1:]: told for name, told in TOKENS.items()}], ids=["an event hub's", "a table's"])
def test_its_token_record_is_also_a_call(properties):
    call = parse({"category": "GatewayLlmLogs", "time": "2026-07-02T06:31:31Z", "properties": properties})
    assert (call.id, call.model, call.served_model, call.stream) == ("134005c6", "gpt-4o", "gpt-4o-2024-08-06", True)
    assert (call.input_tokens, call.output_tokens) == (12, 30)
    assert call.content is not None
    assert (call.content.input[0].text, call.content.output) == ("hi", "Hello")


def test_anthropics_cache_reads_are_added_to_the_input():
    call = parse({"category": "GatewayLlmLogs", "properties": {**TOKENS, "promptTokens": 26, "promptCachedTokens": 48854}})
    assert (call.input_tokens, call.cache_read_tokens) == (48880, 48854)


def test_both_records_of_one_request_are_the_same_event():
    counted = parse({"category": "GatewayLlmLogs", "properties": {**TOKENS, "correlationId": GATEWAY["correlationId"]}})
    assert counted.id == gateway(**BEHIND, **BODIES).id
