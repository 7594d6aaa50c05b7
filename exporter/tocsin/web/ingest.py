"""``POST /v1/ingest/{format}`` and the OTLP paths: authenticate, decompress, check the syntax, store durably, respond.

A 2xx means that the body survives a crash. Content never causes a 5xx: only a full or failing disk does (503).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from tocsin.formats import SIGNALS
from tocsin.formats.base import Bytes
from tocsin.inputs.spool import Spool, SpoolFullError
from tocsin.inputs.spoolframe import Batch
from tocsin.web import otlp, server
from tocsin.web.auth import Check, Verifier
from tocsin.web.batches import WHOLE, BodyError, BodyTooLargeError, Splitter, whole
from tocsin.web.bodies import (
    REFUSED,
    Identity,
    Inflater,
    admits,
    answer,
    buffered_body,
    check_request,
    header_checks,
    inflater,
    set_read_size,
    stream_body,
    too_large,
    unauthorized,
    verify_body,
)
from tocsin.web.plain_request import Endpoint, Fields, Later, Reply, Respond, headers

INFLATED_MAX = 256 << 20
BUFFERED_MAX = 32 << 20
"""Bytes of bodies buffered in memory over all requests; beyond it senders must retry."""
_YIELD_AT = 64 << 10
_KEPT = 16 << 20
_ACCEPTED = Reply(202, b"")
_STORED_LATER = Reply(503, b'{"error":"cannot be stored now; send it again"}', (("Retry-After", "5"),))


@dataclass(frozen=True, slots=True)
class _Rules:
    spool: Spool
    formats: frozenset[str]
    auth: tuple[Verifier, ...]
    max_body_bytes: int
    wake: Callable[[], None]
    refused: Callable[[str], None]


def make_ingest_app(
    spool: Spool,
    *,
    formats: Sequence[str],
    auth: Sequence[Verifier],
    max_body_bytes: int,
    wake: Callable[[], None],
    refused: Callable[[str], None],
) -> web.Application:
    """Build the webhook listener's application.

    ``wake`` is called when a body is durable, ``refused`` with a reason when one is not accepted.
    """
    _keep_memory()
    routes = _Routes(_Rules(spool, frozenset(formats), tuple(auth), max_body_bytes, wake, refused))
    app = web.Application()
    for path in (*(f"/v1/ingest/{word}" for word in formats), "/v1/ingest/{format}"):  # a fixed path is routed faster
        app.router.add_post(path, routes.ingest, expect_handler=routes.expect)
    app.router.add_post("/v1/feedback", routes.ingest, expect_handler=routes.expect)
    for word in SIGNALS:
        app.router.add_post(f"/v1/{word}", routes.ingest, expect_handler=routes.expect)
        app.router.add_put(f"/v1/{word}", routes.ingest, expect_handler=routes.expect)
    app.router.add_post("/v1/metrics", otlp.no_metrics)
    app[server.REFUSED] = lambda: refused("connections")
    app[server.FAST_ENDPOINTS] = {
        f"/v1/ingest/{word}": Endpoint(
            routes.responder(word), min(WHOLE, max_body_bytes), spool.note_arrival, deferrable=True, admits=admits(auth)
        )
        for word in formats
    }
    return app


def _keep_memory() -> None:
    """Make glibc reuse large blocks of memory.

    glibc maps blocks from 128 KiB individually and unmaps them when freed, so each body needs new, cleared pages: a
    quarter of the cost of a large one. Freeing one such block raises the threshold to its size (mallopt(3),
    M_MMAP_THRESHOLD).
    """
    bytes(_KEPT)


class _Routes:
    def __init__(self, rules: _Rules) -> None:
        self._rules = rules
        self._buffered = 0
        self._inflating = asyncio.Lock()

    async def expect(self, request: web.Request) -> None:
        """Refuse before ``100 Continue`` what would be refused after it."""
        if request.headers.get("Expect", "").lower() != "100-continue":
            self._rules.refused(REFUSED[417])
            raise web.HTTPExpectationFailed(text="only 100-continue is understood\n")
        try:
            self._begin(request)
        except web.HTTPException as refusal:
            self._rules.refused(REFUSED[refusal.status])
            refusal.force_close()
            raise
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The response's own head follows, which aiohttp believes to be sent already.
        request.writer.output_size = 0

    async def ingest(self, request: web.Request) -> web.Response:
        """Accept one delivery."""
        set_read_size(request)
        try:
            checks = self._begin(request)
            if (body := buffered_body(request)) is not None:
                await self._take(request, checks, body)
            else:
                await self._receive(request, checks)
        except web.HTTPException as refusal:
            return self._refuse(refusal.status, refusal.text or "")
        except BodyTooLargeError as error:
            return self._refuse(413, f"{error}\n")
        except BodyError as error:
            return self._refuse(400, f"{error}\n", close=not request.content.at_eof())
        except SpoolFullError:
            return self._refuse(503, "cannot be stored now; send it again\n")
        self._rules.wake()
        return otlp.accepted(request) if _is_otlp(request) else web.Response(status=202)

    def _refuse(self, status: int, text: str, *, close: bool = True) -> web.Response:
        self._rules.refused(REFUSED[status])
        return answer(status, text, close=close)

    def responder(self, word: str) -> Respond:
        """Return the responder for plain bodies of a format; refused requests are left to ``ingest``."""
        rules = self._rules

        def respond(fields: Fields, body: Bytes) -> Later | None:
            try:
                if rules.auth:
                    verify_body(header_checks(rules.auth, headers(fields)), body, rules.max_body_bytes)
                done = rules.spool.put(whole(body), word, time.time())
            except (web.HTTPException, BodyError, SpoolFullError):
                return None
            return Later(done, self._taken)

        return respond

    def _taken(self, done: asyncio.Future[None]) -> Reply:
        if done.exception() is not None:
            self._rules.refused(REFUSED[503])
            return _STORED_LATER
        self._rules.wake()
        return _ACCEPTED

    def _begin(self, request: web.Request) -> list[Check]:
        """Check what the headers alone decide; return the checks that must process the body."""
        rules = self._rules
        if _format(request) not in rules.formats and not _is_otlp(request):
            known = ", ".join(sorted(rules.formats))
            raise web.HTTPNotFound(text=f"no such format; there are: {known}\n")
        return check_request(request, rules.auth, rules.max_body_bytes)

    async def _take(self, request: web.Request, checks: list[Check], body: bytes) -> None:
        """Store a body that has arrived completely."""
        verify_body(checks, body, self._rules.max_body_bytes)
        self.hold(len(body))
        try:
            if (batch := _batch(request, body)) is not None:
                await self._rules.spool.append(batch, _format(request), time.time())
        finally:
            self.hold(-len(body))

    async def _receive(self, request: web.Request, checks: list[Check]) -> None:
        """Stream the body to the spool; commit it once it is authenticated."""
        body = _Body(self, self._rules.spool, request)
        broken: BodyError | None = None
        size = 0
        try:
            inflate = inflater(request.headers.get("Content-Encoding", ""))
            async for data in stream_body(request):
                size += len(data)
                self._rules.spool.note_arrival()
                if size > self._rules.max_body_bytes:
                    raise too_large(self._rules.max_body_bytes)
                for check in checks:
                    check.update(data)
                if broken is None:
                    try:
                        await self._store(body, inflate, data)
                    except BodyError as error:
                        if not checks:
                            raise
                        broken = error  # reported at the end, only to an authenticated sender
                        body.drop()
            if checks and not any(check.valid() for check in checks):
                raise unauthorized()
            if broken is not None:
                raise broken
            inflate.finish()
            await body.commit()
        finally:
            body.drop()

    async def _store(self, body: _Body, inflate: Inflater, data: bytes) -> None:
        if isinstance(inflate, Identity):
            await body.add(data)
            return
        async with self._inflating:  # one at a time: several bombs must not take all turns of the event loop
            for piece in inflate.feed(data):
                await body.add(piece)
                if len(piece) >= _YIELD_AT:
                    await asyncio.sleep(0)  # a bomb decompresses without waiting for the network

    def hold(self, size: int) -> None:
        """Account for buffered bytes; negative: released.

        Raises:
            SpoolFullError: too much is buffered.
        """
        if size > 0 and self._buffered + size > BUFFERED_MAX:
            raise SpoolFullError("too many bodies at once")
        self._buffered += size


def _format(request: web.Request) -> str:
    """Return the last segment of the path: the format, or ``feedback``."""
    return request.match_info.get("format") or request.path.rpartition("/")[2]


def _is_otlp(request: web.Request) -> bool:
    """Return whether a request came to one of OTLP's own paths."""
    return "format" not in request.match_info and _format(request) in SIGNALS


def _batch(request: web.Request, body: bytes) -> Batch | None:
    """Check a body in memory; None for an empty OTLP request."""
    return otlp.whole(body, binary=otlp.is_binary(request)) if _is_otlp(request) else whole(body)


class _Body:
    """One decompressed body being spooled; a large one is cut into batches while it arrives, except OTLP."""

    def __init__(self, owner: _Routes, spool: Spool, request: web.Request) -> None:
        self._owner = owner
        self._request = request
        self._is_otlp = _is_otlp(request)
        self._writer = spool.stream(_format(request), time.time())
        self._pieces: list[bytes] = []
        self._size = 0
        self._held = 0
        self._splitter: Splitter | None = None

    async def add(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > INFLATED_MAX:
            raise too_large(INFLATED_MAX, "inflated ")
        if self._splitter is None:
            self._hold(self._held + len(data))
            self._pieces.append(data)
            if self._is_otlp:
                otlp.fits(self._size)
            if self._is_otlp or self._size <= WHOLE:
                return
            self._splitter = Splitter()
            data = b"".join(self._pieces)
            self._pieces = []
        for batch in self._splitter.feed(data):
            await self._writer.add(batch)
        self._hold(self._splitter.held + self._writer.buffered)

    async def commit(self) -> None:
        batches = self._splitter.finish() if self._splitter else [_batch(self._request, b"".join(self._pieces))]
        for batch in batches:
            if batch is not None:
                await self._writer.add(batch)
        await self._writer.commit()

    def drop(self) -> None:
        """Release the memory and, unless committed, the file."""
        self._hold(0)
        self._writer.abort()

    def _hold(self, size: int) -> None:
        self._owner.hold(size - self._held)
        self._held = size
