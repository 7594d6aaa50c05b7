"""OTLP in protobuf's binary encoding: splits a request, and reads one span or log record.

https://protobuf.dev/programming-guides/encoding/, and the field numbers of
https://github.com/open-telemetry/opentelemetry-proto. Decoded here, not by a package: there are only four wire types,
walking the objects of a general decoder takes two thirds of the time, and all packages of an environment would have to
agree on one version of ``protobuf``. Only values are recursive, no deeper than ``NESTED_MAX``.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tocsin.call import Skip
from tocsin.formats.base import Buffer
from tocsin.formats.otlp.pieces import RECORDS_MAX, Piece, Pieces, cached
from tocsin.formats.otlp.record import ATTRIBUTES_MAX, MESSAGE_EVENTS, MESSAGES_MAX, NESTED_MAX, Moment, Record

_RESOURCES: Final = 0x0A
"""The first byte of a request: field 1, its resources. It is a line feed, which JSON may only have as white space."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_KEY_TAG, _VALUE_TAG = 0x0A, 0x12
_TEXT_TAG, _TIME_TAG = 0x0A, 0x09
"""Tags of the two fields of an attribute, of a text value, and of the time of an event."""
_ERROR: Final = 2
_VECTOR: Final = ".embedding.vector"
"""OpenInference's: thousands of numbers for each text, none of which is needed."""
_double = struct.Struct("<d").unpack_from


@dataclass(slots=True)
class Budget:
    """The maximum number of fields to read: of two bytes each, there can be millions."""

    left: int


class BrokenError(ValueError):
    """The bytes are not a message."""


class Signal(NamedTuple):
    """Field numbers of a span or a log record."""

    trace_id: int
    span_id: int
    name: int
    start: int
    end: int
    attributes: int
    events: int
    dropped_events: int
    status: int
    body: int
    is_log: bool


_NONE = -1
SPANS: Final = Signal(1, 2, 5, 7, 8, 9, 11, 12, 15, _NONE, is_log=False)
LOGS: Final = Signal(9, 10, 12, 1, 11, 6, _NONE, _NONE, _NONE, 5, is_log=True)
"""A log record's time is the start, its observed time the end."""
FIELDS_MAX: Final = 50_000
"""Maximum fields of one span, including those of its attributes; SDKs keep 128 attributes, and as many events."""
TOO_MANY: Final = b"\x0a\x00"
"""Stands for all records of a request beyond the limits of ``Pieces``."""


def is_request(data: Buffer) -> bool:
    """Return whether a request is protobuf; an empty one is not."""
    return len(data) > 0 and data[0] == _RESOURCES


def check(data: bytes) -> None:
    """Check that bytes may be a request: that its outermost fields fill them exactly.

    Raises:
        ValueError: they do not.
    """
    for number, kind, _ in _fields(data, 0, len(data), Budget(RECORDS_MAX)):
        if number != 1 or kind != _BYTES:
            raise BrokenError


def split(data: Buffer) -> list[Piece]:
    """Split a request into requests with one span or log record each; a broken one is returned whole."""
    raw, pieces, budget = bytes(data), Pieces(TOO_MANY), Budget(4 * RECORDS_MAX)
    try:
        for resource_at, resource_end in _messages(raw, 0, len(raw), 1, budget):
            resource = _field_bytes(raw, resource_at, resource_end, 1, budget)
            for scope_at, scope_end in _messages(raw, resource_at, resource_end, 2, budget):
                scope = _field_bytes(raw, scope_at, scope_end, 1, budget)
                for at, end in _messages(raw, scope_at, scope_end, 2, budget):
                    record_head = _head(2, end - at)
                    scope_head = _head(2, len(scope) + len(record_head) + end - at)
                    request_head = _head(1, len(resource) + len(scope_head) + len(scope) + len(record_head) + end - at)
                    pieces.add((request_head, resource, scope_head, scope, record_head), memoryview(raw)[at:end])
                    if pieces.full:
                        return pieces.found
    except BrokenError:
        pieces.found.append(Piece((), b"\x0a" if pieces.found else raw))  # an unreadable piece stands for the rest
    return pieces.found


def read(data: Buffer, signal: Signal) -> Record:
    """Return the one span or log record of a request.

    Raises:
        Skip: it is no such request.
    """
    raw, budget = bytes(data), Budget(FIELDS_MAX)
    if raw == TOO_MANY:
        raise Skip("too_long")
    try:
        for resource_at, resource_end in _messages(raw, 0, len(raw), 1, budget):
            for scope_at, scope_end in _messages(raw, resource_at, resource_end, 2, budget):
                for at, end in _messages(raw, scope_at, scope_end, 2, budget):
                    record = _record(raw, at, end, signal, budget)
                    for start, stop in _messages(raw, resource_at, resource_end, 1, budget):
                        record.resource = _resource(raw[start:stop])
                    for start, stop in _messages(raw, scope_at, scope_end, 1, budget):
                        record.scope = _scope(raw[start:stop])
                    return record
    except (BrokenError, struct.error):
        raise Skip("not_protobuf") from None
    raise Skip("not_protobuf")


def _record(data: bytes, at: int, end: int, signal: Signal, budget: Budget) -> Record:
    record = Record(is_log=signal.is_log)
    attributes: list[tuple[int, int]] = []
    moments: dict[str, Moment] = {}
    messages: deque[Moment] = deque(maxlen=MESSAGES_MAX + 1)
    for number, kind, value in _fields(data, at, end, budget):
        if kind == _BYTES:
            start, stop = value
            if number == signal.attributes:
                attributes.append(value)
            elif number == signal.trace_id:
                record.trace_id = data[start:stop].hex() if stop - start <= 16 else ""
            elif number == signal.span_id:
                record.span_id = data[start:stop].hex() if stop - start <= 8 else ""
            elif number == signal.name:
                record.name = _text(data, start, stop)
            elif number == signal.events:
                _add_event(moments, messages, data, start, stop, budget)
            elif number == signal.status:
                _status(record, data, start, stop, budget)
            elif number == signal.body:
                record.body = _value(data, value, 0, budget)
        elif number == signal.dropped_events:
            record.moments_dropped = value != 0
        elif number == signal.start and kind == _FIXED64:
            record.start = value
        elif number == signal.end and kind == _FIXED64:
            record.end = value
    if signal.is_log:
        record.start, record.end = record.start or record.end, 0
    record.attributes = _pairs(data, attributes[:ATTRIBUTES_MAX], 0, budget)
    if len(messages) > MESSAGES_MAX:
        messages.popleft()
        record.messages_dropped = True
    record.moments = [*moments.values(), *messages]
    return record


def _add_event(
    moments: dict[str, Moment], messages: deque[Moment], data: bytes, at: int, end: int, budget: Budget
) -> None:
    """Add an event; of several with the same name, such as one per chunk of a stream, only the first.

    Messages are all added.
    """
    if at + 10 < end and data[at] == _TIME_TAG and data[at + 9] == _VALUE_TAG:  # the order of all encoders
        start, stop = _span_of_bytes(data, at + 10, end)
        if _text(data, start, stop) in moments:
            return
    moment = Moment("", 0, {})
    for number, kind, value in _fields(data, at, end, budget):
        if number == 1 and kind == _FIXED64:
            moment.time = value
        elif number == 2 and kind == _BYTES:
            moment.name = _text(data, *value)
            if moment.name in moments:
                return
        elif number == 3 and kind == _BYTES:
            moment.attributes.update(_pairs(data, [value], 0, budget))
    if moment.name in MESSAGE_EVENTS:
        messages.append(moment)
    else:
        moments[moment.name] = moment


def _status(record: Record, data: bytes, at: int, end: int, budget: Budget) -> None:
    for number, kind, value in _fields(data, at, end, budget):
        if number == 2 and kind == _BYTES:
            record.message = _text(data, *value)
        elif number == 3 and kind == _VARINT:
            record.failed = value == _ERROR


@cached
def _resource(data: bytes) -> dict[str, Any]:
    """Return the attributes of a resource, which are shared by all records of a service and must not be modified."""
    budget = Budget(FIELDS_MAX)
    return _pairs(data, list(_messages(data, 0, len(data), 1, budget)), 0, budget)


@cached
def _scope(data: bytes) -> str:
    """Return the name of a scope."""
    return next((_text(data, at, end) for at, end in _messages(data, 0, len(data), 1, Budget(FIELDS_MAX))), "")


def _pairs(data: bytes, spans: list[tuple[int, int]], depth: int, budget: Budget) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for at, end in spans:
        key, value = "", None
        stop = at + 2 + data[at + 1] if end - at > 2 and data[at + 1] < 0x80 else end
        if stop < end and data[at] == _KEY_TAG and data[stop] == _VALUE_TAG:  # the order of all encoders, a short key
            key = _text(data, at + 2, stop)
            if key.endswith(_VECTOR):
                continue
            value = _value(data, _span_of_bytes(data, stop + 1, end), depth, budget)
        else:
            for number, kind, place in _fields(data, at, end, budget):
                if kind == _BYTES and number == 1:
                    key = _text(data, *place)
                elif kind == _BYTES and number == 2:
                    value = _value(data, place, depth, budget)
        if value is not None:
            pairs[key] = value
    return pairs


def _span_of_bytes(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the start and end of the bytes whose length is at ``at``."""
    if at < end and data[at] < 0x80:
        start, stop = at + 1, at + 1 + data[at]
    else:
        size, start = _varint(data, at, end)
        stop = start + size
    if stop > end:
        raise BrokenError
    return start, stop


def _value(data: bytes, place: tuple[int, int], depth: int, budget: Budget) -> Any:
    """Return an ``AnyValue`` as a Python value; None for bytes, and for values nested too deep."""
    at, end = place
    if at < end and data[at] == _TEXT_TAG:  # the usual case
        start, stop = _span_of_bytes(data, at + 1, end)
        if stop == end:
            return _text(data, start, stop)
    for number, kind, inner_value in _fields(data, at, end, budget):
        if kind == _BYTES:
            if number == 1:
                return _text(data, *inner_value)
            if depth > NESTED_MAX:
                return None
            places = list(_messages(data, inner_value[0], inner_value[1], 1, budget)) if number in (5, 6) else []
            if number == 5:
                return [_value(data, inner, depth + 1, budget) for inner in places]
            if number == 6:
                return _pairs(data, places, depth + 1, budget)
        elif number == 2:
            return bool(inner_value)
        elif number == 3:
            return inner_value - (1 << 64) if inner_value >> 63 else inner_value
        elif number == 4 and kind == _FIXED64:
            return _double(inner_value.to_bytes(8, "little"))[0]
    return None


def _text(data: bytes, at: int, end: int) -> str:
    return data[at:end].decode("utf-8", "replace")


def _messages(data: bytes, at: int, end: int, wanted: int, budget: Budget) -> Iterator[tuple[int, int]]:
    """Yield start and end of the messages in the field ``wanted``."""
    for number, kind, value in _fields(data, at, end, budget):
        if number == wanted and kind == _BYTES:
            yield value


def _fields(data: bytes, at: int, end: int, budget: Budget) -> Iterator[tuple[int, int, Any]]:
    """Yield number, wire type and value of each field: an integer, or the start and end of bytes.

    Raises:
        BrokenError: they do not end where they should, or there are too many.
    """
    while at < end:
        budget.left -= 1
        if budget.left < 0:
            raise BrokenError
        tag = data[at]
        at += 1
        if tag > 0x7F:
            tag, at = _varint(data, at - 1, end)
        kind = tag & 7
        if kind == _BYTES:
            if at >= end:
                raise BrokenError
            size = data[at]
            at += 1
            if size > 0x7F:
                size, at = _varint(data, at - 1, end)
            start, at = at, at + size
            if at > end:
                raise BrokenError
            yield tag >> 3, kind, (start, at)
        elif kind == _VARINT:
            value, at = _varint(data, at, end)
            yield tag >> 3, kind, value
        elif kind in (_FIXED64, _FIXED32):
            start, at = at, at + (8 if kind == _FIXED64 else 4)
            if at > end:
                raise BrokenError
            yield tag >> 3, kind, int.from_bytes(data[start:at], "little")
        else:  # groups, which are deprecated
            raise BrokenError


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the number at ``at``, and the position after it."""
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise BrokenError


def _field_bytes(data: bytes, at: int, end: int, wanted: int, budget: Budget) -> bytes:
    """Return the bytes of one field of a message, unchanged."""
    return b"".join(_message(wanted, data[start:stop]) for start, stop in _messages(data, at, end, wanted, budget))


def _message(number: int, body: bytes) -> bytes:
    return _head(number, len(body)) + body


def _head(number: int, size: int) -> bytes:
    """Return the tag and the length that precede a message."""
    head = bytearray((number << 3 | _BYTES,))
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head)
