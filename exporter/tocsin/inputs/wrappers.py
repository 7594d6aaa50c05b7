"""The wrappers that container runtimes put around each line.

CRI is ``<time> stdout F|P <text>`` (Kubernetes design proposal "kubelet CRI logging"), Docker's json-file is
``{"log": "...", "stream": ..., "time": ...}``. Both split long lines; the pieces are put together here.
Fluent Bit and others that take Docker's lines apart write ``{"log": ...}`` again, without the line end in it.
"""

from __future__ import annotations

import re

import msgspec

from tocsin.formats.base import Buffer

_CRI = re.compile(rb"\d{4}-\d\d-\d\dT\S{8,40} (stdout|stderr) ([FP])(?:\S*) ")
WRAPPED = ("cri", "docker")
"""Kinds of framing that split long records."""
_BLANK = b"\x00 \t\r"


class _DockerLine(msgspec.Struct, gc=False):
    log: str
    stream: str = "stdout"


_docker = msgspec.json.Decoder(_DockerLine)
_object = msgspec.json.Decoder(msgspec.Raw)
_PIECE = 16 << 10
"""Bytes of the pieces in which Docker splits what is longer."""


def _is_record(text: bytes) -> bool:
    """Tell whether a text is a whole object, which a piece of a longer record is not but by chance."""
    if not text.startswith(b"{") or not text.endswith(b"}"):
        return False
    try:
        _object.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return True


class Framing:
    """Unwraps the lines of one file; the first line that is a record or wrapped decides for all."""

    def __init__(self, limit: int, kind: str | None = None) -> None:
        self._limit = limit
        self.kind = kind
        """``plain``, ``cri`` or ``docker``; None while no line was seen that tells."""
        self.plain = kind == "plain"
        """True when lines are records as they are."""
        self._pieces: dict[bytes | str, bytearray] = {}
        """What is here of incomplete records."""
        self._adopted: set[bytes | str] = set()
        self.oversized = False
        """The record that was just completed is longer than the limit."""

    @property
    def pending(self) -> bool:
        """True while a record is incomplete."""
        return bool(self._pieces)

    @property
    def awaiting(self) -> bool:
        """True while a record that was begun in another file is incomplete."""
        return bool(self._adopted)

    def adopt(self, before: Framing) -> None:
        """Go on with the incomplete records of the file that this one follows."""
        self.kind, self.plain = before.kind, before.plain
        self._pieces = {stream: bytearray(pieces) for stream, pieces in before._pieces.items()}
        self._adopted = set(self._pieces)

    def recognise(self, line: bytes) -> None:
        """Decide from the beginning of a line; blank ones, and the rest of one that was cut, decide nothing."""
        if self.kind is None and line.strip(_BLANK):
            text = line.lstrip(b"\x00\xef\xbb\xbf ")
            if _CRI.match(text):
                self.kind = "cri"
            elif text.startswith(b'{"log":'):
                self.kind = "docker"
            elif text.startswith((b"{", b"[")):
                self.kind = "plain"
            self.plain = self.kind == "plain"

    def unwrap(self, line: Buffer) -> Buffer | None:
        """Return the record that this line completes, None when it is only a piece."""
        self.oversized = False
        if self.kind == "cri":
            match = _CRI.match(line)
            if match is None:
                return line
            return self._join(match[1], bytes(line[match.end() :]), done=match[2] == b"F")
        if self.kind == "docker":
            try:
                entry = _docker.decode(line)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                return line
            text = entry.log.encode("utf-8", "surrogatepass")
            if text.endswith(b"\n") or len(text) == _PIECE:
                return self._join(entry.stream, text.rstrip(b"\n"), done=text.endswith(b"\n"))
            return self._join_unended(entry.stream, text)
        return line

    def flush(self) -> list[bytes]:
        """Wait no longer: return what there is of incomplete records."""
        rest = [bytes(pieces) for pieces in self._pieces.values()]
        self._pieces = {}
        self._adopted = set()
        return rest

    def _join_unended(self, stream: bytes | str, text: bytes) -> bytes | None:
        """Take a text without its line end: what a shipper wrote as a line, or a piece.

        No record begins with anything but a bracket. Where a whole one follows what waits, that was cut, and is counted
        apart, as behind the hole that a loss of power leaves.
        """
        waits = stream in self._pieces
        whole = _is_record(text) or not (waits or text.lstrip(_BLANK).startswith((b"{", b"[")))
        return self._join(stream, b"\x00" + text if waits and whole else text, done=whole)

    def _join(self, stream: bytes | str, text: bytes, *, done: bool) -> bytes | None:
        pieces = self._pieces.get(stream)
        if pieces is None:
            if done:
                return text
            self._pieces[stream] = bytearray(text)
            return None
        if len(pieces) <= self._limit:
            pieces += text
        if not done:
            return None
        del self._pieces[stream]
        self._adopted.discard(stream)
        self.oversized = len(pieces) > self._limit
        return bytes(pieces)
