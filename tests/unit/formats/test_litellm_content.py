"""The typed pass over a payload with its content gives the same result as its tree, for any payload."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.call import Call, Message, Skip
from tocsin.formats import litellm
from tocsin.formats.chat import Conversation
from tocsin.formats.texts import text_of

GOLDEN = Path(__file__).parents[2] / "golden" / "litellm"
PAYLOADS = [payload for path in sorted(GOLDEN.glob("generic_api-*.json")) for payload in json.loads(path.read_bytes())]
PLAIN: dict[str, Any] = {"id": "e-1", "status": "success", "startTime": 1000.0, "endTime": 1002.0, "model": "gpt-4o", "session_id": "s-1"}

KEYS = st.sampled_from((
    "role", "content", "text", "refusal", "output", "type", "name", "arguments", "function", "tool_calls", "message", "input",
    "strict", "parameters", "source", "data", "audio", "images", "transcript", "function_call", "input_schema", "json_schema", "schema", "format", "finish_reason",
))  # fmt: skip
WORDS = st.sampled_from(("", "hi", "redacted-by-litellm", "message", "function_call", "tool_use", "tool_result", "document", "base64", "json_schema", "json_object", "system", "developer", 'é\n"', "\x00"))
ODD = st.recursive(st.none() | st.booleans() | st.integers(-3, 2**70) | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=6)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object that may lack any of these fields, and may have others."""
    return st.tuples(ODD, st.fixed_dictionaries({}, optional=fields)).map(lambda two: (two[0] if isinstance(two[0], dict) else {}) | two[1])


SOURCE = some(type=WORDS, data=WORDS | ODD, content=WORDS | ODD)
PART = some(type=WORDS | ODD, text=WORDS | ODD, refusal=WORDS, content=WORDS | ODD, source=SOURCE | ODD)
TEXT = WORDS | st.lists(PART | WORDS | ODD, max_size=3) | ODD
SAID = some(role=WORDS | ODD, type=WORDS | ODD, content=TEXT, output=TEXT)
TOOL_CALL = some(name=WORDS, input=ODD, arguments=ODD, function=some(name=WORDS, arguments=WORDS | ODD) | ODD)
ANSWER = some(
    content=TEXT, refusal=WORDS | ODD, tool_calls=st.lists(TOOL_CALL, max_size=2) | ODD, function_call=TOOL_CALL | ODD, audio=some(transcript=TEXT) | ODD,
)  # fmt: skip
PROBABLE = st.lists(some(logprob=st.floats() | ODD) | ODD, max_size=2) | ODD
CHOICE = some(finish_reason=WORDS, message=ANSWER | ODD, text=TEXT, logprobs=some(content=PROBABLE, token_logprobs=PROBABLE) | ODD)
RESPONSE = some(choices=st.lists(CHOICE | ODD, max_size=2) | ODD, output=st.lists(some(type=WORDS, content=TEXT, name=WORDS), max_size=2) | ODD, content=TEXT, text=TEXT)
FUNCTION = some(name=WORDS, strict=st.booleans() | ODD, parameters=ODD, input_schema=ODD)
ASKED = some(type=WORDS, json_schema=some(schema=ODD) | ODD, schema=ODD)
WISHES = some(
    temperature=ODD, top_p=ODD, max_tokens=ODD, seed=ODD, response_format=ASKED | ODD, text=some(format=ASKED) | ODD, output_format=ASKED | ODD,
    output_config=some(format=ASKED) | ODD, instructions=TEXT, system=TEXT, n=st.integers(0, 3) | ODD, tools=st.lists(some(function=FUNCTION | ODD) | FUNCTION | ODD, max_size=2) | ODD,
)  # fmt: skip
PAYLOAD = some(messages=st.lists(SAID | ODD, max_size=3) | TEXT, response=RESPONSE | ODD, model_parameters=WISHES | ODD).map(lambda fields: PLAIN | fields)


def outcome(parse: Callable[[bytes], Any], raw: bytes) -> Call | str:
    try:
        event = parse(raw)
    except Skip as skip:
        return skip.reason
    assert isinstance(event, Call)
    return event


def typed(raw: bytes) -> Call | str:
    return outcome(litellm.LiteLLM(content=True).parse, raw)


def by_tree(raw: bytes) -> Call | str:
    with mock.patch.object(litellm, "_full", side_effect=ValueError):
        return outcome(litellm.LiteLLM(content=True).parse, raw)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_real_payloads_are_read_in_one_pass_with_the_same_outcome(payload):
    raw = json.dumps(payload).encode()
    litellm._full(raw)
    assert typed(raw) == by_tree(raw)


@given(PAYLOAD)
def test_odd_payloads_are_read_with_the_same_outcome(payload):
    raw = json.dumps(payload).encode()
    assert typed(raw) == by_tree(raw)


@given(st.binary(max_size=6), st.sampled_from(("messages", "response", "model_parameters")))
def test_invalid_utf8_is_read_with_the_same_result(junk, where):
    said = b'[{"role": "user", "content": "a' + junk + b'"}]'
    body = said if where == "messages" else b'{"choices": [{"message": ' + said[1:-1] + b'}], "tools": [{"name": "f", "strict": true, "parameters": {"a": "' + junk + b'"}}]}'
    raw = json.dumps(PLAIN).encode()[:-1] + b', "' + where.encode() + b'": ' + body + b"}"
    assert typed(raw) == by_tree(raw)


def test_a_conversation_is_read_when_somebody_looks_and_not_before():
    said = Conversation(b'[{"role": "developer", "content": [{"type": "text", "text": "a"}, {"image_url": "x"}, "b"]}, {"output": "c"}]')
    assert said._messages is None
    assert list(said) == [Message("system", "a\nb"), Message("tool", "c")]
    assert (len(said), said[-1].text, [m.text for m in said[-1:]], "'c'" in repr(said)) == (2, "c", ["c"], True)


def test_redaction_is_recognised_without_decoding_the_conversation():
    said = [{"role": "user", "content": "say it"}]
    call = typed(json.dumps(PLAIN | {"messages": said, "response": {"text": "it"}}).encode())
    assert isinstance(call, Call)
    assert call.content is not None
    assert isinstance(call.content.input, Conversation)
    assert (call.content.state, call.content.output, call.content.input._messages) == ("present", "it", None)


@pytest.mark.parametrize("raw", [b"", b"null", b'""', b"{}", b"7", b"[1]", b"[" * 10_000 + b"]" * 10_000])
def test_invalid_messages_are_an_empty_conversation(raw):
    assert Conversation(raw) == []


@pytest.mark.parametrize(
    ("said", "output"),
    [
        ({"choices": [{"message": {"content": ""}}]}, ""),
        ({"choices": [{"message": {"content": None, "images": [{"type": "image_url"}]}}]}, None),
        ({"choices": [{"message": {"content": "", "images": []}}]}, ""),
        ({"choices": [{"message": {"content": None, "audio": {"data": "AA"}}}]}, None),
        ({"content": []}, ""),
        ({"output": []}, ""),
        ({"output": [{"type": "image_generation_call"}]}, None),
    ],
)
def test_an_answer_is_empty_where_it_has_no_sound_and_no_pictures_either(said, output):
    call = typed(json.dumps(PLAIN | {"response": said}).encode())
    assert isinstance(call, Call)
    assert call.content is not None
    assert (call.content.output, text_of(said)[0]) == (output, output)


# ---- What LiteLLM cut -----------------------------------------------------------------------------------
CUT_WHOLE = "{'id': 'chatcmpl-1', 'choices': [{'message': {'content': 'Tel...truncated by litellm, this logger does not support large content"
CUT_INSIDE = "It begins so ... (litellm_truncated 5000 chars) ... and ends so."


def answered(content: str | None, **message: Any) -> dict[str, Any]:
    return {**PLAIN, "response": {"choices": [{"finish_reason": "stop", "message": {"content": content, **message}}]}}


@pytest.mark.parametrize(
    ("payload", "state", "said"),
    [
        (answered(CUT_INSIDE), "truncated", CUT_INSIDE),
        (answered(None, tool_calls=[{"function": {"name": "save", "arguments": CUT_INSIDE}}]), "truncated", ""),
        (answered("Our log was truncated."), "present", "Our log was truncated."),
    ],
)
def test_an_answer_that_litellm_cut_in_its_table_is_known_as_such(payload, state, said):
    content = parse(row(response=payload["response"])).content
    assert content is not None
    assert (content.state, content.output) == (state, said)


def row(*, response: Any, **asked: Any) -> dict[str, Any]:
    """A row of SpendLogs: its objects are text, and its id has another name."""
    said = {"messages": {}, "proxy_server_request": {}, "metadata": {}, "response": response, **asked}
    return {**{key: value for key, value in PLAIN.items() if key != "id"}, "request_id": "e-1", "user": "u-7", **{name: json.dumps(value) for name, value in said.items()}}


@pytest.mark.parametrize("odd", [{}, {"total_tokens": "9"}], ids=["typed", "tree"])
def test_an_answer_that_litellm_cut_and_wrote_as_one_text_is_nobodys_words(odd):
    content = parse({**PLAIN, "response": CUT_WHOLE, **odd}).content
    assert content is not None
    assert (content.state, content.output) == ("truncated", None)


@pytest.mark.parametrize("odd", [{}, {"total_tokens": "9"}], ids=["typed", "tree"])
def test_a_conversation_truncated_to_one_text_is_dropped(odd):
    content = parse({**answered("Yes."), "messages": CUT_WHOLE, **odd}).content
    assert content is not None
    assert (content.state, content.output, list(content.input)) == ("present", "Yes.", [])


def parse(payload: dict[str, Any]) -> Call:
    return litellm.LiteLLM(content=True).parse(json.dumps(payload).encode())


# ---- Rows of SpendLogs ----------------------------------------------------------------------------------
ASKED = [{"role": "user", "content": "Is it warm?"}]
BODY = {"model": "gpt-4o", "messages": ASKED, "temperature": 0.2, "response_format": {"type": "json_object"}}


@pytest.mark.parametrize("asked", [{"messages": ASKED}, {"proxy_server_request": BODY}, {"proxy_server_request": {"input": "Is it warm?"}}])
def test_the_content_of_a_row_is_decoded(asked):
    content = parse(row(response=answered("Yes.")["response"], **asked)).content
    assert content is not None
    assert (list(content.input), content.output, content.state) == ([Message("user", "Is it warm?")], "Yes.", "present")


def test_the_request_in_a_row_has_the_parameters_and_the_row_the_caller():
    call = parse(row(response=answered("{}")["response"], proxy_server_request=BODY))
    assert call.expect is not None
    assert (call.expect.format, call.params, call.consumer) == ("json", {"temperature": 0.2}, "u-7")


def test_a_row_without_texts_has_no_answer():
    content = parse(row(response={})).content
    assert content is not None
    assert (content.input, content.output, content.state) == ([], None, "absent")
