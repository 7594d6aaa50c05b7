"""What an answer hands to tools can be read as text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.tool_arguments import readable

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"to": "a@b.example", "body": "one\\ntwo \\u00e9"}', "to: a@b.example\nbody: one\ntwo \u00e9"),
        ('{"to": ["a", "b"], "card": 4111, "cc": null, "who": {"name": "c"}}', "to: \na\nb\ncard: 4111\nwho: \nname: c"),
        ('["a", {"b": "c"}]', "a\nb: c"),
        ('"only a text"', "only a text"),
        ('{"to": "a@b.exa', '{"to": "a@b.exa'),
        ("ls -l /tmp", "ls -l /tmp"),
        ("[" * 100_000, "[" * 100_000),
        ("{}", ""),
    ],
)
def test_arguments_are_read_a_line_for_each_value(arguments, text):
    assert readable(arguments) == text


@given(VALUES)
def test_every_value_is_there_and_the_text_is_no_longer_than_the_json(value):
    arguments = json.dumps(value)
    text = readable(arguments)
    assert len(text) <= len(arguments) + 2

    def leaves(each):
        inner = each.values() if isinstance(each, dict) else each if isinstance(each, list) else None
        return [each] if inner is None else [leaf for one in inner for leaf in leaves(one)]

    assert all(str(leaf) in text for leaf in leaves(value) if leaf is not None)


@pytest.mark.parametrize("arguments", ["[" * 500 + "1," * 200_000 + "1" + "]" * 500, json.dumps({"k" * 100_000: ["v"] * 100_000})])
def test_deep_and_wide_arguments_are_no_longer_as_text(arguments):
    assert len(readable(arguments)) <= len(arguments)
