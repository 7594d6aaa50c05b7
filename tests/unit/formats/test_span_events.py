"""Content that is not in the attributes of OpenTelemetry's newer conventions."""

import json
from typing import Any

import pytest

from traced import chat, span

ASKED = "mail bob@corp.example about order 7"


def moments(*events: tuple[str, dict[str, str]]) -> list[dict[str, Any]]:
    """Events of a span."""
    return [
        {"name": name, "timeUnixNano": "1764312000000000000", "attributes": [{"key": key, "value": {"stringValue": told}} for key, told in told.items()]}
        for name, told in events
    ]  # fmt: skip


AZURE = moments(
    ("gen_ai.system.message", {"gen_ai.event.content": '{"role": "system", "content": "Be brief"}'}),
    ("gen_ai.user.message", {"gen_ai.event.content": '{"role": "user", "content": "Hello"}'}),
    ("gen_ai.assistant.message", {"gen_ai.event.content": '{"role": "assistant", "content": "Hi"}'}),
    ("gen_ai.user.message", {"gen_ai.event.content": json.dumps({"role": "user", "content": ASKED})}),
    ("gen_ai.choice", {"gen_ai.event.content": '{"message": {"content": "Done"}, "finish_reason": "stop", "index": 0}'}),
)
STRANDS = moments(
    ("gen_ai.user.message", {"content": json.dumps([{"text": ASKED}])}),
    ("gen_ai.choice", {"finish_reason": "tool_use", "message": '[{"text": "Done"}, {"toolUse": {"name": "mail", "input": {"to": "bob"}}}]'}),
)
KERNEL = moments(
    ("gen_ai.content.prompt", {"gen_ai.prompt": json.dumps([{"role": "user", "content": ASKED}])}),
    ("gen_ai.content.completion", {"gen_ai.completion": '[{"message": {"role": "Assistant", "content": "Done"}, "content": "Done"}]'}),
)
DETAILS = moments(
    (
        "gen_ai.client.inference.operation.details",
        {
            "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": ASKED}]}]),
            "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "Done"}], "finish_reason": "stop"}]',
        },
    )
)


@pytest.mark.parametrize("events", [AZURE, STRANDS, KERNEL, DETAILS], ids=["azure", "strands", "semantic kernel", "in one event"])
def test_messages_are_read_from_span_events(events):
    call = chat(_events=events)
    assert (call.content.input[-1].text, call.content.output) == (ASKED, "Done")


def test_all_messages_are_kept_in_their_order():
    assert [(m.role, m.text) for m in chat(_events=AZURE).content.input][:3] == [("system", "Be brief"), ("user", "Hello"), ("assistant", "Hi")]


def test_a_choice_event_has_the_finish_reason_and_the_tool_calls():
    call = chat(_events=STRANDS)
    assert (call.finish_reason, [(tool.name, json.loads(tool.arguments)) for tool in call.content.tools]) == ("tool_calls", [("mail", {"to": "bob"})])


def test_a_spans_attributes_precede_its_events():
    assert chat(_events=AZURE, **{"gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "Later"}]}]'}).content.output == "Later"


def test_the_first_versions_of_pydantic_ai_have_all_events_in_an_attribute():
    events = [
        {"event.name": "gen_ai.user.message", "content": ASKED, "role": "user"},
        {"event.name": "gen_ai.choice", "index": 0, "message": {"role": "assistant", "content": "Done"}},
    ]
    call = chat(events=json.dumps(events), **{"gen_ai.usage.input_tokens": 87, "gen_ai.usage.output_tokens": 11, "gen_ai.usage.details.cached_tokens": 64})
    assert (call.content.input[0].text, call.content.output, call.cache_read_tokens) == (ASKED, "Done", 64)


@pytest.mark.parametrize("odd", ["", "x", "[", '[{"event.name"', '{"event.name": 1}', '[1, {"event.name": []}]', '[{"event.name": "gen_ai.choice", "message": [1]}]'])
def test_odd_events_cost_no_call(odd):
    assert chat(events=odd, **{"gen_ai.usage.input_tokens": 87}).input_tokens == 87
    assert chat(_events=moments(("gen_ai.choice", {"message": odd, "gen_ai.event.content": odd})), **{"gen_ai.usage.input_tokens": 87}).input_tokens == 87


def test_logfire_keeps_the_request_and_the_answer():
    told = {"request_data": json.dumps({"messages": [{"role": "user", "content": ASKED}]}), "response_data": '{"message": {"role": "assistant", "content": "Done"}}'}
    call = chat(**told, **{"operation.cost": 0.25, "gen_ai.usage.input_tokens": 2, "gen_ai.usage.output_tokens": 1})
    assert (call.content.input[0].text, call.content.output, call.cost_usd) == (ASKED, "Done", 0.25)


def test_logfire_keeps_the_text_of_a_stream():
    assert chat(request_data="{}", response_data='{"combined_chunk_content": "Done", "chunk_count": 3}').content.output == "Done"


def test_googles_adk_records_the_request_and_a_candidate():
    told = {
        "gcp.vertex.agent.llm_request": json.dumps({"model": "g", "contents": [{"role": "user", "parts": [{"text": ASKED}]}]}),
        "gcp.vertex.agent.llm_response": '{"content": {"parts": [{"text": "Done"}], "role": "model"}, "finish_reason": "STOP"}',
    }
    call = span(**told, **{"gen_ai.request.model": "g", "gen_ai.usage.input_tokens": 40, "gen_ai.usage.output_tokens": 5})
    assert (call.content.input[0].text, call.content.output, call.finish_reason) == (ASKED, "Done", "stop")


def test_langsmith_keeps_langchains_objects():
    asked = {"messages": [[{"lc": 1, "type": "constructor", "kwargs": {"content": ASKED, "type": "human"}}]]}
    answered = {"generations": [[{"text": "Done", "message": {"kwargs": {"content": "Done", "type": "ai"}}}]]}
    call = chat(**{"gen_ai.prompt": json.dumps(asked), "gen_ai.completion": json.dumps(answered)})
    assert ([(m.role, m.text) for m in call.content.input], call.content.output) == ([("user", ASKED)], "Done")
