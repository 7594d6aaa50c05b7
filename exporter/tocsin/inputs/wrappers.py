"""The wrappers that container runtimes put around each line.

CRI is ``<time> stdout F|P <text>`` (Kubernetes design proposal "kubelet CRI logging"), Docker's json-file is
``{"log": "...", "stream": ..., "time": ...}``. Both split long lines; the pieces are put together here.
"""

from __future__ import annotations

import re

import msgspec

from tocsin.formats.base import Buffer

_CRI = re.compile(rb"\d{4}-\d\d-\d\dT\S{8,40} (stdout|stderr) ([FP])(?:\S*) ")


class _DockerLine(msgspec.Struct, gc=False):
    log: str
    stream: str = "stdout"


_docker = msgspec.json.Decoder(_DockerLine)


class Framing:
    """Unwraps the lines of one file; what the first line is decides for all."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kind: str | None = None
        self._pieces: dict[bytes | str, list[bytes]] = {}
        self.oversized = False
        """The record that was just completed is longer than the limit."""

    @property
    def plain(self) -> bool:
        """True when lines are records as they are."""
        return self._kind == "plain"

    @property
    def pending(self) -> bool:
        """True while a record is incomplete."""
        return bool(self._pieces)

    def recognise(self, line: bytes) -> None:
        """Decide from a line; blank ones decide nothing."""
        if self._kind is None and line.strip(b"\x00 \t\r"):
            text = line.lstrip(b"\x00\xef\xbb\xbf ")
            if _CRI.match(text):
                self._kind = "cri"
            elif text.startswith(b'{"log":'):
                self._kind = "docker"
            else:
                self._kind = "plain"

    def unwrap(self, line: Buffer) -> Buffer | None:
        """Return the record that this line completes, None when it is only a piece (or a blank)."""
        self.oversized = False
        if self._kind == "cri":
            match = _CRI.match(line)
            if match is None:
                return line
            return self._join(match[1], bytes(line[match.end() :]), done=match[2] == b"F")
        if self._kind == "docker":
            try:
                entry = _docker.decode(line)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                return line
            text = entry.log.encode("utf-8", "surrogatepass")
            return self._join(entry.stream, text.rstrip(b"\n"), done=text.endswith(b"\n"))
        return line

    def _join(self, stream: bytes | str, text: bytes, *, done: bool) -> bytes | None:
        pieces = self._pieces.get(stream)
        if pieces is None:
            if done:
                return text
            self._pieces[stream] = [text]
            return None
        if sum(map(len, pieces)) <= self._limit:
            pieces.append(text)
        if not done:
            return None
        del self._pieces[stream]
        whole = b"".join(pieces)
        self.oversized = len(whole) > self._limit
        return whole
