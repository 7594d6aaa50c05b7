"""Streams logged as text: cut off, out of order, with counts in odd places, ended by an error."""

import json
from typing import Any

import pytest

from tocsin import formats
from tocsin.call import Call
from tocsin.formats import sse

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"


def stream(*events: dict[str, Any]) -> str:
    return "".join(f"event: {event.get('type', 'message')}\ndata: {json.dumps(event)}\n\n" for event in events)


def read(path: str, text: str) -> Call:
    pair = {"id": "1", "status": 200, "url": f"https://api.example.com{path}", "request": {"model": "m"}, "response": text}
    event = formats.get("auto", content=True).parse(json.dumps(pair).encode())
    assert isinstance(event, Call)
    return event


def said(call: Call) -> str | None:
    assert call.content is not None
    return call.content.output


# ---- Responses ------------------------------------------------------------------------------------------
def response(status: str, **fields: Any) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "status": status, "model": "m", "output": [], "usage": None, **fields}


BEGUN = (
    {"type": "response.created", "response": response("in_progress")},
    {"type": "response.output_text.delta", "output_index": 0, "delta": "Hello "},
    {"type": "response.output_text.delta", "output_index": 0, "delta": "there"},
)
WHOLE = response(
    "completed", usage={"input_tokens": 9, "output_tokens": 2},
    output=[{"type": "message", "content": [{"type": "output_text", "text": "Hello there"}]}],
)  # fmt: skip


def test_a_responses_stream_that_was_cut_off_is_worth_its_text_and_owes_its_usage():
    call = read(RESPONSES, stream(*BEGUN))
    assert (said(call), call.failure, call.input_tokens, call.usage_expected) == ("Hello there", None, None, True)


@pytest.mark.parametrize(
    ("code", "reason"), [("server_error", "provider_5xx"), ("rate_limit_exceeded", "rate_limited"), (None, "provider_5xx")]
)
def test_an_error_event_of_a_responses_stream_is_a_failure(code, reason):
    error = {"type": "error", "code": code, "message": None, "param": None, "sequence_number": 3}
    assert read(RESPONSES, stream(*BEGUN, error)).failure == reason
    assert read(RESPONSES, stream(error)).failure == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("Rate limit exceeded", "rate_limited"), ('"upstream timed out"', "timeout"), ("Internal Server Error", "provider_5xx"),
        ('{"message": "the model is overloaded"}', "provider_5xx"), ('{\ndata: "detail": "?"}', "provider_5xx"),
    ],
)  # fmt: skip
def test_an_event_named_error_is_an_error_with_any_data(data, reason):
    said_before = 'data: {"choices": [{"index": 0, "delta": {"content": "Hel"}}]}\n\n'
    call = read(CHAT, f"{said_before}event: error\ndata: {data}\n\n")
    assert (said(call), call.failure, call.usage_expected) == ("Hel", reason, False)
    assert read(CHAT, f"event: error\ndata: {data}").failure == reason


@pytest.mark.parametrize("ending", [(), ({"type": "response.refusal.done", "output_index": 0, "refusal": "I cannot"},)])
def test_a_refusal_that_was_cut_off_is_one(ending):
    begun = ({"type": "response.refusal.delta", "output_index": 0, "delta": piece} for piece in ("I ", "cannot"))
    call = read(RESPONSES, stream(BEGUN[0], *begun, *ending))
    assert (call.refusal, said(call), call.failure) == (True, "I cannot", None)


def test_events_after_the_end_of_a_responses_stream_are_ignored():
    late = {"type": "response.in_progress", "response": response("in_progress")}
    call = read(RESPONSES, stream(*BEGUN, {"type": "response.completed", "response": WHOLE}, late))
    assert (call.input_tokens, call.output_tokens, said(call)) == (9, 2, "Hello there")


def test_a_last_body_without_output_is_filled_from_the_items_before_it():
    done = {"type": "response.output_item.done", "output_index": 1, "item": {"type": "function_call", "name": "f", "arguments": "{}"}}
    call = read(RESPONSES, stream(*BEGUN, done, {"type": "response.completed", "response": {**WHOLE, "output": []}}))
    assert said(call) == "Hello there"
    assert call.content is not None
    assert [tool.name for tool in call.content.tools] == ["f"]


# ---- Messages -------------------------------------------------------------------------------------------
def messages(start: dict[str, Any], *events: dict[str, Any], **end: Any) -> str:
    head = {"id": "msg_1", "type": "message", "model": "m", "content": [], "usage": start}
    return stream(
        {"type": "message_start", "message": head}, *events,
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 15, **end}},
    )  # fmt: skip


@pytest.mark.parametrize("end", [{}, {"input_tokens": None}, {"input_tokens": 0, "cache_read_input_tokens": 0}, {"input_tokens": 10}])
def test_counts_that_the_last_event_does_not_know_stay_those_of_the_first(end):
    call = read(MESSAGES, messages({"input_tokens": 10, "cache_read_input_tokens": 7, "output_tokens": 1}, **end))
    assert (call.input_tokens, call.cache_read_tokens, call.output_tokens) == (17, 7, 15)


def test_a_stream_cut_before_its_end_does_not_report_the_placeholder_of_its_start():
    whole = messages({"input_tokens": 10, "output_tokens": 1}, {"type": "content_block_delta", "delta": {"text": "Hel"}})
    call = read(MESSAGES, whole[: whole.index('data: {"type": "message_delta"')])
    assert (call.input_tokens, call.output_tokens, call.usage_cut, said(call)) == (10, None, True, "Hel")


@pytest.mark.parametrize("count", [0, 1, 15])
def test_a_complete_stream_is_read_from_its_last_event(count):
    call = read(MESSAGES, messages({"input_tokens": 10, "output_tokens": count}, output_tokens=count))
    assert (call.output_tokens, call.usage_cut) == (count, False)


def test_interleaved_blocks_are_assigned_by_their_index():
    call = read(MESSAGES, messages(
        {"input_tokens": 1},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "name": "f", "input": {}}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"a":'}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "1}"}},
    ))  # fmt: skip
    assert said(call) == "Hello"
    assert call.content is not None
    assert [(tool.name, tool.arguments) for tool in call.content.tools] == [("f", '{"a":1}')]


# ---- Chat -----------------------------------------------------------------------------------------------
def chunk(delta: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}], **fields}


def test_groq_reports_usage_in_a_field_of_its_own():
    usage = {"prompt_tokens": 9, "completion_tokens": 2}
    call = read(CHAT, stream(chunk({"content": "Hello"}), chunk({}, x_groq={"id": "r", "usage": usage})))
    assert (call.input_tokens, call.output_tokens) == (9, 2)


def test_groq_says_there_that_a_stream_was_stopped_early():
    assert read(CHAT, stream(chunk({"content": "Hel"}), chunk({}, x_groq={"id": "r", "error": "internal server error"}))).failure == "provider_5xx"


def test_a_chunk_may_have_parts_instead_of_text():
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Hello"}]
    assert said(read(CHAT, stream(chunk({"content": parts})))) == "Hello"


def test_an_event_may_run_over_several_data_lines():
    pretty = json.dumps(chunk({"content": "Hello"}), indent=1)
    text = "".join(f"data: {line}\n" for line in pretty.splitlines()) + "\ndata: [DONE]\n\n"
    assert said(read(CHAT, text)) == "Hello"


def test_interleaved_tool_calls_are_assigned_by_their_index():
    def tool(index: int, **function: str) -> dict[str, Any]:
        return chunk({"tool_calls": [{"index": index, "function": function}]})

    call = read(CHAT, stream(
        tool(0, name="f", arguments=""), tool(1, name="g", arguments=""), tool(0, arguments="{}"), tool(1, arguments="[]"),
    ))  # fmt: skip
    assert call.content is not None
    assert [(t.name, t.arguments) for t in call.content.tools] == [("f", "{}"), ("g", "[]")]


# ---- chunks in odd shapes ---------------------------------------------------------------------------------
PIECES = [
    {"id": "c-1", "object": "chat.completion.chunk", "created": 9, "model": "m-1", "choices": [{"index": 0, "delta": {"content": text}}]}
    for text in ("Hello", " there")
]  # fmt: skip
COUNTED = {"id": "c-1", "object": "chat.completion.chunk", "created": 9, "model": "m-1", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}


def test_a_response_may_be_the_list_of_its_chunks():
    pair = {"status": 200, "request": {"model": "m"}, "response": [*PIECES, COUNTED]}
    call = formats.get("auto", content=True).parse(json.dumps(pair).encode())
    assert isinstance(call, Call)
    assert (call.id, call.input_tokens, call.output_tokens, call.stream, said(call)) == ("c-1|9", 7, 2, True, "Hello there")


def test_a_response_may_be_the_list_of_its_lines():
    text = stream(BEGUN[0], {"type": "response.completed", "response": WHOLE})
    pair = {"id": "1", "status": 200, "request": {"model": "m"}, "response": text.splitlines()}
    call = formats.get("openai", content=True).parse(json.dumps(pair).encode())
    assert isinstance(call, Call)
    assert (call.input_tokens, call.stream, call.field_errors) == (9, True, ())


def test_azures_filter_chunks_do_not_clear_the_identity():
    late = {"id": "", "object": "", "created": 0, "model": "", "choices": [{"index": 0, "finish_reason": None, "content_filter_results": {}}]}
    pair = {"status": 200, "request": {}, "response": stream(*PIECES, COUNTED, late)}
    call = formats.get("openai").parse(json.dumps(pair).encode())
    assert isinstance(call, Call)
    assert (call.id, call.model, call.start) == ("c-1|9", "m-1", 9)


def test_an_error_without_an_object_around_it_ends_a_stream():
    assert read(CHAT, stream(*PIECES, {"object": "error", "message": "x", "type": "InternalServerError", "code": 500})).failure == "provider_5xx"


# ---- what only some servers do ------------------------------------------------------------------------------
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}


def test_moonshot_reports_usage_in_the_last_choice():
    last = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": USAGE}]}
    call = read(CHAT, stream(chunk({"content": "Hello"}), last))
    assert (call.input_tokens, call.output_tokens, call.finish_reason) == (9, 2, "stop")


def test_usage_in_every_chunk_is_that_of_the_last():
    counted = [chunk({"content": "a"}, usage={**USAGE, "completion_tokens": count}) for count in (1, 2, 3)]
    assert read(CHAT, stream(*counted)).output_tokens == 3


def test_fragments_of_a_legacy_function_call_are_joined():
    call = read(CHAT, stream(*(chunk({"function_call": piece}) for piece in ({"name": "f", "arguments": ""}, {"arguments": '{"a"'}, {"arguments": ":1}"}))))
    assert call.content is not None
    assert [(tool.name, tool.arguments) for tool in call.content.tools] == [("f", '{"a":1}')]


def test_sound_is_read_by_its_transcript():
    assert said(read(CHAT, stream(chunk({"audio": {"id": "a"}}), chunk({"audio": {"transcript": "Good "}}), chunk({"audio": {"transcript": "day", "data": "UklG"}})))) == "Good day"


@pytest.mark.parametrize(("error", "reason"), [({"code": 502, "message": "x"}, "provider_5xx"), ({"code": 429, "message": "x"}, "rate_limited"), (None, "provider_5xx")])
def test_a_choice_that_ends_in_an_error_is_a_failure(error, reason):
    choice = {"index": 0, "delta": {}, "finish_reason": "error", "error": error}
    call = read(CHAT, stream(chunk({"content": "Hel"}), {"object": "chat.completion.chunk", "choices": [choice]}))
    assert (call.failure, call.usage_expected, said(call)) == (reason, False, "Hel")


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n"])
def test_a_byte_order_mark_comments_and_other_line_ends_are_passed_over(ends):
    text = "\ufeff" + stream(chunk({"content": "Hello"}, usage=USAGE)).replace("event: message\n", ": ping\n").replace("\n", ends)
    call = read(CHAT, text)
    assert (said(call), call.input_tokens) == ("Hello", 9)


def test_the_time_that_the_server_took_for_the_head_of_a_stream_is_not_its_duration():
    pair = {"id": "1", "status": 200, "request": {"stream": True}, "response": stream(*PIECES), "response_headers": {"openai-processing-ms": "152"}}
    whole = {**pair, "request": {}, "response": {"id": "c-1", "choices": []}}
    durations = [formats.get("openai").parse(json.dumps(one).encode()).duration for one in (pair, whole)]
    assert durations == [None, 0.152]


def test_the_chunks_of_a_stream_in_a_list_may_end_with_the_word_that_ends_it():
    chunks = [{"choices": [{"index": 0, "delta": {"content": "Hel"}}]}, {"choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}]}]
    pair = {"id": "1", "status": 200, "request": {"model": "m"}, "response": [*chunks, "[DONE]"]}
    call = formats.get("auto", content=True).parse(json.dumps(pair).encode())
    assert isinstance(call, Call)
    assert (said(call), call.finish_reason, call.stream, call.field_errors) == ("Hello", "stop", True, ())


@pytest.mark.parametrize("end", [[], ["[DONE]"]], ids=["without the word", "with it"])
def test_a_list_of_one_chunk_is_a_stream(end):
    chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Yo"}, "finish_reason": "stop"}]}
    for told in ({}, {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}):
        pair = {"id": "1", "status": 200, "request": {"model": "m"}, "response": [chunk | told, *end]}
        call = formats.get("auto", content=True).parse(json.dumps(pair).encode())
        assert isinstance(call, Call)
        assert (call.stream, said(call), call.finish_reason) == (True, "Yo", "stop")


def test_a_complete_answer_listed_with_done_keeps_its_usage():
    answer = {"type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "Yo"}], "usage": {"input_tokens": 3}}
    pair = {"id": "1", "status": 200, "request": {"model": "m"}, "response": [answer, "[DONE]"]}
    call = formats.get("auto", content=True).parse(json.dumps(pair).encode())
    assert isinstance(call, Call)
    assert (call.stream, said(call), call.input_tokens) == (True, "Yo", 3)


# ---- endless streams --------------------------------------------------------------------------------------
WORDS = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in ("one ", "two ", "three ")]


@pytest.mark.parametrize(
    "text",
    ["".join(f"data: {json.dumps(chunk)}\n" for chunk in WORDS), "\n".join(map(json.dumps, WORDS)), json.dumps(WORDS)[:-1], WORDS],
    ids=["events", "lines", "array that was cut off", "list"],
)
def test_of_an_endless_stream_the_first_events_are_read(monkeypatch, text):
    monkeypatch.setattr(sse, "LINES_MOST", 2)
    assert said(read(CHAT, text)) == "one two "


@pytest.mark.parametrize(("broken", "found"), [(2, [{"a": 1}]), (3, [])])
def test_a_text_of_many_broken_lines_is_not_a_stream(monkeypatch, broken, found):
    monkeypatch.setattr(sse, "_BROKEN_MOST", 2)
    assert list(sse.objects_of_lines("words\n\n" + "{\n" * broken + '{"a": 1}')) == found


def test_a_line_that_begins_no_object_is_not_decoded(monkeypatch):
    monkeypatch.setattr(sse, "_strict", None)
    assert list(sse.objects_of_lines("\n\n[DONE]\n words")) == []
    assert sse.body("data: [DONE]\n\ndata:\n\n") is None
