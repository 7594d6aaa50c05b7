"""Generations of Langfuse's SDKs over OTLP, by its mapping (https://langfuse.com/integrations/native/opentelemetry)."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip
from tocsin.intake import records

START, END = 1_751_500_001, 1_751_500_005


def parse(**told: Any) -> Call:
    """The call of one span with these attributes of an observation, JSON where they are not text."""
    values = {f"langfuse.observation.{name.replace('__', '.')}": value if isinstance(value, str) else json.dumps(value) for name, value in told.items()}
    values |= {"session.id": "s", "user.id": "u"}
    inner = {
        "traceId": "a" * 32, "spanId": "b" * 16, "name": "llm", "startTimeUnixNano": f"{START}000000000", "endTimeUnixNano": f"{END}000000000",
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in values.items()],
    }  # fmt: skip
    body = {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "langfuse-sdk"}, "spans": [inner]}]}]}
    (record,) = records(json.dumps(body).encode())
    event = formats.get("auto", content=True).parse(record)
    assert isinstance(event, Call)
    return event


def generation(**told: Any) -> Call:
    return parse(type="generation", model__name="gpt-4o", **told)


def test_a_generation_is_a_call():
    call = generation(
        input=[{"role": "user", "content": "Hi"}], output={"role": "assistant", "content": "Yo"}, usage_details={"input": 12, "output": 3, "total": 15},
        cost_details={"input": 0.1, "output": 0.2, "total": 0.3}, prompt__name="greet", prompt__version="3",
    )  # fmt: skip
    assert call.content is not None
    assert call.prompt is not None
    assert (call.model, call.consumer, call.session, call.duration, call.failure) == ("gpt-4o", "u", "s", 4.0, None)
    assert (call.input_tokens, call.output_tokens, call.cost_usd, call.prompt.name) == (12, 3, 0.3, "greet")
    assert (call.content.input[0].text, call.content.output) == ("Hi", "Yo")


@pytest.mark.parametrize(
    ("details", "tokens"),
    [
        ({"input": 10, "output": 20, "input_cache_read": 900, "input_cache_creation": 100, "output_reasoning": 5, "total": 1035}, (1010, 25, 900, 100, 5)),
        ({"input": 10, "output": 20, "cache_read_input_tokens": 4}, (14, 20, 4, None, None)),
        # told twice, under two names; with a total that says what holds what
        ({"input": 10, "input_tokens": 10, "output": 20, "output_tokens": 20}, (10, 20, None, None, None)),
        ({"input": 10, "input_cached_tokens": 4, "output": 20, "total_tokens": 30}, (10, 20, 4, None, None)),
        ({"input": 10, "output": 20, "input_cached_tokens": 4, "output_reasoning_tokens": 5, "total": 30}, (10, 20, 4, None, 5)),
        ({"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30, "prompt_tokens_details": {"cached_tokens": 4},
          "completion_tokens_details": {"reasoning_tokens": 5}}, (10, 20, 4, None, 5)),
        ({"input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 900}, (910, 20, 900, None, None)),
    ],
)  # fmt: skip
def test_tokens_are_inclusive_in_every_convention(details, tokens):
    call = generation(usage_details=details)
    assert tokens == (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.cache_write_tokens, call.reasoning_tokens)


@pytest.mark.parametrize(("second", "ttft"), [("42.500000", 1.5), ("45.000000", None), ("40.000000", None)])
def test_the_first_token_of_a_stream_came_before_its_end(second, ttft):
    call = generation(completion_start_time=f'"2025-07-02T23:46:{second}Z"')
    assert (call.ttft, call.stream) == (ttft, ttft is not None)


def test_a_span_with_level_error_failed():
    call = generation(level="ERROR", status_message="Error code: 429 - {'error': {'message': 'slow down'}}")
    assert (call.failure, call.status, call.usage_expected) == ("rate_limited", 429, False)


def test_an_embedding_has_only_input_tokens():
    call = parse(type="embedding", model__name="e", usage_details={"input": 7})
    assert (call.input_tokens, call.output_tokens) == (7, 0)


@pytest.mark.parametrize("kind", ["span", "agent", "tool", "chain", "retriever", "event"])
def test_other_observations_are_not_calls(kind):
    with pytest.raises(Skip, match="no_call"):
        parse(type=kind, model__name="gpt-4o", usage_details={"input": 1})


def test_a_count_is_read_beside_invalid_details():
    call = generation(usage_details={"input": 7, "output": [1], "total": 9})
    assert (call.input_tokens, call.field_errors) == (7, ("gen_ai.usage.output_tokens",))


def test_invalid_details_are_field_errors():
    call = generation(usage_details={"input": "many", "output": [1], "total": {}}, cost_details="[", completion_start_time="soon")
    assert (call.input_tokens, call.output_tokens, call.cost_usd) == (None, None, None)
    assert call.field_errors == ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")
