"""HTTP listeners that stay up when clients misbehave: limits on connections, headers, time and log messages.

aiohttp's defaults trust the client: an hour of keep-alive, any number of connections, bodies decompressed by the
library. Both listeners of the exporter are started here, so that they have the same limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import resource
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from tocsin.config import ConfigError
from tocsin.web.fast_path import FastPath
from tocsin.web.plain_request import Endpoint

MAX_CONNECTIONS = 512
"""Prometheus' default of ``--web.max-connections``."""
ACCEPTED_AT_ONCE = 16
"""Backlog of ``listen``: asyncio accepts that many connections in one turn before it reports the first, so a flood
would take all descriptors and delay every response."""
KEEPALIVE = 15.0
"""Seconds; aiohttp uses the same timer to close connections that are idle or send their headers slowly."""
BUFFERED = 128 << 10
"""Buffered bytes of a body waiting for its handler; above twice as many the connection is not read. The largest read
(``bodies``) fits, so that reading is not paused and resumed for each."""
LINGERING = 1.0
"""Seconds for which the rest of a refused body is read and discarded, so that the client can read the response."""
SHUTDOWN = 5.0
RETIRE = 2.0
"""Seconds in which clients are asked to leave: a busy one sends another request within them, and is answered once
more."""
_LOG_INTERVAL = 10.0
FAST_ENDPOINTS = web.AppKey("fast_endpoints", dict[str, Endpoint])
"""An application's paths whose plain requests are answered before aiohttp and its middlewares see them."""


REFUSED: web.AppKey[Callable[[], None]] = web.AppKey("refused")
"""Called for each connection above the limit."""


def _nothing() -> None:
    """Do nothing."""


@dataclass(slots=True)
class Listener:
    """A running listener."""

    port: int
    """The bound port: the requested one, or the one that the system chose for port 0."""
    _runner: web.AppRunner
    _server: asyncio.Server
    _retiring: asyncio.Event
    _fast_path: FastPath

    async def retire(self) -> None:
        """Close connections with their next response, then stop accepting; ends when none is left or after ``RETIRE``.

        Closing a connection between two requests looks like a lost request to its client, whereas after ``Connection:
        close`` it is not used again. New connections are still answered, as a load balancer may still send them.
        """
        self._retiring.set()
        manager = self._runner.server
        until = time.monotonic() + RETIRE
        while manager is not None and (manager.connections or self._fast_path.open):
            if time.monotonic() >= until:
                break
            await asyncio.sleep(0.02)
        self._server.close()

    async def close(self) -> None:
        """Stop accepting, let running requests finish, close what remains after ``SHUTDOWN`` seconds."""
        self._server.close()
        self._fast_path.close()
        await self._runner.cleanup()


class _Refuse(asyncio.Protocol):
    """Answers 503 to a connection above the limit, and closes it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            head = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"
            transport.write(head + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            transport.close()


class _RateLimit(logging.Filter):
    """Passes each message once in ten seconds, and none about disconnects: clients must not fill the disk."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0] is not None and issubclass(record.exc_info[0], ConnectionError):
            return False  # the client disconnected, which is not our error
        key = f"{record.msg!s:.80}"
        now = time.monotonic()
        if now - self._last.get(key, -_LOG_INTERVAL) < _LOG_INTERVAL:
            return False
        if len(self._last) > 100:
            self._last.clear()
        self._last[key] = now
        if record.exc_info and record.exc_info[0] is not None:
            # A traceback can quote what the client sent; its type suffices.
            record.msg = f"{record.getMessage()}: {record.exc_info[0].__name__}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


_rate_limit = _RateLimit()


def split_address(address: str) -> tuple[str | None, int]:
    """Return host (None: all interfaces) and port of ``host:port``, ``[v6]:port`` or ``:port``.

    Raises:
        ConfigError: it is none of these.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        where = f"listen address {address!r}"
        raise ConfigError(f"{where}: give host:port, for example 127.0.0.1:9877, and a port up to 65535")
    if host.startswith("[") != host.endswith("]") or (":" in host and not host.startswith("[")):
        raise ConfigError(f"listen address {address!r}: write IPv6 as [::1]:{port}")
    return host.strip("[]") or None, int(port)


def is_loopback(address: str) -> bool:
    """Return whether only this host can connect to ``host:port``.

    Raises:
        ConfigError: it is not an address.
    """
    host, _ = split_address(address)
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def start_listener(
    app: web.Application,
    address: str,
    ssl_context: ssl.SSLContext | None = None,
    is_open: Callable[[], bool] | None = None,
) -> Listener:
    """Serve ``app`` at ``address``; ``is_open`` returns whether its middlewares currently pass every request.

    Raises:
        ConfigError: the address is invalid.
        OSError: it cannot be bound.
    """
    host, port = split_address(address)
    for name in ("asyncio", "aiohttp.server", "aiohttp.web"):
        logging.getLogger(name).addFilter(_rate_limit)
    _raise_descriptor_limit()
    retiring = asyncio.Event()
    app.on_response_prepare.append(_finish_headers(retiring))
    runner = _runner(app)
    await runner.setup()
    assert runner.server is not None  # noqa: S101 - set by setup()
    endpoints = {} if app.middlewares and is_open is None else app.get(FAST_ENDPOINTS, {})
    fast_path = FastPath(
        endpoints, runner.server, keepalive=KEEPALIVE, retiring=retiring.is_set, is_open=is_open or (lambda: True)
    )
    connect = _connecting(runner.server, fast_path if endpoints else None, app.get(REFUSED, _nothing))
    try:
        server = await _listen(connect, host, port, ssl_context)
    except OSError:
        fast_path.close()
        await runner.cleanup()
        raise
    return Listener(server.sockets[0].getsockname()[1], runner, server, retiring, fast_path)


def _runner(app: web.Application) -> web.AppRunner:
    return web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=KEEPALIVE,
        lingering_time=LINGERING,
        read_bufsize=BUFFERED,
        shutdown_timeout=SHUTDOWN,
        handle_signals=False,
    )


async def _listen(
    connect: Callable[[], asyncio.BaseProtocol], host: str | None, port: int, ssl_context: ssl.SSLContext | None
) -> asyncio.Server:
    server = await asyncio.get_running_loop().create_server(
        connect, host, port, ssl=ssl_context, ssl_handshake_timeout=KEEPALIVE if ssl_context else None,
        backlog=ACCEPTED_AT_ONCE,
    )  # fmt: skip
    for listening in server.sockets:
        with listening.dup() as same:
            same.listen(MAX_CONNECTIONS)  # the kernel's queue
    return server


def _finish_headers(retiring: asyncio.Event) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return a signal handler that removes the Server header, and closes connections while ``retiring``."""

    async def finish_headers(request: web.Request, response: web.StreamResponse) -> None:
        del request
        response.headers.pop("Server", None)
        if retiring.is_set():
            response.headers["Connection"] = "close"
            response.force_close()

    return finish_headers


def _connecting(
    manager: web.Server, fast_path: FastPath | None, refused: Callable[[], None]
) -> Callable[[], asyncio.BaseProtocol]:
    """Return the protocol factory of a listener: the fast path if it has endpoints, else aiohttp; limited in number."""

    def connect() -> asyncio.BaseProtocol:
        if len(manager.connections) + (len(fast_path.open) if fast_path else 0) >= _most_connections():
            refused()
            return _Refuse()
        return fast_path.connect() if fast_path else manager()

    return connect


def _most_connections() -> int:
    """Return the connection limit: most descriptors are left to files, libraries and the other listener."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(MAX_CONNECTIONS, soft // 4))


def _raise_descriptor_limit() -> None:
    """Raise the soft limit: two listeners of 512 connections need more than the usual 1,024 descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * MAX_CONNECTIONS
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
