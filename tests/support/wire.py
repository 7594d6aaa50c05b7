"""A connection without a network: requests, a transport that keeps what is written, and a protocol behind it."""

from __future__ import annotations

import asyncio


def post(body=b"{}", path="/echo", version="HTTP/1.1", length=None, **fields):
    """Return a request; underscores in names of fields stand for hyphens."""
    known = {"Host": "x", "Content-Length": len(body) if length is None else length}
    known |= {name.replace("_", "-"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in known.items() if value is not ...)
    return f"POST {path} {version}\r\n{head}\r\n".encode() + body


class Wire(asyncio.Transport):
    """A transport of which the other end is this test."""

    def __init__(self):
        super().__init__()
        self.written, self.state, self.protocol = b"", [], None

    def write(self, data):
        self.written += data

    def set_protocol(self, protocol):
        self.protocol = protocol

    def close(self):
        self.state.append("close")

    def is_closing(self):
        return "close" in self.state or "abort" in self.state

    def abort(self):
        self.state.append("abort")

    def pause_reading(self):
        self.state.append("pause_reading")

    def resume_reading(self):
        self.state.append("resume_reading")


def feed(connection, data):
    """Let a connection read this as from a socket, and after it the protocol to which it left the connection."""
    while data and connection.transport.protocol is None:
        room = connection.get_buffer(-1)
        size = min(len(room), len(data))
        room[:size] = data[:size]
        connection.buffer_updated(size)
        data = data[size:]
    if data:
        connection.transport.protocol.data_received(data)


class Further(asyncio.Protocol):
    """Stands for aiohttp."""

    def __init__(self):
        self.data = b""

    def data_received(self, data):
        self.data += data
