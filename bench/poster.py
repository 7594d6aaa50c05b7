"""A cheap load client: raw HTTP/1.1 over kept-alive connections, each sending its next request after a response."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

PATH = "/v1/ingest/litellm"


def request(body: bytes, path: str = PATH) -> bytes:
    """Return one POST as bytes."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@dataclass(slots=True)
class Tally:
    """The results of a run."""

    seconds: float = 0.0
    accepted: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Return the latency in milliseconds below which this share of the responses arrived."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


def _is_whole(answer: bytes) -> bool:
    """Return whether a response is complete according to its Content-Length."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = answer[:end].lower()
    at = head.find(b"content-length:")
    return len(answer) >= end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)


class _Connection(asyncio.Protocol):
    """Sends requests one after the other until none are left."""

    def __init__(self, requests: Iterator[bytes], tally: Tally) -> None:
        self._requests = requests
        self._tally = tally
        self._answer = b""
        self._sent = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Read one response; its body is short and framed by Content-Length."""
        self._answer += data
        if not _is_whole(self._answer):
            return
        self._tally.latencies.append(time.perf_counter() - self._sent)
        if self._answer.startswith(b"HTTP/1.1 2"):
            self._tally.accepted += 1
        else:
            self._tally.refused += 1
        self._answer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a pending request as refused: the server closed."""
        del exc
        if not self.done.done():
            self._tally.refused += 1
            self.done.set_result(None)

    def _next(self) -> None:
        following = next(self._requests, None)
        if following is None:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(following)


async def _post(port: int, requests: list[bytes], connections: int) -> Tally:
    loop = asyncio.get_running_loop()
    tally, left = Tally(), iter(requests)
    began = time.perf_counter()
    pairs = [
        await loop.create_connection(lambda: _Connection(left, tally), "127.0.0.1", port) for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in pairs))
    tally.seconds = time.perf_counter() - began
    return tally


def post(port: int, requests: list[bytes], connections: int) -> Tally:
    """Send all requests over some connections and wait for the responses."""
    return asyncio.run(_post(port, requests, connections))


class _Idle(asyncio.Protocol):
    """A connection of a pool: one request at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._answer = b""
        self._due = 0.0
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, data: bytes, due: float) -> None:
        """Send a request that was due at a time."""
        self._answer, self._due, self._busy = b"", due, True
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Record the response and return to the pool."""
        self._answer += data
        if not _is_whole(self._answer):
            return
        if self._answer.startswith(b"HTTP/1.1 2"):
            self._pool.tally.accepted += 1
        else:
            self._pool.tally.refused += 1
        self._pool.tally.latencies.append(time.perf_counter() - self._due)
        self._busy = False
        self._pool.give_back(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the pool: the server closed."""
        del exc
        self._pool.forget(self, lost=self._busy)


class Pool:
    """Sends requests when they are due, each over an idle or new connection; at most ``limit`` are open."""

    def __init__(self, port: int, limit: int = 400) -> None:
        self.tally = Tally()
        self._port = port
        self._limit = limit
        self._idle: list[_Idle] = []
        self._open: set[_Idle] = set()
        self._free = asyncio.Event()

    async def send(self, data: bytes, due: float) -> None:
        """Send one request; its latency begins at ``due`` (``perf_counter``)."""
        while not self._idle and len(self._open) >= self._limit:
            self._free.clear()
            await self._free.wait()
        if not self._idle:
            _, made = await asyncio.get_running_loop().create_connection(lambda: _Idle(self), "127.0.0.1", self._port)
            self._open.add(made)
            self._idle.append(made)
        self._idle.pop().send(data, due)

    def give_back(self, connection: _Idle) -> None:
        """Return a connection whose request is answered."""
        self._idle.append(connection)
        self._free.set()

    def forget(self, connection: _Idle, *, lost: bool) -> None:
        """Drop a closed connection; ``lost``: with a request pending."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self.tally.refused += lost
        self._free.set()

    async def close(self) -> None:
        """Wait for all responses, then close all connections."""
        while len(self._idle) < len(self._open):
            self._free.clear()
            await self._free.wait()
        for connection in list(self._open):
            connection.transport.close()
