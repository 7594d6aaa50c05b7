"""The fast path: what it answers itself, what it leaves to aiohttp, and that no client can block it."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tocsin.web.fast_path import WHOLE_WITHIN, FastPath
from tocsin.web.plain_request import BODY_MAX, Endpoint, Later, Reply
from tocsin.web.server import FAST_ENDPOINTS, start_listener
from wire import Further, Wire, feed, post


class Echo:
    """A listener that answers ``/echo`` on the fast path with ``direct``, and through aiohttp with ``aiohttp``."""

    def __init__(self, respond=lambda _, body: Reply(200, b"direct " + body), most=BODY_MAX, **middlewares):
        self.app = web.Application(**middlewares)
        self.app.router.add_post("/echo", self._echo)
        self.app[FAST_ENDPOINTS] = {"/echo": Endpoint(respond, most)}

    async def __aenter__(self):
        self.listener = await start_listener(self.app, "127.0.0.1:0")
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.listener.port)
        return self

    async def __aexit__(self, *error):
        self._writer.close()
        await self.listener.close()

    async def _echo(self, request):
        return web.Response(body=b"aiohttp " + await request.read())

    def send(self, data):
        self._writer.write(data)

    async def answer(self):
        """Return status, head and body of the next answer."""
        async with asyncio.timeout(60):
            head = await self._reader.readuntil(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ") for line in head[:-4].split(b"\r\n")[1:])
            return int(head[9:12]), fields, await self._reader.readexactly(int(fields[b"content-length"]))

    async def ask(self, data):
        self.send(data)
        return (await self.answer())[2]

    async def is_closed(self):
        async with asyncio.timeout(60):
            return await self._reader.read() == b""


@pytest.fixture
async def connection(respond=lambda _, body: Reply(200, body)):
    """One connection on a fast path, over a wire."""
    fast_path = FastPath(
        {"/echo": Endpoint(respond)},
        Further, keepalive=15.0, retiring=lambda: False, is_open=lambda: True,
    )  # fmt: skip
    connection = fast_path.connect()
    connection.connection_made(Wire())
    yield connection
    fast_path.close()


# ---- what is answered here ----------------------------------------------------------------------------
async def test_a_plain_request_is_answered_before_its_bytes_are_handed_on(connection):
    feed(connection, post(b'{"a": 1}'))
    assert connection.transport.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert connection.transport.written.endswith(b'\r\n\r\n{"a": 1}')


async def test_answers_have_the_fields_that_aiohttp_gives():
    async with Echo() as echo:
        echo.send(post())
        _, ours, _ = await echo.answer()
        echo.send(post(Connection="Keep-Alive", Content_Encoding="identity"))
        _, theirs, _ = await echo.answer()
    assert ours.keys() == theirs.keys()


async def test_a_connection_serves_several_requests():
    async with Echo() as echo:
        assert [await echo.ask(post(b"%d" % i)) for i in range(3)] == [b"direct 0", b"direct 1", b"direct 2"]


async def test_head_and_body_may_arrive_separately():
    async with Echo() as echo:
        request = post(b"body")
        echo.send(request[:-4])
        await asyncio.sleep(0.01)
        assert await echo.ask(request[-4:]) == b"direct body"


class Slow:
    """A connection whose answers are given by the test."""

    def __init__(self, most=BODY_MAX):
        self.due, self.taken, self.pieces = [], [], 0
        endpoint = Endpoint(self._respond, most, self._arriving)
        self.fast_path = FastPath(
            {"/echo": endpoint}, Further, keepalive=15.0, retiring=lambda: False, is_open=lambda: True
        )  # fmt: skip
        self.connection = self.fast_path.connect()
        self.connection.connection_made(Wire())

    def _respond(self, _, body):
        self.taken.append(bytes(body))
        self.due.append(asyncio.get_running_loop().create_future())
        return Later(self.due[-1], lambda done: Reply(500 if done.exception() else 202, body))

    def _arriving(self):
        self.pieces += 1

    async def answer(self, error=None):
        done = self.due.pop()
        done.set_exception(error) if error else done.set_result(None)
        await asyncio.sleep(0)
        return self.connection.transport.written

    @property
    def state(self):
        return self.connection.transport.state


@pytest.fixture
async def slow():
    slow = Slow(most=1 << 20)
    yield slow
    slow.fast_path.close()


@pytest.mark.parametrize(("error", "status"), [(None, b"202"), (OSError(), b"500")])
async def test_a_response_may_be_deferred(slow, error, status):
    feed(slow.connection, post(b"body"))
    assert slow.connection.transport.written == b""
    assert (await slow.answer(error))[9:12] == status
    assert slow.fast_path.held == 0


async def test_requests_received_before_the_response_wait_unread(slow):
    feed(slow.connection, post(b"1"))
    feed(slow.connection, post(b"2"))
    assert (len(slow.due), slow.state) == (1, ["pause_reading"])
    assert (await slow.answer()).endswith(b"1")
    assert (len(slow.due), slow.state) == (1, ["pause_reading", "resume_reading"])
    assert (await slow.answer()).endswith(b"2")


async def test_a_connection_that_waits_for_its_answer_is_neither_old_nor_closed_before_it(slow):
    feed(slow.connection, post(b"body"))
    slow.connection.expire(slow.connection._last_read + 100.0, 15.0)
    slow.fast_path.close()
    assert slow.state == []
    assert b"Connection: close" in await slow.answer()
    assert slow.state == ["close"]


async def test_work_for_a_disconnected_client_is_kept_until_it_is_done(slow):
    feed(slow.connection, post(b"body"))
    slow.connection.transport.close()
    slow.connection.connection_lost(None)
    assert slow.fast_path.held == 4
    assert await slow.answer() == b""
    assert slow.fast_path.held == 0


async def test_a_large_body_is_collected_as_it_arrives(slow):
    request = post(body := b"x" * 500_000)
    for start in range(0, len(request), 100_000):
        feed(slow.connection, request[start : start + 100_000])
    assert (await slow.answer()).endswith(body)
    assert slow.pieces == 6


async def test_a_partly_received_body_is_handed_over_whole(slow):
    request = post(b"x" * 500_000)
    feed(slow.connection, request[:100_000])
    feed(slow.connection, request[100_000:200_000])
    slow.connection.expire(slow.connection._began + WHOLE_WITHIN + 0.1, 15.0)
    assert slow.connection.transport.protocol.data == request[:200_000]
    assert slow.fast_path.held == 0


async def test_a_request_after_a_chunked_body_is_read_after_the_response(slow):
    feed(slow.connection, post(b"1")[:-1])
    feed(slow.connection, b"1" + post(b"2"))
    assert (await slow.answer()).endswith(b"1")
    assert (await slow.answer()).endswith(b"2")


BODIES = [bytes(range(256)), b"1", bytes(range(100, 200)), b"2"]


@given(st.lists(st.tuples(st.integers(0, sum(len(post(body)) for body in BODIES)), st.booleans()), max_size=8))
def test_requests_are_answered_or_handed_on_once_and_in_order_wherever_they_are_cut(cuts):
    async def deliver():
        slow, whole, taken = Slow(), b"".join(map(post, BODIES)), b""
        begin = 0
        for end, is_durable in [*sorted(cuts), (len(whole), True)]:
            feed(slow.connection, whole[begin:end])
            begin = end
            while slow.due and is_durable:
                taken += post(slow.taken.pop())
                await slow.answer()
        slow.fast_path.close()
        further = slow.connection.transport.protocol
        return taken + (further.data if further else b""), whole

    found, whole = asyncio.run(deliver())
    assert found == whole


async def test_bodies_beyond_the_memory_limit_are_left_to_aiohttp(slow, monkeypatch):
    monkeypatch.setattr("tocsin.web.fast_path.HELD_MAX", 3)
    feed(slow.connection, post(b"body"))
    assert slow.connection.transport.protocol.data == post(b"body")


async def test_an_unauthenticated_client_cannot_reserve_memory(slow):
    (line, endpoint), = slow.fast_path.endpoints.items()
    slow.fast_path.endpoints[line] = endpoint._replace(admits=lambda fields: b"authorization" in fields)
    stranger, friend = post(b"body")[:-1], post(b"body", AUTHORIZATION="Bearer k3y")[:-1]
    held = []
    for sent in (stranger, friend):
        connection = slow.fast_path.connect()
        connection.connection_made(Wire())
        feed(connection, sent)
        held.append((slow.fast_path.held, connection.transport.protocol is None))
    assert held == [(0, False), (4, True)]


async def test_a_body_given_up_by_its_sender_is_not_held(slow):
    feed(slow.connection, post(b"body")[:-1])
    slow.connection.connection_lost(None)
    assert slow.fast_path.held == 0


async def test_a_connection_with_other_requests_is_handed_to_aiohttp():
    async with Echo() as echo:
        assert await echo.ask(post(b"1")) == b"direct 1"
        assert await echo.ask(post(b"2", Content_Encoding="identity")) == b"aiohttp 2"
        assert await echo.ask(post(b"3")) == b"aiohttp 3"


async def test_pipelined_requests_are_answered_in_order():
    async with Echo() as echo:
        echo.send(post(b"1") + post(b"2"))
        assert [(await echo.answer())[2] for _ in range(2)] == [b"aiohttp 1", b"aiohttp 2"]


async def test_a_responder_can_leave_a_request_to_aiohttp():
    async with Echo(respond=lambda *_: None) as echo:
        assert await echo.ask(post(b"1")) == b"aiohttp 1"


async def test_a_defect_of_a_responder_is_met_by_aiohttp():
    def broken(*_):
        raise ZeroDivisionError

    async with Echo(respond=broken) as echo:
        assert await echo.ask(post(b"1")) == b"aiohttp 1"


async def test_a_middleware_sees_every_request():
    @web.middleware
    async def no(request, handler):
        raise web.HTTPForbidden

    async with Echo(middlewares=[no]) as echo:
        echo.send(post())
        assert (await echo.answer())[0] == 403


# ---- nobody can hold on to it ------------------------------------------------------------------------------
async def test_a_slow_request_is_left_to_aiohttp(connection):
    feed(connection, post()[:-1])
    connection.expire(connection._last_read + WHOLE_WITHIN + 0.1, 15.0)
    assert connection.transport.protocol.data == post()[:-1]


async def test_a_silent_connection_is_closed(connection):
    feed(connection, post())
    connection.expire(connection._last_read + 14.0, 15.0)
    assert "close" not in connection.transport.state
    connection.expire(connection._last_read + 16.0, 15.0)
    assert "close" in connection.transport.state


async def test_a_client_that_does_not_read_its_answers_is_not_read_and_cut_off(connection):
    connection.pause_writing()
    assert connection.transport.state == ["pause_reading"]
    connection.expire(connection._last_read + 16.0, 15.0)
    assert connection.transport.state[-1] == "abort"


async def test_a_client_that_reads_again_is_read_again(connection):
    connection.pause_writing()
    connection.resume_writing()
    assert connection.transport.state == ["pause_reading", "resume_reading"]


async def test_idle_connections_are_found(monkeypatch):
    monkeypatch.setattr("tocsin.web.fast_path._SWEEP", 0.01)
    monkeypatch.setattr("tocsin.web.fast_path.WHOLE_WITHIN", 0.0)
    async with Echo() as echo:
        request = post(b"late")
        echo.send(request[:-1])
        while not echo.listener._runner.server.connections:
            await asyncio.sleep(0.01)
        assert await echo.ask(request[-1:]) == b"aiohttp late"


async def test_connections_on_the_fast_path_are_bounded(monkeypatch):
    monkeypatch.setattr("tocsin.web.server.MAX_CONNECTIONS", 1)
    async with Echo() as echo:
        await echo.ask(post())
        reader, writer = await asyncio.open_connection("127.0.0.1", echo.listener.port)
        assert (await reader.readline()).startswith(b"HTTP/1.1 503")
        writer.close()


async def test_a_retiring_listener_says_goodbye_with_the_next_answer():
    async with Echo() as echo:
        await echo.ask(post())
        echo.listener._retiring.set()
        echo.send(post())
        assert (await echo.answer())[1][b"connection"] == b"close"
        assert await echo.is_closed()


async def test_a_listener_that_closes_closes_its_fast_path():
    async with Echo() as echo:
        await echo.ask(post())
        await echo.listener.close()
        assert await echo.is_closed()
