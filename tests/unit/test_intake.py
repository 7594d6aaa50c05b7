"""Lines and bodies are split into records."""

import pytest

from tocsin.intake import records


@pytest.mark.parametrize("data", [b"", b" ", b"\t \r", b"\xef\xbb\xbf", b"\x00\x00", b" " * 40])
def test_a_blank_line_is_not_a_record(data):
    assert list(records(data)) == []


def test_an_array_is_split_into_its_elements():
    assert list(records(b' [{"a": 1}, {"b": 2}]')) == [b'{"a": 1}', b'{"b": 2}']


def test_a_truncated_array_is_one_broken_record():
    assert list(records(b'[{"a": 1}, {"b"')) == [b'[{"a": 1}, {"b"']


def test_a_line_that_is_not_json_is_one_broken_record():
    assert list(records(b"INFO started")) == [b"INFO started"]
