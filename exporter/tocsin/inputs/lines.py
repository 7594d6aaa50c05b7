"""Reads records from streams: one bounded step at a time, into one reused buffer."""

from __future__ import annotations

from tocsin.inputs.base import RECORD_LEAST, Oversize, Sink
from tocsin.inputs.fingerprint import HEAD_BYTES, Fingerprints
from tocsin.inputs.stream import Stream
from tocsin.inputs.wrappers import Framing

BUFFER_BYTES = 128 << 10
_LEAST = 16 << 10
_BOM = b"\xef\xbb\xbf"
_NEWLINE = b"\n"
_SAMPLE = 4096
"""Bytes of a line that suffice to recognise its wrapper."""
_STALE_PIECES = 64 << 20
"""A record whose end has not appeared within this many bytes is given up."""


class OverwrittenError(Exception):
    """The file no longer contains what was read from it: it was truncated or rewritten."""


class LineReader:
    """Reads steps of streams and passes their lines to a sink. Only LF ends a line."""

    def __init__(self, max_line_bytes: int, oversize: Oversize) -> None:
        self._limit = max_line_bytes
        self._oversize = oversize
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)

    def step(self, stream: Stream, sink: Sink, budget: int, prints: Fingerprints) -> int:
        """Read once and pass on complete lines; return the progress in bytes, 0 if there is none.

        Raises:
            OverwrittenError: nothing was passed on; the stream must continue in another file.
            OSError: the file cannot be read.
        """
        content = stream.content
        if content is None:
            return 0
        if stream.rebuilt is not None:
            return self._rebuild(stream)
        wanted = min(max(budget, _LEAST), BUFFER_BYTES)
        at = stream.offset + stream.scanned
        size = content.read_into(self._view[:wanted], at)
        if size < 0:
            return 1  # an archive that has not reached the offset
        if not stream.intact(self._buffer, size, at):
            raise OverwrittenError
        if not (
            stream.learn_head(prints) if at else stream.check_head(prints, bytes(self._view[: min(size, HEAD_BYTES)]))
        ):
            raise OverwrittenError
        if not size:
            if not stream.whole():
                raise OverwrittenError
            return 0
        if stream.record.skipping:
            progress = self._skip(stream, size)
        elif stream.scanned:
            progress = self._long_line(stream, sink, size)
        else:
            progress = self._lines(stream, sink, size)
            if not progress and size == wanted:
                stream.scanned = progress = size
        content.discard(stream.offset)
        return progress

    def continue_record(self, stream: Stream, parts: list[Stream], sink: Sink, prints: Fingerprints) -> int:
        """Begin a file whose first record began in its predecessors; return the progress, 0 until its end appears.

        The first of ``parts`` is read to its end, the others do not complete the record. Everything up to the end of
        the record is passed on in one step: no commit may fall between the files.

        Raises:
            OverwrittenError: nothing was passed on; the stream must continue in another file.
            OSError: a file cannot be read.
        """
        first, *between = parts
        read: list[tuple[Stream, bytearray, int]] = []
        trial = Framing(self._limit)
        trial.adopt(first.framing)
        for part in (*between, stream):
            data = bytearray(self._limit + BUFFER_BYTES if part.packed else min(part.size, self._limit + BUFFER_BYTES))
            if part.content is None or (size := part.content.read_into(memoryview(data), 0)) < 0:
                return 1 if part is stream and part.content is not None else 0  # an archive not yet unpacked so far
            if not part.check_head(prints, bytes(data[: min(size, HEAD_BYTES)])):
                if part is stream:
                    raise OverwrittenError
                return 0
            end = _end_of_begun(trial, data, size)
            if trial.awaiting is (part is stream) or (part is not stream and end < part.size):
                return 0
            read.append((part, data, end))
        framing = first.framing
        for part, data, end in read:
            part.framing.adopt(framing)
            framing.flush()
            framing = part.framing
            self._pass_on(part, sink, data, end)
        for part in parts:
            part.record.pending_from = None
            part.dirty = True
        return read[-1][2]

    def _pass_on(self, stream: Stream, sink: Sink, data: bytearray, end: int) -> None:
        """Pass on the lines at the beginning of a file."""
        view, start = memoryview(data), 0
        while start < end:
            newline = data.find(_NEWLINE, start, end)
            self._emit(stream, sink, data, view, start, newline)
            start = newline + 1
        stream.record.pending_from = 0 if stream.framing.pending else None
        stream.advance(view, end)

    def finish(self, stream: Stream, sink: Sink, size: int) -> None:
        """Pass on the last line of a finished file, which lacks its newline, and pieces of incomplete records.

        Raises:
            OverwrittenError: nothing was passed on.
            OSError: the file cannot be read.
        """
        rest = size - stream.offset
        content = stream.content
        if stream.record.skipping or rest > self._limit:
            self._oversize(stream.record.skipping + rest, stream.origin)
            stream.record.skipping = 0
            stream.offset, stream.mark = size, b""
        elif rest > 0 and content is not None:
            line = bytearray(rest)
            view = memoryview(line)
            got = max(0, content.read_into(view, stream.offset))
            if not stream.intact(line, got, stream.offset):
                raise OverwrittenError
            stream.framing.recognise(bytes(view[:_SAMPLE]))
            self._emit(stream, sink, line, view, 0, got)
            stream.advance(view, got)
        for piece in stream.framing.flush():
            sink(piece, stream.origin)
        stream.record.pending_from = None
        stream.scanned = 0
        stream.dirty = True

    def _lines(self, stream: Stream, sink: Sink, size: int) -> int:
        """Pass on the lines of a step, at most as many as fill it at ``RECORD_LEAST`` bytes each."""
        buffer, view, limit = self._buffer, self._view, self._limit
        find, origin = buffer.find, stream.origin
        start, count, most = 0, 0, size // RECORD_LEAST
        if not stream.framing.plain or not stream.offset:
            start, count = self._careful_lines(stream, sink, size)
        if stream.framing.plain:
            while count <= most and (end := find(_NEWLINE, start, size)) >= 0:
                count += 1
                if end - start > limit or not buffer[start]:
                    self._emit(stream, sink, buffer, view, start, end)
                elif end > start:
                    sink(view[start:end], origin)
                start = end + 1
        if start < size and not buffer[start]:  # a hole before the next line, possibly larger than any line
            start += _nuls(buffer, start, size)
        if start:
            stream.advance(view, start)
        return start

    def _careful_lines(self, stream: Stream, sink: Sink, size: int) -> tuple[int, int]:
        """Pass on wrapped lines, or lines until they are known not to be wrapped; return their end and number."""
        framing = stream.framing
        start = count = 0
        while (end := self._buffer.find(_NEWLINE, start, size)) >= 0 and count * RECORD_LEAST <= size:
            count += 1
            framing.recognise(bytes(self._view[start : min(end, start + _SAMPLE)]))
            waiting = framing.pending
            self._emit(stream, sink, self._buffer, self._view, start, end)
            self._note_pieces(stream, stream.offset + start, waiting=waiting)
            start = end + 1
            if framing.plain:
                break
        return start, count

    def _note_pieces(self, stream: Stream, at: int, *, waiting: bool) -> None:
        record, framing = stream.record, stream.framing
        if not framing.pending:
            record.pending_from = None
        elif not waiting:
            record.pending_from = at
        elif at - (record.pending_from or 0) > _STALE_PIECES:
            for piece in framing.flush():
                self._oversize(len(piece), stream.origin)
            record.pending_from = None

    def _emit(self, stream: Stream, sink: Sink, buffer: bytearray, view: memoryview, start: int, end: int) -> None:
        """Pass on one line without leading NULs and BOM, unwrapped, if it is not too long."""
        if not stream.offset and not start and buffer.startswith(_BOM, 0, end):
            start = len(_BOM)
        if start < end and not buffer[start]:
            start += _nuls(buffer, start, end)
        if end - start > self._limit:
            self._oversize(end - start, stream.origin)
            return
        if start == end:
            return
        record = view[start:end] if stream.framing.plain else stream.framing.unwrap(view[start:end])
        if record is None:
            return
        if stream.framing.oversized:
            self._oversize(len(record), stream.origin)
        elif record:
            sink(record, stream.origin)

    def _long_line(self, stream: Stream, sink: Sink, size: int) -> int:
        """Continue a line longer than the buffer: find its end first, then read it at once."""
        end = self._buffer.find(_NEWLINE, 0, size)
        length = stream.scanned + (size if end < 0 else end)
        if length > self._limit:
            stream.record.skipping = stream.scanned
            stream.offset += stream.scanned
            stream.scanned, stream.mark = 0, b""
            return self._skip(stream, size)
        if end < 0:
            stream.scanned = length
            return size
        line = bytearray(length + 1)
        view = memoryview(line)
        content = stream.content
        if content is None or content.read_into(view, stream.offset) <= length:
            raise OverwrittenError
        if not stream.intact(line, length, stream.offset):
            raise OverwrittenError
        stream.scanned = 0
        stream.framing.recognise(bytes(view[:_SAMPLE]))
        waiting = stream.framing.pending
        self._emit(stream, sink, line, view, 0, length)
        self._note_pieces(stream, stream.offset, waiting=waiting)
        stream.advance(view, length + 1)
        return end + 1

    def _skip(self, stream: Stream, size: int) -> int:
        end = self._buffer.find(_NEWLINE, 0, size)
        used = size if end < 0 else end + 1
        stream.advance(self._view, used)
        stream.record.skipping += used
        if end >= 0:
            self._oversize(stream.record.skipping - 1, stream.origin)
            stream.record.skipping = 0
        return used

    def _rebuild(self, stream: Stream) -> int:
        """Collect the pieces that were pending at the last commit again, from the log itself."""
        content, at = stream.content, stream.rebuilt
        stream.rebuilt = None
        if content is None or at is None or at >= stream.offset:
            return 1
        data = bytearray(min(stream.offset - at, self._limit + BUFFER_BYTES))
        size = content.read_into(memoryview(data), at)
        last = data.rfind(_NEWLINE, 0, max(0, size))
        if last >= 0:
            for line in bytes(data[:last]).split(_NEWLINE):
                stream.framing.recognise(line[:_SAMPLE])
                stream.framing.unwrap(line)
        if size < 0 or last >= 0:
            stream.rebuilt = at + last + 1
        return 1


def _nuls(buffer: bytearray, start: int, end: int) -> int:
    """Return the number of NULs at ``start``."""
    held = bytes(memoryview(buffer)[start:end])
    if held == bytes(len(held)):  # a hole may be gigabytes: comparing is far cheaper than stripping
        return len(held)
    return len(held) - len(held.lstrip(b"\0"))


def _end_of_begun(framing: Framing, data: bytearray, size: int) -> int:
    """Return the end of the records that began in another file, or of the last line if they do not end."""
    view, end = memoryview(data), 0
    while framing.awaiting and (newline := data.find(_NEWLINE, end, size)) >= 0:
        framing.unwrap(view[end:newline])
        end = newline + 1
    return end
