"""Amazon's binary event streams, as recorders store them: in base64.

https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html, ``application/vnd.amazon.eventstream``. In
Bedrock's ``converse-stream`` each message has an event, in its ``invoke-with-response-stream`` a chunk in the model's
own format.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final

_PRELUDE: Final = struct.Struct(">III")
"""Size of the message and of its headers in bytes, and the checksum of both."""
_CHECKSUM: Final = 4
_TEXT: Final = 7
"""The type of all headers that Bedrock sends."""


def events(text: str) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream, each under the name of its kind, and chunks of bodies unchanged.

    Yields nothing if the text is no such stream; if it was cut off, the events before the cut.
    """
    if not text.startswith("AA"):  # the size begins with zeros: a message is shorter than a mebibyte
        return
    try:
        data = base64.b64decode(text[: len(text) // 4 * 4])
    except (binascii.Error, ValueError):
        return
    at = 0
    while at + _PRELUDE.size <= len(data):
        size, headers_size, checksum = _PRELUDE.unpack_from(data, at)
        if checksum != zlib.crc32(data[at : at + 8]) or size < _PRELUDE.size + headers_size + _CHECKSUM:
            return
        start = at + _PRELUDE.size
        event = _event(data[start : start + headers_size], data[start + headers_size : at + size - _CHECKSUM])
        if event is not None:
            yield event
        at += size


def _event(headers: bytes, payload: bytes) -> dict[str, Any] | None:
    try:
        decoded = json.loads(payload)
        if isinstance(decoded, dict) and isinstance(decoded.get("bytes"), str):
            inner = json.loads(base64.b64decode(decoded["bytes"]))
            return inner if isinstance(inner, dict) else None
    except (ValueError, RecursionError):
        return None  # cut off
    named = dict(_headers(headers))
    kind = named.get(":exception-type") or named.get(":event-type")
    return {kind: decoded} if kind and isinstance(decoded, dict) else None


def _headers(headers: bytes) -> Iterator[tuple[str, str]]:
    """Yield the headers of a message up to the first that is not text."""
    at = 0
    while at < len(headers):
        name_end = at + 1 + headers[at]
        start = name_end + 3
        if headers[name_end : name_end + 1] != bytes([_TEXT]):
            return
        end = start + int.from_bytes(headers[name_end + 1 : start])
        yield headers[at + 1 : name_end].decode("utf-8", "replace"), headers[start:end].decode("utf-8", "replace")
        at = end
