"""A fast path in front of aiohttp: plain, complete requests are answered within one turn of the event loop.

For each request aiohttp allocates objects, wakes a task and takes several turns of the loop. That takes longer than
judging a text, and a slice of counting may run between two turns. So every connection starts here. A request that is
plain (see ``plain_request``) and complete is answered at once, or once its body is durable. The first request that is
anything else hands its connection to aiohttp for good. So nothing is rejected here.

While callers are waiting for verdicts, bodies that can wait do: each costs as much as several verdicts, and its sender
does not mind a few milliseconds.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from tocsin.formats.base import Bytes
from tocsin.web.plain_request import Endpoint, Later, PlainRequest, Reply, read

HELD_MAX: Final = 16 << 20
"""Bytes of bodies that are held here or announced, all connections together; beyond it they are aiohttp's, with its
bounds. Room is made, and takes memory, for what is announced by one whom the endpoint ``admits``: who sends nothing has
it for ``WHOLE_WITHIN``."""
WHOLE_WITHIN: Final = 1.0
"""Seconds after which a request that is still incomplete is aiohttp's, with its bounds on slow senders."""
WAITS_MOST: Final = 0.02
"""Seconds that a body that can wait does so at most."""
_ABOUT: Final = 1.0
"""Seconds after a request that cannot wait in which others of its kind are likely."""
_SWEEP: Final = 1.0
_READ: Final = 64 << 10
"""Bytes of one read, but for the rest of a body, which is read to where it belongs in one go."""


class FastPath:
    """The connections of a listener that have sent nothing but plain requests so far."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        further: Callable[[], asyncio.Protocol],
        *,
        keepalive: float,
        retiring: Callable[[], bool],
        is_open: Callable[[], bool],
    ) -> None:
        """Take the endpoint of each path, and ``further``, which makes the protocol of all other requests.

        Connections that are silent for ``keepalive`` seconds are closed, and each with its answer while ``retiring``.
        Nothing is answered here unless the listener ``is_open``: users prove who they are to aiohttp's middlewares.
        """
        self.endpoints = {f"POST {path} HTTP/1.1".encode(): endpoint for path, endpoint in endpoints.items()}
        self.further = further
        self.retiring = retiring
        self.is_open = is_open
        self.open: set[Connection] = set()
        self.held = 0
        """Bytes of the bodies that are here or announced."""
        self.room = memoryview(bytearray(_READ))
        """Where all connections read to, one after the other, but for the rest of a body."""
        self._waiting: deque[tuple[float, Connection]] = deque()
        """Since when, and who has a whole body that can wait."""
        self._answered = 0
        """Requests that could not wait,"""
        self._answered_before = 0
        """those at the last turn,"""
        self._answered_at = float("-inf")
        """and when the last one came."""
        self._keepalive = keepalive
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_SWEEP, self._sweep)

    def connect(self) -> asyncio.BufferedProtocol:
        """Return the protocol of a new connection."""
        return Connection(self)

    def close(self) -> None:
        """Close all connections, those that wait for an answer with it."""
        self._timer.cancel()
        for connection in list(self.open):
            connection.leave()

    def note_answer(self, now: float) -> None:
        """Take note of a request that could not wait."""
        self._answered += 1
        self._answered_at = now

    def put_off(self, connection: Connection, now: float) -> bool:
        """Let a connection go on when nobody else is answered; False: nobody else is about."""
        if now - self._answered_at > _ABOUT:
            return False
        if not self._waiting:
            self._answered_before = -1  # what is read in this turn is not answered yet
            self._loop.call_soon(self._turn)
        self._waiting.append((now, connection))
        return True

    def _turn(self) -> None:
        """Let one go on after a turn without an answer, or who has waited for long; each turn, while anybody waits."""
        since, connection = self._waiting[0]
        goes_on = self._answered == self._answered_before or time.monotonic() - since > WAITS_MOST
        self._answered_before = self._answered
        if goes_on:
            self._waiting.popleft()
        if self._waiting:
            self._loop.call_soon(self._turn)
        if goes_on:
            connection.go_on()

    def _sweep(self) -> None:
        self._timer = self._loop.call_later(_SWEEP, self._sweep)
        now = time.monotonic()
        for connection in list(self.open):
            connection.grow_old(now, self._keepalive)


class Connection(asyncio.BufferedProtocol):
    """One connection, until it is handed to aiohttp."""

    transport: asyncio.Transport

    def __init__(self, fast_path: FastPath) -> None:
        self._fast_path = fast_path
        self._held = b""
        """Of a request: what is here of its head; or what came too early, while one is answered."""
        self._request: PlainRequest | None = None
        self._body: Bytes = b""
        """Of a request: its body, or the room for it."""
        self._missing = 0
        """Bytes of it that are not here yet."""
        self._is_put_off = False
        """The body is whole and waits for its turn."""
        self._later: Later | None = None
        self._heard = self._began = time.monotonic()
        self._stuck = False
        self._leaving = False

    @property
    def _is_answering(self) -> bool:
        """True while a whole request waits for its turn or for its answer: what comes then is too early."""
        return self._is_put_off or self._later is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a stream
        self.transport = transport
        self._fast_path.open.add(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Have the rest of a body read to its place: it is not copied again, and nothing is read behind it."""
        del sizehint
        return memoryview(self._body)[-self._missing :] if self._missing else self._fast_path.room

    def buffer_updated(self, nbytes: int) -> None:
        """Take note of what was read."""
        if self._request is not None and self._missing:
            self._heard = time.monotonic()
            self._missing -= nbytes
            self._go_on_receiving(self._request)
        else:
            self._receive(bytes(self._fast_path.room[:nbytes]))

    def _receive(self, data: bytes) -> None:
        """Answer a request that is whole, hold one that is not yet, and leave everything else to aiohttp."""
        self._heard = time.monotonic()
        if self._is_answering:
            self._held += data
            self.transport.pause_reading()
        else:
            self._begin(data)

    def _begin(self, data: bytes) -> None:
        if not self._held:
            self._began = self._heard
        held = self._held + data if self._held else data
        found = read(held, self._fast_path.endpoints)
        if found is True:
            self._held = held
            return
        self._held = b""
        if not isinstance(found, PlainRequest) or not self._has_room(found):
            self._hand_over(held)
            return
        self._fast_path.held += found.size
        self._request, self._body, self._missing = found, found.body, found.size - len(found.body)
        if self._missing:
            self._body = bytearray(found.size)
            self._body[: len(found.body)] = found.body
        self._go_on_receiving(found)

    def _has_room(self, request: PlainRequest) -> bool:
        """Tell whether a body can be held; one who only announces one must be known to get room for it."""
        is_whole = len(request.body) == request.size
        fits = self._fast_path.held + request.size <= HELD_MAX
        return fits and (is_whole or request.endpoint.admits(request.fields))

    def _go_on_receiving(self, request: PlainRequest) -> None:
        """Answer when the body is whole, now or in a turn of its own."""
        if self._missing:
            request.endpoint.arriving()
        elif not request.endpoint.can_wait:
            self._fast_path.note_answer(self._heard)
            self._finish(request)
        elif self._fast_path.put_off(self, self._heard):
            self._is_put_off = True
        else:
            self._finish(request)

    def go_on(self) -> None:
        """Take the body that had to wait."""
        if self._is_put_off and self._request is not None:
            self._is_put_off = False
            self._finish(self._request)
            self._read_on()

    def _finish(self, request: PlainRequest) -> None:
        """Answer a request that is whole, now or later."""
        reply = self._reply(request, self._body)
        if reply is None:
            self._give_up()
            return
        self._body = b""
        if isinstance(reply, Later):
            self._later = reply
            reply.done.add_done_callback(self._late)
        else:
            self._answer(reply)

    def _late(self, done: asyncio.Future[Any]) -> None:
        """Answer what is done now, and go on with what came meanwhile."""
        later, self._later = self._later, None
        if done.cancelled() or later is None:
            self.transport.abort()
            self._forget()
            return
        self._answer(later.reply(done))
        self._read_on()

    def _read_on(self) -> None:
        """Go on with what came too early."""
        if self._held and not self._is_answering and not self.transport.is_closing():
            early, self._held = self._held, b""
            if not self._stuck:
                self.transport.resume_reading()
            self._receive(early)

    def _answer(self, reply: Reply) -> None:
        self._forget()
        if self.transport.is_closing():
            return
        close = self._leaving or self._fast_path.retiring()
        self.transport.write(reply.encode(close=close))
        if close:
            self.transport.close()

    def _forget(self) -> None:
        """Be done with a request."""
        if self._request is not None:
            self._fast_path.held -= self._request.size
        self._request, self._body, self._missing, self._is_put_off = None, b"", 0, False

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; a body that is whole is taken all the same, and held until it is durable."""
        del exc
        self._fast_path.open.discard(self)
        if self._is_put_off:
            self.go_on()
        elif self._later is None:
            self._forget()

    def leave(self) -> None:
        """Close the connection, or with the answer that is due."""
        self._leaving = True
        if not self._is_answering:
            self.transport.close()

    def pause_writing(self) -> None:
        """Take no more from a client that does not read its answers."""
        self._stuck = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._stuck = False
        if not (self._held and self._is_answering):
            self.transport.resume_reading()

    def grow_old(self, now: float, keepalive: float) -> None:
        """Close a connection that was silent for too long; leave a slow request to aiohttp."""
        if self._is_answering:
            return
        if (self._held or self._request) and now - self._began > WHOLE_WITHIN:
            self._give_up()
        elif now - self._heard > keepalive:
            (self.transport.abort if self._stuck else self.transport.close)()

    def _reply(self, request: PlainRequest, body: Bytes) -> Reply | Later | None:
        try:
            return request.endpoint.respond(request.fields, body) if self._fast_path.is_open() else None
        except Exception:  # noqa: BLE001 - aiohttp meets it again, answers 500 and logs its type
            return None

    def _give_up(self) -> None:
        """Leave a request to aiohttp, and the connection with it."""
        if self.transport.is_closing():
            self._forget()
            return
        early, self._held = self._held, b""
        if self._request is not None and early:  # reading was paused for it
            self.transport.resume_reading()
        here = memoryview(self._body)[: len(self._body) - self._missing]
        data = early if self._request is None else b"".join([self._request.head, here, early])
        self._forget()
        self._hand_over(data)

    def _hand_over(self, data: bytes) -> None:
        self._fast_path.open.discard(self)
        protocol = self._fast_path.further()
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        protocol.data_received(data)
