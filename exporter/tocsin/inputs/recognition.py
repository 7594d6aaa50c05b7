"""Decides for each file found whether it is a log's current file, its next one, a copy, history, or a new log.

Files are recognised by content, not by inode or name: ``identification`` decides, this module acts on it.
"""

from __future__ import annotations

import os

from tocsin.inputs.content import FileContent, Identity, PackedContent, open_content
from tocsin.inputs.finder import Finder, Found
from tocsin.inputs.fingerprint import MARK_BYTES
from tocsin.inputs.identification import ArchiveEvidence, Evidence, PlainEvidence, Verdict, base_names, identify
from tocsin.inputs.openfiles import OpenFiles, open_max
from tocsin.inputs.rotation import rotated_from, unpacked
from tocsin.inputs.stream import Stream
from tocsin.inputs.streams import Streams
from tocsin.inputs.unread_files import COPY_WAIT, UnreadFiles

ARCHIVE_WAIT = 60.0
"""Seconds to wait for the rest of a truncated file in archives still being decompressed, or in files that cannot be
opened yet because too many are open."""
_TAIL = 1 << 20


class Recognition:
    """Attaches streams to the files that they continue in, and creates streams for new files."""

    def __init__(self, finder: Finder, streams: Streams, files: OpenFiles) -> None:
        self.archives: dict[Identity, tuple[Found, PackedContent, ArchiveEvidence]] = {}
        """Archives being decompressed for identification."""
        self.verdict_due = float("inf")
        """When the next stream without a file is given up, which must be reported within seconds."""
        self._finder = finder
        self._streams = streams
        self._files = files
        self._unread = UnreadFiles()
        self._present: dict[Identity, Found] = {}
        self._opened: set[Identity] = set()
        self._again = self._full = False
        self._read_before: set[str] = set()
        """Paths of logs that were known before this scan."""
        self._waiting = False
        """A parked file was not examined in this scan: files may be copies of it."""

    def scan(self, now: float) -> bool:
        """Find files and identify them; return whether another scan is needed soon."""
        self._again = self._waiting = False
        self._read_before = self._streams.written_to()
        found = self._finder.find(self._streams.bases())
        self._present = {file.identity: file for file in found}
        self._opened = self._files.identities()
        for stream in self._files.active.values():
            self._name(stream, now)
        plain = {file.path for file in found}
        self._streams.forget(self._present)
        known = self._streams.known()
        due = [(file, known.get(file.identity)) for file in found]
        due = [(f, own) for f, own in due if self._is_due(f, own, now) and not self._being_packed(f, plain)]
        self._full = False  # not before: a copy that found no room in the last scan is still due
        strangers = [file for file, own in due if own is None]
        # a file's own stream first; after that, streams without a file may take others
        strangers += self._resume_all([(own, file) for file, own in due if own is not None], now)
        self._note_gone(now)
        if strangers:
            strangers += self._overwritten(now)
            self._streams.index_heads()
        for file in self._in_order(strangers):
            if file.primary or not self._waiting:
                self._examine(file, now)
        self._give_up_orphans(now)
        self._unread.forget(self._present)
        self._streams.begin()
        return self._again

    def unpack(self, now: float) -> int:
        """Decompress some of an archive for identification; return 1 if work was done."""
        if not self.archives:
            return 0
        identity, (file, content, evidence) = next(iter(self.archives.items()))
        if evidence.turn():
            return 1
        del self.archives[identity]
        self._streams.index_heads()
        if evidence.may_grow and not self._unread.found_cut(file, now):
            content.close()
            return 0
        self._classify(file, content, evidence, now)
        return 1

    def configure(self) -> None:
        """Close the archives whose pattern is no longer configured."""
        for identity, (file, content, _) in list(self.archives.items()):
            if file.pattern not in self._finder.patterns:
                content.close()
                del self.archives[identity]

    def close(self) -> None:
        """Close all archives."""
        for _, content, _ in self.archives.values():
            content.close()
        self.archives = {}

    def _in_order(self, strangers: list[Found]) -> list[Found]:
        """Sort possible rests of logs, by name, first, and copies after what they are compared with."""
        gone: set[str] = set()
        gone.update(*(base_names(os.fsdecode(stream.record.base)) for stream in self._streams if stream.without_file))
        return sorted(
            strangers, key=lambda f: (gone.isdisjoint(base_names(f.base) | base_names(f.path)), not f.primary)
        )

    # ---- which files are examined --------------------------------------------------------------------------
    def _name(self, stream: Stream, now: float) -> None:
        file = self._present.get(stream.record.identity)
        if file is None and self._finder.cannot_list(stream.record.base):
            return
        if file is not None:
            stream.current_path = file.path
        primary = file is not None and file.primary and not stream.packed
        if stream.primary and not primary:
            stream.rotated = now
        stream.primary = primary

    def _is_due(self, file: Found, stream: Stream | None, now: float) -> bool:
        if file.identity in self.archives or file.identity in self._opened:
            return False
        if self._unread.can_wait(file, now):
            return False
        if stream is None:
            return True
        record = stream.record
        if record.finished:
            unchanged = (record.disk_size, record.disk_mtime_ns) == (file.size, file.mtime_ns)
            return not unchanged or self._wanted(stream, now)
        return not stream.parked or (stream.size, stream.mtime_ns) != (file.size, file.mtime_ns)

    def _being_packed(self, file: Found, paths: set[str]) -> bool:
        """Return whether the original still exists: the archive may be incomplete, and is not needed."""
        original = unpacked(file.path)
        return original != file.path and original in paths

    def _wanted(self, stream: Stream, now: float) -> bool:
        """Return whether the original of this finished copy has lost its file: the stream may continue here."""
        first = self._lost_original(stream)
        return first is not None and not self._is_given_up(first, now)

    def _lost_original(self, stream: Stream) -> Stream | None:
        first = self._streams.get(stream.record.copy_of)
        return first if first is not None and first.without_file else None

    def _overwritten(self, now: float) -> list[Found]:
        """Detect truncation before other files are identified: they may be copies made before it."""
        changed = []
        for stream in list(self._files.active.values()):
            try:
                unchanged = stream.whole() and stream.learn_head(self._streams.prints)
            except OSError as error:
                self._files.fail(stream, error)
                continue
            if not unchanged:
                self._files.orphan(stream, now)
                if stream.record.identity in self._present:
                    changed.append(self._present[stream.record.identity])
        return changed

    # ---- what a file is -----------------------------------------------------------------------------------
    def _open(self, file: Found) -> FileContent | None:
        if len(self._files.active) + len(self.archives) >= open_max():
            self._full = self._full or not self._files.make_room()
            if self._full:
                self._again = True
                return None
        try:
            content = open_content(file.path)
        except OSError as error:
            self._finder.note_error(file.path, error)
            return None
        if content.identity == file.identity:
            return content
        content.close()  # renamed since; the next scan finds it
        self._again = True
        return None

    def _resume_all(self, due: list[tuple[Stream, Found]], now: float) -> list[Found]:
        """Continue in the files of known streams; return those that now contain something else.

        Parked streams take turns and leave half of the open files to new ones.
        """
        room, others = open_max() // 2, []
        for stream, file in sorted(due, key=lambda pair: pair[0].rotated):
            if stream.parked and not room:
                self._again = self._waiting = True
                continue
            room -= stream.parked
            if not self._resume(stream, file, now):
                others.append(file)
        return others

    def _resume(self, stream: Stream, file: Found, now: float) -> bool:
        """Continue in a stream's own file; return False if it now contains something else or is an archive."""
        content = self._open(file)
        if content is None:
            return True
        try:
            return self._reattach(stream, file, content, now)
        except OSError as error:
            content.close()
            self._finder.note_error(file.path, error)
            return True

    def _reattach(self, stream: Stream, file: Found, content: FileContent, now: float) -> bool:
        if content.packed:
            content.close()
            if not stream.record.finished and stream.orphaned is None:
                stream.lose_file(now)  # until it is decompressed and identified
            return False
        mark = stream.position(self._streams.prints, content)
        if mark is None:
            content.close()
            if not stream.record.finished and stream.orphaned is None:
                stream.lose_file(now)
                stream.truncated = True
            return False
        if stream.record.finished and content.stat().st_size <= stream.offset:
            stream.note_file(file.size, file.mtime_ns)
            content.close()
            return self._lost_original(stream) is None  # it may be due because there was no room in the last scan
        if stream.record.finished and stream.record.copy_of:  # its line goes on otherwise than that of the original
            start, mark = _last_line(content, stream.offset)
            stream.fall_back(self._streams.prints.mark(mark, start))
            stream.record.copy_of = ""
        self._attach(stream, file, content, mark, now)
        return True

    def _examine(self, file: Found, now: float) -> None:
        """Identify a file with an unknown inode."""
        content = self._open(file)
        if content is None:
            return
        try:
            if isinstance(content, PackedContent):
                evidence = ArchiveEvidence(content, self._streams.prints, self._streams)
                self.archives[file.identity] = (file, content, evidence)
            else:
                self._classify(file, content, PlainEvidence(content, self._streams.prints), now)
        except OSError as error:
            content.close()
            self._finder.note_error(file.path, error)

    def _classify(self, file: Found, content: FileContent, evidence: Evidence, now: float) -> None:
        """Attach or close a file according to its content."""
        if not evidence.end and not (evidence.cut and file.matched if evidence.packed else file.primary):
            content.close()
            self._unread.found_empty(file)
            return
        verdict, stream = identify(
            evidence, self._streams, self._streams.prints,
            primary=file.primary and not evidence.packed, file=file, present=self._present,
        )  # fmt: skip
        if stream is not None and verdict is Verdict.CONTINUES:
            self._continue(stream, verdict, file, content, evidence, now)
        elif (first := self._copied(file)) is not None:
            first.nothing_lost = True  # rotated with a copy; the rest of the original was read
            self._remember(file, content, evidence, first)
        elif self._may_change(verdict, stream, file, evidence, now):
            content.close()
        elif stream is not None and verdict is Verdict.FINISHED:
            self._continue(stream, verdict, file, content, evidence, now)
        elif stream is not None and verdict is Verdict.SHORTENED:
            self._fall_back(stream, file, content, evidence, now)
        elif verdict in (Verdict.COPY, Verdict.PREFIX) or self._is_history(file):
            self._remember(file, content, evidence, stream)
        else:
            self._begin(file, content, now)

    def _may_change(self, verdict: Verdict, stream: Stream | None, file: Found, evidence: Evidence, now: float) -> bool:
        """Return whether to identify the file again later, because files are being read, copied or truncated."""
        if verdict is Verdict.UNCLEAR:
            return (stream is not None and stream.offset > 0) or not self._unread.at_rest(file, now)
        if stream is not None and verdict is Verdict.PREFIX:
            stream.nothing_lost |= not evidence.cut  # rotated with a copy; the rest of the original was read
            return not self._unread.at_rest(file, now)
        if stream is not None and verdict is Verdict.COPY and not evidence.packed:
            self._unread.found_copy(file, stream.name)
            return self._unread.may_grow(file, now)
        if stream is not None and verdict is Verdict.SHORTENED:
            return not self._is_given_up(stream, now)
        return False

    def _copied(self, file: Found) -> Stream | None:
        """Return the stream of which the file was found to be a copy, if that has read more and lost its file."""
        first = self._streams.get(self._unread.copy_of(file))
        return first if first is not None and first.content is None and first.offset >= file.size else None

    def _is_history(self, file: Found) -> bool:
        """Return whether a file that no pattern matches was rotated before its log was first read."""
        if file.matched or file.pattern not in self._finder.patterns or not self._streams.is_first(file.pattern):
            return False
        folder, name = os.path.split(file.base)
        return not any(os.path.join(folder, first) in self._read_before for first in rotated_from(name))  # noqa: PTH118

    # ---- acting on a verdict ------------------------------------------------------------------------------
    def _attach(self, stream: Stream, file: Found, content: FileContent, mark: bytes, now: float) -> None:
        self._files.attach(stream, file, content, mark, now)
        self._opened.add(file.identity)

    def _continue(
        self,
        stream: Stream,
        verdict: Verdict,
        file: Found,
        content: FileContent,
        evidence: Evidence,
        now: float,
    ) -> None:
        """Continue a stream in another file, or note that file if it contains nothing new."""
        if verdict is Verdict.CONTINUES or evidence.end > stream.offset:
            mark = b"" if evidence.packed else stream.position(self._streams.prints, content)
            if mark is None:  # it is changing
                content.close()
            else:
                self._attach(stream, file, content, mark, now)
        elif stream.record.identity in self._present:
            self._remember(file, content, evidence, stream)
        else:
            stream.record.identity = file.identity
            stream.note_file(file.size, file.mtime_ns)
            content.close()

    def _begin(self, file: Found, content: FileContent, now: float) -> None:
        """Read a new file."""
        stream = self._streams.create(file)
        mark = b""
        if file.pattern.start_at == "end" and self._streams.is_first(file.pattern) and not content.packed:
            stream.offset, mark = _last_line(content, content.stat().st_size)
        self._attach(stream, file, content, mark, now)
        self._streams.index_head(stream)

    def _fall_back(self, stream: Stream, file: Found, content: FileContent, evidence: Evidence, now: float) -> None:
        """Continue a log that has lost its end from the last commit that it still contains."""
        mark = stream.former(evidence.holds)
        if mark is None:  # it is changing
            content.close()
            return
        if not stream.nothing_lost:
            stream.truncated = True
            self._streams.lose(stream)
        stream.fall_back(mark)
        self._attach(stream, file, content, content.pread(mark.length, mark.end - mark.length), now)

    def _remember(self, file: Found, content: FileContent, evidence: Evidence, first: Stream | None) -> None:
        """Note a file that will not be read: a copy of ``first``, or history."""
        own = self._streams.known().get(file.identity)
        if own is not None and own.record.finished and own.offset == evidence.end:
            own.note_file(file.size, file.mtime_ns)
            content.close()
            return
        stream = self._streams.create(file)
        stream.record.copy_of = first.name if first is not None else ""
        stream.content = content
        stream.learn_head(self._streams.prints)
        stream.offset = stream.size = evidence.end
        stream.mark = content.pread(min(MARK_BYTES, evidence.end), max(0, evidence.end - MARK_BYTES))
        stream.record.identity = file.identity
        self._files.finish(stream)
        stream.position_mark(self._streams.prints)
        self._streams.index_head(stream)

    def _note_gone(self, now: float) -> None:
        """Detect streams whose file is gone or another's; a file that cannot be opened or listed still exists."""
        taken = self._files.identities()
        for stream in self._streams:
            record = stream.record
            if record.finished or stream.content is not None or stream.orphaned is not None:
                continue
            if record.identity in taken:  # truncated soon before a restart, and what was written since is read
                stream.lose_file(now)
                stream.truncated = True
            elif record.identity not in self._present and not self._finder.cannot_list(record.base):
                stream.lose_file(now)  # even if its pattern is gone: another pattern may match its content

    def _give_up_orphans(self, now: float) -> None:
        """Report streams whose file is gone or truncated and whose rest was not found."""
        self.verdict_due = float("inf")
        for stream in self._streams:
            if not stream.without_file or not self._streams.wanted(stream):
                continue
            if not self._is_given_up(stream, now):
                self.verdict_due = min(self.verdict_due, self._given_up_at(stream))
                continue
            if not stream.nothing_lost:
                self._streams.lose(stream)
            self._files.finish(stream)

    def _is_given_up(self, stream: Stream, now: float) -> bool:
        """Return whether a stream has been without a file for so long that no copy is expected."""
        return now >= self._given_up_at(stream)

    def _given_up_at(self, stream: Stream) -> float:
        wait = ARCHIVE_WAIT if self.archives or self._full else COPY_WAIT
        return float("inf") if stream.orphaned is None else stream.orphaned + wait


def _last_line(content: FileContent, end: int) -> tuple[int, bytes]:
    """Return where the incomplete line before ``end`` begins, ``end`` if there is none, and the bytes before it."""
    tail = content.pread(min(_TAIL, end), max(0, end - _TAIL))
    start = end - len(tail) + tail.rfind(b"\n") + 1
    return start, content.pread(min(MARK_BYTES, start), max(0, start - MARK_BYTES))
