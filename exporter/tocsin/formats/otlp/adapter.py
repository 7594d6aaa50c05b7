"""The adapters of OTLP: turn one span or log record, in JSON or protobuf, into an event."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.call import Event
from tocsin.formats.base import Buffer
from tocsin.formats.otlp import calls, events, jsonform, protobuf
from tocsin.formats.otlp.pieces import Piece
from tocsin.formats.otlp.record import Record


class OTLP:
    """Adapter for JSON; a request with several spans or log records is split before (``jsonform.split``)."""

    name = "otlp"

    def __init__(self, *, content: bool = False) -> None:
        self._content = content

    def parse(self, data: Buffer) -> Event:
        """Return the event of the one span or log record in ``data``; see ``Format.parse``."""
        record = self.record(data)
        if record.is_log and (judgement := events.judgement(record)) is not None:
            return judgement
        return calls.call_of(record, bytes(data), content=self._content)

    def record(self, data: Buffer) -> Record:
        """Return the one span or log record in ``data``.

        Raises:
            Skip: there is none.
        """
        return jsonform.read(data)


class Traces(OTLP):
    """Adapter for requests to ``/v1/traces``, in protobuf or JSON."""

    name = "traces"
    signal = protobuf.SPANS

    @classmethod
    def parts(cls, data: Buffer) -> Sequence[Piece]:
        """Split a request into requests with one span or log record each."""
        return protobuf.split(data) if protobuf.is_request(data) else jsonform.split(data)

    def record(self, data: Buffer) -> Record:
        """Return the one span or log record in ``data``.

        Raises:
            Skip: there is none.
        """
        return protobuf.read(data, self.signal) if protobuf.is_request(data) else jsonform.read(data)


class Logs(Traces):
    """Adapter for requests to ``/v1/logs``."""

    name = "logs"
    signal = protobuf.LOGS
