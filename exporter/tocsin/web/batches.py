"""Splits webhook bodies into batches: recognises JSON and NDJSON, and finds where a large body may be cut.

Only the syntax is checked here; format adapters interpret the elements and count invalid ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from tocsin.formats.base import Buffer, Bytes
from tocsin.formats.lenient import elements, mended
from tocsin.inputs.spoolframe import Batch

WHOLE = 2 << 20
"""A body up to this size is one batch, split into records when it is counted."""
CHUNK = 256 << 10
"""Approximate size of the batches into which a larger body is cut."""
MAX_VALUE = 9 << 20
"""Largest element or line of a large body; the default of ``limits.max_line_bytes``."""
_BROKEN_MOST = 1_000
"""Number of invalid lines that begin like a record after which the search for a valid one ends."""
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_OPEN, _CLOSED = (b"{", b"["), (b"}", b"]")
_VALUE = msgspec.json.Decoder(msgspec.Raw)
_FIRST_LINES = 4
_TRIES = 6
_LOOKS = 32
_QUOTE, _COMMA, _CLOSE = b'",]'
_TEXT = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_ONLY_SCALARS = re.compile(rb'\[(?:[^"\[{n]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
"""Matches the beginning of an array up to a possible record or ``null``; for a valid array of scalars, all of it."""
_RECORD_LINE = re.compile(rb"(?:^|\n)[ \t\r]*+([{\[][^\n]*+|null[ \t\r]*+(?=\n|\Z))")
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_TO_BRACKET_OR_COMMA = re.compile(rb'(?:[^"\[\]{},]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)


class BodyError(Exception):
    """The body is rejected; the message states the reason without quoting the body."""


class BodyTooLargeError(BodyError):
    """One element of the body is larger than ``MAX_VALUE``."""


def whole(body: Bytes) -> Batch:
    """Check a body in memory and return it as one batch.

    Raises:
        BodyError: empty, neither JSON nor NDJSON, or only scalars.
    """
    body = _bare(body)
    try:
        return _whole(body)
    except BodyError:
        rest = mended(body)
        if rest == body:
            raise
        return _whole(rest)


def one(body: Bytes) -> Batch:
    """Check a body that must be one JSON object of any size.

    Raises:
        BodyError: it is not.
    """
    body = _bare(body)
    if body.startswith(b"{") and (_is_value(body) or _is_value(body := mended(body))):
        return Batch(body)
    raise BodyError("the body is not a JSON object")


def _whole(body: Bytes) -> Batch:
    if body in (b"", b"{}", b"[]"):
        raise BodyError("the body is empty")
    is_array = body.startswith(b"[")
    if _is_json(body) if is_array else _is_value(body):
        if _ONLY_SCALARS.fullmatch(body) if is_array else not _is_record(body):
            raise BodyError("the body contains only scalars")
        return Batch(body)
    first, end, _ = body.partition(b"\n")
    # Lines of a truncated array may happen to be valid values; its first line is not.
    if not end or (is_array and not _is_value(first)) or not _holds_record(body):
        raise BodyError("the body is neither JSON nor NDJSON")
    return Batch(body, lines=True)


def _holds_record(lines: Bytes) -> bool:
    """Return whether any line is a record; only the first ``_BROKEN_MOST`` candidates are tried."""
    return any(_is_value(found[1]) for found in islice(_RECORD_LINE.finditer(lines), _BROKEN_MOST))


class Splitter:
    """Cuts a large body into batches while it arrives, buffering only one batch or one element."""

    def __init__(self) -> None:
        self._held = bytearray()  # of an array: "[" and the elements not yet returned
        self._kind = ""
        self._try_at = CHUNK
        self._records = False
        self._cut = False
        self._scan: _Scan | None = None

    @property
    def held(self) -> int:
        """Bytes buffered."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Batch]:
        """Process the next bytes; return the batches that are complete.

        Raises:
            BodyError: the body cannot be JSON or NDJSON, or an element is too large.
        """
        self._held += data
        batches: list[Batch] = []
        while len(self._held) >= self._try_at:
            if not self._kind:
                self._recognise()
            batch = self._cut_array() if self._kind == "array" else self._cut_lines()
            if batch is not None:
                batches.append(batch)
                self._try_at = CHUNK
            elif len(self._held) > MAX_VALUE:
                raise BodyTooLargeError(f"one element is larger than {MAX_VALUE >> 20} MiB, or the JSON is broken")
            else:
                self._try_at = len(self._held) + 1 if self._scan else max(CHUNK, len(self._held) * 2)
        return batches

    def finish(self) -> list[Batch]:
        """Return the remaining batches.

        Raises:
            BodyError: the body was empty, neither JSON nor NDJSON, or only scalars.
        """
        rest = bytes(self._held).strip(_SPACE)
        if self._kind == "array":
            found = _elements(rest)
            if found is None:
                rest = mended(rest)
                found = _elements(rest)
            if found is None or (self._cut and not found):
                raise BodyError("the body is neither JSON nor NDJSON")
            self._records = self._records or any(_is_record(bytes(element)) for element in found)
        elif self._kind == "lines":
            self._records = self._records or _holds_record(rest)
        else:
            return [whole(rest)]
        if not self._records:
            raise BodyError("the body contains only scalars")
        return [Batch(rest, lines=self._kind == "lines")] if rest not in (b"", b"[]") else []

    def _recognise(self) -> None:
        """Determine the kind of body from its first lines; undecided while they may be part of one object."""
        self._held = self._held.removeprefix(_BOM).lstrip(_SPACE)
        *lines, rest = bytes(self._held).split(b"\n", _FIRST_LINES)
        if lines and _is_value(lines[0]):
            self._kind = "lines"
        elif self._held.startswith(b"["):
            self._kind = "array"
        elif lines and lines[0].strip() != b"{" and any(line[:1] == b"{" and _is_value(line) for line in lines[1:]):
            self._kind = "lines"  # with an invalid first line
        elif rest and not lines and not self._held.startswith(b"{"):
            raise BodyError("the body is neither JSON nor NDJSON")

    def _cut_lines(self) -> Batch | None:
        end = self._held.rfind(b"\n") if self._kind else -1
        if end < 0:
            return None
        payload = bytes(self._held[:end])
        del self._held[: end + 1]
        self._records = self._records or _holds_record(payload)
        return Batch(payload, lines=True)

    def _cut_array(self) -> Batch | None:
        """Cut after the last element that is certainly complete.

        Parsing decides whether a prefix of an array ends between two elements: JSON is unambiguous, so ``[`` + prefix +
        ``]`` is valid only if the comma after it separates elements. A few likely commas are tried, the last ones
        first; if all fail, brackets are counted.
        """
        if self._scan is None:
            for comma in _likely_commas(self._held):
                if self._ends_element(comma):
                    return self._take(comma)
            self._scan = _Scan()
        comma = self._scan.last_comma(self._held)
        if not comma:
            return None
        if not self._ends_element(comma):
            self._held[:comma] = mended(self._held[:comma])
            if not self._ends_element(comma):
                raise BodyError("the body is neither JSON nor NDJSON")
        return self._take(comma)

    def _ends_element(self, comma: int) -> bool:
        """Close the array at a comma if that makes it valid; return whether it did."""
        held = self._held
        held[comma] = _CLOSE
        found = _elements(memoryview(held)[: comma + 1])
        if found is None:
            held[comma] = _COMMA
            return False
        self._records = self._records or any(_is_record(bytes(element)) for element in found)
        return True

    def _take(self, closed: int) -> Batch:
        payload = bytes(memoryview(self._held)[: closed + 1])
        del self._held[1 : closed + 1]
        self._scan = None
        self._cut = True
        return Batch(payload)


def _likely_commas(held: bytearray) -> Iterator[int]:
    """Yield commas that probably separate elements, the last ones first: elements tend to begin alike."""
    beginning = held[1:64].lstrip(_SPACE)[:6]  # {"id":
    found, at = 0, len(held)
    for _ in range(_LOOKS if beginning else 0):
        at = held.rfind(beginning, 1, at)
        if at < 0 or found == _TRIES:
            break
        start = max(1, at - 64)
        before = held[start:at].rstrip(_SPACE)
        if before.endswith(b","):
            found += 1
            yield start + len(before) - 1
    if (last := held.rfind(b",")) > 0:
        yield last


class _Scan:
    """Finds the commas between the elements of an array that is still arriving; reads every byte once."""

    def __init__(self) -> None:
        self._at = 1
        self._depth = 0
        self._in_text = False
        self._last = 0

    def last_comma(self, held: bytearray) -> int:
        """Continue to the end of the buffer; return the last comma between elements, 0 for none."""
        while self._at < len(held):
            skip = _TEXT if self._in_text else _TO_BRACKET if self._depth else _TO_BRACKET_OR_COMMA
            found = skip.match(held, self._at)  # it always matches, possibly nothing
            self._at = found.end() if found else len(held)
            if self._at == len(held) or (self._in_text and held[self._at] != _QUOTE):
                break  # a string, or an escape in it, continues in data yet to arrive
            self._note(held[self._at])
            self._at += 1
        return self._last

    def _note(self, mark: int) -> None:
        if mark == _QUOTE:  # a string begins or ends
            self._in_text = not self._in_text
        elif mark in b"[{":
            self._depth += 1
        elif mark in b"]}":
            self._depth -= 1
        else:
            self._last = self._at


def _bare(body: Bytes) -> Bytes:
    """Strip BOM and whitespace; usually returns the body itself, as copying a large one is slow."""
    if body[:1] in _OPEN and body[-1:] in _CLOSED:
        return body
    return body.removeprefix(_BOM).strip(_SPACE)


def _elements(body: Buffer) -> list[msgspec.Raw] | None:
    try:
        return elements(body, mend=False)
    except ValueError:
        return None


def _is_value(body: Bytes) -> bool:
    try:
        body.decode()
    except ValueError:
        return False
    return _is_json(body)


def _is_json(body: Bytes) -> bool:
    """Return whether a body is one JSON value, ignoring the encoding of its strings."""
    try:
        _VALUE.decode(body)
    except RecursionError:
        return len(_elements(b"[" + body + b"]") or ()) == 1
    except (msgspec.MsgspecError, ValueError):
        return False
    return True


def _is_record(value: Bytes) -> bool:
    """Return whether a value can be an event; LiteLLM sends ``null`` for an event it could not build."""
    return value[:1] in (b"{", b"[") or value.strip() == b"null"
