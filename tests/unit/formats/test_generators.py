"""Servers that answer in a shape of their own: llama.cpp, SGLang, watsonx, DashScope, Cloudflare, Bedrock's older models.

The bodies are those of their documentation, or of what its users have published, shortened.
"""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip

BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model"
COUNTED = {"x-amzn-bedrock-input-token-count": "25", "x-amzn-bedrock-output-token-count": "400"}
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent"
DASHSCOPE = "https://dashscope.aliyuncs.com/api/v1/services/aigc/text-generation/generation"


def parse(url: str, request: Any, response: Any, word: str = "auto", **told: Any) -> Call:
    record = {"id": "r", "time": 1, "status": 200, "url": url, "request": request, "response": response, **told}
    event = formats.get(word, content=True).parse(json.dumps(record).encode())
    assert isinstance(event, Call)
    return event


def sse(*events: Any) -> str:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events)


LLAMA = {"content": " Hinweis", "stop": True, "model": "q", "tokens_predicted": 1, "tokens_evaluated": 13, "stop_type": "limit", "timings": {"prompt_n": 13}}
SGLANG = {
    "text": "of France.", "output_ids": [1],
    "meta_info": {"id": "1b99", "finish_reason": {"type": "length", "length": 10}, "prompt_tokens": 6, "completion_tokens": 10, "cached_tokens": 4},
}  # fmt: skip
WATSONX = {
    "model_id": "ibm/granite", "created_at": "2024-05-10T10:00:00Z",
    "results": [{"generated_text": "Paris", "generated_token_count": 4, "input_token_count": 20, "stop_reason": "eos_token"}],
}  # fmt: skip
KOBOLD = {"results": [{"text": " Hi", "finish_reason": "length", "prompt_tokens": 5, "completion_tokens": 8}]}
PALM = {
    "predictions": [{"content": "Paris.", "safetyAttributes": {"blocked": False}}],
    "metadata": {"tokenMetadata": {"inputTokenCount": {"totalTokens": 7}, "outputTokenCount": {"totalTokens": 3}}},
}
VERTEX = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models"


@pytest.mark.parametrize(
    ("url", "request_", "response", "said"),
    [
        ("http://h:8080/completion", {"prompt": "x"}, LLAMA, (" Hinweis", 13, 1, None, "length")),
        ("http://h:30000/generate", {"text": "x", "sampling_params": {}}, SGLANG, ("of France.", 6, 10, 4, "length")),
        ("https://us-south.ml.cloud.ibm.com/ml/v1/text/generation", {"model_id": "ibm/granite", "input": "x"}, WATSONX, ("Paris", 20, 4, None, "stop")),
        ("http://h:5001/api/v1/generate", {"prompt": "x"}, KOBOLD, (" Hi", 5, 8, None, "length")),
        (f"{VERTEX}/text-bison:predict", {"instances": [{"prompt": "x"}]}, PALM, ("Paris.", 7, 3, None, None)),
        ("https://api-inference.huggingface.co/models/m", {"inputs": "x"}, [{"generated_text": "I am"}], ("I am", None, None, None, None)),
        (
            "https://api.cohere.com/v1/generate", {"model": "command", "prompt": "x"},
            {"id": "g", "generations": [{"id": "1", "text": "2.", "finish_reason": "COMPLETE"}], "meta": {"billed_units": {"input_tokens": 5, "output_tokens": 7}}},
            ("2.", 5, 7, None, "stop"),
        ),
    ],
    ids=["llama.cpp", "sglang", "watsonx", "koboldcpp", "palm", "hugging face", "cohere generate"],
)  # fmt: skip
def test_an_answer_has_its_words_counts_and_end(url, request_, response, said):
    call = parse(url, request_, response)
    assert call.content is not None
    assert (call.content.output, call.input_tokens, call.output_tokens, call.cache_read_tokens, call.finish_reason) == said
    assert (call.failure, call.field_errors) == (None, ())


@pytest.mark.parametrize(
    ("model", "response", "said"),
    [
        ("mistral.mistral-7b-instruct-v0:2", {"outputs": [{"text": "Here", "stop_reason": "length"}]}, ("Here", "length")),
        ("ai21.j2-ultra-v1", {"id": 1234, "prompt": {"text": "x"}, "completions": [{"data": {"text": "Hi"}, "finishReason": {"reason": "endoftext"}}]}, ("Hi", "stop")),
        ("cohere.command-text-v14", {"id": "a", "prompt": "x", "generations": [{"id": "g", "text": "Hi", "finish_reason": "MAX_TOKENS"}]}, ("Hi", "length")),
        ("us.deepseek.r1-v1:0", {"choices": [{"text": "Hi", "stop_reason": "length"}]}, ("Hi", "length")),
    ],
)
def test_bedrocks_older_models_have_words_and_an_end(model, response, said):
    call = parse(f"{BEDROCK}/{model}/invoke", {"prompt": "x"}, response, response_headers=COUNTED)
    assert call.content is not None
    assert (call.content.output, call.finish_reason) == said
    assert (call.model, call.input_tokens, call.output_tokens) == (model, 25, 400)


def test_jurassics_answers_which_all_have_one_id_are_many_calls():
    said = [{"id": 1234, "completions": [{"data": {"text": text}, "finishReason": {"reason": "endoftext"}}]} for text in ("a", "b")]
    first, second = (parse(f"{BEDROCK}/ai21.j2-ultra-v1/invoke", {"prompt": "x"}, body, id=None) for body in said)
    assert first.id != second.id


def test_answers_with_texts_numbered_from_0_are_separate_calls():
    said = [{"outputs": [{"id": "0", "text": text, "stop_reason": "stop"}]} for text in ("a", "b")]
    first, second = (parse(f"{BEDROCK}/mistral.mistral-7b-instruct-v0:2/invoke", {"prompt": "x"}, body, id=None) for body in said)
    assert first.id != second.id


@pytest.mark.parametrize("listed", [[], [{"text": "Ada"}, {"text": "Byron"}], [{"url": "https://h/1.png"}]])
def test_a_bare_list_of_generations_is_not_a_call(listed):
    with pytest.raises(Skip, match="unknown_format"):
        formats.get("auto").parse(json.dumps({"id": "family", "generations": listed}).encode())


@pytest.mark.parametrize("odd", [[1], [{}], [{"text": None}], [None, {"text": "x"}]])
def test_invalid_generations_with_coheres_counts_raise_nothing(odd):
    call = parse("https://api.cohere.com/v1/generate", {"prompt": "x"}, {"generations": odd, "meta": {"billed_units": {"input_tokens": 5, "output_tokens": 7}}})
    assert (call.input_tokens, call.output_tokens) == (5, 7)


METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 25, "outputTokenCount": 2, "invocationLatency": 540}}


@pytest.mark.parametrize(
    ("url", "pieces", "said"),
    [
        (
            "http://h:8080/completion",
            [{"content": "ans", "stop": False, "tokens_predicted": 1}, {"content": "wer", "stop": False}, LLAMA | {"content": "", "stop_type": "eos"}],
            ("answer", 13, 1, "stop"),
        ),
        ("http://h:30000/generate", [{"text": "of", "meta_info": {"prompt_tokens": 6, "finish_reason": None}}, SGLANG], ("of France.", 6, 10, "length")),
        (
            f"{BEDROCK}/mistral.mistral-7b-instruct-v0:2/invoke-with-response-stream",
            [{"outputs": [{"text": "Hel", "stop_reason": None}]}, {"outputs": [{"text": "lo", "stop_reason": "stop"}], **METRICS}], ("Hello", 25, 2, "stop"),
        ),
    ],
    ids=["llama.cpp", "sglang", "mistral"],
)  # fmt: skip
def test_the_chunks_of_a_stream_are_combined(url, pieces, said):
    call = parse(url, {"prompt": "x", "stream": True}, sse(*pieces))
    assert call.content is not None
    assert (call.content.output, call.input_tokens, call.output_tokens, call.finish_reason) == said


def test_a_transcript_with_usage_keeps_it():
    body = {"model": "voxtral", "text": "The sun.", "usage": {"prompt_tokens": 5, "completion_tokens": 24, "total_tokens": 29}, "finish_reason": None}
    assert parse("https://api.mistral.ai/v1/audio/transcriptions", {"model": "voxtral"}, body).output_tokens == 24


@pytest.mark.parametrize(
    "record",
    [
        {"content": "bus", "stop": "Main St"}, {"text": "x", "finish_reason": "stop"}, {"results": [{"text": "x"}]}, {"outputs": [{"text": "x", "stop_reason": "y"}]},
        {"success": True, "result": {"response": "ok"}}, {"output": {"text": "x", "finish_reason": "stop"}}, {"generated_text": "x"},
        {"text": "invoice", "meta_info": {"pages": 1}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["alone", "asked"])
def test_an_object_with_a_text_is_a_call_only_in_a_pair(record, around):
    told = record if around == "alone" else {"id": "1", "url": "https://shop.example/stops", "request": {"line": 7}, "response": record}
    with pytest.raises(Skip, match="unknown_format"):
        formats.get("auto").parse(json.dumps(told).encode())


def dashscope(*said: dict[str, Any], stream: bool = True) -> Call:
    usage = [{"input_tokens": 22, "output_tokens": count, "total_tokens": 22 + count} for count in range(1, len(said) + 1)]
    events = [{"output": output, "usage": used, "request_id": "a"} for output, used in zip(said, usage, strict=True)]
    told = "".join(f"id:1\nevent:result\n:HTTP_STATUS/200\ndata:{json.dumps(event)}\n\n" for event in events)
    return parse(DASHSCOPE, {"model": "qwen-plus", "input": {"messages": [{"role": "user", "content": "x"}]}}, told if stream else events[0])


def choice(text: str, reason: str = "null") -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": reason}]}


@pytest.mark.parametrize("output", [choice("我是", "stop"), {"text": "我是", "finish_reason": "stop"}, {"text": None, "finish_reason": None, **choice("我是", "stop")}])
def test_dashscopes_answer_is_read_from_its_output(output):
    call = dashscope(output, stream=False)
    assert call.content is not None
    assert (call.content.output, call.input_tokens, call.output_tokens, call.finish_reason) == ("我是", 22, 1, "stop")


@pytest.mark.parametrize("second", ["我是", "是"], ids=["all so far", "a piece each"])
def test_dashscopes_streams_are_cumulative_or_incremental(second):
    call = dashscope(choice("我"), choice(second, "stop"))
    assert call.content is not None
    assert (call.content.output, call.input_tokens, call.output_tokens, call.finish_reason) == ("我是", 22, 2, "stop")


@pytest.mark.parametrize("second", ['"Paris"}', '{"city": "Paris"}'], ids=["pieces", "all so far"])
def test_the_arguments_of_dashscopes_tool_calls_are_cumulative_or_incremental(second):
    def called(function: dict[str, Any], reason: str = "null") -> dict[str, Any]:
        message = {"role": "assistant", "content": "", "tool_calls": [{"index": 0, "id": "c", "type": "function", "function": function}]}
        return {"choices": [{"finish_reason": reason, "message": message}]}

    call = dashscope(called({"name": "weather", "arguments": ""}), called({"arguments": '{"city": '}), called({"arguments": second}, "tool_calls"))
    assert call.content is not None
    assert [(tool.name, tool.arguments) for tool in call.content.tools] == [("weather", '{"city": "Paris"}')]


CLOUDFLARE = "https://api.cloudflare.com/client/v4/accounts/x/ai/run/@cf/meta/llama-3.1-8b-instruct"
USED = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}


@pytest.mark.parametrize(
    "response",
    [
        {"result": {"response": "Hello", "usage": USED}, "success": True, "errors": [], "messages": []},
        {"result": {"choices": [{"message": {"content": "Hello"}, "finish_reason": None}], "usage": USED}, "success": True, "errors": []},
        sse({"response": "Hel", "p": "abc"}, {"response": "lo", "p": "a"}, {"response": "", "usage": USED}),
    ],
    ids=["text", "chat", "stream"],
)
def test_cloudflares_answer_is_read_from_its_result(response):
    call = parse(CLOUDFLARE, {"messages": [{"role": "user", "content": "x"}]}, response)
    assert call.content is not None
    assert (call.content.output, call.input_tokens, call.output_tokens) == ("Hello", 12, 3)


def test_cloudflares_errors_are_failures_still():
    assert parse(CLOUDFLARE, {"messages": []}, {"result": None, "success": False, "errors": [{"code": 7003, "message": "No route"}]}).failure is not None


@pytest.mark.parametrize("between", ["\n,\r\n", ",", "\n\n"])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_truncated_gemini_array_is_read_up_to_the_cut(between, indent):
    pieces = [{"candidates": [{"content": {"parts": [{"text": text}]}}], "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2}} for text in ("Hel", "lo")]
    text = "[" + between.join(json.dumps(piece, indent=indent) for piece in pieces) + between + '{"candidates": [{"content": {"par'
    call = parse(GEMINI, {"contents": []}, text)
    assert call.content is not None
    assert (call.content.output, call.input_tokens, call.output_tokens, call.stream, call.field_errors) == ("Hello", 5, 2, True, ())


@pytest.mark.parametrize("odd", [None, True, 0, "", "x", [], [1], {}, {"a": 1}, [[]], [{}], {"text": 1}, {"message": []}, 10**30, "x" * 9999])
@pytest.mark.parametrize("name", ["output", "result", "results", "outputs", "predictions", "generations", "completions", "meta_info", "text", "content", "usage"])
def test_odd_bodies_raise_nothing(name, odd):
    for body in (LLAMA, SGLANG, WATSONX, PALM, {"result": {"response": "x"}, "success": True}, {"output": choice("x"), "usage": {"output_tokens": 1}}):
        for told in (body | {name: odd}, {**body, name: {name: odd}}, sse(body, body | {name: odd}), "[" + json.dumps(body | {name: odd}) + ", {"):
            assert parse("https://api.example/v1/chat/completions", {"model": "m"}, told, "openai").model
