"""``POST /v1/ingest/{format}``: verify, inflate, check the syntax, make durable, answer.

A 2xx means that the body survives a crash. Content never causes a 5xx: only a full or failing disk does (503).
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import zstandard
from aiohttp import web

from tocsin.inputs.spool import Spool, SpoolFullError
from tocsin.web.auth import Check, Verifier
from tocsin.web.batches import CHUNK, BodyError, BodyTooLargeError, Splitter, whole

INFLATED_MAX = 256 << 20
BUFFERED_MAX = 32 << 20
"""Bytes of bodies held in memory, all requests together; beyond it senders shall come again."""
_SLICE = 256 << 10
_YIELD_AT = 64 << 10
_IDLE = 10.0
"""Seconds without a byte of a body after which the sender is given up."""
_GRACE = 10.0
_SLOWEST = 16 << 10
"""Bytes a second a body must make on average, after ``_GRACE`` seconds."""


@dataclass(frozen=True, slots=True)
class _Rules:
    spool: Spool
    formats: frozenset[str]
    auth: tuple[Verifier, ...]
    max_body_bytes: int
    wake: Callable[[], None]


def make_ingest_app(
    spool: Spool,
    *,
    formats: Sequence[str],
    auth: Sequence[Verifier],
    max_body_bytes: int,
    wake: Callable[[], None],
) -> web.Application:
    """Build the webhook listener's application; ``wake`` is called when a body is durable."""
    routes = _Routes(_Rules(spool, frozenset(formats), tuple(auth), max_body_bytes, wake))
    app = web.Application()
    app.router.add_post("/v1/ingest/{format}", routes.ingest, expect_handler=routes.expect)
    return app


class _Routes:
    def __init__(self, rules: _Rules) -> None:
        self._rules = rules
        self._buffered = 0
        self._inflating = asyncio.Lock()

    async def expect(self, request: web.Request) -> None:
        """Refuse before ``100 Continue`` what would be refused after it."""
        if request.headers.get("Expect", "").lower() != "100-continue":
            raise web.HTTPExpectationFailed(text="only 100-continue is understood\n")
        try:
            self._begin(request)
        except web.HTTPException as refusal:
            refusal.force_close()
            raise
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # What follows is the answer's own head, which aiohttp believes is sent already.
        request.writer.output_size = 0

    async def ingest(self, request: web.Request) -> web.Response:
        """Take one delivery."""
        try:
            checks = self._begin(request)
            await self._receive(request, checks)
        except web.HTTPException as refusal:
            return _answer(refusal.status, refusal.text or "", close=True)
        except BodyTooLargeError as error:
            return _answer(413, f"{error}\n", close=True)
        except BodyError as error:
            return _answer(400, f"{error}\n", close=not request.content.at_eof())
        except SpoolFullError:
            return _answer(503, "cannot be stored now; send it again\n", close=True)
        self._rules.wake()
        return web.Response(status=202)

    def _begin(self, request: web.Request) -> list[Check]:
        """Decide what the headers decide; return the checks that have yet to see the body."""
        rules = self._rules
        if request.match_info["format"] not in rules.formats:
            known = ", ".join(sorted(rules.formats))
            raise web.HTTPNotFound(text=f"no such format; there are: {known}\n")
        checks = [check for verifier in rules.auth if (check := verifier.begin(request.headers)) is not None]
        if rules.auth and not checks:
            raise _unauthorized()
        if request.content_length is not None and request.content_length > rules.max_body_bytes:
            raise _too_large(rules.max_body_bytes)
        return checks

    async def _receive(self, request: web.Request, checks: list[Check]) -> None:
        """Stream the body to the spool; commit it once it has verified."""
        body = _Body(self, self._rules.spool, request.match_info["format"])
        broken: BodyError | None = None
        size = 0
        try:
            inflate = _inflater(request.headers.get("Content-Encoding", ""))
            async for data in _arriving(request):
                size += len(data)
                if size > self._rules.max_body_bytes:
                    raise _too_large(self._rules.max_body_bytes)
                for check in checks:
                    check.update(data)
                if broken is None:
                    try:
                        await self._store(body, inflate, data)
                    except BodyError as error:
                        if not checks:
                            raise
                        broken = error  # said only to who has proved itself, at the end
                        body.drop()
            if checks and not any(check.valid() for check in checks):
                raise _unauthorized()
            if broken is not None:
                raise broken
            inflate.finish()
            await body.commit()
        finally:
            body.drop()

    async def _store(self, body: _Body, inflate: _Inflater, data: bytes) -> None:
        if isinstance(inflate, _Identity):
            await body.add(data)
            return
        async with self._inflating:  # one at a time: bombs must not share out the event loop among themselves
            for piece in inflate.feed(data):
                await body.add(piece)
                if len(piece) >= _YIELD_AT:
                    await asyncio.sleep(0)  # a bomb inflates without waiting for the network

    def hold(self, size: int) -> None:
        """Account for buffered bytes (negative: given back).

        Raises:
            SpoolFullError: too much is buffered.
        """
        if size > 0 and self._buffered + size > BUFFERED_MAX:
            raise SpoolFullError("too many bodies at once")
        self._buffered += size


class _Body:
    """One inflated body on its way to the spool; a large one is cut into batches while it arrives."""

    def __init__(self, owner: _Routes, spool: Spool, format: str) -> None:  # noqa: A002
        self._owner = owner
        self._writer = spool.stream(format, time.time())
        self._pieces: list[bytes] = []
        self._size = 0
        self._held = 0
        self._splitter: Splitter | None = None

    async def add(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > INFLATED_MAX:
            raise _too_large(INFLATED_MAX, "inflated ")
        if self._splitter is None:
            self._hold(self._held + len(data))
            self._pieces.append(data)
            if self._size <= CHUNK:
                return
            self._splitter = Splitter()
            data = b"".join(self._pieces)
            self._pieces = []
        for batch in self._splitter.feed(data):
            await self._writer.add(batch)
        self._hold(self._splitter.held + self._writer.buffered)

    async def commit(self) -> None:
        batches = self._splitter.finish() if self._splitter else [whole(b"".join(self._pieces))]
        for batch in batches:
            await self._writer.add(batch)
        await self._writer.commit()

    def drop(self) -> None:
        """Give back memory and, unless committed, the file."""
        self._hold(0)
        self._writer.abort()

    def _hold(self, size: int) -> None:
        self._owner.hold(size - self._held)
        self._held = size


class _Inflater(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]:
        """Inflate in pieces of at most ``_SLICE``, so that a bomb is met piece by piece."""

    def finish(self) -> None:
        """Raise BodyError when the stream is not at its end."""


class _Identity:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        return


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


def _inflater(encoding: str) -> _Inflater:
    match encoding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Zlib(16 + zlib.MAX_WBITS)
        case "deflate":
            return _Zlib(zlib.MAX_WBITS)
        case "zstd":
            return _Zstd()
    raise web.HTTPUnsupportedMediaType(text="Content-Encoding must be gzip, deflate, zstd or identity\n")


async def _arriving(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; give up on a sender that is silent or slower than ``_SLOWEST``."""
    loop = asyncio.get_running_loop()
    began, size = loop.time(), 0
    while True:
        deadline = min(loop.time() + _IDLE, began + _GRACE + size / _SLOWEST)
        try:
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


def _unauthorized() -> web.HTTPUnauthorized:
    return web.HTTPUnauthorized(text="unauthorized\n")


def _too_large(limit: int, what: str = "") -> web.HTTPRequestEntityTooLarge:
    return web.HTTPRequestEntityTooLarge(limit, limit + 1, text=f"the {what}body is larger than {limit} bytes\n")


def _answer(status: int, text: str, *, close: bool) -> web.Response:
    response = web.Response(status=status, text=text)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="tocsin"'
    if status == 503:
        response.headers["Retry-After"] = "5"
    if close:
        response.force_close()
    return response
