"""A load client that costs little: raw HTTP/1.1 over kept connections, each sends its next request when answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

PATH = "/v1/ingest/litellm"


def request(body: bytes) -> bytes:
    """Return one POST as bytes."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@dataclass(slots=True)
class Tally:
    """What came back."""

    seconds: float = 0.0
    accepted: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Latency in milliseconds below which this share of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


class _Connection(asyncio.Protocol):
    """Sends requests one after the other until there are none left."""

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
        """Read one answer; its body is short and framed by Content-Length."""
        self._answer += data
        end = self._answer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._answer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._answer) < end + 4 + length:
            return
        self._tally.latencies.append(time.perf_counter() - self._sent)
        if head.startswith(b"http/1.1 2"):
            self._tally.accepted += 1
        else:
            self._tally.refused += 1
        self._answer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """The server closed: what was under way is not accepted."""
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
    """Send all requests over some connections and wait for the answers."""
    return asyncio.run(_post(port, requests, connections))
