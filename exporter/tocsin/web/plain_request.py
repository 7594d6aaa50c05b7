"""Parsing of plain requests (one POST to a known path, framed by Content-Length), and JSON replies.

Any request that deviates, however slightly, is left to aiohttp.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from multidict import CIMultiDict

from tocsin.formats.base import Bytes

HEAD_MAX: Final = 8 << 10
BODY_MAX: Final = 16 << 10
"""Largest body answered immediately, unless an endpoint sets its own limit."""
_FIELDS = re.compile(rb"(?m)^([A-Za-z0-9-]+):[ \t]*([\t\x20-\x7e]*)\r\n")
_LENGTH = re.compile(rb"[0-9]{1,7}")
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
_NOT_PLAIN: Final = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"origin"})


class Reply(NamedTuple):
    """A JSON response."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self, *, close: bool) -> bytes:
        """Return the response as bytes; ``close`` announces that the connection ends with it."""
        fields = (*self.headers, ("Connection", "close")) if close else self.headers
        further = "".join([f"{name}: {value}\r\n" for name, value in fields])
        kind = "Content-Type: application/json; charset=utf-8\r\n" if self.body else ""
        head = (
            f"HTTP/1.1 {self.status} {_PHRASES[self.status]}\r\n{further}Date: {_date()}\r\n"
            f"{kind}Content-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode("ascii") + self.body


Fields = Mapping[bytes, bytes]
"""Header fields by lowercase name."""


class Later(NamedTuple):
    """A response that is not ready yet."""

    done: asyncio.Future[Any]
    reply: Callable[[asyncio.Future[Any]], Reply]
    """Builds the reply from ``done``, which may have failed."""


Respond = Callable[[Fields, Bytes], Reply | Later | None]
"""Answers header fields and body; None: leave it to aiohttp."""


def _nothing() -> None:
    """Do nothing."""


def _anybody(fields: Fields) -> bool:
    """Admit every request."""
    del fields
    return True


class Endpoint(NamedTuple):
    """The handler of one path, and its limits."""

    respond: Respond
    most: int = BODY_MAX
    """Largest body answered here; a larger one would block the event loop for too long."""
    arriving: Callable[[], None] = _nothing
    """Called when part of a body arrives."""
    deferrable: bool = False
    """Whether a body may be deferred, for at most ``DEFERRED_MOST``, while other requests are answered."""
    admits: Callable[[Fields], bool] = _anybody
    """Whether to allocate a buffer for a body that has not arrived: only if its headers may authenticate the sender."""


class PlainRequest(NamedTuple):
    """A request with a complete head and the part of its body that has arrived."""

    endpoint: Endpoint
    fields: Fields
    head: bytes
    body: bytes
    size: int
    """Length of the complete body."""


def read(data: bytes, endpoints: Mapping[bytes, Endpoint]) -> PlainRequest | bool:
    """Return the plain request that ``data`` begins with; True while it may become one; False: it is something else.

    The keys of ``endpoints`` are request lines such as ``b"POST /path HTTP/1.1"``.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    line, _, rest = head.partition(b"\r\n")
    if not end:
        return len(data) < HEAD_MAX and any((known + b"\r").startswith(line) for known in endpoints)
    if line not in endpoints or len(head) >= HEAD_MAX:
        return False
    found = _FIELDS.findall(rest + b"\r\n")
    fields = {name.lower(): value for name, value in found}
    length = _LENGTH.fullmatch(fields.get(b"content-length", b""))
    if len(fields) <= rest.count(b"\n") or length is None or b"host" not in fields:
        return False  # among others, malformed or duplicate fields
    if not _NOT_PLAIN.isdisjoint(fields) or fields.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return False
    size, endpoint = int(length[0]), endpoints[line]
    if not len(body) <= size <= endpoint.most:
        return False
    return PlainRequest(endpoint, fields, data[: len(data) - len(body)], body, size)


def headers(fields: Fields) -> CIMultiDict[str]:
    """Return fields in aiohttp's form."""
    return CIMultiDict([(name.decode("ascii"), value.rstrip().decode("ascii")) for name, value in fields.items()])


_dated: tuple[int, str] = (0, "")


def _date() -> str:
    """Return the time as an HTTP date (RFC 9110, section 5.6.7), formatted once a second."""
    global _dated  # noqa: PLW0603 - a cache of one
    now = int(time.time())
    if _dated[0] != now:
        _dated = now, formatdate(now, usegmt=True)
    return _dated[1]
