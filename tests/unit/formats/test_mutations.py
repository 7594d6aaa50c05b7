"""One value of a real record replaced by a hostile one: the rest of the record is still read or skipped.

Whatever is read, no part of the tokens is more than the whole, and content makes no difference to what is counted.
"""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tocsin import formats
from tocsin.call import NO_CALL, Call, Event, Skip, usage_of
from tocsin.formats.lenient import MAX_SECONDS, MAX_TOKENS, SKIP_REASONS

GOLDEN = Path(__file__).parents[2] / "golden"
HOSTILE: list[Any] = [
    None, True, -1, 10**400, float("nan"), float("inf"), "nan", "", "\ud800", "http://[x", [], {}, [None], {"a": None},
    1e308, "2025-13-01", "99999999999999999999", {"type": 5}, 'data: {"choices":[{"delta":{"tool_calls":5}}]}\n',
    {"usageMetadata": {"promptTokenCount": "x", "thoughtsTokenCount": []}}, {"stopReason": 5, "output": {}}, {"finish_reason": [], "usage": {"tokens": {}}},
    [{"error": {"code": "429"}}], [{"type": "tool_result", "content": {}}, {"type": "document", "source": {"data": 5}}],
    ('data: {"type":"message_start","message":{"usage":7}}\n\n'
     'data: {"type":"message_delta","delta":{},"usage":{"output_tokens":4}}\n'),
    [{"contentBlockStart": {"contentBlockIndex": [], "start": {"toolUse": 5}}}, {"contentBlockDelta": {"contentBlockIndex": {}, "delta": {"toolUse": {"input": 5}}}},
     {"contentBlockDelta": {"delta": {"text": 5}}}, {"metadata": 5, "messageStop": []}, {"someException": 7}],
    [{"type": "message-start", "id": 5}, {"type": "tool-call-delta", "delta": {"message": {"tool_calls": {"function": 5}}}}, {"type": "message-end", "delta": {"usage": 5}}],
    [{"token": {"text": 5}, "generated_text": 5}, {"token": {}, "generated_text": [], "details": {"prefill": 5, "input_length": "x"}}],
    {"object": "realtime.response", "status_details": 5, "output": 5}, {"inputTextTokenCount": [], "results": [{"tokenCount": {}}]},
    {"completion": 5, "stop_reason": [], "amazon-bedrock-invocationMetrics": 5}, ["data: 5", "data: {}"],
]  # fmt: skip
WORDS = ("auto", *formats.FORMATS)


def records() -> list[Any]:
    trees = [json.loads(path.read_bytes()) for path in sorted(GOLDEN.glob("*/*.json"))]
    return [record for tree in trees for record in (tree if isinstance(tree, list) else [tree])]


RECORDS = records()


def places(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place for key, value in inner for place in ((*at, key), *places(value, (*at, key)))]


PLACES = [places(record) for record in RECORDS]


def read(word: str, raw: bytes) -> None:
    full, bare = parsed(word, raw, content=True), parsed(word, raw, content=False)
    assert counted(full) == counted(bare)
    if isinstance(full, Call):
        sent, received, cache_read, cache_written, reasoning = usage_of(full)
        assert cache_read + cache_written <= sent < 3 * MAX_TOKENS
        assert reasoning <= received < 3 * MAX_TOKENS
        assert all(0 <= seconds < MAX_SECONDS for seconds in (full.duration, full.ttft) if seconds is not None)
        assert full.cost_usd is None or 0 <= full.cost_usd < 1e6
        named = (full.served_model, full.fingerprint, full.consumer, full.session, full.trace_id, full.response_id)
        assert all(isinstance(name, str) for name in (full.provider, full.model, full.route, *filter(None, named)))
        assert full.content is not None
        assert all(isinstance(said.text, str) for said in full.content.input)


def parsed(word: str, raw: bytes, *, content: bool) -> Event | str:
    try:
        return formats.get(word, content=content).parse(raw)
    except Skip as skip:
        assert skip.reason in (*SKIP_REASONS, NO_CALL)
        return skip.reason


def counted(event: Event | str) -> object:
    if not isinstance(event, Call):
        return event
    return (
        event.id, event.model, event.failure, event.finish_reason, event.refusal, event.start, event.duration, event.ttft,
        event.cost_usd, event.usage_expected, usage_of(event),
    )  # fmt: skip


@given(st.sampled_from(WORDS), st.integers(0, len(RECORDS) - 1), st.sampled_from(HOSTILE), st.data())
def test_a_hostile_value_anywhere_in_a_record_raises_nothing(word, index, value, data):
    tree = json.loads(json.dumps(RECORDS[index]))
    *parents, last = data.draw(st.sampled_from(PLACES[index]))
    target = tree
    for key in parents:
        target = target[key]
    target[last] = value
    read(word, json.dumps(tree).encode())


@given(st.sampled_from(WORDS), st.integers(0, len(RECORDS) - 1), st.floats(0, 1))
def test_a_record_cut_off_anywhere_raises_nothing(word, index, part):
    raw = json.dumps(RECORDS[index]).encode()
    read(word, raw[: int(len(raw) * part)])
