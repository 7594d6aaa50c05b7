"""OTLP as JSON: a request, or a line that the Collector's file exporter writes, taken apart and read.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: 64-bit integers are texts or numbers, enumerations
numbers (old exporters: names), ids hexadecimal.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw

from tocsin.call import Skip
from tocsin.formats.base import Buffer
from tocsin.formats.lenient import load, mended
from tocsin.formats.otlp.pieces import Piece, Pieces, kept
from tocsin.formats.otlp.record import ATTRIBUTES_MAX, NESTED_MAX, SPOKEN, SPOKEN_MAX, Moment, Record

VALUES_MAX: Final = 1_000_000
"""Commas of one request: a million values of three bytes each would take a hundred times their place."""
_ABSENT: Final = Raw()
_NO_OBJECT: Final = b"{}"
_REQUEST: Final = re.compile(rb'\s*+\{\s*+"resource(?:Spans|Logs)"\s*+:')
_ERROR: Final = (2, "2", "STATUS_CODE_ERROR")
_DEEP: Final = (msgspec.MsgspecError, ValueError, RecursionError)


class _Scope(msgspec.Struct, gc=False, rename="camel"):
    scope: Raw = _ABSENT
    spans: list[Raw] | None = None
    log_records: list[Raw] | None = None


class _Resource(msgspec.Struct, gc=False, rename="camel"):
    resource: Raw = _ABSENT
    scope_spans: list[_Scope] | None = None
    scope_logs: list[_Scope] | None = None


class _Request(msgspec.Struct, gc=False, rename="camel"):
    resource_spans: list[_Resource] | None = None
    resource_logs: list[_Resource] | None = None


class _Value(msgspec.Struct, gc=False, rename="camel"):
    """``AnyValue``: one of these."""

    string_value: Any = UNSET
    int_value: Any = UNSET
    double_value: Any = UNSET
    bool_value: Any = UNSET
    array_value: _Array | None = None
    kvlist_value: _Pairs | None = None


class _Array(msgspec.Struct, gc=False, rename="camel"):
    values: list[_Value | None] | None = None


class _Pairs(msgspec.Struct, gc=False, rename="camel"):
    values: list[_Attribute] | None = None


class _Attribute(msgspec.Struct, gc=False, rename="camel"):
    key: str
    value: _Value | None = None


class _Status(msgspec.Struct, gc=False, rename="camel"):
    code: Any = None
    message: Any = None


class _Event(msgspec.Struct, gc=False, rename="camel"):
    name: str = ""
    time_unix_nano: Any = 0
    attributes: list[_Attribute] | None = None


class _Named(msgspec.Struct, gc=False, rename="camel"):
    """A resource or a scope."""

    name: str = ""
    attributes: list[_Attribute] | None = None


class _Record(msgspec.Struct, gc=False, rename="camel"):
    """A span or a log record."""

    trace_id: str = ""
    span_id: str = ""
    name: Any = ""
    event_name: Any = ""
    start_time_unix_nano: Any = 0
    end_time_unix_nano: Any = 0
    time_unix_nano: Any = 0
    observed_time_unix_nano: Any = 0
    attributes: list[_Attribute] | None = None
    events: list[_Event] | None = None
    dropped_events_count: Any = 0
    status: _Status | None = None
    body: _Value | None = None


class _OneScope(msgspec.Struct, gc=False, rename="camel"):
    scope: _Named | None = None
    spans: list[_Record] | None = None
    log_records: list[_Record] | None = None


class _OneResource(msgspec.Struct, gc=False, rename="camel"):
    resource: Raw = _ABSENT
    scope_spans: list[_OneScope] | None = None
    scope_logs: list[_OneScope] | None = None


class _One(_Record, gc=False, rename="camel"):
    """A request with one record, or a span alone."""

    resource_spans: list[_OneResource] | None = None
    resource_logs: list[_OneResource] | None = None


_request = msgspec.json.Decoder(_Request)
_one = msgspec.json.Decoder(_One)
_named = msgspec.json.Decoder(_Named)


def is_request(data: Buffer) -> bool:
    """Return whether JSON begins as a request or a line of OTLP does, which holds any number of events."""
    return _REQUEST.match(data) is not None


def is_span(tree: dict[str, Any]) -> bool:
    """Return whether an object is a span by itself, as exporters to a console or a file of their own write it."""
    told = tree.get("attributes")
    return isinstance(told, list) and bool(told) and isinstance(told[0], dict) and {"key", "value"} <= told[0].keys()


def parted(data: Buffer) -> list[Piece]:
    """Return a request in pieces, each of them a request with one span or log record; as it is where it is none."""
    held = bytes(data)
    if held.count(b",") > VALUES_MAX:
        return [Piece((), TOO_MANY)]
    try:
        request = _request.decode(held)
    except _DEEP:
        try:
            request = _request.decode(mended(held))
        except _DEEP:
            return [Piece((), held)]
    pieces = Pieces(TOO_MANY)
    for signal, resources in ((b"Spans", request.resource_spans), (b"Logs", request.resource_logs)):
        inner = b'"spans":[' if signal == b"Spans" else b'"logRecords":['
        for resource in resources or ():
            around = b'{"resource%b":[{"resource":%b,"scope%b":[{"scope":' % (
                signal, bytes(resource.resource) or _NO_OBJECT, signal,
            )  # fmt: skip
            for scope in (resource.scope_spans if signal == b"Spans" else resource.scope_logs) or ():
                before = (around, bytes(scope.scope) or _NO_OBJECT, b",", inner)
                records = (scope.spans if signal == b"Spans" else scope.log_records) or ()
                for record in records:
                    pieces.add(before, memoryview(record), b"]}]}]}")
                    if pieces.full:
                        return pieces.found
    return pieces.found


TOO_MANY: Final = b'{"resourceSpans":null}'
"""Stands for all records of a request that are beyond ``Pieces``."""


def read(data: Buffer) -> Record:
    """Return the one record of a request, or a span that stands alone.

    Raises:
        Skip: it is none.
    """
    if data == TOO_MANY:
        raise Skip("too_long")
    try:
        one = _one.decode(data)
    except _DEEP:
        try:
            one = _one.decode(mended(data))
        except _DEEP:
            load(data)  # says what it is if not an object
            raise Skip("wrong_type") from None
    for resources in (one.resource_spans, one.resource_logs):
        for resource in resources or ():
            for scope in resource.scope_spans or resource.scope_logs or ():
                for records, is_log in ((scope.spans, False), (scope.log_records, True)):
                    if records:
                        named = _NO_NAME if scope.scope is None else scope.scope
                        return _record(records[0], bytes(resource.resource), named, is_log=is_log)
    if one.attributes is None:
        raise Skip("unknown_format")
    return _record(one, b"", _NO_NAME, is_log=False)


_NO_NAME: Final = _Named()


def _record(told: _Record, resource: bytes, scope: _Named, *, is_log: bool) -> Record:
    record = Record(told.trace_id, told.span_id)
    record.is_log = is_log
    if is_log:
        record.name = told.event_name if isinstance(told.event_name, str) else ""
        record.start = _integer(told.time_unix_nano) or _integer(told.observed_time_unix_nano)
        record.body = _plain(told.body, 0)
    else:
        record.name = told.name if isinstance(told.name, str) else ""
        record.start, record.end = _integer(told.start_time_unix_nano), _integer(told.end_time_unix_nano)
    record.attributes = _attributes(told.attributes and told.attributes[:ATTRIBUTES_MAX])
    if told.events:
        firsts = {event.name: event for event in reversed(told.events)}  # one for each piece of a stream is enough
        noted = list(reversed(firsts.values()))
        if not SPOKEN.isdisjoint(firsts):
            spoken = [event for event in told.events if event.name in SPOKEN]
            noted = [event for event in noted if event.name not in SPOKEN] + spoken[-SPOKEN_MAX:]
            record.messages_dropped = len(spoken) > SPOKEN_MAX
        record.moments = [
            Moment(event.name, _integer(event.time_unix_nano), _attributes(event.attributes)) for event in noted
        ]
    record.moments_dropped = bool(told.dropped_events_count)
    if told.status is not None:
        record.failed = told.status.code in _ERROR
        record.message = told.status.message if isinstance(told.status.message, str) else ""
    record.resource = _resource(resource) if len(resource) > len(_NO_OBJECT) else {}
    record.scope = scope.name
    return record


@kept
def _resource(data: bytes) -> dict[str, Any]:
    """Return the attributes of a resource: all that a service sends has the same, which nobody changes."""
    try:
        return _attributes(_named.decode(data).attributes)
    except _DEEP:
        return {}


def _attributes(told: list[_Attribute] | None, depth: int = 0) -> dict[str, Any]:
    found = {}
    for attribute in told or ():
        value = attribute.value
        if value is None:
            continue
        plain = value.string_value
        if type(plain) is not str:
            plain = _plain(value, depth)
        if plain is not None:
            found[attribute.key] = plain
    return found


def _plain(value: _Value | None, depth: int) -> Any:
    """Return a value as Python has it; None for bytes, and for what is nested too deeply or is of no sense."""
    if value is None or depth > NESTED_MAX:
        return None
    if value.string_value is not UNSET:
        return value.string_value
    if value.int_value is not UNSET:
        return _number(value.int_value)
    if value.bool_value is not UNSET:
        return value.bool_value
    if value.double_value is not UNSET:
        return value.double_value
    if value.array_value is not None:
        return [_plain(item, depth + 1) for item in value.array_value.values or ()]
    return None if value.kvlist_value is None else _attributes(value.kvlist_value.values, depth + 1)


def _number(told: Any) -> Any:
    """Return a 64-bit integer, which the encoding has as a text."""
    if type(told) is str and len(told) <= 20:
        try:
            return int(told)
        except ValueError:
            return told
    return told


def _integer(told: Any) -> int:
    number = _number(told)
    return number if type(number) is int and 0 < number < 1 << 64 else 0
