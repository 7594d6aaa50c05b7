"""The adapters of OTLP: one span or log record, as JSON or protobuf, to what it tells."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.call import Event
from tocsin.formats.base import Buffer
from tocsin.formats.otlp import calls, events, jsonform, protobuf
from tocsin.formats.otlp.pieces import Piece
from tocsin.formats.otlp.record import Record


class OTLP:
    """Adapter for JSON; a request with several spans or log records is taken apart before (``jsonform.parted``)."""

    name = "otlp"

    def __init__(self, *, content: bool = False) -> None:
        self._content = content

    def parse(self, data: Buffer) -> Event:
        """Return what the one span or log record in ``data`` tells; see ``Format.parse``."""
        record = self.record(data)
        if record.is_log and (said := events.told(record)) is not None:
            return said
        return calls.call_of(record, bytes(data), content=self._content)

    def record(self, data: Buffer) -> Record:
        """Return the one span or log record in ``data``.

        Raises:
            Skip: there is none.
        """
        return jsonform.read(data)


class Traces(OTLP):
    """Adapter for what came to ``/v1/traces``: in protobuf, or as JSON."""

    name = "traces"
    signal = protobuf.SPANS

    @classmethod
    def parts(cls, data: Buffer) -> Sequence[Piece]:
        """Return a request in pieces, each of them a request with one span or log record."""
        return protobuf.parted(data) if protobuf.is_request(data) else jsonform.parted(data)

    def record(self, data: Buffer) -> Record:
        """Return the one span or log record in ``data``.

        Raises:
            Skip: there is none.
        """
        return protobuf.read(data, self.signal) if protobuf.is_request(data) else jsonform.read(data)


class Logs(Traces):
    """Adapter for what came to ``/v1/logs``."""

    name = "logs"
    signal = protobuf.LOGS
