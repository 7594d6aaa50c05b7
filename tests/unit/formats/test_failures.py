"""Reasons of failures: as providers, their SDKs and what breaks below them name them, and as they say it in words."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call
from tocsin.formats.failures import by_error

TIMEOUT, CONNECTION, BUSY, BROKEN = "timeout", "connection", "rate_limited", "provider_5xx"
WRONG, CANCELLED, BLOCKED, GUARDED = "client_4xx", "cancelled", "blocked_provider", "blocked_guardrail"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        # gRPC, and Google's SDK
        ("RESOURCE_EXHAUSTED", BUSY), ("ResourceExhausted", BUSY), ("DEADLINE_EXCEEDED", TIMEOUT), ("DeadlineExceeded", TIMEOUT),
        ("UNAVAILABLE", BROKEN), ("FAILED_PRECONDITION", WRONG), ("UNAUTHENTICATED", WRONG), ("BlockedPromptException", BLOCKED),
        # OpenAI, Anthropic
        ("APIConnectionError", CONNECTION), ("APITimeoutError", TIMEOUT), ("UnprocessableEntityError", WRONG), ("slow_down", BUSY),
        ("server_is_overloaded", BROKEN), ("context_length_exceeded", WRONG), ("InputGuardrailTripwireTriggered", GUARDED),
        ("DeadlineExceededError", TIMEOUT), ("image_too_small", WRONG), ("failed_to_download_image", WRONG),
        ("image_file_not_found", WRONG), ("image_content_policy_violation", BLOCKED), ("vector_store_timeout", TIMEOUT),
        # botocore
        ("ThrottlingException", BUSY), ("ModelNotReadyException", BUSY), ("ModelErrorException", BROKEN),
        ("ModelStreamErrorException", BROKEN), ("AccessDeniedException", WRONG), ("ExpiredTokenException", WRONG),
        # httpx, requests, urllib3, aiohttp
        ("RemoteProtocolError", CONNECTION), ("ReadError", CONNECTION), ("ReadTimeout", TIMEOUT), ("IncompleteRead", CONNECTION),
        ("ChunkedEncodingError", CONNECTION), ("SSLError", CONNECTION), ("MaxRetryError", CONNECTION), ("BrokenPipeError", CONNECTION),
        ("NameResolutionError", CONNECTION), ("ServerDisconnectedError", CONNECTION), ("ClientPayloadError", CONNECTION),
        # Node.js
        ("ENOTFOUND", CONNECTION), ("EAI_AGAIN", CONNECTION), ("EPIPE", CONNECTION), ("UND_ERR_SOCKET", CONNECTION),
        ("UND_ERR_HEADERS_TIMEOUT", TIMEOUT), ("ERR_STREAM_PREMATURE_CLOSE", CONNECTION), ("ECONNRESET", CONNECTION),
        # those who asked
        ("ClientDisconnect", CANCELLED), ("CancelledError", CANCELLED), ("AbortError", CANCELLED), ("499", CANCELLED),
        ("429", BUSY), ("http_502", BROKEN), ("504", TIMEOUT), ("boom", "other"),
    ],
)  # fmt: skip
def test_an_error_type_is_classified(name, reason):
    assert by_error(name, None) == reason


SENTENCES = [
    ("fetch failed", CONNECTION), ("terminated", CONNECTION), ("Premature close", CONNECTION),
    ("[Errno -2] Name or service not known", CONNECTION), ("EOF occurred in violation of protocol", CONNECTION),
    ("peer closed connection without sending complete message body (incomplete chunked read)", CONNECTION),
    ("upstream connect error or disconnect/reset before headers", CONNECTION), ("no healthy upstream", BROKEN), ("Model m is currently loading", BROKEN),
    ("The server had an error while processing your request.", BROKEN), ("context deadline exceeded", TIMEOUT),
    ("Error code: 503 - {'error': {'message': 'invalid'}}", BROKEN), ("Error code: 429 - {'error': 'x'}", BUSY),
    ("Server error '502 Bad Gateway' for url", BROKEN), ("Request failed with status code 400", WRONG),
    ("This model's maximum context window is 8192 tokens", WRONG), ("Your prompt violates our content policy", BLOCKED),
    ("The name of the city was lost", "other"), ("upstream returned 5032 bytes", "other"),
    # the SDKs of Google, OpenAI and Go, axios, requests, curl
    ("429 Resource has been exhausted (e.g. check quota).", BUSY), ("429 status code (no body)", BUSY), ('429 {"type":"error"}', BUSY),
    ("500 Server Error: Internal Server Error for url: x", BROKEN), ("HTTP/1.1 503 Service Unavailable", BROKEN),
    ("timeout of 30000ms exceeded", TIMEOUT), ("Timeout was reached", TIMEOUT), ("httpx.ReadTimeout: ", TIMEOUT), ("504 Deadline Exceeded", TIMEOUT),
    ("dial tcp: lookup api.openai.com: no such host", CONNECTION), ("unexpected EOF", CONNECTION), ("RemoteProtocolError: x", CONNECTION),
    ("This request would exceed your organization's rate limit of 50 requests per minute", BUSY), ("Too many tokens, please wait", BUSY),
    ("You exceeded your current quota, please check your plan", BUSY), ("The user aborted a request.", CANCELLED),
    ("The system encountered an unexpected error during processing. Try your request again.", BROKEN),
    ("The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", BLOCKED),
    # Go's net/http and gRPC, Node's undici and fetch, .NET, Ruby, botocore
    ("dial tcp 104.18.6.192:443: i/o timeout", TIMEOUT), ("net/http: TLS handshake timeout", TIMEOUT), ("Headers Timeout Error", TIMEOUT),
    ("net/http: request canceled (Client.Timeout exceeded while awaiting headers)", TIMEOUT), ("ESOCKETTIMEDOUT", TIMEOUT),
    ("The operation was aborted due to timeout", TIMEOUT), ("AbortError: This operation was aborted", CANCELLED),
    ("TaskCanceledException: The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing.", TIMEOUT),
    ("DEADLINE_EXCEEDED: Deadline expired before operation could complete.", TIMEOUT), ("8 RESOURCE_EXHAUSTED: tokens per minute", BUSY),
    ("rpc error: code = Internal desc = x", BROKEN), ("14 UNAVAILABLE: x", BROKEN), ("Error: SERVICE_UNAVAILABLE", BROKEN),
    ("stream error: stream ID 1; INTERNAL_ERROR; received from peer", BROKEN), ("Net::ReadTimeout with #<TCPSocket:(closed)>", TIMEOUT),
    ("An error occurred (ModelTimeoutException) when calling the InvokeModel operation: x", TIMEOUT), ("insufficient_quota", BUSY),
    ("write tcp 10.0.0.1:1->1.1.1.1:443: use of closed network connection", CONNECTION), ("SSL handshake failed", CONNECTION),
    ("cURL error 6: Could not resolve host: x", CONNECTION), ("Response ended prematurely", CONNECTION), ("Error: Timeout", TIMEOUT),
    ("<_InactiveRpcError of RPC that terminated with:\n\tstatus = StatusCode.UNAVAILABLE\n\tdetails = x", BROKEN),
    ("LLM timeout", TIMEOUT), ("Provider unavailable", BROKEN), ("provider rate limit", BUSY),
    # words of the caller's, and numbers that are no status
    ("500 items is more than the maximum of 100", "other"), ("429 rows were given, 400 are allowed", "other"), ("No such column: quota", "other"),
    ("timeout must be positive", "other"), ("The parameter request_timeout is not known", "other"), ("Unknown parameter: timeout", WRONG),
    ("The field internal_id is required", "other"), ("Property server_error is not defined", "other"), ("You must connect a billing account", WRONG),
    ("Model is unavailable in your region", "other"), ("You may not cancel this", "other"), ("Invalid value: quota is no number", WRONG),
    ("SSL connection settings are not allowed", "other"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "reason"), SENTENCES)
def test_an_error_message_is_classified_if_the_type_is_not(message, reason):
    event = {"v": 1, "id": "1", "time": "2026-11-20T02:47:00Z", "model": "m"}
    pair = {"id": "1", "status": 200, "request": {"model": "m"}}
    for error in ({"type": None, "message": message}, {"type": "Error", "message": message}):
        assert parse({**event, "error": error}).failure == reason
        assert parse({**pair, "response": {"error": error}}).failure == reason


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Output blocked by content filtering policy", BLOCKED), ("The parameter content_filter is unknown", WRONG),
        ("Invalid prompt: your prompt was flagged as potentially violating our usage policy.", BLOCKED), ("prompt is too long", WRONG),
        ("Your request was rejected as a result of our safety system.", BLOCKED), ("Content Exists Risk", BLOCKED),
        # OpenAI's, Z.ai's in both of its languages, OpenRouter, Volcengine, Imagen
        ("This content was flagged for possible cybersecurity risk. Rephrase your request.", BLOCKED),
        ("System detected potentially unsafe or sensitive content in input or generation.", BLOCKED),
        ("系统检测到输入或生成内容可能包含不安全或敏感内容", BLOCKED), ('m requires moderation. Your input was flagged for "x".', BLOCKED),
        ("The request failed because the input text may contain sensitive information.", BLOCKED),
        ("This prompt contains sensitive words that violate Google's Responsible AI practices.", BLOCKED),
        ("The parameter risk exists twice", WRONG), ("Sensitive parameters belong into headers", WRONG),
    ],
)  # fmt: skip
def test_a_refusal_that_is_called_an_invalid_request_is_one(message: str, reason: str) -> None:
    assert by_error("invalid_request_error", 400, message) == reason


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (403, {"code": "The caller does not have permission", "error": "Content violates usage guidelines. Failed check: X"}, BLOCKED),
        (403, {"code": "The caller does not have permission", "error": "Your team has no credits"}, WRONG),
        (400, {"error": {"code": "SensitiveContentDetected", "message": "x", "type": "BadRequest"}}, BLOCKED),
        (400, {"error": {"code": "sensitive_words_detected", "message": "x", "type": "new_api_error"}}, BLOCKED),
        (400, {"error": {"code": "cyber_policy", "message": "x", "type": "invalid_request"}}, BLOCKED),
        (200, {"id": "1", "choices": None, "base_resp": {"status_code": 1026, "status_msg": "input new_sensitive"}}, BLOCKED),
        # flat ones: of Bedrock, DashScope, SiliconFlow, Cohere
        (400, {"message": "The model returned the following errors: Output blocked by content filtering policy"}, BLOCKED),
        (400, {"code": "DataInspectionFailed", "message": "x", "request_id": "1"}, BLOCKED),
        (400, {"code": 20012, "message": "Model does not exist", "data": None}, WRONG),
        (429, {"message": "Slow down; see our content policy"}, BUSY),
    ],
)  # fmt: skip
def test_a_refusal_is_recognised_in_every_error_format(status: int, body: dict[str, Any], reason: str) -> None:
    record = {"id": "1", "status": status, "url": "https://api.vendor.test/v1/chat/completions", "request": {"model": "m"}, "response": body}
    assert parse(record).failure == parse(record, "openai").failure == reason


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (446, {"error": {"message": "The guardrail checks defined in the config failed.", "type": "hooks_failed"}, "hook_results": {}}),
        (200, {"error": {"message": "Guardrail denied the request: SSN detected in prompt.", "type": "hooks_failed"}}),
        (424, {"success": False, "result": [], "error": [{"code": 2016, "message": "Prompt blocked due to security configurations"}]}),
        (424, {"success": False, "result": [], "error": [{"code": 2017, "message": "Response blocked due to security configurations"}]}),
        (400, {"error_code": "BAD_REQUEST", "message": '{"input_guardrail": [{"flagged": true}], "finishReason": "input_guardrail_triggered"}'}),
        (400, {"error": {"message": "{'error': 'Violated guardrail policy'}", "type": "None", "param": "None", "code": "400"}}),
        (400, {"error": {"message": "bad request: prompt pattern is blocked"}}),
    ],
    ids=["Portkey", "Portkey under 200", "Cloudflare's prompt", "Cloudflare's response", "Databricks", "LiteLLM", "Kong"],
)
def test_requests_stopped_by_a_gateways_guardrail_page_nobody(status: int, body: dict[str, Any]) -> None:
    pair = {"id": "1", "status": status, "url": "https://gateway.example/v1/chat/completions", "request": {"model": "m"}, "response": body}
    call = formats.get("auto").parse(json.dumps(pair).encode())
    assert isinstance(call, Call)
    assert call.failure == GUARDED


@pytest.mark.parametrize("message", ["Failed dependency", "Model is not ready: guardrail service starting"])
def test_any_other_424_is_an_outage(message: str) -> None:
    assert by_error("", 424, message) == "provider_5xx"


@pytest.mark.parametrize(
    ("status", "told", "message"),
    [
        (401, "authentication_error", "Invalid key; details are left out as the input may contain sensitive information"),
        (403, "permission_error", "Invalid key; details are left out as they may contain sensitive information"),
        (401, "", "Access denied: see our content policy"), (402, "", "No credits; see our content policy"),
        (404, "", "The model m was not found; see our content policy"),
        (403, "permission_error", "Your account has been suspended: its use violates usage guidelines."),
        (403, "", "Your team was permanently banned, which our content policy explains"),
        (400, "invalid_request_error", "This organization has been disabled: it was flagged as potentially violating our usage policy"),
        (400, "invalid_request_error", "Your account was flagged for possible cybersecurity risk."),
    ],
)  # fmt: skip
def test_a_banned_account_is_not_a_refusal_of_content(status: int, told: str, message: str) -> None:
    assert by_error(told, status, message) == WRONG


def test_the_status_precedes_the_error_type_and_that_the_message():
    assert by_error("rate_limit_error", None, "connection reset") == BUSY
    assert by_error("Error", 400, "connection reset") == WRONG


@pytest.mark.parametrize("word", ["auto", "litellm"])
@pytest.mark.parametrize(
    ("code", "reason"), [("server_error", BROKEN), ("image_content_policy_violation", BLOCKED), ("image_parse_error", WRONG), (None, BROKEN)]
)
def test_an_answer_of_responses_that_failed_says_why(word, code, reason):
    body = {"id": "resp_1", "object": "response", "status": "failed", "error": {"code": code, "message": "x"}, "model": "m", "output": []}
    record: dict[str, Any] = {"id": "1", "status": 200, "url": "https://api.openai.com/v1/responses", "response": body}
    if word == "litellm":
        record = {"id": "1", "status": "success", "call_type": "aresponses", "startTime": 1.0, "endTime": 2.0, "response": body}
    assert parse(record, word).failure == reason


def parse(record: dict[str, Any], word: str = "auto") -> Call:
    event = formats.get(word).parse(json.dumps(record).encode())
    assert isinstance(event, Call)
    return event


@pytest.mark.parametrize(
    ("message", "status", "reason"),
    [
        ("Rate limited, see our content policy", 429, BUSY), ("The content filter is unavailable", 503, BROKEN),
        ("Stopped by the content filter", 400, BLOCKED), ("Stopped by the content filter", None, BLOCKED),
        ("The prompt 'how do I raise my rate limit?' is invalid", None, WRONG),
        ("Invalid schema for function `connect_db`", None, WRONG), ("'server overloaded'", None, BROKEN),
    ],
)  # fmt: skip
def test_a_filter_or_a_quotation_in_an_outages_message_does_not_decide(message: str, status: int | None, reason: str) -> None:
    assert by_error("", status, message) == reason


def test_a_sentence_as_the_error_of_a_native_event_is_a_message():
    event = {"v": 1, "id": "1", "time": "2026-11-20T02:47:00Z", "model": "m"}
    found = [parse({**event, "error": told}).failure for told in ("internal_id is required", "Request timed out.", "timeout", "APITimeoutError")]
    assert found == ["other", TIMEOUT, TIMEOUT, TIMEOUT]


@pytest.mark.parametrize(("kind", "reason"), [("Too Many Requests", BUSY), ("Internal Server Error", BROKEN), ("content filter", BLOCKED)])
def test_a_phrase_as_the_type_of_a_native_event_is_classified(kind, reason):
    event = {"v": 1, "id": "1", "time": "2026-11-20T02:47:00Z", "model": "m", "error": {"type": kind, "message": "try again"}}
    assert parse(event).failure == reason


def test_an_expired_batch_request_is_cancelled():
    expired = {"code": "batch_expired", "message": "This request could not be executed before the completion window expired."}
    line = {"id": "batch_req_1", "custom_id": "q-1", "response": None, "error": expired}
    assert parse(line).failure == CANCELLED
    assert by_error("ExpiredTokenException", None) == WRONG


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (424, "Guardrail check failed: upstream connect error, connection refused", BROKEN),
        (424, "guardrails trigger lambda failed: service unavailable", BROKEN),
        (None, "Guardrail check failed: request timed out", "timeout"),
        (None, "pre-call hooks failed: connection refused", "connection"),
        (None, "guardrail checks failed: getaddrinfo ENOTFOUND lakera", "connection"),
        (403, "Guardrail access denied for this key", WRONG),
        (400, "guardrail trigger must be one of pre_call, post_call", WRONG),
    ],
)
def test_a_guardrail_that_could_not_be_asked_blocked_nothing(status: int | None, message: str, reason: str) -> None:
    assert by_error("", status, message) == reason
