"""OTLP in protobuf's binary encoding: a request taken apart, and one span or log record read.

https://protobuf.dev/programming-guides/encoding/, and the field numbers of
https://github.com/open-telemetry/opentelemetry-proto. Read here, and by no package: four field types are all there is
to it, walking the objects of a general decoder takes two thirds of the time, and the version of ``protobuf`` is one
that all packages of an environment have to agree on. Nothing is recursive but values, no deeper than ``NESTED_MAX``.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tocsin.call import Skip
from tocsin.formats.base import Buffer
from tocsin.formats.otlp.pieces import RECORDS_MAX, Piece, Pieces, kept
from tocsin.formats.otlp.record import ATTRIBUTES_MAX, NESTED_MAX, SPOKEN, SPOKEN_MAX, Moment, Record

_RESOURCES: Final = 0x0A
"""The first byte of a request: field 1, its resources. JSON begins otherwise, once white space is taken off."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_KEY_TAG, _VALUE_TAG = 0x0A, 0x12
_TEXT_TAG, _TIME_TAG = 0x0A, 0x09
"""Tags of the two fields of an attribute, of a value that is a text, and of the time of an event."""
_ERROR: Final = 2
_VECTOR: Final = ".embedding.vector"
"""Thousands of numbers for each text, of OpenInference; nothing of them is counted."""
_double = struct.Struct("<d").unpack_from


@dataclass(slots=True)
class Budget:
    """How many fields are read at most: of two bytes each, they can be millions."""

    left: int


class BrokenError(ValueError):
    """These bytes are no message."""


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
"""Its time stands for the start, the time at which it was observed for the end."""
FIELDS_MAX: Final = 50_000
"""Of one span, its attributes' among them; SDKs keep 128 attributes, and as many events."""
TOO_MANY: Final = b"\x0a\x00"
"""Stands for all records of a request that are beyond ``Pieces``."""


def is_request(data: Buffer) -> bool:
    """Return whether what came is protobuf; an empty request holds nothing."""
    return len(data) > 0 and data[0] == _RESOURCES


def check(data: bytes) -> None:
    """Look whether bytes can be a request: whether its outermost fields fill them.

    Raises:
        ValueError: they do not.
    """
    for number, kind, _ in _fields(data, 0, len(data), Budget(RECORDS_MAX)):
        if number != 1 or kind != _BYTES:
            raise BrokenError


def parted(data: Buffer) -> list[Piece]:
    """Return a request in pieces, each of them a request with one span or log record; as it is where it is broken."""
    held, pieces, budget = bytes(data), Pieces(TOO_MANY), Budget(4 * RECORDS_MAX)
    try:
        for resource_at, resource_end in _messages(held, 0, len(held), 1, budget):
            resource = _joined(held, resource_at, resource_end, 1, budget)
            for scope_at, scope_end in _messages(held, resource_at, resource_end, 2, budget):
                scope = _joined(held, scope_at, scope_end, 1, budget)
                for at, end in _messages(held, scope_at, scope_end, 2, budget):
                    record = _head(2, end - at)
                    around = _head(2, len(scope) + len(record) + end - at)
                    whole = _head(1, len(resource) + len(around) + len(scope) + len(record) + end - at)
                    pieces.add((whole, resource, around, scope, record), memoryview(held)[at:end])
                    if pieces.full:
                        return pieces.found
    except BrokenError:
        pieces.found.append(Piece((), b"\x0a" if pieces.found else held))  # one that cannot be read, for what is left
    return pieces.found


def read(data: Buffer, signal: Signal) -> Record:
    """Return the one span or log record of a request.

    Raises:
        Skip: it is none.
    """
    held, budget = bytes(data), Budget(FIELDS_MAX)
    if held == TOO_MANY:
        raise Skip("too_long")
    try:
        for resource_at, resource_end in _messages(held, 0, len(held), 1, budget):
            for scope_at, scope_end in _messages(held, resource_at, resource_end, 2, budget):
                for at, end in _messages(held, scope_at, scope_end, 2, budget):
                    record = _record(held, at, end, signal, budget)
                    for start, stop in _messages(held, resource_at, resource_end, 1, budget):
                        record.resource = _resource(held[start:stop])
                    for start, stop in _messages(held, scope_at, scope_end, 1, budget):
                        record.scope = _scope(held[start:stop])
                    return record
    except (BrokenError, struct.error):
        raise Skip("not_protobuf") from None
    raise Skip("not_protobuf")


def _record(data: bytes, at: int, end: int, signal: Signal, budget: Budget) -> Record:
    record = Record(is_log=signal.is_log)
    attributes: list[tuple[int, int]] = []
    moments: dict[str, Moment] = {}
    spoken: deque[Moment] = deque(maxlen=SPOKEN_MAX + 1)
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
                _note(moments, spoken, data, start, stop, budget)
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
    if len(spoken) > SPOKEN_MAX:
        spoken.popleft()
        record.messages_dropped = True
    record.moments = [*moments.values(), *spoken]
    return record


def _note(
    moments: dict[str, Moment], spoken: deque[Moment], data: bytes, at: int, end: int, budget: Budget
) -> None:
    """Take note of an event; of those with the same name, as one for each piece of a stream, of the first.

    Messages are all noted.
    """
    if at + 10 < end and data[at] == _TIME_TAG and data[at + 9] == _VALUE_TAG:  # as all encoders write it
        start, stop = _inner(data, at + 10, end)
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
    if moment.name in SPOKEN:
        spoken.append(moment)
    else:
        moments[moment.name] = moment


def _status(record: Record, data: bytes, at: int, end: int, budget: Budget) -> None:
    for number, kind, value in _fields(data, at, end, budget):
        if number == 2 and kind == _BYTES:
            record.message = _text(data, *value)
        elif number == 3 and kind == _VARINT:
            record.failed = value == _ERROR


@kept
def _resource(data: bytes) -> dict[str, Any]:
    """Return the attributes of a resource: all that a service sends has the same, which nobody changes."""
    budget = Budget(FIELDS_MAX)
    return _pairs(data, list(_messages(data, 0, len(data), 1, budget)), 0, budget)


@kept
def _scope(data: bytes) -> str:
    """Return the name of a scope."""
    return next((_text(data, at, end) for at, end in _messages(data, 0, len(data), 1, Budget(FIELDS_MAX))), "")


def _pairs(data: bytes, places: list[tuple[int, int]], depth: int, budget: Budget) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for at, end in places:
        key, value = "", None
        stop = at + 2 + data[at + 1] if end - at > 2 and data[at + 1] < 0x80 else end
        if (
            stop < end and data[at] == _KEY_TAG and data[stop] == _VALUE_TAG
        ):  # as all encoders write it, with a short key
            key = _text(data, at + 2, stop)
            if key.endswith(_VECTOR):
                continue
            value = _value(data, _inner(data, stop + 1, end), depth, budget)
        else:
            for number, kind, told in _fields(data, at, end, budget):
                if kind == _BYTES and number == 1:
                    key = _text(data, *told)
                elif kind == _BYTES and number == 2:
                    value = _value(data, told, depth, budget)
        if value is not None:
            found[key] = value
    return found


def _inner(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return where bytes begin and end whose length stands somewhere."""
    if at < end and data[at] < 0x80:
        start, stop = at + 1, at + 1 + data[at]
    else:
        size, start = _varint(data, at, end)
        stop = start + size
    if stop > end:
        raise BrokenError
    return start, stop


def _value(data: bytes, place: tuple[int, int], depth: int, budget: Budget) -> Any:
    """Return an ``AnyValue`` as Python has it; None for bytes, and for what is nested too deeply."""
    at, end = place
    if at < end and data[at] == _TEXT_TAG:  # as most are
        start, stop = _inner(data, at + 1, end)
        if stop == end:
            return _text(data, start, stop)
    for number, kind, told in _fields(data, at, end, budget):
        if kind == _BYTES:
            if number == 1:
                return _text(data, *told)
            if depth > NESTED_MAX:
                return None
            places = list(_messages(data, told[0], told[1], 1, budget)) if number in (5, 6) else []
            if number == 5:
                return [_value(data, inner, depth + 1, budget) for inner in places]
            if number == 6:
                return _pairs(data, places, depth + 1, budget)
        elif number == 2:
            return bool(told)
        elif number == 3:
            return told - (1 << 64) if told >> 63 else told
        elif number == 4 and kind == _FIXED64:
            return _double(told.to_bytes(8, "little"))[0]
    return None


def _text(data: bytes, at: int, end: int) -> str:
    return data[at:end].decode("utf-8", "replace")


def _messages(data: bytes, at: int, end: int, wanted: int, budget: Budget) -> Iterator[tuple[int, int]]:
    """Yield where the messages of one field begin and end."""
    for number, kind, value in _fields(data, at, end, budget):
        if number == wanted and kind == _BYTES:
            yield value


def _fields(data: bytes, at: int, end: int, budget: Budget) -> Iterator[tuple[int, int, Any]]:
    """Yield number, kind and value of each field: a number, or where bytes begin and end.

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
        else:  # groups are of another age
            raise BrokenError


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the number that begins somewhere, and where it has ended."""
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise BrokenError


def _joined(data: bytes, at: int, end: int, wanted: int, budget: Budget) -> bytes:
    """Return one field of a message, as it stands in it."""
    return b"".join(_message(wanted, data[start:stop]) for start, stop in _messages(data, at, end, wanted, budget))


def _message(number: int, body: bytes) -> bytes:
    return _head(number, len(body)) + body


def _head(number: int, size: int) -> bytes:
    """Return what goes before the bytes of a message."""
    head = bytearray((number << 3 | _BYTES,))
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head)
