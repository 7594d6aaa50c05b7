"""Small requests answered in the turn of the event loop in which they arrive, before aiohttp sees them.

aiohttp makes objects, wakes a task and takes several turns of the loop for a request: more time than a look at a text,
and between two turns a slice of counting may come. So a connection begins here. What is plain and complete (one POST of
a known path, framed by Content-Length) is answered at once; with the first request that is anything else, however
slightly, the connection is aiohttp's for good, which answers, or refuses, as ever. So nothing here refuses a request.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Final, NamedTuple

from multidict import CIMultiDict

HEAD_MAX: Final = 8 << 10
BODY_MAX: Final = 16 << 10
"""Bytes of a body that is answered here; a larger one takes too long for the event loop."""
WHOLE_WITHIN: Final = 1.0
"""Seconds after which a request that is still incomplete is aiohttp's, with its bounds on slow senders."""
_SWEEP: Final = 1.0
_READ: Final = 64 << 10
"""Bytes of one read: room for 256 KiB, asyncio's default, is mapped and given back by the system every time."""
_FIELDS = re.compile(rb"(?m)^([A-Za-z0-9-]+):[ \t]*([\t\x20-\x7e]*)\r\n")
_LENGTH = re.compile(rb"[0-9]{1,5}")
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
_NOT_PLAIN: Final = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade"})


class Reply(NamedTuple):
    """An answer in JSON."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self, *, close: bool) -> bytes:
        """Return the answer as bytes; ``close`` says that the connection ends with it."""
        fields = (*self.headers, ("Connection", "close")) if close else self.headers
        further = "".join([f"{name}: {value}\r\n" for name, value in fields])
        head = (
            f"HTTP/1.1 {self.status} {_PHRASES[self.status]}\r\n{further}Date: {_date()}\r\n"
            f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode("ascii") + self.body


Fields = Mapping[bytes, bytes]
"""The fields of a head, by their names in lower case."""
Respond = Callable[[Fields, bytes], Reply | None]
"""Answers fields and body; None: aiohttp shall do it."""


class Plain(NamedTuple):
    """A whole request."""

    respond: Respond
    fields: Fields
    body: bytes


def read(data: bytes, responders: Mapping[bytes, Respond]) -> Plain | bool:
    """Return the plain request that ``data`` is; True while it may become one; False: it is something else.

    ``responders`` are by the line with which their requests begin, as ``b"POST /path HTTP/1.1"``.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    line, _, rest = head.partition(b"\r\n")
    if not end:
        return len(data) < HEAD_MAX and any((known + b"\r").startswith(line) for known in responders)
    if line not in responders:
        return False
    found = _FIELDS.findall(rest + b"\r\n")
    fields = {name.lower(): value for name, value in found}
    length = _LENGTH.fullmatch(fields.get(b"content-length", b""))
    if len(fields) <= rest.count(b"\n") or length is None or b"host" not in fields:
        return False  # fields of an odd form, or one that comes twice, among others
    if not _NOT_PLAIN.isdisjoint(fields) or fields.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return False
    size = int(length[0])
    if len(body) < size <= BODY_MAX:
        return True
    return Plain(responders[line], fields, body) if len(body) == size <= BODY_MAX else False


def headers(fields: Fields) -> CIMultiDict[str]:
    """Return fields as aiohttp gives them."""
    return CIMultiDict([(name.decode("ascii"), value.rstrip().decode("ascii")) for name, value in fields.items()])


class Doorway:
    """The connections of a listener that have asked for nothing but what is answered here."""

    def __init__(
        self,
        responders: Mapping[str, Respond],
        further: Callable[[], asyncio.Protocol],
        *,
        keepalive: float,
        retiring: Callable[[], bool],
        is_open: Callable[[], bool],
    ) -> None:
        """Take what answers each path, and ``further``, which makes the protocol of all other requests.

        Connections that are silent for ``keepalive`` seconds are closed, and each with its answer while ``retiring``.
        Nothing is answered here unless the listener ``is_open``: users prove who they are to aiohttp's middlewares.
        """
        self.responders = {f"POST {path} HTTP/1.1".encode(): respond for path, respond in responders.items()}
        self.further = further
        self.retiring = retiring
        self.is_open = is_open
        self.open: set[Visitor] = set()
        self._keepalive = keepalive
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_SWEEP, self._sweep)

    def connect(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        return Visitor(self)

    def close(self) -> None:
        """Close all connections."""
        self._timer.cancel()
        for visitor in list(self.open):
            visitor.transport.close()

    def _sweep(self) -> None:
        self._timer = self._loop.call_later(_SWEEP, self._sweep)
        now = time.monotonic()
        for visitor in list(self.open):
            visitor.grow_old(now, self._keepalive)


class Visitor(asyncio.Protocol):
    """One connection, until it asks for something else."""

    transport: asyncio.Transport

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._held = b""
        self._heard = time.monotonic()
        self._stuck = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a stream
        self.transport = transport
        if hasattr(transport, "max_size"):  # asyncio's own, without TLS
            transport.max_size = _READ
        self._doorway.open.add(self)

    def data_received(self, data: bytes) -> None:
        """Answer a request that is whole, hold one that is not yet, and leave everything else to aiohttp."""
        self._heard = time.monotonic()
        held = self._held + data if self._held else data
        found = read(held, self._doorway.responders)
        if found is True:
            self._held = held
            return
        reply = self._reply(found) if isinstance(found, Plain) else None
        if reply is None:
            self._hand_over(held)
            return
        self._held = b""
        close = self._doorway.retiring()
        self.transport.write(reply.encode(close=close))
        if close:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        del exc
        self._doorway.open.discard(self)

    def pause_writing(self) -> None:
        """Take no more from a client that does not read its answers."""
        self._stuck = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._stuck = False
        self.transport.resume_reading()

    def grow_old(self, now: float, keepalive: float) -> None:
        """Close a connection that was silent for too long; leave a slow request to aiohttp."""
        silent = now - self._heard
        if self._held and silent > WHOLE_WITHIN:
            self._hand_over(self._held)
        elif silent > keepalive:
            (self.transport.abort if self._stuck else self.transport.close)()

    def _reply(self, request: Plain) -> Reply | None:
        try:
            return request.respond(request.fields, request.body) if self._doorway.is_open() else None
        except Exception:  # noqa: BLE001 - aiohttp meets it again, answers 500 and logs its type
            return None

    def _hand_over(self, data: bytes) -> None:
        self._doorway.open.discard(self)
        protocol = self._doorway.further()
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        protocol.data_received(data)


_dated: tuple[int, str] = (0, "")


def _date() -> str:
    """Return the time as HTTP writes it (RFC 9110, section 5.6.7), made once a second."""
    global _dated  # noqa: PLW0603 - a cache of one
    now = int(time.time())
    if _dated[0] != now:
        _dated = now, formatdate(now, usegmt=True)
    return _dated[1]
