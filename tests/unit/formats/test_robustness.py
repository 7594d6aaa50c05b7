"""Bad input is normal: an adapter returns an event or raises Skip, whatever the bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import formats
from tocsin.call import Call, Feedback, Skip
from tocsin.formats.lenient import SKIP_REASONS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from([
    "id", "time", "model", "status", "startTime", "endTime", "request", "response", "usage", "error", "choices",
    "metadata", "request_tags", "prompt_tokens", "type", "url", "error_information", "stream", "object", "input",
])  # fmt: skip
NATIVE = {"id": "call-1", "time": "2026-11-20T02:47:00.123Z", "model": "gpt-4o"}


def outcome(word: str, raw: bytes) -> str:
    try:
        event = formats.get(word, content=True).parse(raw)
    except Skip as skip:
        assert skip.reason in SKIP_REASONS
        return skip.reason
    assert isinstance(event, Call | Feedback)
    return "event"


@given(st.sampled_from(("auto", *formats.FORMATS)), st.dictionaries(KEYS, JSON, max_size=8))
def test_no_object_raises_anything_but_skip(word, tree):
    outcome(word, json.dumps(tree).encode())


@given(st.sampled_from(("auto", *formats.FORMATS)), st.binary(max_size=80))
def test_no_bytes_raise_anything_but_skip(word, raw):
    outcome(word, raw)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"null", "null"), (b"7", "not_object"), (b'"x"', "not_object"), (b"{", "not_json"), (b"nope", "not_json"),
        (b"[" * 100_000, "too_deep"), (b'{"a":1}', "unknown_format"),
    ],
)  # fmt: skip
def test_anything_but_an_event_is_skipped_with_a_reason(raw, reason):
    assert outcome("auto", raw) == reason


@pytest.mark.parametrize("missing", ["id", "time", "model"])
def test_a_native_event_needs_id_time_and_model(missing):
    tree = {key: value for key, value in NATIVE.items() if key != missing}
    assert outcome("native", json.dumps(tree).encode()) == f"missing_{missing}"


@pytest.mark.parametrize("value", ['"5"', "5.0", "5"])
def test_a_count_is_coerced_when_that_is_safe(value):
    event = formats.get("native").parse(json.dumps(NATIVE).encode()[:-1] + b', "usage": {"input": %s}}' % value.encode())
    assert isinstance(event, Call)
    assert event.input_tokens == 5


@pytest.mark.parametrize("value", ["-1", "1.5", "true", "1e999", "NaN", '"many"', "[]", "9" * 400])
def test_an_absurd_count_is_left_out_and_named(value):
    event = formats.get("native").parse(json.dumps(NATIVE).encode()[:-1] + b', "usage": {"input": %s}}' % value.encode())
    assert isinstance(event, Call)
    assert event.input_tokens is None
    assert "usage.input" in event.field_errors


def test_a_lone_surrogate_a_byte_order_mark_and_nuls_are_survived():
    raw = b"\x00\x00\xef\xbb\xbf" + json.dumps({**NATIVE, "route": "a\ud800b"}).encode()
    event = formats.get("auto").parse(raw)
    assert isinstance(event, Call)
    assert event.model == "gpt-4o"


def test_feedback_is_distinguished_from_a_call():
    raw = json.dumps({"v": 1, "type": "feedback", "id": "f", "call_id": "c", "time": "2026-11-20T02:47:00Z", "flag": "unsafe"})
    event = formats.get("auto").parse(raw.encode())
    assert isinstance(event, Feedback)
    assert event.flag == "unsafe"
