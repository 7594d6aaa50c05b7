"""Tools: what an answer called, with what, and the schemas that strict ones were promised."""

import json

import pytest

from tocsin import formats
from tocsin.call import Call, ToolCall

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA, "strict": True}}
RESPONSES_TOOL = {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": True}
MESSAGES_TOOL = {"name": "weather", "input_schema": SCHEMA, "strict": True}
ARGUMENTS = '{"city": "Oslo"}'


def pair(word: str, request: dict, response: object) -> Call:
    raw = json.dumps({"id": "1", "time": 1795000000, "status": 200, "request": {"model": "m", **request}, "response": response}).encode()
    event = formats.get(word, content=True).parse(raw)
    assert isinstance(event, Call)
    return event


def chat(*calls: dict) -> dict:
    message = {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": call} for call in calls]}
    return {"object": "chat.completion", "choices": [{"finish_reason": "tool_calls", "message": message}]}


@pytest.mark.parametrize(
    ("word", "tool"), [("openai", CHAT_TOOL), ("openai", RESPONSES_TOOL), ("anthropic", MESSAGES_TOOL)]
)
def test_a_strict_tool_is_an_expectation(word, tool):
    expect = pair(word, {"tools": [tool]}, {}).expect
    assert expect.tools == {"weather": SCHEMA}
    assert expect.format is None


def test_a_tool_that_is_not_strict_is_none():
    assert pair("openai", {"tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]}, {}).expect is None


def test_a_format_and_strict_tools_are_expected_together():
    expect = pair("openai", {"tools": [CHAT_TOOL], "response_format": {"type": "json_object"}}, {}).expect
    assert (expect.format, expect.tools) == ("json", {"weather": SCHEMA})


def test_strict_tools_are_read_from_litellms_parameters():
    payload = {"id": "1", "status": "success", "model": "m", "startTime": 1.0, "endTime": 2.0, "model_parameters": {"tools": [CHAT_TOOL]}}
    assert formats.get("litellm", content=True).parse(json.dumps(payload).encode()).expect.tools == {"weather": SCHEMA}


@pytest.mark.parametrize(
    ("word", "response"),
    [
        ("openai", chat({"name": "weather", "arguments": ARGUMENTS})),
        ("openai", {"object": "response", "output": [{"type": "function_call", "name": "weather", "arguments": ARGUMENTS}]}),
        ("anthropic", {"type": "message", "content": [{"type": "tool_use", "name": "weather", "input": {"city": "Oslo"}}]}),
    ],
)
def test_a_call_has_its_arguments_as_json(word, response):
    assert pair(word, {}, response).content.tools == [ToolCall("weather", ARGUMENTS)]


def sse(*chunks: dict) -> str:
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)


def test_the_chunks_of_a_chat_stream_are_combined():
    def chunk(**function):
        return {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": function}]}}]}

    text = sse(chunk(name="weather", arguments=""), chunk(arguments='{"city": '), chunk(arguments='"Oslo"}'), chunk(name="time", arguments="{}"))
    assert pair("openai", {}, text).content.tools == [ToolCall("weather", ARGUMENTS), ToolCall("time", "{}")]


def test_the_events_of_a_messages_stream_are_combined():
    text = sse(
        {"type": "message_start", "message": {"type": "message", "content": []}},
        {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "weather", "input": {}}},
        {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": '{"city": '}},
        {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": '"Oslo"}'}},
        {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "now", "input": {}}},
    )
    assert pair("anthropic", {}, text).content.tools == [ToolCall("weather", ARGUMENTS), ToolCall("now", "{}")]


@pytest.mark.parametrize("tools", [None, 7, ["x"], [{"function": 3, "strict": True}], [{"name": 4, "strict": True, "parameters": {}}]])
def test_invalid_tools_are_not_an_expectation(tools):
    assert pair("openai", {"tools": tools}, {}).expect is None
