"""One-shot reading for ``tocsin replay``: plain or compressed files, standard input, lines or documents.

A file holds either one JSON value per line, or one JSON array or object spread over many lines: it is the former if its
first line is a complete JSON value.
"""

from __future__ import annotations

import bz2
import json
import lzma
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
import zstandard
from isal import isal_zlib

from tocsin.formats.base import Buffer
from tocsin.inputs.base import Origin, Oversize, Sink
from tocsin.inputs.wrappers import Framing

CHUNK = 1 << 16
"""Read size: a larger chunk is newly mapped for each read and does not fit the processor's second-level cache."""
HEAD = 1 << 19
"""How much of the first line is read to distinguish lines from a document."""
_SAMPLE = 128
"""Bytes of a line from which its wrapper is recognised."""
_DAMAGED: tuple[type[Exception], ...] = (EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)
_value = msgspec.json.Decoder(msgspec.Raw)
_scan = json.JSONDecoder()


def read_archive(path: str, origin: Origin, sink: Sink, oversize: Oversize, max_line_bytes: int) -> bool:
    """Pass every record of a file to ``sink``; return False if the archive is truncated or damaged.

    Raises:
        OSError: the file cannot be opened or read.
    """
    raw: BinaryIO = sys.stdin.buffer if path == "-" else Path(path).open("rb")  # noqa: SIM115 - closed below
    reader = _Reader(raw)
    try:
        if reader.holds_document():
            _documents(reader, origin, sink, oversize, max_line_bytes)
        elif (framing := reader.framing(max_line_bytes)).plain:
            _lines(reader, origin, sink, oversize, max_line_bytes)
        else:
            _lines(reader, origin, _unwrapping(framing, sink, oversize), oversize, max_line_bytes)
            for rest in framing.flush():
                sink(rest, origin)
    finally:
        if raw is not sys.stdin.buffer:
            raw.close()
    return reader.complete


class _Reader:
    """Decompressed bytes; damage counts as the end of the input and makes ``complete`` false."""

    def __init__(self, raw: BinaryIO) -> None:
        self.complete = True
        head = raw.read(6)
        source = cast("BinaryIO", _PushedBack(head, raw))
        if head.startswith(b"\x1f\x8b"):
            source = cast("BinaryIO", _Gunzip(source))
        elif head.startswith(b"\x28\xb5\x2f\xfd"):
            source = cast("BinaryIO", zstandard.ZstdDecompressor().stream_reader(source, read_across_frames=True))
        elif head.startswith(b"BZh"):
            source = cast("BinaryIO", bz2.BZ2File(source))
        elif head.startswith(b"\xfd7zXZ"):
            source = cast("BinaryIO", lzma.open(source))  # noqa: SIM115 - closed with the file below it
        self._source = source
        self._peeked = b""
        self._is_bz2 = head.startswith(b"BZh")

    def read(self) -> bytes:
        if self._peeked:
            out, self._peeked = self._peeked, b""
            return out
        try:
            return self._source.read(CHUNK)
        except _DAMAGED:
            self.complete = False
        except OSError:
            if not self._is_bz2:  # bz2 reports "invalid data stream" as an OSError
                raise
            self.complete = False
        return b""

    def holds_document(self) -> bool:
        """Return whether the first line is only the beginning of a JSON value."""
        head = b""
        while b"\n" not in head.lstrip() and len(head) < HEAD:
            chunk = self.read()
            if not chunk:
                break
            head += chunk
        self._peeked = head
        first = head.lstrip(b"\x00\xef\xbb\xbf \t\r\n")
        if first[:1] not in (b"[", b"{"):
            return False
        line, newline, _ = first.partition(b"\n")
        try:
            _value.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return first[:1] == b"[" or (bool(newline) and line.strip() == b"{")
        return first[:1] == b"[" and not newline and len(head) >= HEAD // 2


    def framing(self, limit: int) -> Framing:
        """Return the framing recognised from the first lines, which ``holds_document`` has peeked at."""
        framing = Framing(limit)
        for line in self._peeked.split(b"\n"):
            framing.recognise(line[:_SAMPLE])
            if framing.kind is not None:
                return framing
        return Framing(limit, "plain")


class _PushedBack:
    """A stream with its first bytes put back."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        if self._head:
            out, self._head = self._head, b""
            return out
        return self._rest.read(size)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, target: bytearray) -> int:
        data = self.read(len(target))
        target[: len(data)] = data
        return len(data)


class _Gunzip:
    """Concatenated gzip members; unlike GzipFile, it returns everything that a truncated file contains."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._unpacker = isal_zlib.decompressobj(31)
        self._input = b""

    def read(self, size: int) -> bytes:
        """Return some bytes; raise EOFError if the archive is truncated."""
        while True:
            if not self._input:
                self._input = self._source.read(CHUNK)
                if not self._input:
                    if not self._unpacker.eof:
                        raise EOFError
                    return b""
            if self._unpacker.eof:
                self._input = self._input.lstrip(b"\x00")  # members may be padded
                self._unpacker = isal_zlib.decompressobj(31)
                continue
            try:
                out: bytes = self._unpacker.decompress(self._input, size)
            except isal_zlib.error as error:  # type: ignore[misc]  # its stub calls the class an instance
                raise EOFError from error
            self._input = self._unpacker.unconsumed_tail or self._unpacker.unused_data
            if out:
                return out


def _lines(reader: _Reader, origin: Origin, sink: Sink, oversize: Oversize, limit: int) -> None:
    tail, skipped = b"", 0
    while chunk := reader.read():
        data = tail + chunk if tail else chunk
        view = memoryview(data)
        start = 0
        if skipped:
            end = data.find(b"\n")
            if end < 0:
                skipped += len(data)
                tail = b""
                continue
            oversize(skipped + end, origin)
            skipped, start = 0, end + 1
        while (end := data.find(b"\n", start)) >= 0:
            if end - start > limit:
                oversize(end - start, origin)
            elif end > start:
                sink(view[start:end], origin)
            start = end + 1
        tail = data[start:]
        if len(tail) > limit:
            skipped, tail = len(tail), b""
    if skipped:
        oversize(skipped, origin)
    elif tail:
        sink(tail, origin)


def _unwrapping(framing: Framing, sink: Sink, oversize: Oversize) -> Sink:
    """Return a sink that takes wrapped lines and passes on the records in them."""

    def take(line: Buffer, origin: Origin) -> None:
        record = framing.unwrap(line)
        if record is not None and framing.oversized:
            oversize(len(record), origin)
        elif record is not None:
            sink(record, origin)

    return take


def _documents(reader: _Reader, origin: Origin, sink: Sink, oversize: Oversize, limit: int) -> None:
    for text in _values(reader, limit):
        if len(text) > limit:
            oversize(len(text), origin)
        else:
            sink(text.encode("utf-8", "surrogatepass"), origin)


def _values(reader: _Reader, limit: int) -> Iterator[str]:
    """Yield the text of each top-level value, and of each element of top-level arrays."""
    text, position, depth, ended = "", 0, 0, False
    pending = b""
    while True:
        while position < len(text) and text[position] in " \t\r\n,\ufeff\x00":
            position += 1
        if position < len(text):
            char = text[position]
            if char == "[" and depth == 0:
                depth, position = 1, position + 1
                continue
            if char == "]" and depth == 1:
                depth, position = 0, position + 1
                continue
            try:
                _, end = _scan.raw_decode(text, position)
            except RecursionError:
                yield text[position:]
                return
            except ValueError:
                end = -1
            if end > position and (end < len(text) or ended):
                yield text[position:end]
                position = end
                continue
            if ended or len(text) - position > limit:
                yield text[position:]  # the rest cannot be split: one oversized or malformed event
                return
        elif ended:
            return
        more, pending, ended = _more(reader, pending, len(text) - position)
        text, position = text[position:] + more, 0


def _more(reader: _Reader, pending: bytes, least: int) -> tuple[str, bytes, bool]:
    """Return at least as much text again, the bytes of an incomplete character, and whether the input has ended.

    Doubling the buffer keeps a large element from taking quadratic time. ``pending`` is the previous incomplete
    character.
    """
    parts: list[str] = []
    wanted = max(CHUNK, least)
    while wanted > 0:
        chunk = reader.read()
        if not chunk:
            return "".join((*parts, pending.decode("utf-8", "replace"))), b"", True
        pending += chunk
        cut = len(pending) - next((i for i in range(min(4, len(pending))) if pending[-1 - i] < 0x80), 0)
        parts.append(pending[:cut].decode("utf-8", "replace"))
        pending = pending[cut:]
        wanted -= len(chunk)
    return "".join(parts), pending, False
