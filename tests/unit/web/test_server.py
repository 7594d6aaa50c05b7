"""The listener: addresses and bounds."""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiohttp import web

from tocsin.config import ConfigError
from tocsin.web import server
from tocsin.web.server import split_address, start_listener


async def exchange(port, data):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("address", "parts"), [("127.0.0.1:1", ("127.0.0.1", 1)), (":80", (None, 80)), ("[::1]:9", ("::1", 9)), ("a:0", ("a", 0))]
)
def test_an_address_is_split(address, parts):
    assert split_address(address) == parts


@pytest.mark.parametrize("address", ["", "1", "a:", "a:b", "a:99999", "[::1:9", "::1:9", "a:²"])
def test_a_wrong_address_is_refused(address):
    with pytest.raises(ConfigError):
        split_address(address)


async def test_a_connection_beyond_the_bound_gets_503(monkeypatch):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 1)
    listener = await start_listener(web.Application(), "127.0.0.1:0")
    _, first = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        assert (await exchange(listener.port, b"")).startswith(b"HTTP/1.1 503 ")
    finally:
        first.close()
        await listener.close()


async def test_a_silent_connection_is_closed(monkeypatch):
    monkeypatch.setattr(server, "KEEPALIVE", 0.05)
    listener = await start_listener(web.Application(), "127.0.0.1:0")
    try:
        async with asyncio.timeout(10):
            assert await exchange(listener.port, b"GET / HT") == b""
    finally:
        await listener.close()


async def test_a_port_in_use_is_said():
    listener = await start_listener(web.Application(), "127.0.0.1:0")
    try:
        with pytest.raises(OSError, match="address already in use"):
            await start_listener(web.Application(), f"127.0.0.1:{listener.port}")
    finally:
        await listener.close()


def test_a_repeated_message_is_logged_once_and_without_its_traceback(caplog):
    log = logging.getLogger("aiohttp.server")
    log.addFilter(server._Seldom())
    for _ in range(100):
        log.error("a message of this test", exc_info=ValueError("what the client sent"))
    assert len(caplog.records) == 1
    assert "client" not in caplog.text
