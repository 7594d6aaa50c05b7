"""Log every call of the OpenAI or Anthropic SDK for Tocsin, one line of JSON each.

Both SDKs send through httpx (newer ones through httpx2), so a transport sees what is really sent and received: retries
are calls of their own, an error has its body, and a stream is logged as it came, when it ends or is given up.
Headers are not logged, since they contain keys. The bodies are what Tocsin judges.
"""

import json
import os
import time
import uuid

try:
    import httpx2 as httpx
except ImportError:
    import httpx


class _Log:
    """Begins a call when it is sent, and appends it to the file when it is over."""

    def __init__(self, path, route) -> None:
        self._path = path
        self._route = route

    def begin(self, request, body):
        """Return what is known of a call when it is sent."""
        call = {"id": str(uuid.uuid4()), "time": time.time(), "url": str(request.url), "request": _body(body)}
        return call | {"route": self._route} if self._route else call

    def failed(self, call, error) -> None:
        """Log a call that got no answer."""
        self._append(call | {"error": _said(error)})

    def answered(self, call, response, seen, error) -> None:
        """Log a call with the bytes of its answer, and what broke it off if anything did."""
        if error is not None:
            call = call | {"error": _said(error)}
        whole = httpx.Response(200, headers=response.headers, content=b"".join(seen))  # undoes gzip
        self._append(call | {"status": response.status_code, "response": _body(whole.content)})

    def _append(self, call) -> None:
        call["duration_s"] = time.time() - call["time"]
        line = json.dumps(call).encode() + b"\n"
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(file, line)  # one write: lines of other threads and processes do not mix with it
        finally:
            os.close(file)


class CallLog(httpx.BaseTransport):
    """A transport that logs each call to a file; ``route`` names the part of your product that asks."""

    def __init__(self, path, route=None, transport=None) -> None:
        self._log = _Log(path, route)
        self._transport = transport or httpx.HTTPTransport()

    def handle_request(self, request):
        """Send the request; log it when its answer has been read, or when there is none."""
        call = self._log.begin(request, request.read())
        try:
            response = self._transport.handle_request(request)
        except BaseException as error:
            self._log.failed(call, error)
            raise
        response.stream = _Watched(response, response.stream, call, self._log)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


class AsyncCallLog(httpx.AsyncBaseTransport):
    """The same for ``AsyncOpenAI`` and ``AsyncAnthropic``."""

    def __init__(self, path, route=None, transport=None) -> None:
        self._log = _Log(path, route)
        self._transport = transport or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request):
        """Send the request; log it when its answer has been read, or when there is none."""
        call = self._log.begin(request, await request.aread())
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException as error:  # a task that is cancelled, too
            self._log.failed(call, error)
            raise
        response.stream = _AsyncWatched(response, response.stream, call, self._log)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


class _Watch:
    """The bytes of a response as they arrive, kept for the log until the stream ends or is abandoned."""

    def __init__(self, response, stream, call, log) -> None:
        self._response, self._stream, self._call, self._log = response, stream, call, log
        self._streams = response.headers.get("content-type", "").startswith("text/event-stream")
        self._seen = []

    def _take(self, chunk):
        if self._streams and not self._seen:
            self._call["ttft_s"] = time.time() - self._call["time"]
        self._seen.append(chunk)
        return chunk

    def _over(self, error=None) -> None:
        if self._log:
            whole = b"".join(self._seen).rstrip().endswith(b"data: [DONE]")  # after which newer SDKs read no further
            self._log.answered(self._call, self._response, self._seen, None if whole else error)
            self._log = None


class _Watched(_Watch, httpx.SyncByteStream):
    def __iter__(self):
        try:
            for chunk in self._stream:
                yield self._take(chunk)
        except BaseException as error:  # GeneratorExit, too: older SDKs do not close a stream that brings an error
            self._over(error)
            raise
        self._over()

    def close(self) -> None:
        self._stream.close()
        self._over(_GIVEN_UP)


class _AsyncWatched(_Watch, httpx.AsyncByteStream):
    async def __aiter__(self):
        try:
            async for chunk in self._stream:
                yield self._take(chunk)
        except BaseException as error:
            self._over(error)
            raise
        self._over()

    async def aclose(self) -> None:
        await self._stream.aclose()
        self._over(_GIVEN_UP)


_GIVEN_UP = GeneratorExit()


def _said(error):
    """Return what is logged of an error; one that is not of the connection is the caller's, who gave up."""
    known = (httpx.TimeoutException, "timeout"), (httpx.TransportError, "connection")
    kind = next((word for of, word in known if isinstance(error, of)), "cancelled")
    return {"type": kind, "message": type(error).__name__}


def _body(raw):
    """Return a body as JSON, or as text: event streams are no JSON."""
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
