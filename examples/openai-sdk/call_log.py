"""Log every call of the OpenAI or Anthropic SDK for Tocsin, one line of JSON each.

Both SDKs send through httpx (newer ones through httpx2), so a transport sees what is really sent and received: retries
are calls of their own, an error has its body, and a stream is logged as it came, when it ends or is given up.
Headers are not logged, since they hold keys. What is said in the bodies is what Tocsin judges.
"""

import json
import os
import time
import uuid

try:
    import httpx2 as httpx
except ImportError:
    import httpx


class CallLog(httpx.BaseTransport):
    """A transport that appends each call to a file; ``route`` names the part of your product that asks."""

    def __init__(self, path, route=None, transport=None) -> None:
        self._path = path
        self._route = route
        self._transport = transport or httpx.HTTPTransport()

    def handle_request(self, request):
        """Send the request; log it when its answer has been read, or when there is none."""
        call = {"id": str(uuid.uuid4()), "time": time.time(), "url": str(request.url), "request": _body(request.read())}
        if self._route:
            call["route"] = self._route
        try:
            response = self._transport.handle_request(request)
        except httpx.TransportError as error:
            kind = "timeout" if isinstance(error, httpx.TimeoutException) else "connection"
            self._write(call | {"error": {"type": kind, "message": type(error).__name__}})
            raise
        response.stream = _Watched(response, call, self._write)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _write(self, call) -> None:
        call["duration_s"] = time.time() - call["time"]
        line = json.dumps(call).encode() + b"\n"
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(file, line)  # one write: lines of other threads and processes do not mix with it
        finally:
            os.close(file)


class _Watched(httpx.SyncByteStream):
    """A response's bytes, handed on as they come and kept for the log."""

    def __init__(self, response, call, write) -> None:
        self._stream, self._headers = response.stream, response.headers
        self._call, self._write = call | {"status": response.status_code}, write
        self._seen = []

    def __iter__(self):
        for chunk in self._stream:
            self._seen.append(chunk)
            yield chunk

    def close(self) -> None:
        self._stream.close()
        if self._write:
            whole = httpx.Response(200, headers=self._headers, content=b"".join(self._seen))  # undoes gzip
            self._write(self._call | {"response": _body(whole.content)})
            self._write = None


def _body(raw):
    """Return a body as JSON, or as text: event streams are no JSON."""
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
