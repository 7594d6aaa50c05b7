"""Listeners that stay up when clients misbehave: bounded connections, headers, time and log.

aiohttp's defaults trust the client: keep-alive of an hour, any number of connections, bodies inflated by the
library. Both listeners of the exporter are started here, so that the bounds are the same.
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
"""As Prometheus: ``--web.max-connections``."""
ACCEPTED_AT_ONCE = 16
"""asyncio accepts as many as its backlog in one turn, before it tells of the first: a flood would take every
descriptor and hold up every answer."""
KEEPALIVE = 15.0
"""Seconds; aiohttp closes connections that are silent or slow with their headers by the same timer."""
BUFFERED = 128 << 10
"""Bytes of a body that wait for their handler; beyond twice as many the connection is not read. A read of the largest
size (``bodies``) fits, so that reading need not be stopped and started for each."""
LINGERING = 1.0
"""Seconds for which the rest of a refused body is read and dropped, so that the client can see the answer."""
SHUTDOWN = 5.0
RETIRE = 2.0
"""Seconds in which clients are told to go: one who is busy asks again within them, and is answered once more."""
_LOG_INTERVAL = 10.0
AT_ONCE = web.AppKey("at_once", dict[str, Endpoint])
"""Paths of an application whose plain requests are answered before aiohttp, and its middlewares, see them."""


REFUSED: web.AppKey[Callable[[], None]] = web.AppKey("refused")
"""Told of each connection beyond the bound."""


def _nothing() -> None:
    """Take no notice."""


@dataclass(slots=True)
class Listener:
    """A running listener."""

    port: int
    """The port bound: the one asked for, or the one the system chose for port 0."""
    _runner: web.AppRunner
    _server: asyncio.Server
    _retiring: asyncio.Event
    _fast_path: FastPath

    async def retire(self) -> None:
        """Let each client go with its next answer, then accept no more; ends when all have gone, or after ``RETIRE``.

        A connection that is closed between two requests looks to its client like a lost request. One that is said to
        close (``Connection: close``) is not used again. Who comes late, because a balancer still knows us, is answered.
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
        """Accept no more, let running requests end, close what remains after ``SHUTDOWN`` seconds."""
        self._server.close()
        self._fast_path.close()
        await self._runner.cleanup()


class _Refuse(asyncio.Protocol):
    """Answers 503 to a connection beyond the bound, and closes it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            head = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"
            transport.write(head + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            transport.close()


class _Seldom(logging.Filter):
    """Lets a message through once in ten seconds, and none of clients that hung up: they must not fill the disk."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0] is not None and issubclass(record.exc_info[0], ConnectionError):
            return False  # the client hung up, which is no error of ours
        key = f"{record.msg!s:.80}"
        now = time.monotonic()
        if now - self._last.get(key, -_LOG_INTERVAL) < _LOG_INTERVAL:
            return False
        if len(self._last) > 100:
            self._last.clear()
        self._last[key] = now
        if record.exc_info and record.exc_info[0] is not None:
            # A traceback can quote what the client sent; its type says enough.
            record.msg = f"{record.getMessage()}: {record.exc_info[0].__name__}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


_seldom = _Seldom()


def split_address(address: str) -> tuple[str | None, int]:
    """Return host (None: every interface) and port of ``host:port``, ``[v6]:port`` or ``:port``.

    Raises:
        ConfigError: it is none of these.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"listen address {address!r}: give host:port, for example 127.0.0.1:9877")
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
    """Serve ``app`` at ``address``; ``is_open`` tells whether its middlewares would let any request pass unchanged.

    Raises:
        ConfigError: the address is not one.
        OSError: it cannot be bound.
    """
    host, port = split_address(address)
    for name in ("asyncio", "aiohttp.server", "aiohttp.web"):
        logging.getLogger(name).addFilter(_seldom)
    _raise_descriptor_limit()
    retiring = asyncio.Event()
    app.on_response_prepare.append(_last_words(retiring))
    runner = web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=KEEPALIVE,
        lingering_time=LINGERING,
        read_bufsize=BUFFERED,
        shutdown_timeout=SHUTDOWN,
        handle_signals=False,
    )
    await runner.setup()
    assert runner.server is not None  # noqa: S101 - set by setup()
    endpoints = {} if app.middlewares and is_open is None else app.get(AT_ONCE, {})
    fast_path = FastPath(
        endpoints, runner.server, keepalive=KEEPALIVE, retiring=retiring.is_set, is_open=is_open or (lambda: True)
    )
    connect = _connecting(runner.server, fast_path if endpoints else None, app.get(REFUSED, _nothing))
    try:
        server = await asyncio.get_running_loop().create_server(
            connect, host, port, ssl=ssl_context, ssl_handshake_timeout=KEEPALIVE if ssl_context else None,
            backlog=ACCEPTED_AT_ONCE,
        )  # fmt: skip
    except OSError:
        fast_path.close()
        await runner.cleanup()
        raise
    for listening in server.sockets:
        with listening.dup() as same:
            same.listen(MAX_CONNECTIONS)  # the system's queue
    return Listener(server.sockets[0].getsockname()[1], runner, server, retiring, fast_path)


def _last_words(retiring: asyncio.Event) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return what does not say which server and version this is, and says goodbye while ``retiring``."""

    async def last_words(request: web.Request, response: web.StreamResponse) -> None:
        del request
        response.headers.pop("Server", None)
        if retiring.is_set():
            response.headers["Connection"] = "close"
            response.force_close()

    return last_words


def _connecting(
    manager: web.Server, fast_path: FastPath | None, refused: Callable[[], None]
) -> Callable[[], asyncio.BaseProtocol]:
    """Return the protocol factory of a listener: the fast path if it has endpoints, else aiohttp; bounded in number."""

    def connect() -> asyncio.BaseProtocol:
        if len(manager.connections) + (len(fast_path.open) if fast_path else 0) >= _most_connections():
            refused()
            return _Refuse()
        return fast_path.connect() if fast_path else manager()

    return connect


def _most_connections() -> int:
    """Leave most descriptors to files, libraries and the other listener, however few there are."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(MAX_CONNECTIONS, soft // 4))


def _raise_descriptor_limit() -> None:
    """Two listeners of 512 connections need more than the usual soft limit of 1,024 descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * MAX_CONNECTIONS
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
