"""A fast path in front of aiohttp: plain, complete requests are answered within one turn of the event loop.

For each request aiohttp allocates objects, wakes a task and takes several turns of the event loop. That takes longer
than judging a text, and a slice of counting may run in between. So every connection starts here. A request that is
plain (see ``plain_request``) and complete is answered immediately, or once its body is durable. The first request that
is anything else hands its connection to aiohttp for good, so nothing is rejected here.

While callers wait for verdicts, deferrable bodies are deferred: each costs as much as several verdicts, and its sender
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
"""Bytes of all bodies buffered or announced here; requests beyond it go to aiohttp and its limits. Memory for an
announced body is allocated only if the endpoint ``admits`` its headers: a sender of nothing more holds it for
``WHOLE_WITHIN``."""
WHOLE_WITHIN: Final = 1.0
"""Seconds after which an incomplete request is handed to aiohttp, which limits slow senders."""
DEFERRED_MOST: Final = 0.02
"""Maximum seconds for which a deferrable body is deferred."""
_URGENT_RECENTLY: Final = 1.0
"""Seconds after an urgent request in which more of them are likely."""
_SWEEP: Final = 1.0
_READ: Final = 64 << 10
"""Size of a read, except that the rest of a body is read directly into place."""


class FastPath:
    """The connections of a listener that have sent only plain requests so far."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        fallback: Callable[[], asyncio.Protocol],
        *,
        keepalive: float,
        retiring: Callable[[], bool],
        is_open: Callable[[], bool],
    ) -> None:
        """Take the endpoint of each path, and ``fallback``, the protocol factory for all other requests.

        Connections that are silent for ``keepalive`` seconds are closed; while ``retiring``, each is closed with its
        response. Nothing is answered here unless the listener ``is_open``: aiohttp's middlewares authenticate users.
        """
        self.endpoints = {f"POST {path} HTTP/1.1".encode(): endpoint for path, endpoint in endpoints.items()}
        self.fallback = fallback
        self.retiring = retiring
        self.is_open = is_open
        self.open: set[Connection] = set()
        self.held = 0
        """Bytes of the bodies buffered or announced."""
        self.buffer = memoryview(bytearray(_READ))
        """Read buffer shared by all connections, except for the rest of a body."""
        self._deferred: deque[tuple[float, Connection]] = deque()
        """Deferred connections with a complete body, each with the time of its deferral."""
        self._urgent = 0
        """Number of urgent requests so far,"""
        self._urgent_before = 0
        """their number at the last turn,"""
        self._urgent_at = float("-inf")
        """and the time of the last one."""
        self._keepalive = keepalive
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_SWEEP, self._sweep)

    def connect(self) -> asyncio.BufferedProtocol:
        """Return the protocol of a new connection."""
        return Connection(self)

    def close(self) -> None:
        """Close all connections; those waiting for a response, together with it."""
        self._timer.cancel()
        for connection in list(self.open):
            connection.leave()

    def note_urgent(self, now: float) -> None:
        """Note an urgent request."""
        self._urgent += 1
        self._urgent_at = now

    def defer(self, connection: Connection, now: float) -> bool:
        """Defer a connection until no urgent request was answered in a turn; False: there are no urgent requests."""
        if now - self._urgent_at > _URGENT_RECENTLY:
            return False
        if not self._deferred:
            self._urgent_before = -1  # what is read in this turn is not answered yet
            self._loop.call_soon(self._turn)
        self._deferred.append((now, connection))
        return True

    def _turn(self) -> None:
        """Continue one connection if the last turn had no urgent request or it waited too long; runs while any wait."""
        since, connection = self._deferred[0]
        is_due = self._urgent == self._urgent_before or time.monotonic() - since > DEFERRED_MOST
        self._urgent_before = self._urgent
        if is_due:
            self._deferred.popleft()
        if self._deferred:
            self._loop.call_soon(self._turn)
        if is_due:
            connection.resume()

    def _sweep(self) -> None:
        self._timer = self._loop.call_later(_SWEEP, self._sweep)
        now = time.monotonic()
        for connection in list(self.open):
            connection.expire(now, self._keepalive)


class Connection(asyncio.BufferedProtocol):
    """One connection, until it is handed to aiohttp."""

    transport: asyncio.Transport

    def __init__(self, fast_path: FastPath) -> None:
        self._fast_path = fast_path
        self._held = b""
        """The incomplete head of a request, or data that arrived early, while a request is being answered."""
        self._request: PlainRequest | None = None
        self._body: Bytes = b""
        """The body of a request, or the buffer for it."""
        self._missing = 0
        """Bytes of the body that have not arrived."""
        self._is_deferred = False
        """The body is complete and deferred."""
        self._later: Later | None = None
        self._last_read = self._began = time.monotonic()
        self._writing_paused = False
        self._leaving = False

    @property
    def _is_answering(self) -> bool:
        """True while a complete request is deferred or being answered: more data is early."""
        return self._is_deferred or self._later is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream socket
        self.transport = transport
        self._fast_path.open.add(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the rest of a body's buffer, so that it is not copied again and nothing after it is read."""
        del sizehint
        return memoryview(self._body)[-self._missing :] if self._missing else self._fast_path.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Process what was read."""
        if self._request is not None and self._missing:
            self._last_read = time.monotonic()
            self._missing -= nbytes
            self._continue_receiving(self._request)
        else:
            self._receive(bytes(self._fast_path.buffer[:nbytes]))

    def _receive(self, data: bytes) -> None:
        """Answer a complete request, buffer an incomplete one, and hand everything else to aiohttp."""
        self._last_read = time.monotonic()
        if self._is_answering:
            self._held += data
            self.transport.pause_reading()
        else:
            self._begin(data)

    def _begin(self, data: bytes) -> None:
        if not self._held:
            self._began = self._last_read
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
        self._continue_receiving(found)

    def _has_room(self, request: PlainRequest) -> bool:
        """Return whether a body can be buffered; an incomplete one only if its headers are admitted."""
        is_whole = len(request.body) == request.size
        fits = self._fast_path.held + request.size <= HELD_MAX
        return fits and (is_whole or request.endpoint.admits(request.fields))

    def _continue_receiving(self, request: PlainRequest) -> None:
        """Answer or defer the request if its body is complete."""
        if self._missing:
            request.endpoint.arriving()
        elif not request.endpoint.deferrable:
            self._fast_path.note_urgent(self._last_read)
            self._finish(request)
        elif self._fast_path.defer(self, self._last_read):
            self._is_deferred = True
        else:
            self._finish(request)

    def resume(self) -> None:
        """Continue a deferred request."""
        if self._is_deferred and self._request is not None:
            self._is_deferred = False
            self._finish(self._request)
            self._read_early()

    def _finish(self, request: PlainRequest) -> None:
        """Answer a complete request, now or when its reply is ready."""
        reply = self._reply(request, self._body)
        if reply is None:
            self._give_up()
            return
        self._body = b""
        if isinstance(reply, Later):
            self._later = reply
            reply.done.add_done_callback(self._send_ready)
        else:
            self._answer(reply)

    def _send_ready(self, done: asyncio.Future[Any]) -> None:
        """Send a reply that has become ready, and continue with early data."""
        later, self._later = self._later, None
        if done.cancelled() or later is None:
            self.transport.abort()
            self._forget()
            return
        self._answer(later.reply(done))
        self._read_early()

    def _read_early(self) -> None:
        """Continue with early data."""
        if self._held and not self._is_answering and not self.transport.is_closing():
            early, self._held = self._held, b""
            if not self._writing_paused:
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
        """Drop the current request."""
        if self._request is not None:
            self._fast_path.held -= self._request.size
        self._request, self._body, self._missing, self._is_deferred = None, b"", 0, False

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; a complete body is still accepted, and held until it is durable."""
        del exc
        self._fast_path.open.discard(self)
        if self._is_deferred:
            self.resume()
        elif self._later is None:
            self._forget()

    def leave(self) -> None:
        """Close the connection, after the pending response if there is one."""
        self._leaving = True
        if not self._is_answering:
            self.transport.close()

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read its responses."""
        self._writing_paused = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Resume reading."""
        self._writing_paused = False
        if not (self._held and self._is_answering):
            self.transport.resume_reading()

    def expire(self, now: float, keepalive: float) -> None:
        """Close a connection that was silent for too long; hand a slow request to aiohttp."""
        if self._is_answering:
            return
        if (self._held or self._request) and now - self._began > WHOLE_WITHIN:
            self._give_up()
        elif now - self._last_read > keepalive:
            (self.transport.abort if self._writing_paused else self.transport.close)()

    def _reply(self, request: PlainRequest, body: Bytes) -> Reply | Later | None:
        try:
            return request.endpoint.respond(request.fields, body) if self._fast_path.is_open() else None
        except Exception:  # noqa: BLE001 - aiohttp hits the same error, answers 500 and logs its type
            return None

    def _give_up(self) -> None:
        """Hand a request and its connection to aiohttp."""
        if self.transport.is_closing():
            self._forget()
            return
        early, self._held = self._held, b""
        if self._request is not None and early:  # reading was paused because of it
            self.transport.resume_reading()
        here = memoryview(self._body)[: len(self._body) - self._missing]
        data = early if self._request is None else b"".join([self._request.head, here, early])
        self._forget()
        self._hand_over(data)

    def _hand_over(self, data: bytes) -> None:
        self._fast_path.open.discard(self)
        protocol = self._fast_path.fallback()
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        protocol.data_received(data)
