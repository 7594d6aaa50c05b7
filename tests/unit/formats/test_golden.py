"""Expected values were read from the samples by hand, not copied from the program's output."""

import json
from pathlib import Path

import pytest

from tocsin import formats
from tocsin.call import Call

GOLDEN = Path(__file__).parents[2] / "golden"


def parse(word: str, raw: bytes) -> Call:
    event = formats.get(word, content=True).parse(raw)
    assert isinstance(event, Call)
    return event


def litellm(number: str, index: int) -> Call:
    events = json.loads((GOLDEN / "litellm" / f"generic_api-{number}.json").read_bytes())
    return parse("litellm", json.dumps(events[index]).encode())


def sample(folder: str, name: str) -> Call:
    word = "anthropic" if folder.startswith("anthropic") else "openai"
    return parse(word, (GOLDEN / folder / f"edge-{name}.json").read_bytes())


def test_a_plain_litellm_call_has_tokens_cost_cache_and_tag_route():
    call = litellm("001", 0)
    assert (call.provider, call.model, call.route, call.consumer) == ("openai", "gpt-4o", "checkout", "end-user-42")
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens) == (1497, 1037, 1408)
    assert call.cost_usd == pytest.approx(0.00074115)
    assert call.ttft is None
    assert call.failure is None


def test_a_litellm_stream_has_its_time_to_first_token_and_not_as_its_duration():
    call = litellm("002", 0)
    assert call.ttft == pytest.approx(0.387727)
    assert call.duration == pytest.approx(11.239363)


def test_an_unknown_price_is_not_free():
    call = litellm("006", 0)
    assert (call.input_tokens, call.output_tokens, call.cost_usd) == (1169, 207, None)


@pytest.mark.parametrize(
    ("number", "index", "reason"),
    [
        ("004", 1, "rate_limited"), ("004", 2, "provider_5xx"), ("005", 0, "blocked_provider"),
        ("005", 1, "timeout"), ("005", 2, "client_4xx"), ("010", 0, "blocked_guardrail"),
        ("010", 2, "blocked_guardrail"), ("012", 0, "blocked_guardrail"),
    ],
)  # fmt: skip
def test_litellm_failures_are_classed(number, index, reason):
    assert litellm(number, index).failure == reason


def test_a_masking_guardrail_is_a_success():
    assert litellm("010", 1).failure is None


def test_the_old_litellm_fixture_with_text_times_is_read():
    call = parse("auto", (GOLDEN / "litellm" / "standard_logging_payload.fixture.json").read_bytes())
    assert (call.model, call.input_tokens, call.output_tokens) == ("gpt-4o", 10, 20)
    assert call.duration == pytest.approx(0.004583, abs=1e-5)
    assert call.start == pytest.approx(1737710446.847371)


def emitted(name: str) -> Call:
    return parse("auto", (GOLDEN / "litellm" / f"emitted-{name}.json").read_bytes())


def test_cached_tokens_that_an_old_litellm_left_out_are_in_the_input():
    call = emitted("1.61.20-anthropic-stream")
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.cache_write_tokens) == (100, 50, 70, 20)


@pytest.mark.parametrize("name", ["1.61.20-anthropic-long-stream", "1.72.6-anthropic-written"])
def test_cached_tokens_that_an_old_litellm_left_out_are_in_the_input_where_they_are_the_smaller_part(name):
    call = emitted(name)
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.cache_write_tokens) == (3000, 30, 1000, 500)


def test_a_passed_through_answer_has_the_requested_model():
    assert emitted("1.80.11-passthrough").model == "gpt-4o--plain"


def test_cached_tokens_of_old_litellm_are_read_from_its_metadata():
    assert emitted("1.72.6-anthropic-stream").cache_read_tokens == 1024
    assert emitted("1.72.6-responses-reasoning").reasoning_tokens == 256


def test_reasoning_that_litellm_left_out_of_the_output_is_in_it():
    call = emitted("1.81.16-xai")
    assert (call.input_tokens, call.output_tokens, call.reasoning_tokens) == (32, 103, 94)


@pytest.mark.parametrize("version", ["1.81.16", "1.109.1"])
def test_a_failed_body_of_the_responses_api_is_a_failure_under_http_200(version):
    assert emitted(f"{version}-responses-failed").failure == "provider_5xx"


@pytest.mark.parametrize(("name", "cost"), [("1.81.16-image", 0.0399999238144), ("1.109.1-speech", 7.5e-05)])
def test_pictures_and_speech_cost_and_miss_no_tokens(name, cost):
    call = emitted(name)
    assert (call.failure, call.input_tokens, call.usage_expected) == (None, None, False)
    assert call.cost_usd == pytest.approx(cost)


def test_a_refusal_that_litellm_moved_is_one():
    call = emitted("1.106.2-refusal")
    assert (call.refusal, call.failure, call.content.output) == (True, None, "I cannot help with that.")
    assert formats.get("litellm").parse((GOLDEN / "litellm" / "emitted-1.106.2-refusal.json").read_bytes()).refusal


@pytest.mark.parametrize("content", [False, True])
@pytest.mark.parametrize(("name", "tokens"), [("passthrough", (11, 7, 0, None)), ("passthrough-stream", (3000, 30, 1000, 500))])
def test_the_tokens_of_an_answer_that_litellm_passed_through_unread_are_counted(name, tokens, content):
    raw = (GOLDEN / "litellm" / f"emitted-1.106.2-{name}.json").read_bytes()
    call = formats.get("litellm", content=content).parse(raw)
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.cache_write_tokens) == tokens
    assert (call.provider, call.cost_usd, call.finish_reason, call.field_errors) == ("unknown", None, "stop", ())
    assert content is False or call.content.output == "Hello there, all is well today."


@pytest.mark.parametrize(("name", "reason"), [("unknown-model", "client_4xx"), ("own-guardrail", "blocked_guardrail")])
def test_the_callers_status_decides_the_failure_reason(name, reason):
    assert emitted(f"1.106.2-{name}").failure == reason


def test_a_spend_logs_row_with_objects_as_text_is_read():
    call = parse("auto", (GOLDEN / "litellm" / "spend_logs_payload.fixture.json").read_bytes())
    assert (call.model, call.input_tokens, call.output_tokens) == ("gpt-4o", 10, 20)
    assert call.cost_usd == pytest.approx(0.000225)


@pytest.mark.parametrize(
    ("folder", "name", "tokens"),
    [
        ("openai-chat", "cached-tokens", (1497, 1037, 1408)),
        ("openai-chat", "n-choices", (11, 29, 0)),
        ("openai-chat", "stream-usage-last-chunk-empty-choices", (24, 8, 0)),
        ("openai-chat", "stream-no-usage", (None, None, None)),
        ("openai-responses", "json-schema", (57, 10, 0)),
        ("openai-responses", "stream-completed", (72, 14, 0)),
        ("openai-responses", "queued-usage-null", (None, None, None)),
        ("anthropic-messages", "cache-read", (1169, 224, 1165)),
    ],
)
def test_usage_is_inclusive_and_absent_stays_absent(folder, name, tokens):
    call = sample(folder, name)
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens) == tokens


def test_output_tokens_include_reasoning():
    call = sample("openai-chat", "reasoning-tokens")
    assert (call.output_tokens, call.reasoning_tokens) == (228, 192)


def test_a_refusal_is_a_success_that_refused():
    call = sample("openai-chat", "refusal")
    assert call.refusal
    assert call.failure is None
    assert call.finish_reason == "stop"


def test_a_queued_body_owes_no_usage_and_a_stream_without_usage_does():
    assert not sample("openai-responses", "queued-usage-null").usage_expected
    assert sample("openai-chat", "stream-no-usage").usage_expected


def test_a_strict_schema_becomes_an_expectation():
    expect = sample("openai-chat", "json-schema-request").expect
    assert expect is not None
    assert expect.format == "json_schema"
    assert isinstance(expect.schema, dict)


@pytest.mark.parametrize("folder", ["openai-chat", "openai-responses"])
def test_a_400_is_the_clients_fault(folder):
    assert sample(folder, "error-400").failure == "client_4xx"


def test_an_anthropic_404_is_the_clients_fault():
    assert sample("anthropic-messages", "error").failure == "client_4xx"


def test_a_messages_response_in_another_format_keeps_its_cached_tokens():
    data = (GOLDEN / "anthropic-messages" / "edge-cache-read.json").read_bytes()
    assert parse("openai", data).input_tokens == parse("anthropic", data).input_tokens == 1169


def test_the_events_of_an_anthropic_stream_are_combined():
    call = sample("anthropic-messages", "stream")
    assert call.output_tokens == 108
    assert call.finish_reason == "stop"
    assert call.content is not None
    assert call.content.output is not None
    assert call.content.output.endswith("?")


RECORDED = sorted(path for path in GOLDEN.glob("*/*.json") if path.parent.name != "by-documentation")


@pytest.mark.parametrize("path", RECORDED, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_auto_reads_every_sample_as_its_own_format_does(path):
    word = {"litellm": "litellm", "anthropic-messages": "anthropic", "otlp": "otlp"}.get(path.parent.name, "openai")
    tree = json.loads(path.read_bytes())
    for record in tree if isinstance(tree, list) else [tree]:
        raw = json.dumps(record).encode()
        assert formats.get("auto").parse(raw) == formats.get(word).parse(raw)
