"""Bodies of requests as they arrive: inflated within bounds, given up when they come too slowly, authenticated."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol

import zstandard
from aiohttp import web

from tocsin.formats.base import Bytes
from tocsin.web.auth import Check, Verifier
from tocsin.web.batches import BodyError
from tocsin.web.plain_request import Fields, headers

REFUSED: Final = {
    400: "broken", 401: "unauthorized", 403: "unauthorized", 404: "unknown_format", 408: "too_slow", 413: "too_large",
    415: "unknown_encoding", 417: "broken", 503: "no_room",
}  # fmt: skip
"""Why a delivery, or a question to the guard, was refused, by the status it was answered with."""
REASONS: Final = (*dict.fromkeys(REFUSED.values()), "connections")
"""All reasons; ``connections``: there were too many."""
_SLICE = 256 << 10
_CHUNKS_AT_ONCE, _LITTLE, _MUCH = 16 << 10, 64 << 10, 256 << 10
"""Bytes read at a time of a body in chunks, of one under 100,000 bytes, of a larger one."""
_IDLE = 10.0
"""Seconds without a byte of a body after which the sender is given up."""
_GRACE = 10.0
_SLOWEST = 16 << 10
"""Bytes a second a body must make on average, after ``_GRACE`` seconds."""


def begin(request: web.Request, verifiers: Sequence[Verifier], limit: int) -> list[Check]:
    """Decide what the headers decide; return the checks that have yet to see the body.

    Raises:
        web.HTTPUnauthorized: the sender has not proved itself, and must.
        web.HTTPForbidden: see ``begun``.
        web.HTTPRequestEntityTooLarge: the body says it is over ``limit`` bytes.
    """
    checks = begun(verifiers, request.headers)
    if request.content_length is not None and request.content_length > limit:
        raise too_large(limit)
    return checks


async def small_body(request: web.Request, verifiers: Sequence[Verifier], limit: int) -> bytes:
    """Return a whole body of at most ``limit`` bytes, before and after inflating, of a sender that has proved itself.

    Raises:
        web.HTTPException: it is refused.
        BodyError: it is broken.
    """
    read_as_much_as_comes(request)
    checks = begin(request, verifiers, limit)
    if (body := arrived(request)) is not None:
        prove(checks, body, limit)
        return body
    inflate = inflater(request.headers.get("Content-Encoding", ""))
    pieces: list[bytes] = []
    sent = size = 0
    async for data in arriving(request):
        sent += len(data)
        for check in checks:
            check.update(data)
        for piece in inflate.feed(data):
            size += len(piece)
            if max(sent, size) > limit:
                raise too_large(limit)
            pieces.append(piece)
    if checks and not any(check.valid() for check in checks):
        raise unauthorized()
    inflate.finish()
    return b"".join(pieces)


class Inflater(Protocol):
    """Undoes a Content-Encoding piece by piece."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Inflate in pieces of at most ``_SLICE``, so that a bomb is met piece by piece."""

    def finish(self) -> None:
        """Raise BodyError when the stream is not at its end."""


class Identity:
    """No encoding at all."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pass the bytes on."""
        yield data

    def finish(self) -> None:
        """Take no notice: it has no end of its own."""


class _Zlib:
    """gzip, and deflate as RFC 9110 means it (zlib, RFC 1950)."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._stream = zlib.decompressobj(bits)

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            while data:
                if self._stream.eof:  # a gzip body may have several members
                    self._stream = zlib.decompressobj(self._bits)
                piece = self._stream.decompress(data, _SLICE)
                if piece:
                    yield piece
                data = self._stream.unconsumed_tail or self._stream.unused_data
            while not self._stream.eof and (piece := self._stream.decompress(b"", _SLICE)):
                yield piece
        except zlib.error:
            raise BodyError("the compressed body is broken") from None

    def finish(self) -> None:
        if not self._stream.eof:
            raise BodyError("the compressed body ends too early")


class _Zstd:
    """zstd (RFC 8878) with a window of at most 8 MiB."""

    _WINDOW = 8 << 20
    _STEP = 512
    """Bytes fed at once: a block inflates to at most 128 KiB, and little of the input holds many blocks."""

    def __init__(self) -> None:
        self._factory = zstandard.ZstdDecompressor(max_window_size=self._WINDOW)
        self._stream = self._factory.decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            for start in range(0, len(data), self._STEP):
                rest = data[start : start + self._STEP]
                while rest:
                    if self._stream.eof:
                        self._stream = self._factory.decompressobj()
                    piece = self._stream.decompress(rest)
                    rest = self._stream.unused_data if self._stream.eof else b""
                    if piece:
                        yield piece
        except zstandard.ZstdError:
            raise BodyError("the compressed body is broken") from None

    def finish(self) -> None:
        if not self._stream.eof:
            raise BodyError("the compressed body ends too early")


def inflater(encoding: str) -> Inflater:
    """Return what undoes a Content-Encoding.

    Raises:
        web.HTTPUnsupportedMediaType: it is none that we know.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return Identity()
        case "gzip" | "x-gzip":
            return _Zlib(16 + zlib.MAX_WBITS)
        case "deflate":
            return _Zlib(zlib.MAX_WBITS)
        case "zstd":
            return _Zstd()
    raise web.HTTPUnsupportedMediaType(text="Content-Encoding must be gzip, deflate, zstd or identity\n")


def read_as_much_as_comes(request: web.Request) -> None:
    """Tell asyncio how much to read at a time from this client.

    Room for 256 KiB, its default, is a mapping that is made and taken back by the system for every read: a tenth of
    what a small request costs. And each chunk of a body in chunks costs a microsecond, however little it holds.
    """
    transport = request.transport
    if transport is not None and hasattr(transport, "max_size"):  # asyncio's own, without TLS
        length = request.headers.get("Content-Length", "")
        transport.max_size = _CHUNKS_AT_ONCE if not length else _MUCH if len(length) > 5 else _LITTLE


def arrived(request: web.Request) -> bytes | None:
    """Return a body that came together with its headers, as small ones do, and as it was meant; else None.

    Nothing has to be awaited, and no timer set, for such a one: a third of what a small request costs.
    """
    if not request.content.is_eof() or "Content-Encoding" in request.headers:
        return None
    try:
        return request.content.read_nowait()
    except (web.PayloadAccessError, OSError, ValueError):
        raise BodyError("the body ended too early") from None


def begun(verifiers: Sequence[Verifier], headers: Mapping[str, str]) -> list[Check]:
    """Return the checks of a sender's headers that have yet to see the body.

    Raises:
        web.HTTPUnauthorized: there are verifiers, and the headers prove nothing to any.
        web.HTTPForbidden: there are none, and a browser asks: any page that is open there could write the metrics.
    """
    if not verifiers and "Origin" in headers:
        raise web.HTTPForbidden(text="an Origin, as of a page in a browser, needs ingest.auth and its token\n")
    checks = [check for verifier in verifiers if (check := verifier.begin(headers)) is not None]
    if verifiers and not checks:
        raise unauthorized()
    return checks


def admits(verifiers: Sequence[Verifier]) -> Callable[[Fields], bool]:
    """Return what tells whether the fields of a plain request may be those of a sender that proves itself."""

    def may_be_known(fields: Fields) -> bool:
        try:
            begun(verifiers, headers(fields))
        except web.HTTPException:
            return False
        return True

    return may_be_known


def prove(checks: Sequence[Check], body: Bytes, limit: int) -> None:
    """Let the checks see a whole body.

    Raises:
        web.HTTPUnauthorized: there are checks, and the sender passes none.
        web.HTTPRequestEntityTooLarge: the body is over ``limit`` bytes.
    """
    if len(body) > limit:
        raise too_large(limit)
    for check in checks:
        check.update(body)
    if checks and not any(check.valid() for check in checks):
        raise unauthorized()


async def arriving(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; give up on a sender that is silent or slower than ``_SLOWEST``."""
    loop = asyncio.get_running_loop()
    began, size = loop.time(), 0
    while True:
        try:
            data = request.content.read_nowait()
            if not data and not request.content.at_eof():
                deadline = min(loop.time() + _IDLE, began + _GRACE + size / _SLOWEST)
                async with asyncio.timeout_at(deadline):
                    data = await request.content.readany()
        except TimeoutError:
            raise web.HTTPRequestTimeout(text="the body came too slowly\n") from None
        except (web.PayloadAccessError, OSError, ValueError):
            raise BodyError("the body ended too early") from None
        if not data:
            return
        size += len(data)
        yield data


def unauthorized() -> web.HTTPUnauthorized:
    """The refusal of a sender that has not proved itself."""
    return web.HTTPUnauthorized(text="unauthorized\n")


def too_large(limit: int, what: str = "") -> web.HTTPRequestEntityTooLarge:
    """The refusal of a body over ``limit`` bytes."""
    return web.HTTPRequestEntityTooLarge(limit, limit + 1, text=f"the {what}body is larger than {limit} bytes\n")


def answer(status: int, text: str, *, close: bool) -> web.Response:
    """A plain answer; ``close`` ends the connection, for bodies that were not read to their end."""
    response = web.Response(status=status, text=text)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="tocsin"'
    if status == 503:
        response.headers["Retry-After"] = "5"
    if close:
        response.force_close()
    return response
