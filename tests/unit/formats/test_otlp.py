"""OTLP: expected values were read by hand from the requests in golden/otlp, which real emitters sent."""

import json
from pathlib import Path

import pytest

from tocsin import formats
from tocsin.call import Call, Skip
from tocsin.formats.otlp import jsonform, protobuf
from tocsin.intake import records
from traced import chat, span

GOLDEN = Path(__file__).parents[2] / "golden" / "otlp"


def events(name, *, content=True, word="auto"):
    """The calls of a golden request, and the reasons for what is none."""
    adapter, found = formats.get(word, content=content), []
    for record in records((GOLDEN / f"{name}.json").read_bytes()):
        try:
            found.append(adapter.parse(record))
        except Skip as skip:
            found.append(skip.reason)
    return found


def test_the_official_instrumentations_span_has_model_tokens_cache_and_content():
    (call,) = events("genai-traces-02")
    assert (call.provider, call.model, call.served_model, call.route) == ("openai", "gpt-4o", "gpt-4o-mini-2024-07-18", "checkout-bot")
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens) == (1497, 1037, 1408)
    assert call.start == pytest.approx(1795297366.338103555)
    assert call.duration == pytest.approx(1795297366.369389824 - 1795297366.338103555, abs=1e-6)
    assert (call.finish_reason, call.fingerprint, call.failure, call.ttft) == ("stop", "fp_dbaca60df0", None, None)
    assert call.trace_id == "e44a9dcd5a550f2e33e3611a0a4b3e3a"
    assert [(m.role, m.text) for m in call.content.input] == [("system", "You are terse."), ("user", "Tell me a joke about OpenTelemetry")]
    assert call.content.output.startswith("### OpenTelemetry: A Comprehensive Overview")
    assert call.expect.format == "json"
    assert call.params == {"temperature": 0.2, "top_p": 0.9, "max_tokens": 100, "seed": 7}


@pytest.mark.parametrize("name", ["genai-traces-04", "openlit-traces-04", "openinf-traces-02"])
def test_failures_are_classified_by_the_status_in_their_message(name):
    assert [call.failure for call in events(name)] == [None, None, "rate_limited", "provider_5xx", "timeout", None]
    assert [call.status for call in events(name)] == [None, None, 429, 500, None, None]


def test_openllmetrys_failures_are_classified():
    assert [call.failure for call in events("openllmetry-traces-02")] == [None, None, "rate_limited", "provider_5xx"]
    assert events("openllmetry-traces-03")[0].failure == "timeout"


@pytest.mark.parametrize(
    ("name", "ttft"),
    [("genai-traces-04", 0.06289245800007848), ("openlit-traces-04", 0.06062459945678711), ("openinf-traces-02", 0.062513501)],
)
def test_a_stream_has_its_time_to_the_first_token(name, ttft):
    call = events(name)[0]
    assert (call.stream, call.ttft) == (True, pytest.approx(ttft))


def test_dropped_span_events_give_no_ttft():
    assert events("openllmetry-traces-02")[0].ttft is None  # droppedEventsCount is 67


def test_openlits_time_to_the_first_token_of_no_stream_is_none():
    assert events("openlit-traces-02")[0].ttft is None  # gen_ai.server.time_to_first_token is told, of the whole


def test_openlits_cost_of_zero_is_an_unknown_price_and_its_defaults_were_not_sent():
    call = events("openlit-traces-02")[0]
    assert (call.cost_usd, call.params, call.consumer) == (None, None, "u-42")


def test_two_spans_of_one_call_have_one_id():
    native, traceloop = events("openllmetry-traces-03")[2:]
    assert native.id == traceloop.id == "msg_01AGcJaUoaQe4VfWUjnSBrXg"
    for call in (native, traceloop):
        assert (call.provider, call.input_tokens, call.output_tokens, call.cache_write_tokens) == ("anthropic", 1169, 207, 1165)
    assert [call.finish_reason for call in (native, traceloop)] == ["stop", "stop"]


def test_openllmetry_keeps_a_refusal_and_openinference_the_body_that_has_one():
    assert events("openllmetry-traces-02")[1].refusal
    refused = events("openinf-traces-02")[1]
    assert refused.refusal
    assert refused.content.output == "I'm very sorry, but I can't assist with that request."


def test_openinference_has_the_requested_and_the_served_model():
    (call,) = events("openinf-traces-01")
    assert (call.model, call.served_model, call.id) == ("gpt-4o", "gpt-4o-mini-2024-07-18", "chatcmpl-BPVp0tjSGV5NBPc7t1hqssC4kJ1MG")
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.consumer) == (1497, 1037, 1408, "u-42")
    assert call.expect.format == "json"


def test_the_responses_api_has_its_instructions_as_the_systems_words():
    for name in ("genai-traces-04", "openinf-traces-02"):
        call = events(name)[-1]
        assert [(m.role, m.text) for m in call.content.input] == [("system", "be brief"), ("user", "hi")]
        assert call.content.output == "The capital of France is Paris."


def test_bare_spans_of_openinference_are_read():
    (tools,) = events("openinference-chat-parallel-tools")
    assert (tools.model, tools.input_tokens, tools.output_tokens, tools.reasoning_tokens) == ("gpt-5-nano", 162, 219, 192)
    assert [(tool.name, tool.arguments) for tool in tools.content.tools] == [("get_current_weather", '{"location":"San Francisco, CA"}')]
    assert tools.finish_reason == "tool_calls"
    (bad,) = events("openinference-chat-bad-request")
    assert (bad.failure, bad.status, bad.start) == ("client_4xx", 400, None)
    (completion,) = events("openinference-completion-token-batch")
    assert (completion.model, completion.output_tokens, completion.finish_reason) == ("babbage-002", 57, "length")
    (embedding,) = events("openinference-embeddings-bad-request")
    assert (embedding.model, embedding.failure) == ("text-embedding-3-small", "client_4xx")


@pytest.mark.parametrize("name", [path.stem for path in sorted(GOLDEN.glob("*.json"))])
def test_content_does_not_change_what_is_counted(name):
    def bare(event):
        return [getattr(event, f, event) for f in Call.__struct_fields__ if f not in ("content", "expect", "params")]

    assert list(map(bare, events(name))) == list(map(bare, events(name, content=False)))


def test_numbers_may_be_texts_or_numbers():
    as_text = chat(**{"gen_ai.usage.input_tokens": 5, "_startTimeUnixNano": "1795297366000000000", "_endTimeUnixNano": "1795297367000000000"})
    as_number = chat(_attributes=[{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}, {"key": "gen_ai.usage.input_tokens", "value": {"intValue": 5}}], _startTimeUnixNano=1795297366000000000, _endTimeUnixNano=1795297367000000000)
    for call in (as_text, as_number):
        assert (call.input_tokens, call.start, call.duration) == (5, 1795297366.0, 1.0)


@pytest.mark.parametrize(
    "told",
    [
        {"http.request.method": "GET"}, {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 9},
        {"gen_ai.operation.name": "execute_tool"}, {"gen_ai.operation.name": "invoke_workflow"}, {"openinference.span.kind": "CHAIN", "llm.model_name": "m"},
        {"openinference.span.kind": "AGENT"}, {"traceloop.span.kind": "workflow", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 9},
        {"gen_ai.request.model": "m"}, {},
    ],
)  # fmt: skip
def test_a_span_of_no_call_is_passed_over(told):
    with pytest.raises(Skip, match="no_call"):
        span(**told)


@pytest.mark.parametrize(
    "told",
    [
        {"gen_ai.operation.name": "embeddings"}, {"gen_ai.operation.name": "generate_content"}, {"llm.request.type": "completion"},
        {"openinference.span.kind": "EMBEDDING"}, {"gen_ai.request.model": "m", "gen_ai.model.provider": "openai"},
        {"gen_ai.request.model": "m", "gen_ai.usage.prompt_tokens": 9},
    ],
)  # fmt: skip
def test_a_span_of_a_call_is_recognised_by_its_operation_or_usage(told):
    assert isinstance(span(**told), Call)


@pytest.mark.parametrize(
    ("names", "field"),
    [
        (("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"), "cache_write_tokens"),
        (("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.input_tokens.cached", "gen_ai.usage.cache_read_input_tokens"), "cache_read_tokens"),
        (("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"), "reasoning_tokens"),
        # LiveKit's Agents and VS Code's Copilot
        (("gen_ai.usage.input_cached_tokens",), "cache_read_tokens"), (("gen_ai.usage.reasoning_output_tokens",), "reasoning_tokens"),
        # Vercel's AI SDK from version 5, and from 6 (https://ai-sdk.dev/docs/ai-sdk-core/telemetry)
        (("ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens"), "cache_read_tokens"),
        (("ai.usage.inputTokenDetails.cacheWriteTokens",), "cache_write_tokens"),
        (("ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens"), "reasoning_tokens"),
    ],
)
def test_parts_of_the_tokens_go_by_several_names(names, field):
    for name in names:
        call = chat(**{"gen_ai.usage.prompt_tokens": 90, "gen_ai.usage.completion_tokens": 80, name: 7})
        assert (call.input_tokens, call.output_tokens, getattr(call, field)) == (90, 80, 7)


def test_cached_tokens_outside_the_input_are_added():
    call = chat(**{"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5, "gen_ai.usage.cache_read.input_tokens": 100})
    assert (call.input_tokens, call.cache_read_tokens) == (110, 100)


@pytest.mark.parametrize(("total", "wanted"), [(1910, 1900), (1010, 1000)])
def test_the_total_decides_whether_the_input_includes_cached_tokens(total, wanted):
    told = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 10, "gen_ai.usage.cache_read.input_tokens": 900}
    assert chat(**told, **{"gen_ai.usage.total_tokens": total}).input_tokens == wanted


def test_the_total_of_vercels_sdk_decides_whether_the_output_includes_reasoning():
    told = {"gen_ai.usage.input_tokens": 6, "gen_ai.usage.output_tokens": 20, "ai.usage.reasoningTokens": 10}
    assert [chat(**told, **{"ai.usage.totalTokens": total}).output_tokens for total in (26, 36)] == [20, 30]


def test_no_tokens_at_all_are_missing_and_not_none():
    call = chat(**{"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0})
    assert (call.input_tokens, call.output_tokens) == (None, None)


@pytest.mark.parametrize("name", ["gen_ai.usage.cost", "gen_ai.usage.total_cost", "llm.cost.total"])
def test_a_recorded_cost_is_used(name):
    assert chat(**{"gen_ai.usage.input_tokens": 10, name: 0.25}).cost_usd == 0.25


@pytest.mark.parametrize(
    ("error", "message", "reason"),
    [
        ("openai.RateLimitError", "Error code: 429 - Rate limit reached", "rate_limited"), ("APITimeoutError", "Request timed out.", "timeout"),
        ("500", "", "provider_5xx"), ("timeout", "", "timeout"), ("openai.APIConnectionError", "Connection error.", "connection"),
        ("anthropic.APIStatusError", "Error code: 529 - overloaded", "provider_5xx"), ("_OTHER", "", "other"), ("CancelledError", "", "cancelled"),
        ("openai.BadRequestError", "Error code: 400 - {'error': {'code': 'content_filter', 'message': 'x'}}", "client_4xx"),
        ("openai.BadRequestError", "Error code: 400 - The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", "blocked_provider"),
        ("litellm.GuardrailRaisedException", "Error code: 400 - no", "blocked_guardrail"),
    ],
)  # fmt: skip
def test_errors_are_classed(error, message, reason):
    assert chat(**{"error.type": error, "_status": {"code": 2, "message": message}}).failure == reason


def test_the_route_is_the_service_and_where_that_has_no_name_the_agent():
    assert chat({"service.name": "shop"}, **{"gen_ai.agent.name": "planner"}).route == "shop"
    assert chat({"service.name": "unknown_service:python"}, **{"gen_ai.agent.name": "planner"}).route == "planner"
    assert chat({"service.name": "unknown_service"}).route == "unknown"


def test_attributes_of_the_resource_can_be_extra_labels():
    assert chat({"service.name": "shop", "deployment.environment.name": "prod"}).labels["deployment_environment_name"] == "prod"


def test_indexed_attributes_of_older_openllmetry_are_a_conversation():
    call = chat(**{
        "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": "Be kind.", "gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "Weather?",
        "gen_ai.prompt.10.role": "user", "gen_ai.prompt.10.content": "last", "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": "Sunny.",
        "gen_ai.completion.0.finish_reason": "tool_calls", "gen_ai.completion.0.tool_calls.0.name": "look", "gen_ai.completion.0.tool_calls.0.arguments": "{}",
    })  # fmt: skip
    assert [(m.role, m.text) for m in call.content.input] == [("system", "Be kind."), ("user", "Weather?"), ("user", "last")]
    assert (call.content.output, call.content.tools[0].name, call.finish_reason) == ("Sunny.", "look", "tool_calls")


def test_thoughts_and_tool_calls_are_not_text_of_the_answer():
    said = [{"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}, {"type": "text", "content": "Yes."}, {"type": "tool_call", "name": "f", "arguments": {"a": 1}}]}]
    call = chat(**{"gen_ai.output.messages": json.dumps(said)})
    assert (call.content.output, call.content.tools[0].arguments) == ("Yes.", '{"a": 1}')


def test_tool_results_have_the_role_tool():
    asked = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}, {"role": "tool", "parts": [{"type": "tool_call_response", "response": "42"}]}]
    assert [(m.role, m.text) for m in chat(**{"gen_ai.input.messages": json.dumps(asked)}).content.input] == [("user", "hi"), ("tool", "42")]


def test_messages_cut_off_by_the_sdk_are_marked_as_truncated():
    call = chat(**{"gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Once up'})
    assert (call.content.state, call.content.output) == ("truncated", None)


def test_content_hidden_by_openinference_is_redacted():
    call = span(**{"openinference.span.kind": "LLM", "llm.output_messages.0.message.content": "__REDACTED__"})
    assert call.content.state == "redacted"


def test_a_requested_schema_is_expected():
    schema = {"type": "object", "required": ["a"]}
    call = chat(**{"gen_ai.request.structured_output_schema": json.dumps(schema)})
    assert (call.expect.format, call.expect.schema) == ("json_schema", schema)


def test_sessions_prompts_and_users_are_read():
    call = chat(**{"gen_ai.conversation.id": "s-1", "traceloop.prompt.key": "greet", "traceloop.prompt.version": 3, "user.id": "u-1", "gen_ai.input.messages": "[]"})
    assert (call.session, call.prompt.name, call.prompt.version, call.consumer) == ("s-1", "greet", "3", "u-1")


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("SAFETY", "content_filter"), ("max_tokens", "length"), ("end_turn", "stop"), ("completed", "stop"), ("tool-calls", "tool_calls"),
        ("content-filter", "content_filter"), ("guardrail_intervened", "content_filter"), ('["length"]', "length"), ("unheard_of", "other"), ("refusal", "refusal"),
    ],
)  # fmt: skip
def test_finish_reasons_of_all_providers_are_known(told, reason):
    assert chat(**{"gen_ai.response.finish_reasons": told}).finish_reason == reason


def test_an_id_of_a_small_range_names_no_call():
    assert chat(**{"gen_ai.response.id": "chatcmpl-123"}).id == f"{'a' * 32}|{'b' * 16}"


def test_a_line_of_json_with_half_a_character_is_read():
    line = (GOLDEN / "genai-traces-02.json").read_bytes().replace(b'"checkout-bot"', b'"checkout\\ud83d"')
    (record,) = records(line)
    assert isinstance(formats.get("auto").parse(record), Call)


def test_a_split_request_is_not_split_again():
    request = (GOLDEN / "openllmetry-traces-03.json").read_bytes()
    once = list(records(request))
    assert [list(records(record)) for record in once] == [[record] for record in once]
    assert len(once) == 4


@pytest.mark.parametrize("name", [path.stem for path in sorted(GOLDEN.glob("*.pb"))])
def test_protobuf_and_json_give_the_same_records(name):
    signal = protobuf.LOGS if "logs" in name else protobuf.SPANS
    packed = protobuf.split((GOLDEN / f"{name}.pb").read_bytes())
    plain = jsonform.split((GOLDEN / f"{name}.json").read_bytes())
    assert [protobuf.read(bytes(record), signal) for record in packed] == [jsonform.read(bytes(record)) for record in plain]


@pytest.mark.parametrize("operation", ["acompletion", "aembedding", "anthropic_messages", "aresponses"])
def test_litellms_spans_are_called_as_its_functions(operation):
    told = {"gen_ai.request.model": "m", "llm.request.type": operation, "gen_ai.usage.input_tokens": 12, "gen_ai.cost.total_cost": 0.25}
    call = span(scope="litellm", **told)
    assert (call.input_tokens, call.cost_usd) == (12, 0.25)


def test_semantic_kernels_older_spans_count_under_the_response():
    told = {"gen_ai.operation.name": "chat.completions", "gen_ai.request.model": "m", "gen_ai.response.finish_reason": "FinishReason.STOP"}
    call = span(**told, **{"gen_ai.response.prompt_tokens": 16, "gen_ai.response.completion_tokens": 28})
    assert (call.input_tokens, call.output_tokens, call.finish_reason) == (16, 28, "stop")


@pytest.mark.parametrize(
    "name",
    ["gen_ai.usage.cached_input_tokens", "gen_ai.usage.cache_read_tokens", "gen_ai.usage.details.cached_tokens", "gen_ai.usage.details.cache_read_input_tokens"],
)
def test_cached_tokens_are_read_under_many_names(name):
    assert chat(**{"gen_ai.usage.input_tokens": 40, name: 15}).cache_read_tokens == 15


@pytest.mark.parametrize(("kind", "calls"), [("LLM", True), ("llm", True), ("CHAIN", False), ("agent", False), ("client", True)])
def test_alibabas_span_kind_distinguishes_calls_from_their_callers(kind, calls):
    told = {"gen_ai.span.kind": kind, "gen_ai.request.model": "qwen3", "gen_ai.usage.input_tokens": 36}
    if calls:
        assert span(**told).input_tokens == 36
    else:
        with pytest.raises(Skip, match="no_call"):
            span(**told)


def test_the_text_none_of_spring_is_not_a_model():
    told = {"gen_ai.operation.name": "embedding", "gen_ai.request.model": "none", "gen_ai.response.model": "text-embedding-ada-002-v2"}
    assert span(**told).model == "text-embedding-ada-002-v2"
    assert chat(**{"gen_ai.response.model": "none"}).served_model is None


def test_vercels_embeddings_have_a_span_of_the_call_and_one_around_it():
    told = {"ai.model.provider": "openai.embedding", "ai.model.id": "text-embedding-3-small", "ai.usage.tokens": 8}
    call = span(**told, **{"ai.operationId": "ai.embed.doEmbed"})
    assert (call.provider, call.model, call.input_tokens, call.output_tokens) == ("openai", "text-embedding-3-small", 8, 0)
    with pytest.raises(Skip, match="no_call"):
        span(**told, **{"ai.operationId": "ai.embed"})


def test_vercels_objects_are_answers_as_the_text_they_came_in():
    assert chat(**{"ai.response.object": '{"a": 1}'}).content.output == '{"a": 1}'
