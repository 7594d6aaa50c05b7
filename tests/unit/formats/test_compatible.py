"""Providers that speak OpenAI's API, each with its own usage object. Values were read from the recordings by hand."""

import json
from pathlib import Path

import pytest

from tocsin import formats
from tocsin.call import Call

FOLDER = Path(__file__).parents[2] / "golden" / "openai-compatible"
LINES = FOLDER.joinpath("recorded.jsonl").read_bytes().splitlines()


def recorded(host: str) -> Call:
    (line,) = [line for line in LINES if host in json.loads(line)["uri"]]
    event = formats.get("openai", content=True).parse(line)
    assert isinstance(event, Call)
    return event


@pytest.mark.parametrize(
    ("host", "model", "tokens", "finish"),
    [
        ("traceloop-stg.openai.azure.com", "openllmetry-testing", (16, 22, 0, 0), "stop"),
        ("api.groq.com", "llama3-8b-8192", (18, 70, None, None), "stop"),
        ("api.mistral.ai", "mistral-tiny", (20, 18, 10, None), "stop"),
        ("api.deepseek.com", "deepseek-reasoner", (563, 116, 512, 60), "tool_calls"),
        ("api.together.xyz", "mistralai/Mixtral-8x7B-Instruct-v0.1", (18, 35, None, None), "stop"),
        ("localhost", "facebook/opt-125m", (57, 20, None, None), "length"),
        ("openrouter.ai", "anthropic/claude-sonnet-4-5", (550, 12, 0, 0), "stop"),
        ("router.huggingface.co", "deepseek-ai/DeepSeek-R1", (19, 29, 0, None), "tool_calls"),
        ("api.cerebras.ai", "gpt-oss-120b", (80, 45, 0, 34), "stop"),
        ("127.0.0.1", "llama3.1", (44, 113, None, None), "stop"),
    ],
)  # fmt: skip
def test_a_providers_own_usage_is_read(host, model, tokens, finish):
    call = recorded(host)
    assert (call.provider, call.model, call.failure, call.status) == (host, model, None, 200)
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.reasoning_tokens) == tokens
    assert call.finish_reason == finish
    assert call.field_errors == ()


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("traceloop-stg.openai.azure.com", "gpt-4.1-mini-2025-04-14"), ("api.deepseek.com", "deepseek-v4-flash"),
        ("openrouter.ai", "anthropic/claude-4.5-sonnet-20250929"), ("api.groq.com", None),
    ],
)  # fmt: skip
def test_a_served_model_is_set_if_it_differs(host, served):
    assert recorded(host).served_model == served


def test_openrouters_billed_cost_is_used():
    assert recorded("openrouter.ai").cost_usd == 0.00183
    assert [recorded(host).cost_usd for host in ("api.groq.com", "api.mistral.ai", "127.0.0.1")] == [None] * 3


@pytest.mark.parametrize(("host", "fingerprint"), [("api.groq.com", "fp_179b0f92c9"), ("api.cerebras.ai", "fp_46358675aa6b1ba4d98d"), ("api.mistral.ai", None)])
def test_a_fingerprint_is_read(host, fingerprint):
    assert recorded(host).fingerprint == fingerprint


def test_a_bare_body_of_tgi_has_no_id_and_is_known_by_its_content():
    data = FOLDER.joinpath("tgi.json").read_bytes()
    call = formats.get("openai").parse(data)
    assert (call.model, call.output_tokens, call.finish_reason, call.start) == ("TinyLlama/TinyLlama-1.1B-Chat-v1.0", 100, "length", 1724792495)
    assert call.id == formats.get("openai").parse(data).id
    assert call.id != formats.get("openai").parse(data.replace(b"Brooklyn", b"Oslo")).id


def test_a_body_of_tgis_own_api_has_its_text_and_counts():
    call = formats.get("auto", content=True).parse(FOLDER.joinpath("tgi-generate.json").read_bytes())
    assert isinstance(call, Call)
    assert (call.input_tokens, call.output_tokens, call.finish_reason) == (None, 10, "length")
    assert call.content is not None
    assert call.content.output == "42.1.1.101"


TOKENS = [
    {"index": 1, "token": {"id": 5, "text": " a", "logprob": -1.0, "special": False}, "generated_text": None, "details": None},
    {"index": 2, "token": {"id": 6, "text": "b", "logprob": -1.0, "special": False}, "generated_text": " ab",
     "details": {"finish_reason": "eos_token", "generated_tokens": 2, "seed": None, "input_length": 7}},
]  # fmt: skip


@pytest.mark.parametrize(("events", "tokens", "finish"), [(TOKENS, (7, 2), "stop"), (TOKENS[:1], (None, None), None)], ids=["whole", "cut"])
def test_a_stream_of_tgis_own_api_has_its_counts_in_the_last_event(events, tokens, finish):
    """Events of https://huggingface.github.io/text-generation-inference (``StreamResponse``, ``StreamDetails``)."""
    text = "".join(f"data:{json.dumps(event)}\n\n" for event in events)
    pair = {"url": "http://tgi.example.com/generate_stream", "status": 200, "request": {"inputs": "hi"}, "response": text}
    call = formats.get("auto").parse(json.dumps(pair).encode())
    assert isinstance(call, Call)
    assert ((call.input_tokens, call.output_tokens), call.finish_reason) == (tokens, finish)


@pytest.mark.parametrize("line", LINES, ids=lambda line: json.loads(line)["uri"])
def test_each_is_recognised(line):
    told, found = formats.get("openai").parse(line), formats.get("auto").parse(line)
    assert (found.input_tokens, found.output_tokens, found.provider) == (told.input_tokens, told.output_tokens, told.provider)


def answered(usage, finish="stop", **told):
    """A call whose answer has this usage, and ended for this reason."""
    body = {"id": "c-1", "object": "chat.completion", "model": "m", "choices": [{"finish_reason": finish, "message": {"content": "x"}}], "usage": usage, **told}
    event = formats.get("openai").parse(json.dumps({"url": "https://h/v1/chat/completions", "request": {"model": "m"}, "response": body}).encode())
    assert isinstance(event, Call)
    return event


@pytest.mark.parametrize(
    ("usage", "cached"),
    [
        # https://www.alibabacloud.com/help/en/model-studio/context-cache
        ({"prompt_tokens_details": {"cached_tokens": 1400, "cache_creation_input_tokens": 300, "cache_type": "ephemeral"}}, (1400, 300)),
        # https://docs.mistral.ai/api: the newer names, and the one of before
        ({"num_cached_tokens": 900}, (900, None)),
        ({"prompt_tokens_details": None, "prompt_token_details": {"cached_tokens": 900}}, (900, None)),
    ],
)  # fmt: skip
def test_cached_tokens_are_read_under_several_names(usage, cached):
    call = answered({"prompt_tokens": 1800, "completion_tokens": 5, "total_tokens": 1805, **usage})
    assert (call.cache_read_tokens, call.cache_write_tokens, call.input_tokens, call.field_errors) == (*cached, 1800, ())


def test_mistral_audio_counts_as_input_although_only_seconds_are_given():
    call = answered({"prompt_audio_seconds": 30, "prompt_tokens": 5, "completion_tokens": 24, "total_tokens": 404})
    assert (call.input_tokens, call.output_tokens) == (380, 24)


@pytest.mark.parametrize(("reason", "finish", "failure"), [("sensitive", "content_filter", None), ("network_error", "error", "provider_5xx")])
def test_zais_reasons_for_an_end_are_read(reason, finish, failure):
    call = answered({"prompt_tokens": 5, "completion_tokens": 1}, reason)
    assert (call.finish_reason, call.failure) == (finish, failure)


@pytest.mark.parametrize(
    ("code", "said", "failure"),
    [
        (0, "", None), ("0", "success", None), (None, None, None), (1000, "unknown error", "provider_5xx"), (1002, "rate limit", "rate_limited"),
        (1004, "login fail: carry the key", "client_4xx"), (1008, "insufficient balance", "client_4xx"), (1033, "system error", "provider_5xx"),
        (1039, "token limit", "rate_limited"), (1027, "output new_sensitive", "blocked_provider"), ([1], {}, "other"),
    ],
)  # fmt: skip
def test_minimax_reports_failures_under_http_200(code, said, failure):
    choices = [{"finish_reason": "stop", "message": {"content": "x"}}] if failure is None else None
    assert answered({"prompt_tokens": 5, "completion_tokens": 1}, choices=choices, base_resp={"status_code": code, "status_msg": said}).failure == failure


def test_minimax_reports_a_failed_stream_in_its_last_chunk():
    body = 'data: {"id": "1", "choices": null, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}}\n\n'
    event = formats.get("openai").parse(json.dumps({"url": "https://h/v1/chat/completions", "request": {"model": "m"}, "response": body}).encode())
    assert isinstance(event, Call)
    assert event.failure == "rate_limited"
