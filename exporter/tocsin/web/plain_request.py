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
"""Bytes of a body that is answered at once, where an endpoint does not say otherwise."""
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
        """Return the answer as bytes; ``close`` says that the connection ends with it."""
        fields = (*self.headers, ("Connection", "close")) if close else self.headers
        further = "".join([f"{name}: {value}\r\n" for name, value in fields])
        kind = "Content-Type: application/json; charset=utf-8\r\n" if self.body else ""
        head = (
            f"HTTP/1.1 {self.status} {_PHRASES[self.status]}\r\n{further}Date: {_date()}\r\n"
            f"{kind}Content-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode("ascii") + self.body


Fields = Mapping[bytes, bytes]
"""The fields of a head, by their names in lower case."""


class Later(NamedTuple):
    """A response that is not ready yet."""

    done: asyncio.Future[Any]
    reply: Callable[[asyncio.Future[Any]], Reply]
    """Makes the answer of ``done``, which may hold an error."""


Respond = Callable[[Fields, Bytes], Reply | Later | None]
"""Answers fields and body; None: aiohttp shall do it."""


def _nothing() -> None:
    """Take no notice."""


def _anybody(fields: Fields) -> bool:
    """Turn nobody away."""
    del fields
    return True


class Endpoint(NamedTuple):
    """The handler of one path, and its limits."""

    respond: Respond
    most: int = BODY_MAX
    """Bytes of a body that is answered here; a larger one takes too long for the event loop."""
    arriving: Callable[[], None] = _nothing
    """Told of each piece of a body."""
    can_wait: bool = False
    """True where a body is taken in a turn of the loop in which nobody else is answered, within ``WAITS_MOST``."""
    admits: Callable[[Fields], bool] = _anybody
    """Tells whether room is made for a body that is not here yet: not for that of one whose head proves nothing."""


class PlainRequest(NamedTuple):
    """A request whose head is complete, with as much of its body as has arrived."""

    endpoint: Endpoint
    fields: Fields
    head: bytes
    body: bytes
    size: int
    """Bytes of the body when it is whole."""


def read(data: bytes, endpoints: Mapping[bytes, Endpoint]) -> PlainRequest | bool:
    """Return the plain request that ``data`` begins; True while it may become one; False: it is something else.

    ``endpoints`` are by the line with which their requests begin, as ``b"POST /path HTTP/1.1"``.
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
        return False  # fields of an odd form, or one that comes twice, among others
    if not _NOT_PLAIN.isdisjoint(fields) or fields.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return False
    size, endpoint = int(length[0]), endpoints[line]
    if not len(body) <= size <= endpoint.most:
        return False
    return PlainRequest(endpoint, fields, data[: len(data) - len(body)], body, size)


def headers(fields: Fields) -> CIMultiDict[str]:
    """Return fields as aiohttp gives them."""
    return CIMultiDict([(name.decode("ascii"), value.rstrip().decode("ascii")) for name, value in fields.items()])


_dated: tuple[int, str] = (0, "")


def _date() -> str:
    """Return the time as HTTP writes it (RFC 9110, section 5.6.7), made once a second."""
    global _dated  # noqa: PLW0603 - a cache of one
    now = int(time.time())
    if _dated[0] != now:
        _dated = now, formatdate(now, usegmt=True)
    return _dated[1]
