"""Large bodies are cut between elements only, wherever the network cuts them and whatever the texts hold."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.web import batches
from tocsin.web.batches import BodyError, BodyTooLargeError, Splitter

texts = st.text(st.sampled_from('ab{}[],:"\\ \n\u20ac'), max_size=60)  # what looks like structure and is none
events = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
layouts = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])


def cut(body, cuts):
    """Feed ``body`` in pieces that end at ``cuts``."""
    splitter, found, start = Splitter(), [], 0
    for end in [*sorted(min(end, len(body)) for end in cuts), len(body)]:
        found += splitter.feed(body[start:end])
        start = end
    return found + splitter.finish()


def records(found):
    """Return what the pipeline sees in the batches."""
    values = []
    for batch in found:
        if batch.lines:
            values += [json.loads(line) for line in batch.payload.split(b"\n") if line.strip()]
        else:
            values += json.loads(batch.payload)
    return values


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 64)


@given(st.lists(events, min_size=1, max_size=20), layouts, st.lists(st.integers(0, 2000), max_size=6))
def test_an_array_round_trips(items, layout, cuts):
    items.append({"the last": "is a record"})
    body = json.dumps(items, **layout).encode()
    assert records(cut(body, cuts)) == items


@given(
    st.lists(st.dictionaries(texts, events, max_size=3), min_size=2, max_size=20),
    st.lists(st.integers(0, 2000), max_size=6),
)
def test_ndjson_round_trips(items, cuts):
    items.append({"the last": "is a record"})
    body = "\n".join(map(json.dumps, items)).encode()
    assert records(cut(body, cuts)) == items


@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=4))
def test_arbitrary_bytes_are_accepted_or_refused(body, cuts):
    with contextlib.suppress(BodyError):
        assert cut(body, cuts)


def test_a_long_array_is_cut_into_many_batches():
    items = [{"id": number, "text": "},{"} for number in range(100)]
    found = cut(json.dumps(items).encode(), range(0, 3000, 50))
    assert records(found) == items
    assert len(found) > 20


def test_an_element_beyond_the_bound_is_refused(monkeypatch):
    monkeypatch.setattr(batches, "MAX_VALUE", 200)
    with pytest.raises(BodyTooLargeError):
        cut(json.dumps([{"a": 1}, {"text": "x" * 1000}]).encode(), range(0, 900, 50))


@pytest.mark.parametrize("odd", [b'{"id": 2, "output": "\\ud83d"}', b'{"id": 2, "cost_usd": NaN}'])
@pytest.mark.parametrize("size", [1, 2 * batches.CHUNK])
def test_python_only_json_does_not_reject_the_other_events(odd, size):
    """Half a character is what json.dumps makes of a text that was cut."""
    first, last = (json.dumps({"id": number, "output": "x" * size}).encode() for number in (1, 3))
    body = b"[" + b", ".join([first, odd, last]) + b"]"
    assert [record["id"] for record in records(cut(body, range(0, len(body), 1 << 16)))] == [1, 2, 3]


def test_a_broken_first_line_does_not_refuse_a_large_body_of_lines():
    line = b'{"id": 1, "text": "%s"}\n' % (b"x" * 1000)
    batches = list(cut(b'{"id": 0, "te\n' + line * 20_000, [1 << 16] * 400))
    assert sum(len(batch.records()) for batch in batches) == 20_001


@pytest.mark.parametrize("body", [b'["{", 1, "n[", true, "\\"]"]', b"[ ]", b"[\n0,\n0]", b'["\\\\", 1.5e3]'])
def test_lines_that_only_look_like_records_are_not_a_body(body):
    with pytest.raises(BodyError, match="scalars"):
        batches.whole(body)


@pytest.mark.parametrize("body", [b"[1, null]", b'["]", [0]]', b'[1, {"a": 1}]', b"[[], 1]", b"[1]\n2"])
def test_an_array_with_one_record_and_an_array_on_a_line_are_taken(body):
    assert batches.whole(body).payload == body


def test_lines_that_only_begin_like_records_are_checked_up_to_a_limit():
    """A million of them held up everybody for seconds."""
    assert batches.whole(b"{\n" * 999 + b"{}").lines
    with pytest.raises(BodyError):
        batches.whole(b"{\n" * 1_000 + b"{}")
