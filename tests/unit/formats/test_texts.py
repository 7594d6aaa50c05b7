"""What detectors are given of a conversation: who says what, whatever API it was held in."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call, Content, Message, ToolCall
from tocsin.formats.chat import Conversation
from tocsin.formats.texts import messages, question_of

QUESTION, WEATHER, ANSWER = "Is it warm in Oslo?", "Oslo: 21 degrees, sunny", "Yes, 21 degrees."
ASKED = [Message("system", "Be brief."), Message("user", QUESTION), Message("assistant", ""), Message("tool", WEATHER)]


def content(pair: dict[str, Any], word: str = "auto") -> Content:
    event = formats.get(word, content=True).parse(json.dumps(pair).encode())
    assert isinstance(event, Call)
    assert event.content is not None
    return event.content


CHAT: dict[str, Any] = {
    "request": {"model": "m", "messages": [
        {"role": "developer", "content": "Be brief."}, {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "weather", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": WEATHER},
    ]},
    "response": {"object": "chat.completion", "choices": [{"message": {"content": ANSWER, "reasoning_content": "hm"}}]},
}  # fmt: skip
RESPONSES: dict[str, Any] = {
    "request": {"model": "m", "instructions": "Be brief.", "input": [
        {"role": "user", "content": [{"type": "input_text", "text": QUESTION}]},
        {"type": "function_call", "call_id": "1", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "1", "output": WEATHER},
    ]},
    "response": {"object": "response", "status": "completed", "output": [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "message", "content": [{"type": "output_text", "text": ANSWER}]},
    ]},
}  # fmt: skip
MESSAGES: dict[str, Any] = {
    "request": {"model": "m", "system": [{"type": "text", "text": "Be brief."}], "messages": [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "weather", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": WEATHER}]}]},
    ]},
    "response": {"type": "message", "content": [
        {"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "redacted_thinking", "data": "x"},
        {"type": "mcp_tool_result", "content": [{"type": "text", "text": WEATHER}]}, {"type": "text", "text": ANSWER},
    ]},
}  # fmt: skip


PAYLOAD = {"id": "1", "status": "success", "startTime": 1.0, "endTime": 2.0, "custom_llm_provider": "openai", "model": "m"}
LITELLM = PAYLOAD | {"messages": CHAT["request"]["messages"], "response": CHAT["response"]}
LITELLM_RESPONSES = PAYLOAD | {
    "messages": RESPONSES["request"]["input"], "response": RESPONSES["response"], "model_parameters": {"instructions": "Be brief."},
}  # fmt: skip
LITELLM_MESSAGES = PAYLOAD | {"messages": [CHAT["request"]["messages"][0], *MESSAGES["request"]["messages"]], "response": CHAT["response"]}
SAME = {
    "chat": CHAT, "responses": RESPONSES, "messages": MESSAGES, "LiteLLM": LITELLM, "LiteLLM's responses": LITELLM_RESPONSES,
    "LiteLLM's messages": LITELLM_MESSAGES,
}  # fmt: skip


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_the_same_conversation_is_the_same_in_every_api(pair):
    read = content(pair)
    assert (read.input, read.output, read.tools) == (ASKED, ANSWER, [])
    assert question_of(read.input) == QUESTION


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a rule"}}, Message("document", "a rule")),
        ({"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a rule"}]}}, Message("document", "a rule")),
        ({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "YSBydWxl"}}, Message("document", "")),
        ({"type": "search_result", "source": "https://a", "title": "t", "content": [{"type": "text", "text": "a rule"}]}, Message("document", "a rule")),
        ({"type": "image", "source": {"type": "base64", "data": "YSBydWxl"}}, Message("user", "")),
        ({"type": "input_file", "file_data": "YSBydWxl"}, Message("user", "")),
    ],
)  # fmt: skip
def test_a_document_speaks_for_itself_and_bytes_do_not(part, message):
    said = [{"role": "user", "content": [part]}]
    assert messages(said) == [message]
    assert Conversation(json.dumps(said).encode()) == [message]


def test_a_tool_result_and_the_users_text_are_separate_messages():
    said = [{"role": "user", "content": [{"type": "tool_result", "content": "21"}, {"type": "image"}, {"type": "text", "text": "And now?"}]}]
    assert messages(said) == Conversation(json.dumps(said).encode()) == [Message("tool", "21"), Message("user", "And now?")]


def chat(message: dict[str, Any]) -> dict[str, Any]:
    return {"object": "chat.completion", "choices": [{"message": message}]}


def test_sound_is_read_by_its_transcript():
    assert content(chat({"content": None, "audio": {"id": "a", "data": "UklG", "transcript": "Good day"}})).output == "Good day"


@pytest.mark.parametrize(
    "message",
    [
        {"function_call": {"name": "f", "arguments": "{}"}},
        {"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"tool_calls": [{"type": "custom", "custom": {"name": "f", "input": "{}"}}]},
    ],
    ids=["of older APIs", "function", "custom"],
)  # fmt: skip
def test_calls_to_tools_have_three_forms(message):
    assert content(chat(message)).tools == [ToolCall("f", "{}")]


TOLD = [{"token": "Yes", "logprob": -0.25}, {"token": ".", "logprob": -0.5}, {"token": "?", "logprob": None}]


@pytest.mark.parametrize(
    "response",
    [
        {"choices": [{"message": {"content": "Yes."}, "logprobs": {"content": TOLD, "refusal": None}}, {"logprobs": {"content": TOLD}}]},
        {"object": "text_completion", "choices": [{"text": "Yes.", "logprobs": {"tokens": ["Yes", "."], "token_logprobs": [None, -0.25, -0.5]}}]},
        {"object": "response", "status": "completed", "output": [{"type": "message", "content": [{"text": "Yes.", "logprobs": TOLD}]}]},
        "".join(f"data: {json.dumps({'choices': [{'delta': {'content': t['token']}, 'logprobs': {'content': [t]}}]})}\n\n" for t in TOLD),
    ],
    ids=["chat", "completions", "responses", "stream"],
)  # fmt: skip
def test_probabilities_of_tokens_reach_the_detectors(response):
    assert content({"request": {"model": "m"}, "response": response}).logprobs == [-0.25, -0.5]
    if isinstance(response, dict):
        assert content(PAYLOAD | {"response": response}).logprobs == [-0.25, -0.5]


def test_without_probabilities_there_are_none():
    assert [content(pair).logprobs for pair in SAME.values()] == [None] * len(SAME)


@pytest.mark.parametrize(("count", "asked"), [(None, "json"), (1, "json"), (3, None)])
def test_several_answers_together_are_held_against_no_format(count, asked):
    wishes = {"response_format": {"type": "json_object"}, "n": count}
    pair = {"request": {"model": "m", **wishes}, "response": chat({"content": "{}"})}
    for record in (pair, PAYLOAD | {"model_parameters": wishes, "response": chat({"content": "{}"})}):
        event = formats.get("auto", content=True).parse(json.dumps(record).encode())
        assert isinstance(event, Call)
        assert (event.expect and event.expect.format) == asked


def responses(*output: dict[str, Any]) -> Content:
    body = {"id": "r", "object": "response", "status": "completed", "model": "m", "output": list(output)}
    paired, logged = content({"request": {"model": "m"}, "response": body}), content({**LOGGED, "response": body})
    assert (paired.output, paired.tools) == (logged.output, logged.tools)
    return paired


LOGGED = {"id": "1", "status": "success", "call_type": "aresponses", "model": "m", "startTime": 1.0, "endTime": 2.0}
THOUGHT = {"type": "reasoning", "summary": []}
SEARCHED = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "Oslo"}}
DRAWN = {"type": "image_generation_call", "status": "completed", "result": "iVBO"}


@pytest.mark.parametrize(("output", "said"), [((), ""), ((THOUGHT,), ""), ((THOUGHT, SEARCHED), ""), ((THOUGHT, DRAWN), None)])
def test_an_answer_of_only_thoughts_is_empty_but_not_one_with_an_image(output, said):
    assert responses(*output).output == said


@pytest.mark.parametrize(
    ("item", "tool"),
    [
        ({"type": "computer_call", "action": {"type": "wait"}}, ToolCall("computer_call", '{"type": "wait"}')),
        ({"type": "shell_call", "action": {"commands": ["ls"]}}, ToolCall("shell_call", '{"commands": ["ls"]}')),
        ({"type": "apply_patch_call", "operation": {"path": "a.py"}}, ToolCall("apply_patch_call", '{"path": "a.py"}')),
        ({"type": "mcp_approval_request", "name": "pay", "arguments": "{}"}, ToolCall("pay", "{}")),
    ],
)
def test_actions_for_the_caller_are_tool_calls(item, tool):
    answered = responses(THOUGHT, item)
    assert (answered.output, answered.tools) == (None, [tool])


def test_an_item_of_an_odd_kind_is_passed_over():
    assert responses({"type": ["reasoning"]}).output is None
