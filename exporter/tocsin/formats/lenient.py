"""The slow, lenient path to the same typed record.

The fast path decodes straight into a Struct and fails on a single unexpected field. This module then
decodes with the standard library and converts field by field: unusable values are left out and listed.
"""

from __future__ import annotations

import contextlib
import json
import re
import types
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from itertools import pairwise
from typing import Any, TypeGuard, TypeVar, Union, get_args, get_origin

import msgspec

from tocsin.call import Skip
from tocsin.formats.base import Buffer

MAX_COUNT = 2**53
"""Largest integer accepted: beyond it a float is not exact."""
MAX_TOKENS = 10**9
"""Token counts of one call from here on are invalid: their totals would outgrow 64 bits in the state."""
MAX_SECONDS = 86_400.0
"""Durations of one call from here on are invalid: one of its two times is wrong."""
SKIP_REASONS = (
    "null", "not_json", "not_object", "too_deep", "too_long", "missing_id", "missing_time", "missing_model",
    "missing_status", "missing_call_id", "wrong_type", "unknown_format", "stream_chunk", "not_protobuf",
)  # fmt: skip

_HUGE = 1e300
_ISO_DATE = 8
"""Digits of a date without separators."""
_DATE_MAX = 64
_REPAIRS_MAX = 10_000
_IN_TEXT = rb'(?:[^"\\]++|\\(?:[^u]|u(?![dD][89a-fA-F])|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))*+'
_SOUND_TEXT = re.compile(_IN_TEXT, re.DOTALL)
_SOUND = re.compile(rb'(?:[^"NI-]++|-(?!I)|"' + _IN_TEXT + rb'")*+', re.DOTALL)
_ODD = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}|-?Infinity|NaN")

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = msgspec.json.Decoder(msgspec.Raw)
_QUOTE, _COMMA = b'",'

S = TypeVar("S", bound=msgspec.Struct)


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Resolving annotations costs a millisecond; the types never change."""
    return msgspec.structs.fields(kind)


class _UnusableError(Exception):
    """A value that cannot become the field's type."""


def load(data: Buffer) -> dict[str, Any]:
    """Decode one JSON object from bytes that the strict decoder refused.

    Raises:
        Skip: it is no JSON object.
    """
    text = bytes(data).strip(b"\x00 \t\r\n").removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    try:
        value = json.loads(text, strict=False)  # control characters inside texts are data
    except RecursionError:
        raise Skip("too_deep") from None
    except ValueError:
        raise Skip("not_json") from None
    if value is None:
        raise Skip("null")
    if not isinstance(value, dict):
        raise Skip("not_object")
    return value


def mended(data: Buffer) -> bytes:
    """Replace what Python's ``json`` writes and strict parsers reject, without changing the length.

    Halves of a surrogate pair (texts that were cut inside a character) become U+FFFD; ``NaN`` and infinities become an
    empty text, which is a field error where a number is expected.
    """
    out, at, in_text = bytearray(data), 0, False
    for _ in range(_REPAIRS_MAX):
        sound = (_SOUND_TEXT if in_text else _SOUND).match(out, at)  # the match may be empty, but never fails
        at = sound.end() if sound else len(out)
        if out[at : at + 1] == b'"':  # the start or the end of a text with half a pair in it
            in_text = not in_text
            at += 1
            continue
        odd = _ODD.match(out, at)
        if odd is None:
            break
        at = odd.end()
        out[odd.start() : at] = b"\\ufffd" if in_text else b'""'.ljust(len(odd[0]))
    return bytes(out)


def elements(data: Buffer, *, mend: bool = True) -> list[msgspec.Raw]:
    """Split a JSON array into its elements; with ``mend``, what strict parsers reject is ``mended``.

    An element that is nested too deep for the parser does not affect its neighbours: only its brackets are checked.

    Raises:
        ValueError: it is no JSON array.
    """
    try:
        return _elements(data)
    except ValueError:
        if not mend:
            raise
    return _elements(mended(data))


def _elements(data: Buffer) -> list[msgspec.Raw]:
    try:
        return _ARRAY.decode(data)
    except RecursionError:
        return _split_by_brackets(bytes(data).strip(b" \t\r\n"))
    except msgspec.MsgspecError:
        raise ValueError("no JSON array") from None


def _split_by_brackets(data: bytes) -> list[msgspec.Raw]:
    """Split an array by counting brackets, in a few passes over all bytes at once: it may consist of brackets."""
    import numpy as np  # noqa: PLC0415 - rarely needed, and counting alone runs without it

    marks = np.frombuffer(data.replace(b"\\\\", b"__").replace(b'\\"', b"__"), np.uint8)
    outside = np.cumsum(marks == _QUOTE, dtype=np.uint8) % 2 == 0  # the parity survives the overflow
    steps = np.zeros(256, np.int8)
    steps[list(b"[{")], steps[list(b"]}")] = 1, -1
    step = steps[marks] * outside
    depth = np.cumsum(step, dtype=np.int32)
    if data[:1] != b"[" or data[-1:] != b"]" or depth[-1] or depth[:-1].min() < 1:
        raise ValueError("no JSON array")
    commas = np.flatnonzero((marks == _COMMA) & outside & (depth == 1)).tolist()
    parts = [data[start + 1 : end] for start, end in pairwise([0, *commas, len(data) - 1])]
    try:
        for element in parts:
            with contextlib.suppress(RecursionError):
                _VALUE.decode(element)
    except msgspec.MsgspecError:
        raise ValueError("no JSON array") from None
    return [msgspec.Raw(element.strip(b" \t\r\n")) for element in parts]


def convert(value: dict[str, Any], kind: type[S], errors: list[str], where: str = "") -> S:
    """Build a Struct from a dict; an unusable optional field is left out, and its name added to ``errors``.

    Raises:
        Skip: a required field is missing or unusable.
    """
    fields: dict[str, Any] = {}
    for info in _fields(kind):
        if info.encode_name not in value:
            if info.required:
                raise Skip(f"missing_{_reason(info.encode_name)}")
            continue
        raw = value[info.encode_name]
        try:
            fields[info.name] = _value(raw, info.type, errors, f"{where}{info.encode_name}")
        except _UnusableError:
            if info.required:
                raise Skip("wrong_type") from None
            errors.append(f"{where}{info.encode_name}")
    return kind(**fields)


def _reason(name: str) -> str:
    return {"startTime": "time", "endTime": "time"}.get(name, name)


def _value(raw: Any, kind: Any, errors: list[str], where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(raw, get_args(kind), errors, where)
    if kind is Any or kind is msgspec.Raw:
        return msgspec.Raw(_encode(raw)) if kind is msgspec.Raw else raw
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if isinstance(raw, str):  # database rows store objects as text
            raw = _parsed(raw)
        if not isinstance(raw, dict):
            raise _UnusableError
        return convert(raw, kind, errors, f"{where}.")
    if origin in (list, tuple):
        if isinstance(raw, str):
            raw = _parsed(raw)
        if not isinstance(raw, list):
            raise _UnusableError
        (item, *_) = get_args(kind)
        return [made for one in raw if (made := _item(one, item, errors, where)) is not None]
    if origin is dict:
        if not isinstance(raw, dict):
            raise _UnusableError
        return raw
    return _scalar(raw, kind)


def _item(raw: Any, kind: Any, errors: list[str], where: str) -> Any:
    try:
        return _value(raw, kind, errors, where)
    except _UnusableError:
        errors.append(where)
        return None


def _union(raw: Any, kinds: tuple[Any, ...], errors: list[str], where: str) -> Any:
    if raw is None and type(None) in kinds:
        return None
    for kind in sorted(kinds, key=lambda k: k is str):
        if kind is not type(None):
            try:
                return _value(raw, kind, errors, where)
            except _UnusableError:
                continue
    raise _UnusableError


def _scalar(raw: Any, kind: Any) -> Any:
    if kind is str and isinstance(raw, str):
        return raw
    if kind is bool and isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and kind in (int, float):
        try:
            raw = float(raw) if kind is float else int(raw)
        except ValueError:
            raise _UnusableError from None
    if not is_number(raw):
        raise _UnusableError
    if kind is float:
        return float(raw)
    if kind is int and raw == int(raw) and abs(raw) < MAX_COUNT:
        return int(raw)
    raise _UnusableError


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _UnusableError from None


def _encode(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "replace")


def object_of(value: Any) -> dict[str, Any]:
    """Return an object, or the one in a text of JSON; nothing where there is none."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def first_of(tree: dict[str, Any], names: Iterable[str]) -> Any:
    """Return the value of the first of some names that has one; None if none has."""
    return next((tree[name] for name in names if tree.get(name) is not None), None)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Return whether a decoded value is a usable number: finite, not a boolean, within a float's range."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_HUGE < value < _HUGE


_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""Numbers above which an epoch is in nanoseconds, microseconds or milliseconds, and how many of these a second has."""


def epoch_seconds(number: float) -> float:
    """Return the Unix seconds of an epoch number; its size determines its unit."""
    return next((number / units for least, units in _UNITS if number > least), float(number))


def text_seconds(text: str) -> float | None:
    """Return the Unix seconds of a time in text; None if it is not a time.

    ISO 8601 (UTC if without zone; Go's loggers have slashes in the date), an epoch number, whose digits Python would
    take for an ISO time of 1732, or an HTTP date.
    """
    if not (text.isdecimal() and len(text) > _ISO_DATE):
        try:
            moment = datetime.fromisoformat(text.upper().removesuffix(" UTC").replace("/", "-", 2))  # upper: for "z"
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            pass
    try:
        number = float(text)
    except ValueError:
        return _http_seconds(text)
    return epoch_seconds(number) if is_number(number) else None


def _http_seconds(text: str) -> float | None:
    """Return the Unix seconds of a date of HTTP or e-mail (RFC 9110, 5.6.7); None if it is not one."""
    if len(text) > _DATE_MAX:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def count(value: int | None, name: str, errors: list[str]) -> int | None:
    """Return a token count; an absurd one is None, and an error."""
    if value is None or 0 <= value < MAX_TOKENS:
        return value
    errors.append(name)
    return None


def bounded(value: Any, name: str, limit: float, errors: list[str], *, inclusive: bool = False) -> float | None:
    """Return a number from 0 to below ``limit`` (``inclusive``: or equal); other values are None, and an error."""
    if value is None or (is_number(value) and (0 <= value < limit or (inclusive and value == limit))):
        return value
    errors.append(name)
    return None


def within(part: int | None, whole: int | None, name: str, errors: list[str]) -> int | None:
    """Return a count that is part of ``whole``; None if that is unknown, and an error if it is smaller."""
    if whole is None or not part or part <= whole:
        return None if whole is None else part
    errors.append(name)
    return None
