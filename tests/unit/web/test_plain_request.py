"""What counts as a plain request, and what is left to aiohttp."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.web.plain_request import BODY_MAX, HEAD_MAX, Endpoint, PlainRequest, Reply, headers, read
from wire import post

LINES = {b"POST /echo HTTP/1.1": Endpoint(lambda _, body: Reply(200, body))}


@given(st.lists(st.integers(0, 90), max_size=4))
def test_a_request_in_pieces_is_incomplete_until_its_last_byte(cuts):
    whole = post(b"some body", Content_Type="application/json")
    for cut in cuts:
        found = read(whole[: min(cut, len(whole) - 1)], LINES)
        assert found is True or len(found.body) < found.size == 9
    assert read(whole, LINES).body == b"some body"


def test_header_names_are_case_insensitive():
    found = read(post(AUTHORIZATION="Bearer  k3y "), LINES)
    assert headers(found.fields)["Authorization"] == "Bearer  k3y"


# ---- what is left to aiohttp ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    "data",
    [
        b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n",
        post(path="/other"),
        post(path="/echo?x=1"),
        post(version="HTTP/1.0"),
        post(Host=...),
        post(length=...),
        post(length="2, 2"),
        post(length="+2"),
        post(length="2") + b"x",  # a second request has begun
        post(b"x" * (BODY_MAX + 1)),
        post(Transfer_Encoding="chunked"),
        post(Content_Encoding="gzip"),
        post(Expect="100-continue"),
        post(Upgrade="h2c"),
        post(Connection="close"),
        post(**{"content-length": "2"}),  # twice
        post(**{"Odd name": "x"}),
        post(**{"b@d-Content-Type": "x"}),
        post(X="\x00"),
        post(X="é"),
        post(X="folded\r\n over lines"),
        post(X="bare\nY: line feed"),
        post(X="bare\rY: carriage return"),
        post(**{"": "x"}),
        post(**{f"X-{number}": "a" for number in range(HEAD_MAX // 8)}),  # whole, and too long
        b"POST /echo HTTP/1.1\r\n\r\n",
        b"POST /echo HTTP/1.1\r\n" + b"X: y\r\n" * HEAD_MAX,
        b"\x16\x03\x01",
    ],
)
def test_requests_that_are_not_plain_are_not_parsed(data):
    assert read(data, LINES) is False


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_parsed_or_rejected(data):
    assert isinstance(read(data, LINES), bool)
    assert isinstance(read(b"POST /echo HTTP/1.1\r\n" + data, LINES), bool | PlainRequest)
