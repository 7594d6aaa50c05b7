"""Access logs of gateways: the documents' own examples, with what was worked out by hand, and lines that go wrong."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip

# https://aigateway.envoyproxy.io/docs/capabilities/observability/accesslogs (Apache-2.0), fields that are not read left out
ENVOY = {
    ":authority": "api.router.tetrate.ai", "bytes_sent": 432, "duration": 1526, "method": "POST", "response_code": 200, "response_flags": "-",
    "gen_ai.provider.name": "default/tars/route/aigw-run/rule/0/ref/0", "gen_ai.request.model": "gpt-4o-mini", "gen_ai.usage.input_tokens": 15,
    "gen_ai.usage.output_tokens": 7, "gen_ai.usage.total_tokens": 22, "start_time": "2025-08-30T16:51:37.894Z",
    "x-envoy-origin-path": "/v1/chat/completions", "x-request-id": "83b63da3",
}  # fmt: skip
# https://developer.konghq.com/ai-gateway/ai-audit-log-reference (MIT) for "ai", around it Kong's usual log
KONG_AI = {
    "payload": {"request": "$OPTIONAL_PAYLOAD_REQUEST", "response": "$OPTIONAL_PAYLOAD_RESPONSE"},
    "usage": {
        "time_per_token": 30.142857142857, "time_to_first_token": 631, "prompt_tokens": 14, "completion_tokens": 21, "total_tokens": 35, "cost": 0,
        "completion_tokens_details": {"reasoning_tokens": 0}, "prompt_tokens_details": {"cached_tokens": 0},
    },
    "meta": {"request_model": "command", "provider_name": "cohere", "response_model": "command", "llm_latency": 2670},
    "aws-guardrails": {"input_block_reason": "", "output_block_reason": ""},
}  # fmt: skip
KONG = {
    "started_at": 1795142820000, "request": {"id": "k-1", "uri": "/chat?key=x", "method": "POST"}, "response": {"status": 200},
    "latencies": {"request": 2700, "proxy": 2690}, "consumer": {"id": "c", "username": "shop"}, "ai": {"proxy": KONG_AI},
}  # fmt: skip


def parse(record: dict[str, Any]) -> Call:
    event = formats.get("auto", content=True).parse(json.dumps(record).encode())
    assert isinstance(event, Call)
    assert event.field_errors == ()
    return event


def tokens(call: Call) -> tuple[int | None, ...]:
    return call.input_tokens, call.output_tokens, call.cache_read_tokens, call.reasoning_tokens


def test_a_line_of_envoys_log_is_a_call():
    call = parse(ENVOY)
    assert (call.id, call.provider, call.model, call.route) == ("83b63da3", "api.router.tetrate.ai", "gpt-4o-mini", "/v1/chat/completions")
    assert (call.start, call.duration, call.status, call.failure, call.stream) == (1756572697.894, 1.526, 200, None, False)
    assert tokens(call) == (15, 7, None, None)


def test_counts_in_envoys_log_may_be_text_and_an_authority_may_be_left_out():
    line = {key: value for key, value in ENVOY.items() if key != ":authority"} | {"gen_ai.usage.input_tokens": "15", "gen_ai.usage.output_tokens": "7"}
    call = parse(line)
    assert (tokens(call), call.route, call.provider) == ((15, 7, None, None), "/v1/chat/completions", ENVOY["gen_ai.provider.name"])


def test_the_names_of_envoys_example_of_2025_are_read():
    """https://github.com/envoyproxy/ai-gateway/blob/b20856a7/site/docs/capabilities/observability/accesslogs.md."""
    names = {"request.model": "model_name", "provider.name": "backend_name", **{f"usage.{k}_tokens": f"tokens_{k}" for k in ("input", "output", "total")}}
    earlier = {f"gen_ai.{name}": f"genai_{before}" for name, before in names.items()}
    assert parse({earlier.get(name, name): value for name, value in ENVOY.items()}) == parse(ENVOY)


@pytest.mark.parametrize("record", ["envoy", "kong"])
def test_the_model_is_the_requested_one(record):
    kong = KONG_AI | {"meta": KONG_AI["meta"] | {"response_model": "served"}}
    call = parse(ENVOY | {"gen_ai.response.model": "served"} if record == "envoy" else KONG | {"ai": {"proxy": kong}})
    assert (call.model, call.served_model) == ("gpt-4o-mini" if record == "envoy" else "command", "served")


@pytest.mark.parametrize(
    ("code", "flags", "reason"),
    [
        (200, "DC", "cancelled"), (0, "DC", "cancelled"), (200, "UC", "connection"), (503, "UF,URX", "provider_5xx"), (504, "UT", "timeout"),
        (429, "RL", "rate_limited"), (200, "SI", "timeout"), (503, "UH", "provider_5xx"), (401, "-", "client_4xx"), (200, None, None),
    ],
)  # fmt: skip
def test_envoys_flags_are_classified_as_failures(code, flags, reason):
    uncounted = {"gen_ai.usage.input_tokens": None, "gen_ai.usage.output_tokens": None, "gen_ai.usage.total_tokens": None}
    call = parse(ENVOY | uncounted | {"response_code": code, "response_flags": flags})
    assert (call.failure, call.usage_expected, call.model) == (reason, reason is None, "gpt-4o-mini")


def test_a_line_of_envoys_log_without_a_model_is_not_a_call():
    with pytest.raises(Skip):
        parse(ENVOY | {"gen_ai.request.model": None, "mcp.method.name": "tools/call", "x-envoy-origin-path": "/mcp"})


@pytest.mark.parametrize("around", [{"proxy": KONG_AI}, {"audit": {}, "ai-proxy": KONG_AI}, KONG_AI, {"ai-llm-as-judge": KONG_AI}])
def test_a_line_of_kongs_log_is_a_call(around):
    call = parse(KONG | {"ai": around})
    assert (call.id, call.provider, call.model, call.route, call.consumer) == ("k-1", "cohere", "command", "/chat", "shop")
    assert (call.start, call.duration, call.ttft, call.status, call.failure) == (1795142820.0, 2.7, 0.631, 200, None)
    assert (tokens(call), call.cost_usd, call.cache_hit) == ((14, 21, 0, 0), None, False)


@pytest.mark.parametrize(
    ("mode", "first", "ttft", "stream"), [("stream", 631, 0.631, True), ("oneshot", 631, None, False), (None, 2670, None, False)]
)
def test_the_time_to_the_first_token_of_a_stream_is_kept(mode, first, ttft, stream):
    entry = KONG_AI | {"meta": KONG_AI["meta"] | {"request_mode": mode}, "usage": KONG_AI["usage"] | {"time_to_first_token": first}}
    call = parse(KONG | {"ai": {"proxy": entry}})
    assert (call.ttft, call.stream) == (ttft, stream)


def test_kongs_cache_cost_and_texts_are_read():
    body = {"choices": [{"finish_reason": "stop", "message": {"content": "Yo"}}], "usage": {"prompt_tokens": 14, "completion_tokens": 21}}
    asked = {"messages": [{"role": "user", "content": "Hi"}]}
    entry = KONG_AI | {
        "cache": {"cache_status": "Hit"}, "usage": KONG_AI["usage"] | {"cost": 0.5}, "payload": {"request": json.dumps(asked), "response": json.dumps(body)},
    }  # fmt: skip
    call = parse(KONG | {"ai": {"proxy": entry}})
    assert call.content is not None
    assert (call.content.output, call.content.input[0].text, call.cost_usd, call.cache_hit) == ("Yo", "Hi", 0.5, True)


def test_kongs_guardrail_blocks_and_failures_are_distinguished():
    entry = KONG_AI | {"aws-guardrails": {"input_block_reason": "topic", "output_block_reason": ""}, "usage": {}}
    assert parse(KONG | {"ai": {"proxy": entry}, "response": {"status": 400}}).failure == "blocked_guardrail"
    assert parse(KONG | {"ai": {"proxy": KONG_AI | {"usage": {}}}, "response": {"status": 502}}).failure == "provider_5xx"


def test_kongs_model_is_that_of_the_payload_where_its_meta_has_none():
    meta = {key: value for key, value in KONG_AI["meta"].items() if key != "request_model"} | {"response_model": "served"}
    call = parse(KONG | {"ai": {"proxy": KONG_AI | {"meta": meta, "payload": {"request": '{"model": "asked"}'}}}})
    assert (call.model, call.served_model) == ("asked", "served")


def test_the_verdict_of_kongs_judge_is_a_score():
    entry = KONG_AI | {"usage": KONG_AI["usage"] | {"llm_accuracy": 14}}
    assert parse(KONG | {"ai": {"ai-llm-as-judge": entry}}).scores == {"llm_accuracy": 0.14}


def test_kongs_counts_are_read_without_its_other_fields():
    call = parse({"ai-proxy": KONG_AI})
    assert (call.provider, call.model, call.duration, tokens(call)) == ("cohere", "command", 2.67, (14, 21, 0, 0))


@pytest.mark.parametrize(
    ("usage", "cache", "wanted"),
    [
        ({"prompt_token": 28, "completion_token": 20, "total_tokens": 48}, None, (28, 20)),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "cost": 0}, "Miss", (None, None)),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "cost": 0}, "Hit", (0, 0)),
    ],
)  # fmt: skip
def test_kong_counts_nothing_where_it_says_zero_and_named_its_counts_otherwise_once(usage, cache, wanted):
    entry = KONG_AI | {"meta": KONG_AI["meta"] | {"response_model": "served"}, "usage": usage, "cache": {"cache_status": cache}}
    call = parse(KONG | {"ai": {"proxy": entry}})
    assert ((call.input_tokens, call.output_tokens), call.served_model, call.usage_expected) == (wanted, "served", True)


def test_envoys_reasoning_tokens_are_read():
    assert parse(ENVOY | {"gen_ai.usage.reasoning_tokens": 5}).reasoning_tokens == 5


def test_a_line_of_kongs_log_without_a_model_is_not_a_call():
    with pytest.raises(Skip):
        parse({key: value for key, value in KONG.items() if key != "ai"})


@pytest.mark.parametrize("ai", [{"feature": {"meta": {}}}, {"meta": {"seed": 1}}])
def test_another_log_with_a_key_ai_is_not_kongs(ai: dict[str, Any]) -> None:
    with pytest.raises(Skip):
        formats.get("auto").parse(json.dumps({"level": "info", "ai": ai}).encode())


def test_envoys_cached_tokens_are_read():
    assert parse(ENVOY | {"gen_ai.usage.cached_input_tokens": 9}).cache_read_tokens == 9


# https://apisix.apache.org/docs/apisix/plugins/ai-proxy/ for "llm_summary", around it the usual line of APISIX's loggers
APISIX = {
    "start_time": 1735900000000, "request": {"method": "POST", "uri": "/chat", "url": "http://gw/chat"}, "response": {"status": 200}, "latency": 1670,
    "route_id": "chat", "llm_summary": {"duration": 1600, "model": "gpt-4", "prompt_tokens": 23, "completion_tokens": 11, "total_tokens": 34},
}  # fmt: skip


def test_a_line_of_apisix_is_a_call():
    call = parse(APISIX)
    assert (call.model, call.route, call.duration, call.start, tokens(call)) == ("gpt-4", "chat", 1.67, 1735900000.0, (23, 11, None, None))


def test_a_failure_in_apisixs_log_is_one_and_has_no_counts():
    call = parse(APISIX | {"response": {"status": 503}, "llm_summary": {"model": "gpt-4", "prompt_tokens": 0, "completion_tokens": 0}})
    assert (call.failure, call.usage_expected, tokens(call)) == ("provider_5xx", False, (None, None, None, None))


@pytest.mark.parametrize("summary", [{}, {"model": None, "duration": None, "prompt_tokens": None, "completion_tokens": None}])
def test_an_empty_summary_in_apisixs_log_is_of_another_service(summary):
    with pytest.raises(Skip, match="unknown_format"):
        parse(APISIX | {"response": {"status": 500}, "llm_summary": summary, "request": {"method": "GET", "uri": "/orders"}})


@pytest.mark.parametrize("odd", [None, 1, "x", [], {"status": "x"}, [[]], {"prompt_tokens": {}}])
@pytest.mark.parametrize("name", ["llm_summary", "llm_request", "request", "response", "start_time", "latency", "route_id"])
def test_odd_lines_of_apisix_raise_nothing(name, odd):
    told = json.dumps(APISIX | {name: odd}).encode()
    try:
        formats.get("auto", content=True).parse(told)
    except Skip:
        assert name == "llm_summary"


CLOUDFLARE = {
    "id": "01JADMCQQQBWH3NXZ5GCRN98DP", "created_at": "2026-10-12T09:07:24.118Z", "duration": 1520, "provider": "openai", "model": "gpt-4o-mini",
    "path": "chat/completions", "status_code": 200, "success": True, "cached": False, "cost": 0.00012, "tokens_in": 20, "tokens_out": 31,
    "request_type": "chat", "step": 0,
}  # fmt: skip


def test_a_row_of_cloudflares_log_is_a_call():
    call = parse(CLOUDFLARE)
    assert (call.id, call.provider, call.model, call.route) == ("01JADMCQQQBWH3NXZ5GCRN98DP", "openai", "gpt-4o-mini", "chat/completions")
    assert (call.input_tokens, call.output_tokens, call.cost_usd, call.duration, call.cache_hit) == (20, 31, 0.00012, 1.52, False)


def test_a_record_of_ours_that_has_cloudflares_counts_keeps_its_time_and_failure():
    call = parse({"id": "n", "time": 1790000000, "provider": "p", "model": "m", "tokens_in": 5, "error": {"type": "timeout"}})
    assert (call.start, call.failure) == (1790000000.0, "timeout")


def test_a_line_of_another_application_that_has_cloudflares_counts_is_no_call():
    with pytest.raises(Skip, match="unknown_format"):
        parse({"level": "info", "msg": "done", "provider": "p", "model": "m", "tokens_in": 5})


def test_cached_answers_of_cloudflare_cost_nothing():
    call = parse(CLOUDFLARE | {"cached": True})
    assert (call.cache_hit, call.cost_usd) == (True, None)


@pytest.mark.parametrize(("status", "reason"), [(429, "rate_limited"), (500, "provider_5xx"), (401, "client_4xx")])
def test_a_failure_in_cloudflares_log_has_no_counts(status, reason):
    call = parse(CLOUDFLARE | {"status_code": status, "success": False, "tokens_in": 0, "tokens_out": 0, "cost": 0})
    assert (call.failure, call.input_tokens, call.usage_expected, call.cost_usd) == (reason, None, False, None)


def test_cloudflares_log_has_the_bodies_where_it_is_asked_for_one_row():
    said = {"object": "chat.completion", "model": "gpt-4o-mini-2024-07-18", "choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
    asked = {"messages": [{"role": "user", "content": "hi"}]}
    call = parse(CLOUDFLARE | {"request_head": json.dumps(asked), "response_head": json.dumps(said)})
    assert call.content is not None
    assert (call.content.input[0].text, call.content.output, call.served_model) == ("hi", "Hello", "gpt-4o-mini-2024-07-18")
    assert (call.input_tokens, call.finish_reason) == (20, "stop")


HIGRESS = {
    "authority": "api.example", "duration": "1960", "path": "/v1/chat/completions", "request_id": "4ec9ebdb", "response_code": "200",
    "response_flags": "-", "start_time": "2025-07-15T01:56:41.412Z", "upstream_cluster": "outbound|443||llm-qwen.internal.dns",
}  # fmt: skip
AI_LOG = {"session_id": "s-1", "model": "qwen-turbo", "input_token": "10", "output_token": "69", "llm_first_token_duration": "309", "consumer": "team-a"}


def higress(ai_log: Any, **more: Any) -> Call:
    return parse(HIGRESS | {"ai_log": ai_log if isinstance(ai_log, str) else json.dumps(ai_log)} | more)


def test_a_line_of_higress_has_counts_and_times_as_text():
    call = higress(AI_LOG)
    assert (call.id, call.provider, call.model, call.route) == ("4ec9ebdb", "llm-qwen.internal.dns", "qwen-turbo", "/v1/chat/completions")
    assert (call.input_tokens, call.output_tokens, call.duration, call.ttft, call.stream) == (10, 69, 1.96, 0.309, True)
    assert (call.consumer, call.session, call.failure) == ("team-a", "s-1", None)


def test_a_failure_in_higress_log_may_name_no_model():
    call = higress({"api": "-", "consumer": "none"}, response_code="429")
    assert (call.failure, call.model, call.consumer, call.usage_expected) == ("rate_limited", "unknown", None, False)


@pytest.mark.parametrize(("ai_log", "path"), [("-", "/index.html"), ("", "/v1/chat/completions"), ('{"api": "-"}', "/index.html")])
def test_other_lines_of_higress_are_not_calls(ai_log, path):
    with pytest.raises(Skip, match="unknown_format"):
        higress(ai_log, path=path)


def test_apisixs_summary_of_2026_tells_the_parts_the_caller_and_the_stream():
    summary = {
        "model": "gpt-4o", "prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140, "stream": True, "end_user_id": "u-7",
        "cache_read_input_tokens": 64, "cache_creation_input_tokens": 0, "reasoning_tokens": 12,
    }  # fmt: skip
    call = parse({"route_id": "r", "start_time": 1790000000000, "latency": 1520.5, "response": {"status": 200}, "llm_summary": summary})
    assert (call.input_tokens, call.cache_read_tokens, call.reasoning_tokens) == (100, 64, 12)
    assert (call.consumer, call.stream) == ("u-7", True)


def test_envoys_log_has_the_replacing_model_and_cache_writes():
    call = parse(ENVOY | {"gen_ai.response.model": None, "gen_ai.request.model_override": "gpt-5-mini", "gen_ai.usage.cache_creation.input_tokens": "2"})
    assert (call.served_model, call.cache_write_tokens) == ("gpt-5-mini", 2)


@pytest.mark.parametrize("line", [CLOUDFLARE, ENVOY | {":authority": None}, HIGRESS | {"ai_log": json.dumps(AI_LOG)}], ids=["cloudflare", "envoy", "higress"])
def test_a_key_in_the_query_of_a_request_is_not_part_of_the_route(line):
    name = "x-envoy-origin-path" if "x-envoy-origin-path" in line else "path"
    assert parse(line | {name: "/v1/chat?key=secret"}).route == "/v1/chat"
