"""The listeners: addresses, bounds against clients that hold on, and a log that cannot be flooded."""

from __future__ import annotations

import asyncio
import logging
import sys

import pytest
from aiohttp import web

from tocsin.config import ConfigError
from tocsin.tasks import spawn
from tocsin.web import server
from tocsin.web.auth import check_bind
from tocsin.web.server import is_loopback, split_address, start_listener

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Served:
    """A page on a free port."""

    async def __aenter__(self):
        app = web.Application()
        app.router.add_get("/", self._page)
        self._listener = await start_listener(app, "127.0.0.1:0")
        self._writers = []
        return self

    async def __aexit__(self, *error):
        for writer in self._writers:
            writer.close()
        await self._listener.close()

    async def _page(self, _):
        return web.Response(text="page")

    async def connect(self, data=b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", self._listener.port)
        self._writers.append(writer)
        writer.write(data)
        return reader

    def send(self, data):
        self._writers[-1].write(data)

    async def retire(self):
        await self._listener.retire()


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("127.0.0.1:9877", ("127.0.0.1", 9877)),
        ("[::1]:80", ("::1", 80)),
        (":9877", (None, 9877)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_an_address_has_a_host_and_a_port(address, parts):
    assert split_address(address) == parts


@pytest.mark.parametrize("address", ["", "9877", "host", "host:", "host:x", "host:99999", "::1:80", "[::1:80"])
def test_a_wrong_address_is_refused(address):
    with pytest.raises(ConfigError, match="listen address"):
        split_address(address)


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        (":1", False),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("10.0.0.1:1", False),
        ("example.org:1", False),
    ],
)
def test_who_can_reach_an_address(address, loopback):
    assert is_loopback(address) is loopback


def test_webhooks_from_the_network_need_authentication():
    with pytest.raises(ConfigError, match=r"ingest\.auth"):
        check_bind("0.0.0.0:9878", has_auth=False)
    check_bind("0.0.0.0:9878", has_auth=True)
    check_bind("127.0.0.1:9878", has_auth=False)


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nX-A: a", GET], ids=["silent", "half a header", "after an answer"]
)
async def test_a_client_that_never_finishes_is_closed(monkeypatch, sent):
    monkeypatch.setattr(server, "KEEPALIVE", 0.2)
    async with Served() as served:
        reader = await served.connect(sent)
        async with asyncio.timeout(60):
            answer = await reader.read()
        assert answer.endswith(b"page" if sent == GET else b"")


async def test_connections_beyond_the_limit_get_retry_after(monkeypatch):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)
    async with Served() as served:
        for _ in range(2):
            assert (await (await served.connect(GET)).readline()).startswith(b"HTTP/1.1 200")
        assert (await (await served.connect(GET)).readline()).startswith(b"HTTP/1.1 503")


async def test_connections_leave_most_descriptors_to_other_uses(monkeypatch):
    monkeypatch.setattr(server.resource, "getrlimit", lambda _: (8, 8))
    async with Served() as served:
        for _ in range(2):
            assert (await (await served.connect(GET)).readline()).startswith(b"HTTP/1.1 200")
        assert (await (await served.connect(GET)).readline()).startswith(b"HTTP/1.1 503")


def record(message, *args, exc_info=None):
    return logging.LogRecord("asyncio", logging.ERROR, "file", 1, message, args, exc_info)


def test_a_repeated_message_is_logged_once():
    seldom = server._RateLimit()
    assert seldom.filter(record("socket.accept() out of system resource"))
    assert not seldom.filter(record("socket.accept() out of system resource"))
    assert seldom.filter(record("another"))


def test_a_traceback_does_not_quote_the_client():
    try:
        int("what the client sent")
    except ValueError:
        entry = record("unhandled %s", "error", exc_info=sys.exc_info())
    assert server._RateLimit().filter(entry)
    assert logging.Formatter().format(entry) == "unhandled error: ValueError"


def test_a_disconnecting_client_is_not_an_error():
    gone = ConnectionResetError("Cannot write to closing transport")
    entry = record("Error handling request from %s", "127.0.0.1", exc_info=(type(gone), gone, None))
    assert not server._RateLimit().filter(entry)


async def test_a_retiring_listener_closes_each_connection_after_its_next_response(monkeypatch):
    monkeypatch.setattr(server, "RETIRE", 600.0)
    async with Served() as served:
        reader = await served.connect(GET)
        first = await reader.readuntil(b"page")
        retiring = spawn(served.retire(), name="retire")
        await asyncio.sleep(0)
        served.send(GET)
        second = await reader.read()

        await asyncio.wait_for(retiring, 60)  # nobody is left, so nobody is waited for
        assert b"Connection: close" not in first
        assert b"Connection: close" in second
        with pytest.raises(OSError, match="Connect"):
            await served.connect(GET)


async def test_a_silent_client_delays_a_retiring_listener_only_briefly(monkeypatch):
    monkeypatch.setattr(server, "RETIRE", 0.1)
    async with Served() as served:
        reader = await served.connect(GET)
        await reader.readuntil(b"page")

        await asyncio.wait_for(served.retire(), 60)
