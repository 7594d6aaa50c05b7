"""Reads request bodies: bounded decompression, timeouts for slow senders, authentication."""

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
"""Reason for refusing a delivery or guard request, by the status of the response."""
REASONS: Final = (*dict.fromkeys(REFUSED.values()), "connections")
"""All reasons; ``connections``: too many were open."""
_SLICE = 256 << 10
_CHUNKS_AT_ONCE, _LITTLE, _MUCH = 16 << 10, 64 << 10, 256 << 10
"""Read sizes for chunked bodies, bodies under 100,000 bytes, and larger ones."""
_IDLE = 10.0
"""Seconds without data after which reading a body is aborted."""
_GRACE = 10.0
_SLOWEST = 16 << 10
"""Minimum average rate of a body in bytes per second, after ``_GRACE`` seconds."""


def check_request(request: web.Request, verifiers: Sequence[Verifier], limit: int) -> list[Check]:
    """Check what the headers alone decide; return the checks that must process the body.

    Raises:
        web.HTTPUnauthorized: the sender is not authenticated, but must be.
        web.HTTPForbidden: see ``header_checks``.
        web.HTTPRequestEntityTooLarge: the announced body is over ``limit`` bytes.
    """
    checks = header_checks(verifiers, request.headers)
    if request.content_length is not None and request.content_length > limit:
        raise too_large(limit)
    return checks


async def small_body(request: web.Request, verifiers: Sequence[Verifier], limit: int) -> bytes:
    """Return the whole body of an authenticated request, at most ``limit`` bytes before and after decompression.

    Raises:
        web.HTTPException: the request is refused.
        BodyError: the body is invalid.
    """
    set_read_size(request)
    checks = check_request(request, verifiers, limit)
    if (body := buffered_body(request)) is not None:
        verify_body(checks, body, limit)
        return body
    inflate = inflater(request.headers.get("Content-Encoding", ""))
    pieces: list[bytes] = []
    sent = size = 0
    async for data in stream_body(request):
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
    """Decodes a Content-Encoding incrementally."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decompress in pieces of at most ``_SLICE``, so that a decompression bomb is detected early."""

    def finish(self) -> None:
        """Raise BodyError if the stream is incomplete."""


class Identity:
    """No encoding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Return the bytes unchanged."""
        yield data

    def finish(self) -> None:
        """Do nothing: the identity encoding has no end marker."""


class _Zlib:
    """gzip, and deflate as defined by RFC 9110 (zlib, RFC 1950)."""

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
    """Input bytes per call: a block inflates to at most 128 KiB. One of a repeated byte takes 4 bytes, so these may
    inflate to 16 MiB, in 20 ms."""

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
                    for at in range(0, len(piece), _SLICE):
                        yield piece[at : at + _SLICE]
        except zstandard.ZstdError:
            raise BodyError("the compressed body is broken") from None

    def finish(self) -> None:
        if not self._stream.eof:
            raise BodyError("the compressed body ends too early")


def inflater(encoding: str) -> Inflater:
    """Return the decoder of a Content-Encoding.

    Raises:
        web.HTTPUnsupportedMediaType: the encoding is not supported.
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


def set_read_size(request: web.Request) -> None:
    """Set the size of asyncio's reads from this client.

    With the default, 256 KiB, every read maps and unmaps memory: a tenth of the cost of a small request. And each chunk
    of a chunked body costs a microsecond, however small it is.
    """
    transport = request.transport
    if transport is not None and hasattr(transport, "max_size"):  # asyncio's own, without TLS
        length = request.headers.get("Content-Length", "")
        transport.max_size = _CHUNKS_AT_ONCE if not length else _MUCH if len(length) > 5 else _LITTLE


def buffered_body(request: web.Request) -> bytes | None:
    """Return a body that arrived with its headers, as small ones do, if it is not encoded; else None.

    Such a body needs no await and no timer: a third of the cost of a small request.
    """
    if not request.content.is_eof() or "Content-Encoding" in request.headers:
        return None
    try:
        return request.content.read_nowait()
    except (web.PayloadAccessError, OSError, ValueError):
        raise BodyError("the body ended too early") from None


def header_checks(verifiers: Sequence[Verifier], headers: Mapping[str, str]) -> list[Check]:
    """Return the checks of a request's headers that must process the body.

    Raises:
        web.HTTPUnauthorized: there are verifiers, and the headers satisfy none.
        web.HTTPForbidden: there are none, and a browser sent the request: any open web page could write the metrics.
    """
    if not verifiers and "Origin" in headers:
        raise web.HTTPForbidden(text="an Origin header, as browsers send it, needs ingest.auth and its token\n")
    checks = [check for verifier in verifiers if (check := verifier.begin(headers)) is not None]
    if verifiers and not checks:
        raise unauthorized()
    return checks


def admits(verifiers: Sequence[Verifier]) -> Callable[[Fields], bool]:
    """Return a predicate: whether the headers of a plain request may be those of an authenticated sender."""

    def may_be_known(fields: Fields) -> bool:
        try:
            header_checks(verifiers, headers(fields))
        except web.HTTPException:
            return False
        return True

    return may_be_known


def verify_body(checks: Sequence[Check], body: Bytes, limit: int) -> None:
    """Run the checks over a whole body.

    Raises:
        web.HTTPUnauthorized: there are checks, and all fail.
        web.HTTPRequestEntityTooLarge: the body is over ``limit`` bytes.
    """
    if len(body) > limit:
        raise too_large(limit)
    for check in checks:
        check.update(body)
    if checks and not any(check.valid() for check in checks):
        raise unauthorized()


async def stream_body(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; abort if the sender is silent or slower than ``_SLOWEST``."""
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
    """The refusal of an unauthenticated sender."""
    return web.HTTPUnauthorized(text="unauthorized\n")


def too_large(limit: int, what: str = "") -> web.HTTPRequestEntityTooLarge:
    """The refusal of a body over ``limit`` bytes."""
    return web.HTTPRequestEntityTooLarge(limit, limit + 1, text=f"the {what}body is larger than {limit} bytes\n")


def answer(status: int, text: str, *, close: bool) -> web.Response:
    """A plain-text response; ``close`` ends the connection, for bodies that were not read completely."""
    response = web.Response(status=status, text=text)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="tocsin"'
    if status == 503:
        response.headers["Retry-After"] = "5"
    if close:
        response.force_close()
    return response
