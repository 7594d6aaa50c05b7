"""Cutting large bodies: the same records as from parsing them whole, however they arrive."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.web import batches
from tocsin.web.batches import BodyError, BodyTooLargeError, Splitter

values = st.recursive(
    st.one_of(st.none(), st.integers(), st.booleans(), st.text(alphabet='},{[]"\\ a\né')),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)
events = st.lists(st.dictionaries(st.sampled_from(["id", "a", "b"]), values, min_size=1, max_size=3), min_size=1)


def split(body, step):
    splitter, found = Splitter(), []
    for start in range(0, len(body), step):
        found += splitter.feed(body[start : start + step])
    return found + splitter.finish()


def records(found):
    out = []
    for batch in found:
        if batch.lines:
            out += [json.loads(line) for line in batch.payload.split(b"\n") if line.strip()]
        else:
            value = json.loads(batch.payload)
            out += value if isinstance(value, list) else [value]
    return out


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 64)


@settings(max_examples=150)
@given(events, st.integers(1, 300), st.sampled_from([None, 1]))
def test_an_array_is_cut_between_elements(items, step, indent):
    batches.CHUNK = 64
    body = json.dumps(items, indent=indent).encode()
    assert records(split(body, step)) == items


@settings(max_examples=100)
@given(events, st.integers(1, 300))
def test_lines_are_cut_at_newlines(items, step):
    batches.CHUNK = 64
    body = "\n".join(map(json.dumps, items)).encode()
    assert records(split(body, step)) == items


@given(st.binary(max_size=400), st.integers(1, 100))
def test_any_bytes_are_taken_or_refused(body, step):
    batches.CHUNK = 64
    try:
        split(body, step)
    except BodyError:
        pass


def test_an_array_is_cut_into_more_than_one_batch():
    body = json.dumps([{"id": n} for n in range(100)]).encode()
    assert len(split(body, 100)) > 5


def test_a_broken_line_does_not_take_the_others_with_it():
    assert split(b'{"id": 1}\n{"id": \n{"id": 3}', 5)[0].lines


def test_an_element_beyond_the_bound_is_refused(monkeypatch):
    monkeypatch.setattr(batches, "MAX_VALUE", 1000)
    with pytest.raises(BodyTooLargeError):
        split(b'[{"a": "' + b"x" * 5000, 100)
