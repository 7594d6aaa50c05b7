"""OTLP as JSON: splits and reads a request, or a line of the Collector's file exporter.

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
from tocsin.formats.otlp.pieces import Piece, Pieces, cached
from tocsin.formats.otlp.record import ATTRIBUTES_MAX, MESSAGE_EVENTS, MESSAGES_MAX, NESTED_MAX, Moment, Record

VALUES_MAX: Final = 1_000_000
"""Maximum commas of one request: a million values of three bytes each would decode to a hundred times their size."""
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
    """An ``AnyValue``: exactly one field is set."""

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
    """A request with one record, or a bare span."""

    resource_spans: list[_OneResource] | None = None
    resource_logs: list[_OneResource] | None = None


_request = msgspec.json.Decoder(_Request)
_one = msgspec.json.Decoder(_One)
_named = msgspec.json.Decoder(_Named)


def is_request(data: Buffer) -> bool:
    """Return whether JSON begins like an OTLP request, which may contain any number of events."""
    return _REQUEST.match(data) is not None


def is_span(tree: dict[str, Any]) -> bool:
    """Return whether an object is a bare span, as console exporters and custom file exporters write."""
    attributes = tree.get("attributes")
    first = attributes[0] if isinstance(attributes, list) and attributes else None
    return isinstance(first, dict) and first.keys() >= {"key", "value"}


def split(data: Buffer) -> list[Piece]:
    """Split a request into requests with one span or log record each; anything else is returned whole."""
    raw = bytes(data)
    if raw.count(b",") > VALUES_MAX:
        return [Piece((), TOO_MANY)]
    try:
        request = _request.decode(raw)
    except _DEEP:
        try:
            request = _request.decode(mended(raw))
        except _DEEP:
            return [Piece((), raw)]
    pieces = Pieces(TOO_MANY)
    for signal, resources in ((b"Spans", request.resource_spans), (b"Logs", request.resource_logs)):
        inner = b'"spans":[' if signal == b"Spans" else b'"logRecords":['
        for resource in resources or ():
            outer = b'{"resource%b":[{"resource":%b,"scope%b":[{"scope":' % (
                signal, bytes(resource.resource) or _NO_OBJECT, signal,
            )  # fmt: skip
            for scope in (resource.scope_spans if signal == b"Spans" else resource.scope_logs) or ():
                prefix = (outer, bytes(scope.scope) or _NO_OBJECT, b",", inner)
                records = (scope.spans if signal == b"Spans" else scope.log_records) or ()
                for record in records:
                    pieces.add(prefix, memoryview(record), b"]}]}]}")
                    if pieces.full:
                        return pieces.found
    return pieces.found


TOO_MANY: Final = b'{"resourceSpans":null}'
"""Stands for all records of a request beyond the limits of ``Pieces``."""


def read(data: Buffer) -> Record:
    """Return the one record of a request, or a bare span.

    Raises:
        Skip: it is neither.
    """
    if data == TOO_MANY:
        raise Skip("too_long")
    try:
        one = _one.decode(data)
    except _DEEP:
        try:
            one = _one.decode(mended(data))
        except _DEEP:
            load(data)  # raises the right reason if it is not an object
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


def _record(decoded: _Record, resource: bytes, scope: _Named, *, is_log: bool) -> Record:
    record = Record(decoded.trace_id, decoded.span_id)
    record.is_log = is_log
    if is_log:
        record.name = decoded.event_name if isinstance(decoded.event_name, str) else ""
        record.start = _integer(decoded.time_unix_nano) or _integer(decoded.observed_time_unix_nano)
        record.body = _python_value(decoded.body, 0)
    else:
        record.name = decoded.name if isinstance(decoded.name, str) else ""
        record.start, record.end = _integer(decoded.start_time_unix_nano), _integer(decoded.end_time_unix_nano)
    record.attributes = _attributes(decoded.attributes and decoded.attributes[:ATTRIBUTES_MAX])
    if decoded.events:
        firsts = {event.name: event for event in reversed(decoded.events)}  # streams may have one for each chunk
        events = list(reversed(firsts.values()))
        if not MESSAGE_EVENTS.isdisjoint(firsts):
            messages = [event for event in decoded.events if event.name in MESSAGE_EVENTS]
            events = [event for event in events if event.name not in MESSAGE_EVENTS] + messages[-MESSAGES_MAX:]
            record.messages_dropped = len(messages) > MESSAGES_MAX
        record.moments = [
            Moment(event.name, _integer(event.time_unix_nano), _attributes(event.attributes)) for event in events
        ]
    record.moments_dropped = bool(decoded.dropped_events_count)
    if decoded.status is not None:
        record.failed = decoded.status.code in _ERROR
        record.message = decoded.status.message if isinstance(decoded.status.message, str) else ""
    record.resource = _resource(resource) if len(resource) > len(_NO_OBJECT) else {}
    record.scope = scope.name
    return record


@cached
def _resource(data: bytes) -> dict[str, Any]:
    """Return the attributes of a resource, which are shared by all records of a service and must not be modified."""
    try:
        return _attributes(_named.decode(data).attributes)
    except _DEEP:
        return {}


def _attributes(pairs: list[_Attribute] | None, depth: int = 0) -> dict[str, Any]:
    attributes = {}
    for attribute in pairs or ():
        value = attribute.value
        if value is None:
            continue
        plain = value.string_value
        if type(plain) is not str:
            plain = _python_value(value, depth)
        if plain is not None:
            attributes[attribute.key] = plain
    return attributes


def _python_value(value: _Value | None, depth: int) -> Any:
    """Return an ``AnyValue`` as a Python value; None for bytes, and for values nested too deep or invalid."""
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
        return [_python_value(item, depth + 1) for item in value.array_value.values or ()]
    return None if value.kvlist_value is None else _attributes(value.kvlist_value.values, depth + 1)


def _number(value: Any) -> Any:
    """Return a 64-bit integer, which this encoding writes as text."""
    if type(value) is str and len(value) <= 20:
        try:
            return int(value)
        except ValueError:
            return value
    return value


def _integer(value: Any) -> int:
    number = _number(value)
    return number if type(number) is int and 0 < number < 1 << 64 else 0
