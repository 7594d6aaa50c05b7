"""Deferral on the fast path: bodies that can wait do so while urgent requests are answered."""

from __future__ import annotations

import asyncio

import pytest

from tocsin.web.fast_path import DEFERRED_MOST, FastPath
from tocsin.web.plain_request import Endpoint, Reply
from wire import Further, Wire, feed, post


class Busy:
    """A fast path on which one connection asks for verdicts, and another delivers bodies that can wait."""

    def __init__(self, monkeypatch):
        self.now, self.taken, self.refuses = 100.0, [], False
        monkeypatch.setattr("tocsin.web.fast_path.time.monotonic", lambda: self.now)
        endpoints = {
            "/check": Endpoint(lambda _, body: Reply(200, body)), "/log": Endpoint(self._take, deferrable=True),
        }  # fmt: skip
        self.fast_path = FastPath(endpoints, Further, keepalive=15.0, retiring=lambda: False, is_open=lambda: True)
        self.asker, self.sender = self.fast_path.connect(), self.fast_path.connect()
        for connection in (self.asker, self.sender):
            connection.connection_made(Wire())

    def _take(self, _, body):
        self.taken.append(body)
        return None if self.refuses else Reply(202, b"")

    def ask(self):
        feed(self.asker, post(path="/check"))

    def deliver(self, *bodies):
        for body in bodies:
            feed(self.sender, post(body, path="/log"))

    async def turns(self, count, asking=False):
        """Let the loop turn, with or without a question in each turn."""
        for _ in range(count):
            if asking:
                self.ask()
            await asyncio.sleep(0)


@pytest.fixture
async def busy(monkeypatch):
    busy = Busy(monkeypatch)
    yield busy
    busy.fast_path.close()


async def test_a_body_is_processed_at_once_without_other_requests(busy):
    busy.deliver(b"1")
    assert busy.taken == [b"1"]


async def test_a_body_waits_until_no_request_is_being_answered(busy):
    busy.ask()
    busy.deliver(b"1")
    await busy.turns(10, asking=True)
    assert busy.taken == []
    await busy.turns(2)
    assert busy.taken == [b"1"]
    assert busy.sender.transport.written.startswith(b"HTTP/1.1 202")


async def test_a_body_that_waits_too_long_is_processed_despite_requests(busy):
    busy.ask()
    busy.deliver(b"1")
    await busy.turns(3, asking=True)
    busy.now += DEFERRED_MOST + 0.001
    await busy.turns(1, asking=True)
    assert busy.taken == [b"1"]


async def test_waiting_bodies_are_processed_one_per_turn_in_order(busy):
    busy.ask()
    busy.deliver(b"1", b"2")  # the second one comes too early
    await busy.turns(2)
    assert busy.taken == [b"1"]
    assert busy.sender.transport.state == ["pause_reading", "resume_reading"]
    await busy.turns(3)
    assert busy.taken == [b"1", b"2"]


async def test_a_refused_waiting_body_is_left_to_aiohttp_with_later_requests(busy):
    busy.ask()
    busy.refuses = True
    busy.deliver(b"1", b"2")
    await busy.turns(4)
    wire = busy.sender.transport
    assert wire.protocol.data == post(b"1", path="/log") + post(b"2", path="/log")
    assert (wire.state, busy.fast_path.held) == (["pause_reading", "resume_reading"], 0)


async def test_a_body_is_processed_after_its_client_disconnected(busy):
    busy.ask()
    busy.deliver(b"1")
    busy.sender.transport.close()
    busy.sender.connection_lost(None)
    await busy.turns(3)
    assert busy.taken == [b"1"]
    assert (busy.sender.transport.written, busy.fast_path.held) == (b"", 0)


async def test_a_refused_body_of_a_disconnected_client_is_dropped(busy):
    busy.ask()
    busy.refuses = True
    busy.deliver(b"1")
    busy.sender.transport.close()
    busy.sender.connection_lost(None)
    assert (busy.sender.transport.protocol, busy.fast_path.held) == (None, 0)


async def test_a_connection_with_a_waiting_body_is_closed_after_its_response(busy):
    busy.ask()
    busy.deliver(b"1")
    busy.sender.expire(busy.now + 100.0, 15.0)
    busy.fast_path.close()
    await busy.turns(3)
    assert b"Connection: close" in busy.sender.transport.written
