"""Unwraps the lines of container runtimes.

CRI is ``<time> stdout F|P <text>`` (Kubernetes design proposal "kubelet CRI logging"), Docker's json-file is ``{"log":
"...", "stream": ..., "time": ...}``. Both split long lines, which are joined here. Fluent Bit and other shippers that
parse Docker's lines write ``{"log": ...}`` again, without the newline in it.
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
"""Size of the pieces into which Docker splits longer lines."""


def _is_record(text: bytes) -> bool:
    """Return whether a text is a complete object; a piece of a longer record is one only by accident."""
    if not text.startswith(b"{") or not text.endswith(b"}"):
        return False
    try:
        _object.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return True


class Framing:
    """Unwraps the lines of one file; the first line that is a record or wrapped decides for the whole file."""

    def __init__(self, limit: int, kind: str | None = None) -> None:
        self._limit = limit
        self.kind = kind
        """``plain``, ``cri`` or ``docker``; None until a line decides it."""
        self.plain = kind == "plain"
        """Whether lines are records without a wrapper."""
        self._pieces: dict[bytes | str, bytearray] = {}
        """The pieces so far of incomplete records."""
        self._adopted: set[bytes | str] = set()
        self.oversized = False
        """The record that was just completed is longer than the limit."""

    @property
    def pending(self) -> bool:
        """True while a record is incomplete."""
        return bool(self._pieces)

    @property
    def awaiting(self) -> bool:
        """True while a record that began in another file is incomplete."""
        return bool(self._adopted)

    def adopt(self, before: Framing) -> None:
        """Continue the incomplete records of the preceding file."""
        self.kind, self.plain = before.kind, before.plain
        self._pieces = {stream: bytearray(pieces) for stream, pieces in before._pieces.items()}
        self._adopted = set(self._pieces)

    def recognise(self, line: bytes) -> None:
        """Decide the kind from the beginning of a line; blank lines and the rest of a truncated line decide nothing."""
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
        """Return the record that this line completes, None if it is only a piece."""
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
        """Stop waiting for the rest of incomplete records, and return their pieces."""
        rest = [bytes(pieces) for pieces in self._pieces.values()]
        self._pieces = {}
        self._adopted = set()
        return rest

    def _join_unended(self, stream: bytes | str, text: bytes) -> bytes | None:
        """Take a text without a newline: a line that a shipper rewrote, or a piece.

        Records begin with a bracket. If a complete record follows pending pieces, the pieces were truncated, as before
        the hole that a power failure leaves, and are counted separately.
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
