"""Spans of MLflow's tracing over OTLP, whose attributes are JSON each."""

import json

import pytest

from tocsin.call import Skip
from traced import span

ANSWER = {"choices": [{"finish_reason": "stop", "message": {"content": "Yo", "role": "assistant"}}], "model": "gpt-4o-mini-2024-07-18"}


def traced(kind='"CHAT_MODEL"', **told):
    return span(**{"mlflow.spanType": kind, "mlflow.llm.model": '"gpt-4o-mini"'}, **{f"mlflow.{name.replace('__', '.')}": value for name, value in told.items()})


@pytest.mark.parametrize("kind", ['"CHAT_MODEL"', '"LLM"', "LLM"])
def test_a_span_of_a_model_is_a_call(kind):
    call = traced(
        kind, chat__tokenUsage='{"input_tokens": 18, "output_tokens": 66, "total_tokens": 84}', llm__cost='{"total_cost": 0.5}',
        spanInputs='{"messages": [{"role": "user", "content": "Hi"}]}', spanOutputs=json.dumps(ANSWER),
    )  # fmt: skip
    assert (call.model, call.served_model, call.input_tokens, call.output_tokens, call.cost_usd) == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", 18, 66, 0.5)
    assert (call.content.input[0].text, call.content.output, call.finish_reason) == ("Hi", "Yo", "stop")


@pytest.mark.parametrize("kind", ['"CHAIN"', '"AGENT"', '"TOOL"', '"UNKNOWN"', "", "{}"])
def test_any_other_span_is_none(kind):
    with pytest.raises(Skip, match="no_call"):
        traced(kind, trace__tokenUsage='{"input_tokens": 18, "output_tokens": 66}')


@pytest.mark.parametrize("odd", ["", "[1]", "{", "null", '{"input_tokens": "x", "total_cost": []}'])
def test_odd_counts_cost_no_call(odd):
    assert traced(chat__tokenUsage=odd, llm__cost=odd, spanOutputs=odd).input_tokens is None
