"""Spans of Firebase Genkit, by its documentation of telemetry."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip
from tocsin.intake import records

SAID = {"role": "model", "content": [{"text": "Sunny."}]}
USED = {"inputTokens": 42, "outputTokens": 17, "totalTokens": 62, "thoughtsTokens": 3, "cachedContentTokens": 10}
ASKED = {
    "messages": [
        {"role": "system", "content": [{"text": "Be brief."}]}, {"role": "user", "content": [{"text": "Weather?"}]},
        {"role": "tool", "content": [{"toolResponse": {"name": "look", "output": {"sky": "clear"}}}]},
    ],
}  # fmt: skip


def span(output: Any, kind: str = "model", *, failed: str = "", **told: str) -> Call:
    named = {
        "genkit:type": "action", "genkit:metadata:subtype": kind, "genkit:name": "googleai/gemini-2.5-flash", "genkit:sessionId": "s-1",
        "genkit:input": json.dumps(ASKED), "genkit:output": json.dumps(output), "genkit:state": "error" if failed else "success", **told,
    }  # fmt: skip
    attributes = [{"key": name, "value": {"stringValue": value}} for name, value in named.items()]
    whole = {
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "x", "startTimeUnixNano": "1790000000000000000",
        "endTimeUnixNano": "1790000002000000000", "attributes": attributes, "status": {"code": 2, "message": failed} if failed else {},
    }  # fmt: skip
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "menu"}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "genkit-tracer"}, "spans": [whole]}]}]}
    (part,) = records(json.dumps(body).encode())
    call = formats.get("auto", content=True).parse(part)
    assert isinstance(call, Call)
    return call


def test_a_model_that_was_called_is_a_call():
    call = span({"message": SAID, "finishReason": "stop", "usage": USED})
    assert (call.provider, call.model, call.route, call.session, call.finish_reason) == ("googleai", "gemini-2.5-flash", "menu", "s-1", "stop")
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.reasoning_tokens) == (42, 20, 10, 3)
    assert call.content is not None
    assert call.content.output == "Sunny."
    assert [(said.role, said.text) for said in call.content.input] == [("system", "Be brief."), ("user", "Weather?"), ("tool", '{"sky": "clear"}')]


def test_older_versions_have_a_list_of_candidates():
    call = span({"candidates": [{"index": 0, "finishReason": "length", "message": SAID}], "usage": USED})
    assert call.content is not None
    assert (call.content.output, call.finish_reason) == ("Sunny.", "length")


def test_a_tool_that_the_model_calls_is_read():
    call = span({"message": {"role": "model", "content": [{"toolRequest": {"name": "look", "input": {"at": "x"}}}]}, "usage": USED})
    assert call.content is not None
    assert [(tool.name, tool.arguments) for tool in call.content.tools] == [("look", '{"at": "x"}')]


def test_blocked_answers_have_the_finish_reason_content_filter():
    assert span({"finishReason": "blocked", "usage": {"inputTokens": 4}}).finish_reason == "content_filter"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("RESOURCE_EXHAUSTED: Error fetching from https://x: [429 Too Many Requests] You exceeded your current quota", "rate_limited"),
        ("UNAVAILABLE: The model is overloaded. Please try again later.", "provider_5xx"),
        ("INVALID_ARGUMENT: API key not valid.", "client_4xx"),
        ("fetch failed", "connection"),
    ],
)
def test_an_error_is_a_failure(message, reason):
    call = span(None, failed=message)
    assert (call.failure, call.usage_expected) == (reason, False)


def test_an_embedder_is_a_call_without_words():
    call = span({"embeddings": [{"embedding": [0.1]}]}, "embedder", **{"genkit:name": "googleai/text-embedding-004"})
    assert (call.model, call.input_tokens) == ("text-embedding-004", None)
    assert call.content is not None
    assert call.content.state == "absent"


def test_redacted_content_is_not_content():
    call = span(None, **{"genkit:input": "<redacted>", "genkit:output": "<redacted>"})
    assert call.content is not None
    assert call.content.state == "absent"


@pytest.mark.parametrize("kind", ["flow", "tool", "util", "executable-prompt", "retriever"])
def test_spans_that_contain_calls_are_not_calls(kind):
    with pytest.raises(Skip, match="no_call"):
        span({"message": SAID, "usage": USED}, kind)
