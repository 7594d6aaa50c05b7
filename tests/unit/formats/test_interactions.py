"""Google's Interactions API, by its reference (https://ai.google.dev/api/interactions-api)."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Skip

URL = "https://generativelanguage.googleapis.com/v1beta/interactions"
USAGE = {"total_tokens": 150, "total_input_tokens": 50, "total_tool_use_tokens": 17, "total_cached_tokens": 9, "total_output_tokens": 18, "total_thought_tokens": 65}
SAID = {"type": "model_output", "content": [{"type": "text", "text": "Sunny."}]}
CALLED = {"type": "function_call", "id": "1", "name": "weather", "arguments": {"city": "Rome"}}


def parse(response: Any, word: str = "auto", **request: Any) -> Call:
    pair = {"url": URL, "status": 200, "request": {"model": "gemini-2.5-flash", "input": "Rome?", **request}, "response": response}
    event = formats.get(word, content=True).parse(json.dumps(pair).encode())
    assert isinstance(event, Call)
    return event


def interaction(status: str = "completed", **told: Any) -> dict[str, Any]:
    return {"id": "v1_a", "object": "interaction", "model": "gemini-2.5-flash", "created": "2026-05-15T18:52:03Z", "status": status, "usage": USAGE, **told}


def stream(*events: Any) -> str:
    return "".join(f"event: {event['event_type']}\ndata: {json.dumps(event)}\n\n" for event in events)


@pytest.mark.parametrize("word", ["auto", "openai"])
def test_tokens_of_tools_are_input_and_thoughts_are_output(word):
    call = parse(interaction(steps=[{"type": "thought", "signature": "x"}, SAID]), word)
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.reasoning_tokens) == (67, 83, 9, 65)
    assert (call.finish_reason, call.failure, call.usage_expected, call.field_errors) == ("stop", None, True, ())


@pytest.mark.parametrize("outputs", [{"steps": [SAID]}, {"outputs": [{"type": "text", "text": "Sunny."}]}])
def test_content_is_read_in_both_versions(outputs):
    call = parse(interaction(**outputs))
    assert call.content is not None
    assert call.content.output == "Sunny."


def test_one_that_is_not_stored_has_no_name_and_is_known_by_its_counts():
    call = formats.get("auto").parse(json.dumps({"status": "completed", "usage": USAGE, "steps": [SAID]}).encode())
    assert isinstance(call, Call)
    assert (call.input_tokens, call.finish_reason) == (67, "stop")


@pytest.mark.parametrize(
    ("status", "finish", "failure", "expected"),
    [
        ("requires_action", "tool_calls", None, True), ("incomplete", "length", None, True), ("budget_exceeded", "length", None, True),
        ("failed", None, "provider_5xx", False), ("cancelled", None, "cancelled", False), ("in_progress", None, None, False),
    ],
)  # fmt: skip
def test_an_interactions_status_decides_finish_reason_and_failure(status, finish, failure, expected):
    call = parse(interaction(status, steps=[], usage=None))
    assert (call.finish_reason, call.failure, call.usage_expected) == (finish, failure, expected)


def test_one_that_is_waited_for_and_its_end_are_two_events():
    assert parse(interaction("in_progress", usage=None)).id != parse(interaction()).id


def test_the_events_of_a_stream_are_one_answer_with_its_tools():
    body = stream(
        {"event_type": "interaction.created", "interaction": {"id": "v1_a", "object": "interaction", "status": "in_progress"}},
        {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
        {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "Let me "}},
        {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "see."}},
        {"event_type": "step.start", "index": 1, "step": {"type": "function_call", "name": "weather", "arguments": {}}},
        {"event_type": "step.delta", "index": 1, "delta": {"type": "arguments_delta", "arguments": '{"city":'}},
        {"event_type": "step.delta", "index": 1, "delta": {"type": "arguments_delta", "arguments": '"Rome"}'}},
        {"event_type": "interaction.completed", "interaction": interaction("requires_action")},
    )
    call = parse(body)
    assert call.content is not None
    assert (call.stream, call.finish_reason, call.input_tokens, call.output_tokens) == (True, "tool_calls", 67, 83)
    assert call.content.output == "Let me see."
    assert [(tool.name, tool.arguments) for tool in call.content.tools] == [("weather", '{"city":"Rome"}')]


def test_the_first_versions_stream_is_read():
    body = stream(
        {"event_type": "interaction.start", "interaction": {"id": "v1_a", "object": "interaction", "status": "in_progress"}},
        {"event_type": "content.start", "index": 0, "content": {"type": "text"}},
        {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "Sunny."}},
        {"event_type": "content.delta", "index": 1, "delta": CALLED},
        {"event_type": "interaction.complete", "interaction": interaction()},
    )
    call = parse(body)
    assert call.content is not None
    assert (call.content.output, [tool.name for tool in call.content.tools]) == ("Sunny.", ["weather"])


def test_an_error_ends_a_stream_under_http_200():
    body = stream(
        {"event_type": "interaction.created", "interaction": {"id": "v1_a", "object": "interaction", "status": "in_progress"}},
        {"event_type": "error", "error": {"code": "429", "message": "Resource has been exhausted"}},
    )
    call = parse(body)
    assert (call.failure, call.usage_expected) == ("rate_limited", False)


def test_inputs_have_their_roles():
    call = parse(interaction(steps=[SAID]), system_instruction="Be brief.", generation_config={"max_output_tokens": 9}, input=[
        {"type": "user_input", "content": [{"type": "text", "text": "Rome?"}]}, {"type": "model_output", "content": "Which?"},
        {"type": "thought", "signature": "x"}, {"type": "function_result", "call_id": "1", "name": "weather", "result": "16 C"},
    ])  # fmt: skip
    assert call.content is not None
    said = [(message.role, message.text) for message in call.content.input]
    assert said == [("system", "Be brief."), ("user", "Rome?"), ("assistant", "Which?"), ("tool", "16 C")]
    assert call.params == {"max_tokens": 9}


@pytest.mark.parametrize(
    "odd",
    [
        [{"type": "arguments_delta", "arguments": "{"}],
        [{"type": "function_call", "text": 5}, {"type": "text", "text": "Sunny."}],
        [{"type": "function_call", "arguments": {"a": 1}}, {"type": "arguments_delta", "arguments": "{"}],
        [{"type": ["text"], "text": "Sunny."}],
    ],
)  # fmt: skip
def test_pieces_that_fit_nothing_cost_no_call(odd):
    events = [{"event_type": "step.delta", "index": 0, "delta": delta} for delta in odd]
    call = parse(stream(*events, {"event_type": "interaction.completed", "interaction": interaction()}))
    assert (call.input_tokens, call.failure) == (67, None)


@pytest.mark.parametrize("kind", [["text"], {"text": 1}, None])
def test_an_item_of_an_input_of_an_odd_type_says_nothing(kind):
    call = parse(interaction(steps=[SAID]), input=[{"type": "user_input", "content": "Rome?"}, {"type": kind, "content": "x"}])
    assert call.content is not None
    assert [message.text for message in call.content.input] == ["Rome?"]


@pytest.mark.parametrize("url", ["https://discord.com/api/v10/interactions/1/token/callback", "https://shop.test/v2/interactions"])
def test_interactions_of_other_services_are_not_calls(url):
    pair = {"id": "1", "url": url, "status": 503, "duration_s": 1, "request": {"type": 4, "data": {"content": "x"}}, "response": {"message": "x"}}
    with pytest.raises(Skip, match="unknown_format"):
        formats.get("auto").parse(json.dumps(pair).encode())
