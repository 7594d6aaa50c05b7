"""JSON that Python writes and strict parsers refuse."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.formats.lenient import mended

pieces = st.sampled_from(["a", '"', "\\", "\ud83d", "\ude00", "\U0001f600", "NaN", "\\ud800", "\n", "u"])
texts = st.lists(pieces, max_size=6).map("".join)
values = st.recursive(
    st.one_of(st.none(), st.integers(), texts, st.sampled_from([float("nan"), float("inf"), -float("inf")])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


@given(values)
def test_whatever_python_writes_can_be_read_and_is_as_long_as_before(value):
    written = json.dumps(value).encode()
    found = mended(written)
    msgspec.json.decode(found)
    assert len(found) == len(written)


@given(values)
def test_what_was_sound_stays_as_it_was(value):
    written = json.dumps(value).encode()
    try:
        msgspec.json.decode(written)
    except msgspec.MsgspecError:
        return
    assert mended(written) == written


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rb'"\ud800 \ud83d\ude00 \\ud800"', rb'"\ufffd \ud83d\ude00 \\ud800"'),
        (b'[NaN, -Infinity, "NaN"]', b'["" , ""       , "NaN"]'),
        (b'{"a": ', b'{"a": '),
        (rb'"\ud8', rb'"\ud8'),
    ],
)
def test_only_what_is_odd_is_replaced(before, after):
    assert mended(before) == after
