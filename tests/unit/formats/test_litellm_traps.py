"""What two versions of a real LiteLLM proxy, a year apart, logged, and what must not be concluded from it.

Each case is a way in which the payload misleads: found by running 1.81.16 and 1.106.2 to 1.109.1 against a stub that kept
a ledger of its own.
"""

import json
import time
from typing import Any

import pytest

from tocsin import catalogue as cat
from tocsin import formats
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.call import Call, Skip
from tocsin.inputs.base import Origin
from tocsin.intake import Intake
from tocsin.series.store import Store

SUCCESS: dict[str, Any] = {
    "id": "chatcmpl-1", "litellm_call_id": "c-1", "status": "success", "startTime": 1000.0, "endTime": 1002.0,
    "completionStartTime": 1002.0, "stream": None, "model": "gpt-4o", "model_group": "house", "custom_llm_provider": "openai",
    "prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14, "response_cost": 0.01, "response_time": 2.0,
    "response": {"id": "chatcmpl-1", "model": "house", "choices": [{"finish_reason": "stop", "message": {"content": "hi"}}]},
}  # fmt: skip
FAILURE = SUCCESS | {"status": "failure", "response": {}, "prompt_tokens": 0, "completion_tokens": 0, "response_cost": 0.0}


def parse(payload: dict[str, Any]) -> Call:
    event = formats.get("litellm", content=True).parse(json.dumps(payload).encode())
    assert isinstance(event, Call)
    return event


def failed(**information: object) -> str | None:
    return parse(FAILURE | {"error_information": information}).failure


def old(payload: dict[str, Any]) -> dict[str, Any]:
    """As 1.81.16 wrote it."""
    return {key: value for key, value in payload.items() if key not in ("litellm_call_id", "session_id")}


def test_1_the_response_time_of_a_stream_is_not_its_duration():
    call = parse(SUCCESS | {"stream": True, "completionStartTime": 1000.4, "response_time": 0.4})
    assert (call.duration, call.ttft) == (2.0, pytest.approx(0.4))


def test_2_the_alias_in_the_response_is_not_a_served_model():
    assert parse(SUCCESS).served_model is None
    assert parse(SUCCESS | {"response": SUCCESS["response"] | {"model": "gpt-4o-2024-08-06"}}).served_model == "gpt-4o-2024-08-06"


def test_3_a_cost_of_nothing_for_tokens_is_an_unknown_price():
    assert parse(SUCCESS | {"response_cost": 0.0}).cost_usd is None


@pytest.mark.parametrize("fields", [{"status_fields": {"guardrail_status": "guardrail_intervened"}}, {"error_information": {"error_code": "400", "error_class": "GuardrailRaisedException"}}])
def test_4_a_guardrail_block_is_not_an_outage(fields):
    assert parse(FAILURE | fields).failure == "blocked_guardrail"


def test_5_a_masked_answer_is_a_success():
    assert parse(SUCCESS | {"status_fields": {"guardrail_status": "success"}, "guardrail_information": [{"guardrail_response": "mask"}]}).failure is None


def test_8_attempts_of_one_call_share_its_id_and_are_events_of_their_own():
    first, last = parse(FAILURE | {"id": "c-1"}), parse(SUCCESS)
    assert first.id != last.id
    assert first.call_id == last.call_id == "c-1"


def test_9_an_error_code_need_not_be_a_number():
    assert failed(error_code="content_filter", error_class="BadRequestError") == "blocked_provider"
    assert parse(FAILURE | {"error_information": {"error_code": "content_filter"}}).field_errors == ()


def test_10_a_model_group_that_is_empty_names_nothing():
    assert parse(SUCCESS | {"model": "nope", "model_group": ""}).model == "nope"


def test_11_a_redacted_text_is_not_content():
    call = parse(SUCCESS | {"messages": [{"role": "user", "content": "redacted-by-litellm"}], "response": {"text": "redacted-by-litellm"}})
    assert (call.content.state, call.content.output, call.content.input) == ("redacted", None, [])


def test_12_each_null_in_an_array_is_a_skipped_event():
    ledger = Ledger(Store(), Settings())
    intake = Intake(ledger, formats.get, time.time)
    intake.take(json.dumps([None, SUCCESS, None]).encode(), Origin("webhook", "litellm", ""))
    intake.take(b"null", Origin("webhook", "litellm", ""))
    tally = intake.tallies["webhook"]
    assert (tally.read, tally.counted, intake.skipped) == (4, 1, {("webhook", "null"): 3})


@pytest.mark.parametrize(("reason", "meaning"), [("content_filter", "content_filter"), ("stop", "stop"), ("length", "length"), ("function_call", "tool_calls")])
def test_13_finish_reasons_are_those_normalised_by_litellm(reason, meaning):
    call = parse(SUCCESS | {"response": {"choices": [{"finish_reason": reason, "message": {}}]}})
    assert (call.finish_reason, call.failure) == (meaning, None)


@pytest.mark.parametrize("text", ["2025-01-24 09:20:46.847371", "2025-01-24T09:20:46.847371Z", "1737710446.847371"])
def test_14_times_may_be_text(text):
    assert parse(SUCCESS | {"startTime": text}).start == pytest.approx(1737710446.847371)


def test_14a_an_event_without_a_call_id_is_known_by_its_own():
    call = parse(old(SUCCESS))
    assert call.call_id == "chatcmpl-1"
    assert call.id != parse(old(SUCCESS | {"id": "chatcmpl-2"})).id


@pytest.mark.parametrize("first", [1000.0, 1002.0])
def test_14a_a_first_token_at_the_start_or_end_of_a_stream_gives_no_ttft(first):
    assert parse(old(SUCCESS | {"stream": True, "completionStartTime": first})).ttft is None


def test_14a_the_tokens_and_cost_of_a_block_after_the_call_count():
    call = parse(SUCCESS | {"status": "failure", "status_fields": {"guardrail_status": "guardrail_intervened"}})
    assert (call.failure, call.input_tokens, call.output_tokens, call.cost_usd) == ("blocked_guardrail", 10, 4, 0.01)


def test_14a_a_stream_that_failed_has_an_empty_code_and_keeps_its_estimated_tokens():
    call = parse(SUCCESS | {"status": "failure", "stream": None, "error_information": {"error_code": "", "error_class": "MidStreamFallbackError"}})
    assert (call.failure, call.input_tokens, call.cost_usd) == ("provider_5xx", 10, 0.01)


@pytest.mark.parametrize("information", [None, {"error_code": "", "error_class": "MidStreamFallbackError"}], ids=["of 2024", "of a stream"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("litellm.ServiceUnavailableError: litellm.MidStreamFallbackError: litellm.RateLimitError: RateLimitError: OpenAIException - x", "rate_limited"),
        ("litellm.InternalServerError: InternalServerError: OpenAIException - The server had an error", "provider_5xx"),
        ("litellm.BadRequestError: litellm.ContentPolicyViolationError: The response was filtered", "blocked_provider"),
        ("litellm.Timeout: APITimeoutError - Request timed out.", "timeout"),
    ],
)  # fmt: skip
def test_a_failure_without_a_code_is_classed_by_the_exceptions_in_its_text(information, text, reason):
    """Texts as built by LiteLLM's ``exceptions.py``, and as logged by 1.106 with a code."""
    assert parse(FAILURE | {"error_str": text, "error_information": information}).failure == reason


@pytest.mark.parametrize(
    ("text", "reason"), [("Connection error.", "connection"), ("Error code: 503 - x", "provider_5xx"), ("500 items are too many", "other")]
)
def test_an_unknown_exception_is_classified_by_its_message(text, reason):
    information = {"error_code": "", "error_class": "OurError", "error_message": text}
    assert parse(FAILURE | {"error_str": None, "error_information": information}).failure == reason


@pytest.mark.parametrize(
    ("code", "name", "text", "reason"),
    [
        ("400", "BadRequestError", 'DeepseekException - {"error":{"message":"Content Exists Risk","type":"invalid_request_error"}}', "blocked_provider"),
        ("403", "PermissionDeniedError", 'XaiException - {"code":"The caller does not have permission","error":"Content violates usage guidelines. Failed check: X"}', "blocked_provider"),
        ("400", "BadRequestError", "DashscopeException - <400> InternalError.Algo.DataInspectionFailed: Input data may be inappropriate", "blocked_provider"),
        ("400", "BadRequestError", 'AnthropicException - {"error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}', "blocked_provider"),
        ("400", "BadRequestError", "OpenAIException - The parameter content_filter is unknown", "client_4xx"),
        ("401", "AuthenticationError", "DeepseekException - Content Exists Risk", "client_4xx"),
        ("404", "NotFoundError", "XaiException - The model violates usage guidelines", "client_4xx"),
        ("403", "PermissionDeniedError", "XaiException - Your team has been suspended: its use violates usage guidelines", "client_4xx"),
        ("429", "RateLimitError", "DeepseekException - Content Exists Risk", "rate_limited"),
        ("500", "InternalServerError", "DeepseekException - Content Exists Risk", "provider_5xx"),
        ("424", "APIError", 'APIError: OpenAIException - [{"code":2016,"message":"Prompt blocked due to security configurations"}]', "blocked_guardrail"),
        ("424", "APIError", "APIError: OpenAIException - Failed Dependency", "provider_5xx"),
        ("424", "APIError", "APIError: OpenAIException - Content Exists Risk", "provider_5xx"),
        ("400", "HTTPException", "400: {'error': 'Violated guardrail policy', 'bedrock_guardrail_response': 'No.'}", "blocked_guardrail"),
        ("400", "BadRequestError", "BedrockException - The guardrail identifier or version provided in the request does not exist", "client_4xx"),
        ("500", "InternalServerError", "BedrockException - Guardrail blocked", "provider_5xx"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["error_str", "error_message"])
def test_a_refusal_by_provider_or_guardrail_is_blocked_though_litellm_calls_it_a_bad_request(place, code, name, text, reason):
    text = f"litellm.{name}: {text}"
    information = {"error_code": code, "error_class": name} | ({"error_message": text} if place == "error_message" else {})
    assert parse(FAILURE | {"error_str": text if place == "error_str" else None, "error_information": information}).failure == reason


def test_a_text_that_names_no_exception_of_litellms_says_nothing():
    assert parse(FAILURE | {"error_str": "KeyError: 'litellm.Timeout'", "error_information": None}).failure == "other"
    assert parse(FAILURE | {"error_str": ["x"], "error_information": "x"}).failure == "other"


def test_14a_a_disconnected_client_is_a_success_in_the_log_but_cancelled_for_us():
    call = parse(SUCCESS | {"error_information": {"error_code": "499", "error_class": "ClientDisconnected"}})
    assert (call.failure, call.output_tokens) == ("cancelled", 4)


@pytest.mark.parametrize(
    ("information", "reason"),
    [
        ({"error_code": "500", "error_class": "InternalServerError", "normalized_error": "503_CONNECTION_ERROR"}, "connection"),
        ({"error_code": "500", "error_class": "InternalServerError"}, "provider_5xx"),
        ({"error_code": "500", "error_class": "BaseLLMException"}, "provider_5xx"),
        ({"error_code": "408", "error_class": "Timeout", "normalized_error": "408_UPSTREAM_TIMEOUT"}, "timeout"),
        ({"error_code": "429", "error_class": "ProxyRateLimitError"}, "rate_limited"),
        ({"error_code": "429", "error_class": "RateLimitError", "normalized_error": "429_RATE_LIMIT_EXCEEDED"}, "rate_limited"),
    ],
)  # fmt: skip
def test_14a_failures_of_every_version_are_classified(information, reason):
    assert failed(**information) == reason


def test_14a_cache_writes_under_three_names_are_one():
    usage = {"cache_creation_input_tokens": 7, "prompt_tokens_details": {"cache_creation_tokens": 7, "cached_tokens": 0}, "cache_creation": {"ephemeral_5m_input_tokens": 7}}
    assert parse(SUCCESS | {"metadata": {"usage_object": usage}}).cache_write_tokens == 7


def test_14a_a_text_with_a_hashed_key_reaches_no_metric():
    ledger = Ledger(Store(), Settings())
    error = {"error_code": "429", "error_class": "ProxyRateLimitError", "error_message": "key 88dc28d0f030c55ed4ab77ed8faf098196cb1c05 has used its budget"}
    intake = Intake(ledger, formats.get, time.time)
    intake.take(json.dumps(FAILURE | {"error_information": error}).encode(), Origin("webhook", "litellm", ""))
    ledger.changes()
    labels = {label for rows in ledger.store.rows.values() for row in rows.values() for label in row.labels}
    assert not any("88dc28d0" in label for label in labels)
    assert sum(row.values[0] for row in ledger.store.rows[cat.FAILURES].values()) == 1


@pytest.mark.parametrize("metadata", [None, {}, {"usage_object": None}])
def test_usage_details_of_early_2025_are_read_from_the_response(metadata):
    usage = {"prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}}
    call = parse(SUCCESS | {"metadata": metadata, "response": SUCCESS["response"] | {"usage": usage}})
    assert (call.input_tokens, call.cache_read_tokens) == (10, 8)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("AuthenticationError", "client_4xx"), ("BadGatewayError", "provider_5xx"), ("BlockedPiiEntityError", "blocked_guardrail")],
)
def test_a_failure_without_a_code_is_classed_by_its_name(name, reason):
    assert failed(error_class=name, error_code="") == reason


@pytest.mark.parametrize(("reason", "meaning"), [("max_output_tokens", "length"), ("content_filter", "content_filter")])
def test_a_response_that_is_incomplete_says_why(reason, meaning):
    response = {"id": "resp_1", "status": "incomplete", "incomplete_details": {"reason": reason}, "output": []}
    assert parse(SUCCESS | {"response": response}).finish_reason == meaning


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("ModifyResponseException", "400", "blocked_guardrail"), ("NomaBlockedMessage", "400", "blocked_guardrail"),
        ("GuardrailRaisedException", "400", "blocked_guardrail"), ("LassoGuardrailAPIError", "500", "provider_5xx"),
        ("PangeaGuardrailMissingSecrets", "", "other"), ("CancelledError", "", "cancelled"), ("ConnectError", "", "connection"),
        ("RemoteProtocolError", "", "connection"), ("ConnectTimeout", "", "timeout"), ("APIError", "", "provider_5xx"),
    ],
)  # fmt: skip
def test_an_exception_is_classified_by_its_name_as_a_last_resort(name, code, reason):
    assert failed(error_class=name, error_code=code) == reason


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_pending_response_owes_no_usage(status):
    begun = {"prompt_tokens": 0, "completion_tokens": 0, "response_cost": 0.0, "response": {"status": status, "output": []}}
    assert not parse(SUCCESS | begun).usage_expected


@pytest.mark.parametrize(("start", "end"), [(0, 1.8e9), (-5.0, 1.8e9), (1.8e9, 1e18)])
def test_times_years_apart_give_no_duration(start, end):
    call = parse(SUCCESS | {"stream": True, "startTime": start, "endTime": end, "completionStartTime": start + 1})
    assert (call.duration, call.ttft, call.field_errors) == (None, None, ("endTime",))


def spend_log(*, column: bool, **metadata: Any) -> Call:
    """A row of SpendLogs: fields of ``SpendLogsPayload``, with and without the column ``status`` of mid 2025."""
    row: dict[str, Any] = {
        "request_id": "r-1", "call_type": "acompletion", "spend": 0.0, "total_tokens": 0, "prompt_tokens": 0, "completion_tokens": 0,
        "startTime": "2025-04-24T09:20:46.847000+00:00", "endTime": "2025-04-24T09:20:47.847000+00:00", "model": "gpt-4o",
        "model_group": "gpt-4o", "cache_hit": "None", "request_tags": "[]", "messages": "{}", "response": "{}",
        "custom_llm_provider": "openai", "metadata": json.dumps(metadata),
    }  # fmt: skip
    return parse(row | ({"status": "failure"} if column else {}))


@pytest.mark.parametrize("column", [True, False])
@pytest.mark.parametrize(
    ("code", "name", "reason"),
    [("500", "InternalServerError", "provider_5xx"), ("408", "Timeout", "timeout"), ("401", "AuthenticationError", "client_4xx")],
)
def test_a_spend_logs_row_says_in_its_metadata_why_a_call_failed(column, code, name, reason):
    information = {"error_code": code, "error_class": name, "llm_provider": "openai", "traceback": ""}
    call = spend_log(column=column, status="failure", error_information=information, user_api_key="88dc28d0")
    assert (call.failure, call.consumer) == (reason, "88dc28d0")


def test_cached_tokens_of_early_2025_spend_logs_are_read():
    used = {"cache_read_input_tokens": 900, "prompt_tokens_details": {"cached_tokens": 900}}
    row = {"request_id": "r-1", "startTime": "2025-04-24T09:20:46Z", "endTime": "2025-04-24T09:20:47Z", "model": "gpt-4o",
           "prompt_tokens": 1000, "completion_tokens": 5, "spend": 0.1, "metadata": json.dumps({"additional_usage_values": used})}  # fmt: skip
    call = parse(row)
    assert (call.failure, call.input_tokens, call.cache_read_tokens) == (None, 1000, 900)


@pytest.mark.parametrize("kind", ["batch", "video", "fine_tuning.job"])
def test_asking_how_a_job_is_that_failed_succeeds_each_time(kind):
    job = {"id": "j-1", "object": kind, "status": "failed", "errors": None}
    payload = SUCCESS | {"call_type": "aretrieve_batch", "response": job, "prompt_tokens": 0, "completion_tokens": 0, "response_cost": 0.0}
    call = parse(payload)
    assert (call.failure, call.usage_expected) == (None, False)


@pytest.mark.parametrize("kind", ["call_mcp_tool", "list_mcp_tools"])
@pytest.mark.parametrize("payload", [SUCCESS | {"prompt_tokens": 0, "completion_tokens": 0}, FAILURE], ids=["success", "failure"])
@pytest.mark.parametrize("word", ["litellm", "auto"])
def test_a_call_to_a_tool_is_none_to_a_model(word, payload, kind):
    told = payload | {"call_type": kind, "model": "MCP: github-create_issue", "model_group": None}
    for content in (False, True):
        with pytest.raises(Skip, match="no_call"):
            formats.get(word, content=content).parse(json.dumps(told).encode())
