"""OTLP over HTTP: ``/v1/traces`` and ``/v1/logs``, in protobuf or JSON, answered in the encoding of the request.

https://opentelemetry.io/docs/specs/otlp/#otlphttp. Only the syntax of the request is checked here; whether each span is
readable is found when it is counted. Of 4xx and 5xx, senders retry only 429, 502, 503 and 504.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from tocsin.formats.otlp import protobuf
from tocsin.inputs.spoolframe import Batch
from tocsin.web import batches
from tocsin.web.batches import MAX_VALUE, BodyError, BodyTooLargeError
from tocsin.web.bodies import answer

_PROTOBUF: Final = "application/x-protobuf"
_JSON: Final = "application/json"
_NO_METRICS: Final = (
    "Tocsin reads traces and logs, and no metrics: leave them out (OTEL_METRICS_EXPORTER=none, or no metrics pipeline "
    "to this exporter)\n"
)


def is_binary(request: web.Request) -> bool:
    """Return whether a request is in protobuf: the default unless its Content-Type says JSON."""
    return "json" not in request.headers.get("Content-Type", "").lower()


def fits(size: int) -> None:
    """Check the size of a request, which is buffered in memory.

    Raises:
        BodyTooLargeError: it is too large.
    """
    if size > MAX_VALUE:
        raise BodyTooLargeError(
            f"a request of OTLP is larger than {MAX_VALUE >> 20} MiB: send fewer spans at a time (send_batch_max_size)"
        )


def whole(body: bytes, *, binary: bool) -> Batch | None:
    """Check a request and return it as a batch; None if it is empty, as in connection tests.

    Raises:
        BodyError: it is invalid.
    """
    if binary and body.lstrip()[:1] == b"{":  # a sender without a Content-Type
        binary = False
    if not binary:
        return None if body.strip() in (b"", b"{}") else batches.one(body)
    fits(len(body))
    try:
        protobuf.check(body)
    except ValueError:
        raise BodyError("the body is no request of OTLP in protobuf") from None
    return Batch(body) if body else None


def accepted(request: web.Request) -> web.Response:
    """Return the response to a request accepted in full."""
    if is_binary(request):
        return web.Response(body=b"", content_type=_PROTOBUF)
    return web.Response(body=b"{}", content_type=_JSON)


async def no_metrics(request: web.Request) -> web.Response:
    """Reject metrics with a permanent error: nothing that we count is lost with them."""
    del request
    return answer(404, _NO_METRICS, close=True)
