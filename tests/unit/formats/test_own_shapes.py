"""Yandex, Baidu, Tencent, Naver, Replicate and Triton, whose answers have shapes of their own.

The bodies are those of their documentation, or of what their users have published, shortened.
"""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip

YANDEX = "https://llm.api.cloud.yandex.net/foundationModels/v1/completion"
BAIDU = "https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop/chat/completions_pro"
TENCENT = "https://hunyuan.tencentcloudapi.com/"
CLOVA = "https://clovastudio.stream.ntruss.com/v3/chat-completions/HCX-005"
REPLICATE = "https://api.replicate.com/v1/models/meta/meta-llama-3-8b-instruct/predictions"
TRITON = "http://triton:8000/v2/models/ensemble/generate"
TO_YANDEX = {
    "modelUri": "gpt://b1g0folder/yandexgpt/latest", "completionOptions": {"temperature": 0, "maxTokens": "20"},
    "messages": [{"role": "system", "text": "Be brief."}, {"role": "user", "text": "When?"}],
}  # fmt: skip
TO_BAIDU = {"messages": [{"role": "user", "content": "When?"}]}
TO_TENCENT = {"Model": "hunyuan-pro", "Messages": [{"Role": "user", "Content": "When?"}]}
TO_TRITON = {"text_input": "When?", "max_tokens": 20}
TO_REPLICATE = {"input": {"prompt": "When?", "system_prompt": "Be brief."}}
ASKED = {YANDEX: TO_YANDEX, BAIDU: TO_BAIDU, TENCENT: TO_TENCENT, CLOVA: TO_BAIDU, REPLICATE: TO_REPLICATE, TRITON: TO_TRITON}


def parse(url: str, response: Any, status: int | None = 200, word: str = "auto") -> Call:
    record = {"id": "r", "time": 1, "status": status, "url": url, "request": ASKED[url], "response": response}
    event = formats.get(word, content=True).parse(json.dumps(record).encode())
    assert isinstance(event, Call)
    return event


def told(call: Call) -> tuple[Any, ...]:
    assert call.content is not None
    return call.model, call.input_tokens, call.output_tokens, call.finish_reason, call.content.output


def yandex(text: str, status: str) -> dict[str, Any]:
    message = {"role": "assistant", "text": text}
    usage = {"inputTextTokens": "90", "completionTokens": "44", "totalTokens": "134", "completionTokensDetails": {"reasoningTokens": "30"}}
    return {"result": {"alternatives": [{"message": message, "status": f"ALTERNATIVE_STATUS_{status}"}], "usage": usage, "modelVersion": "09.02.2025"}}


def baidu(text: str, **more: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 1, "completion_tokens": 8, "total_tokens": 9}
    return {"id": "as-1j42", "object": "chat.completion", "created": 1, "result": text, "is_truncated": False, "need_clear_history": False, "usage": usage, **more}


def tencent(said: str, text: str, reason: str = "") -> dict[str, Any]:
    usage = {"PromptTokens": 4, "CompletionTokens": 2, "TotalTokens": 6}
    return {"Choices": [{"Index": 0, said: {"Role": "assistant", "Content": text}, "FinishReason": reason}], "Created": 1, "Id": "e9f0", "Usage": usage}


def clova(text: str, **more: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": text}, "created": 1744218776, "seed": 2, **more}


def prediction(**more: Any) -> dict[str, Any]:
    metrics = {"input_token_count": 30, "output_token_count": 113, "predict_time": 1.43, "total_time": 1.516}
    whole = {
        "id": "gm3qorzdhgbf", "model": "meta/meta-llama-3-8b-instruct", "version": "dp-1", "input": TO_REPLICATE["input"], "logs": "",
        "output": ["In", " May"], "error": None, "status": "succeeded", "created_at": "2026-10-12T09:07:24.118Z", "metrics": metrics,
    }  # fmt: skip
    return whole | more


def sse(*events: Any) -> str:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events)


LLAMA = "meta/meta-llama-3-8b-instruct"
CLOVAS = {"usage": {"promptTokens": 88, "completionTokens": 37, "totalTokens": 125}}
OLD_CLOVAS = {"inputLength": 88, "outputLength": 37}
TRITONS = {"model_name": "ensemble", "model_version": "1", "num_input_tokens": 9, "num_output_tokens": 20, "sequence_id": 0}
OK = {"status": {"code": "20000", "message": "OK"}}


@pytest.mark.parametrize(
    ("url", "response", "expected"),
    [
        (YANDEX, yandex("In May", "FINAL"), ("yandexgpt/latest", 90, 44, "stop", "In May")),
        (YANDEX, yandex("In", "TRUNCATED_FINAL"), ("yandexgpt/latest", 90, 44, "length", "In")),
        (YANDEX, yandex("No.", "CONTENT_FILTER"), ("yandexgpt/latest", 90, 44, "content_filter", "No.")),
        (YANDEX, "\n".join(map(json.dumps, (yandex("In", "PARTIAL"), yandex("In May", "FINAL")))), ("yandexgpt/latest", 90, 44, "stop", "In May")),
        (BAIDU, baidu("In May", finish_reason="normal"), ("unknown", 1, 8, "stop", "In May")),
        (BAIDU, baidu("In", is_truncated=True, finish_reason="normal"), ("unknown", 1, 8, "length", "In")),
        (BAIDU, sse(baidu("In", is_end=False), baidu(" May", is_end=True, finish_reason="normal")), ("unknown", 1, 8, "stop", "In May")),
        (TENCENT, {"Response": {"RequestId": "e9", **tencent("Message", "In May", "stop")}}, ("hunyuan-pro", 4, 2, "stop", "In May")),
        (TENCENT, {"Response": tencent("Message", "No.", "sensitive")}, ("hunyuan-pro", 4, 2, "content_filter", "No.")),
        (TENCENT, sse(tencent("Delta", "In"), tencent("Delta", " May"), tencent("Delta", "", "stop")), ("hunyuan-pro", 4, 2, "stop", "In May")),
        (CLOVA, OK | {"result": clova("In May", finishReason="stop", **CLOVAS)}, ("HCX-005", 88, 37, "stop", "In May")),
        (CLOVA, OK | {"result": clova("In May", stopReason="stop_before", **OLD_CLOVAS)}, ("HCX-005", 88, 37, "stop", "In May")),
        (CLOVA, OK | {"result": clova("In", stopReason="LENGTH", **OLD_CLOVAS)}, ("HCX-005", 88, 37, "length", "In")),
        (CLOVA, sse(clova("In", finishReason=None), clova(" May", finishReason=None), clova("In May", finishReason="stop", **CLOVAS)), ("HCX-005", 88, 37, "stop", "In May")),
        (REPLICATE, prediction(), (LLAMA, 30, 113, "stop", "In May")),
        (REPLICATE, prediction(output=["https://replicate.delivery/x/out-0.webp"], metrics={}), (LLAMA, None, None, "stop", None)),
        (TRITON, {**TRITONS, "text_output": "In May"}, ("ensemble", 9, 20, None, "In May")),
        (TRITON, sse({**TRITONS, "text_output": "In"}, {**TRITONS, "text_output": " May"}), ("ensemble", 9, 20, None, "In May")),
    ],
)
def test_an_answer_tells_its_words_its_tokens_and_why_it_ended(url, response, expected):
    for word in ("auto", "openai"):
        assert told(parse(url, response, word=word)) == expected


@pytest.mark.parametrize("url", [YANDEX, TENCENT, TRITON])
def test_requests_are_read_under_the_vendors_names(url):
    call = parse(url, {"error": "x"}, 500)
    assert call.content is not None
    assert call.content.input[-1].text == "When?"


def test_a_version_of_a_model_of_yandex_is_its_fingerprint_and_thoughts_are_a_part():
    call = parse(YANDEX, yandex("In May", "FINAL"))
    assert (call.fingerprint, call.reasoning_tokens) == ("09.02.2025", 30)


@pytest.mark.parametrize(
    ("url", "response"),
    [
        (YANDEX, {"result": {"alternatives": [{"message": {"toolCallList": {"toolCalls": [{"functionCall": {"name": "look", "arguments": {"a": 1}}}]}}, "status": "ALTERNATIVE_STATUS_TOOL_CALLS"}]}}),
        (BAIDU, baidu("", finish_reason="function_call", function_call={"name": "look", "arguments": '{"a": 1}'})),
        (TENCENT, {"Response": {"Choices": [{"Message": {"Content": "", "ToolCalls": [{"Function": {"Name": "look", "Arguments": '{"a": 1}'}}]}, "FinishReason": "tool_calls"}]}}),
        (CLOVA, OK | {"result": {"message": {"content": "", "toolCalls": [{"function": {"name": "look", "arguments": {"a": 1}}}]}, "finishReason": "tool_calls"}}),
    ],
)
def test_calls_to_tools_are_read(url, response):
    call = parse(url, response)
    assert call.content is not None
    assert call.finish_reason == "tool_calls"
    assert [(tool.name, tool.arguments) for tool in call.content.tools] == [("look", '{"a": 1}')]


def of_yandex(code: int, message: str) -> dict[str, Any]:
    return {"error": {"grpcCode": 2, "httpCode": code, "message": message, "details": []}}


def of_tencent(code: str) -> dict[str, Any]:
    return {"Response": {"Error": {"Code": code, "Message": "x"}, "RequestId": "ed93"}}


@pytest.mark.parametrize(
    ("url", "response", "reason"),
    [
        (YANDEX, of_yandex(401, "The token is invalid"), "client_4xx"),
        (YANDEX, of_yandex(429, "quota limit exceed"), "rate_limited"),
        (YANDEX, of_yandex(503, "no"), "provider_5xx"),
        (BAIDU, {"error_code": 111, "error_msg": "Access token expired"}, "client_4xx"),
        (BAIDU, {"error_code": 1, "error_msg": "Unknown error"}, "provider_5xx"),
        (BAIDU, {"error_code": 18, "error_msg": "no"}, "rate_limited"),
        (BAIDU, {"error_code": 336100, "error_msg": "no"}, "provider_5xx"),
        (BAIDU, {"error_code": 336003, "error_msg": "messages cannot be empty"}, "client_4xx"),
        (TENCENT, of_tencent("AuthFailure.SignatureExpire"), "client_4xx"),
        (TENCENT, of_tencent("RequestLimitExceeded"), "rate_limited"),
        (TENCENT, of_tencent("InternalError"), "provider_5xx"),
        (TENCENT, of_tencent("ResourceUnavailable.InArrears"), "client_4xx"),
        (TENCENT, of_tencent("OperationDenied.TextIllegalDetected"), "blocked_provider"),
        (TENCENT, sse(tencent("Delta", "In"), {"ErrorMsg": {"Msg": "engine server internal error", "Code": 4001}}), "provider_5xx"),
        (CLOVA, {"status": {"code": "40103", "message": "no"}, "result": None}, "client_4xx"),
        (CLOVA, {"status": {"code": "42901", "message": "no"}, "result": None}, "rate_limited"),
        (CLOVA, {"status": {"code": "50000", "message": "no"}, "result": None}, "provider_5xx"),
        (REPLICATE, prediction(status="failed", output=None, error="CUDA out of memory"), "provider_5xx"),
        (REPLICATE, prediction(status="canceled", output=None), "cancelled"),
    ],
)
def test_a_failure_under_http_200_is_classed_by_the_vendors_own_code(url, response, reason):
    call = parse(url, response)
    assert (call.failure, call.usage_expected) == (reason, False)


def test_a_webhook_of_replicate_is_a_call_with_its_input():
    call = formats.get("auto", content=True).parse(json.dumps(prediction()).encode())
    assert isinstance(call, Call)
    assert told(call) == (LLAMA, 30, 113, "stop", "In May")
    assert (call.provider, call.duration) == ("replicate", pytest.approx(1.516))
    assert call.content is not None
    assert [(said.role, said.text) for said in call.content.input] == [("system", "Be brief."), ("user", "When?")]


def test_a_prediction_that_is_awaited_owes_no_usage_and_is_another_event_than_its_end():
    waiting, done = (parse(REPLICATE, prediction(status=status)) for status in ("processing", "succeeded"))
    assert parse(REPLICATE, prediction(status="starting", output=None, metrics={})).usage_expected is False
    assert waiting.id != done.id


def test_another_model_behind_triton_is_not_a_call():
    record = {"id": "r", "time": 1, "status": 200, "url": "http://t/v2/models/resnet/infer", "request": {"id": "1"}, "response": {"model_name": "resnet", "outputs": []}}
    with pytest.raises(Skip, match="unknown_format"):
        formats.get("auto").parse(json.dumps(record).encode())


@pytest.mark.parametrize(
    "record",
    [
        {"status": 500, "url": "https://api.mailjet.com/v3.1/send", "request": {"Messages": [{"To": []}]}, "response": {}},
        {"status": 500, "url": "https://speech.internal/speak", "request": {"text_input": "hi"}, "response": {}},
        {"id": "w", "version": 3, "input": {}, "output": None, "status": "failed", "error": "boom", "created_at": "2026-10-12T09:07:24Z"},
        {"id": "w", "version": "1.2", "input": {"a": 1}, "output": {"x": 1}, "status": "FAILED"},
    ],
    ids=["e-mail", "speech", "a workflow", "a state machine"],
)
def test_other_services_with_these_keys_are_no_calls(record):
    with pytest.raises(Skip, match="unknown_format"):
        formats.get("auto").parse(json.dumps(record).encode())


@pytest.mark.parametrize("files", ["https://replicate.delivery/x/out-0.webp", ["https://replicate.delivery/x/out-0.webp"]])
def test_pictures_of_replicate_owe_no_usage(files):
    assert parse(REPLICATE, prediction(output=files, metrics={})).usage_expected is False


def test_an_answer_beside_a_status_that_looks_like_clovas_is_no_failure():
    answered = {"choices": [{"message": {"content": "In May"}}], "status": {"code": "50000"}}
    assert parse(CLOVA, answered).failure is None


def test_requests_to_dashscope_are_read():
    url = "https://dashscope.aliyuncs.com/api/v1/services/aigc/text-generation/generation"
    record = {"url": url, "status": 500, "request": {"model": "qwen-plus", "input": {"messages": [{"role": "user", "content": "When?"}]}}, "response": {}}
    call = formats.get("auto", content=True).parse(json.dumps(record).encode())
    assert isinstance(call, Call)
    assert call.content is not None
    assert call.content.input[0].text == "When?"


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_what_is_nested_a_thousand_times_in_a_request_of_tencents_raises_nothing(opening):
    closing = {"[": "]", '{"a":': "}"}[opening]
    nested = opening * 700 + "1" + closing * 700
    record = f'{{"status": 500, "url": "{TENCENT}", "request": {{"Model": "hunyuan-pro", "Messages": {nested}}}, "response": {{}}}}'
    call = formats.get("auto", content=True).parse(record.encode())
    assert isinstance(call, Call)
    assert (call.model, call.failure) == ("hunyuan-pro", "provider_5xx")
