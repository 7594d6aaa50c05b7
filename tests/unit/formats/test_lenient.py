"""JSON that Python writes and strict parsers refuse."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.formats.lenient import elements, mended

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
def test_valid_json_is_unchanged(value):
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
def test_only_invalid_parts_are_replaced(before, after):
    assert mended(before) == after


DEEP = b'{"a": ' + b"[" * 2000 + b'"],["' + b"]" * 2000 + b"}"


@given(st.lists(values, max_size=5), st.integers(0, 5))
def test_an_array_is_split_around_an_element_that_is_too_deep(items, place):
    found = [json.dumps(item).encode() for item in items]
    found.insert(place, DEEP)
    written = b" [" + b" ,".join(found) + b" ] "
    assert [bytes(element) for element in elements(written)] in (found, [mended(one).strip() for one in found])


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[1,", b"[1,]", b"[1] 2", b"[" * 5000, b"[" + DEEP, b"[" + DEEP + b",]", b"[" + DEEP + b"],[1]"]
)
def test_splitting_anything_but_an_array_raises(data):
    with pytest.raises(ValueError, match="no JSON array"):
        elements(data)


def test_nothing_is_mended_where_that_is_not_wanted():
    assert [bytes(element) for element in elements(b"[NaN]")] == [b'""']
    with pytest.raises(ValueError, match="no JSON array"):
        elements(b"[NaN]", mend=False)
