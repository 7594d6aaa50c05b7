"""Decides what each discovered file is: a log's current file, its next one, a copy, history, or a new log.

Files are recognised by content, not by inode or name: ``identification`` decides, this module acts on it.
"""

from __future__ import annotations

import os

from tocsin.inputs.content import FileContent, Identity, PackedContent, open_content
from tocsin.inputs.finder import Finder, Found
from tocsin.inputs.fingerprint import MARK_BYTES
from tocsin.inputs.identification import ArchiveEvidence, Evidence, PlainEvidence, Verdict, family, identify
from tocsin.inputs.openfiles import OpenFiles, open_max
from tocsin.inputs.rotation import rotated_from, unpacked
from tocsin.inputs.stream import Stream
from tocsin.inputs.streams import Streams
from tocsin.inputs.unread_files import COPY_WAIT, UnreadFiles

ARCHIVE_WAIT = 60.0
"""Seconds in which the rest of a truncated file may turn out to be in an archive that is being unpacked, or in a file
that waits until fewer are open."""
_TAIL = 1 << 20


class Recognition:
    """Gives streams the files that they go on in, and makes streams for files that are new."""

    def __init__(self, finder: Finder, streams: Streams, files: OpenFiles) -> None:
        self.archives: dict[Identity, tuple[Found, PackedContent, ArchiveEvidence]] = {}
        """Archives that are being unpacked to know them."""
        self.verdict_due = float("inf")
        """When the rest of a stream without a file is given up: that must be told within seconds."""
        self._finder = finder
        self._streams = streams
        self._files = files
        self._unread = UnreadFiles()
        self._present: dict[Identity, Found] = {}
        self._opened: set[Identity] = set()
        self._again = self._full = False
        self._read_before: set[str] = set()
        """Where logs were written to that were known before this scan."""
        self._waiting = False
        """A closed file was not looked at yet in this scan: what other files are copies of is not known."""

    def scan(self, now: float) -> bool:
        """Look for files and decide what each one is; True when one must be looked at again soon."""
        self._again = self._full = self._waiting = False
        self._read_before = self._streams.written_to()
        found = self._finder.find(self._streams.bases())
        self._present = {file.identity: file for file in found}
        self._opened = self._files.identities()
        for stream in self._files.active.values():
            self._name(stream, now)
        plain = {file.path for file in found}
        self._streams.forget(self._present)
        known = self._streams.known()
        looks = [(file, known.get(file.identity)) for file in found]
        looks = [(f, own) for f, own in looks if self._needs_look(f, own, now) and not self._being_packed(f, plain)]
        strangers = [file for file, own in looks if own is None]
        # a file's own stream first; then what has lost its file may take others
        strangers += self._resume_all([(own, file) for file, own in looks if own is not None], now)
        self._note_gone(now)
        if strangers:
            strangers += self._overwritten(now)
            self._streams.index_heads()
        for file in self._in_order(strangers):
            if file.primary or not self._waiting:
                self._meet(file, now)
        self._give_up_orphans(now)
        self._unread.forget(self._present)
        self._streams.begin()
        return self._again

    def unpack(self, now: float) -> int:
        """Unpack some of an archive that is to be known; return 1 for work done."""
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
        self._place(file, content, evidence, now)
        return 1

    def configure(self) -> None:
        """Close the archives whose pattern is not configured any more."""
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
        """Put first what may be the rest of a log by its name too, and copies behind what they are compared with."""
        adrift: set[str] = set()
        adrift.update(*(family(os.fsdecode(stream.record.base)) for stream in self._streams if stream.adrift))
        return sorted(strangers, key=lambda f: (adrift.isdisjoint(family(f.base) | family(f.path)), not f.primary))

    # ---- which files need a look --------------------------------------------------------------------------
    def _name(self, stream: Stream, now: float) -> None:
        file = self._present.get(stream.record.identity)
        if file is None and self._finder.unsure(stream.record.base):
            return
        if file is not None:
            stream.here = file.path
        primary = file is not None and file.primary and not stream.packed
        if stream.primary and not primary:
            stream.rotated = now
        stream.primary = primary

    def _needs_look(self, file: Found, stream: Stream | None, now: float) -> bool:
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
        """The original is removed when the archive is whole; a copy that is kept is known without it."""
        original = unpacked(file.path)
        return original != file.path and original in paths

    def _wanted(self, stream: Stream, now: float) -> bool:
        """Tell whether what this finished stream's file repeats has lost its own file: it may go on here."""
        first = self._streams.get(stream.record.copy_of)
        return first is not None and first.adrift and not self._is_given_up(first, now)

    def _overwritten(self, now: float) -> list[Found]:
        """Notice truncation before other files are judged: they may be the copies that were made before it."""
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
            self._finder.trouble(file.path, error)
            return None
        if content.identity == file.identity:
            return content
        content.close()  # renamed meanwhile; the next scan sees it
        self._again = True
        return None

    def _resume_all(self, looks: list[tuple[Stream, Found]], now: float) -> list[Found]:
        """Go on in the files of known streams; return those that hold something else by now.

        Those that were closed take turns, and leave half of the room to files that are new.
        """
        room, others = open_max() // 2, []
        for stream, file in sorted(looks, key=lambda look: look[0].rotated):
            if stream.parked and not room:
                self._again = self._waiting = True
                continue
            room -= stream.parked
            if not self._resume(stream, file, now):
                others.append(file)
        return others

    def _resume(self, stream: Stream, file: Found, now: float) -> bool:
        """Go on in a stream's own file; False when it is not that any more, or an archive."""
        content = self._open(file)
        if content is None:
            return True
        try:
            return self._go_on(stream, file, content, now)
        except OSError as error:
            content.close()
            self._finder.trouble(file.path, error)
            return True

    def _go_on(self, stream: Stream, file: Found, content: FileContent, now: float) -> bool:
        if content.packed:
            content.close()
            if not stream.record.finished and stream.orphaned is None:
                stream.lose_file(now)  # until it is unpacked and known
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
            return not self._wanted(stream, now)
        self._attach(stream, file, content, mark, now)
        return True

    def _meet(self, file: Found, now: float) -> None:
        """Decide what a file is that is not known by its inode."""
        content = self._open(file)
        if content is None:
            return
        try:
            if isinstance(content, PackedContent):
                evidence = ArchiveEvidence(content, self._streams.prints, self._streams)
                self.archives[file.identity] = (file, content, evidence)
            else:
                self._place(file, content, PlainEvidence(content, self._streams.prints), now)
        except OSError as error:
            content.close()
            self._finder.trouble(file.path, error)

    def _place(self, file: Found, content: FileContent, evidence: Evidence, now: float) -> None:
        """Take or close a file according to what it holds."""
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
            first.quiet = True  # rotated with a copy; what it had more was read
            self._remember(file, content, evidence, first)
        elif self._may_change(verdict, stream, file, evidence, now):
            content.close()
        elif stream is not None and verdict is Verdict.AGAIN:
            self._continue(stream, verdict, file, content, evidence, now)
        elif stream is not None and verdict is Verdict.SHORTENED:
            self._fall_back(stream, file, content, evidence, now)
        elif verdict in (Verdict.COPY, Verdict.PREFIX) or self._is_history(file):
            self._remember(file, content, evidence, stream)
        else:
            self._begin(file, content, now)

    def _may_change(self, verdict: Verdict, stream: Stream | None, file: Found, evidence: Evidence, now: float) -> bool:
        """Tell whether a verdict is to be asked for again, because files are being read, copied or truncated."""
        if verdict is Verdict.UNCLEAR:
            return (stream is not None and stream.offset > 0) or not self._unread.at_rest(file, now)
        if stream is not None and verdict is Verdict.PREFIX:
            stream.quiet |= not evidence.cut  # rotated with a copy; what it had more was read
            return not self._unread.at_rest(file, now)
        if stream is not None and verdict is Verdict.COPY and not evidence.packed:
            self._unread.found_copy(file, stream.name)
            return self._unread.may_grow(file, now)
        if stream is not None and verdict is Verdict.SHORTENED:
            return not self._is_given_up(stream, now)
        return False

    def _copied(self, file: Found) -> Stream | None:
        """Return the stream that all of the file was seen to repeat, when that has read more and lost its file."""
        first = self._streams.get(self._unread.copy_of(file))
        return first if first is not None and first.content is None and first.offset >= file.size else None

    def _is_history(self, file: Found) -> bool:
        """Tell whether a file that no pattern names was rotated before its log was ever read."""
        if file.matched or file.pattern not in self._finder.patterns or not self._streams.is_first(file.pattern):
            return False
        folder, name = os.path.split(file.base)
        return not any(os.path.join(folder, first) in self._read_before for first in rotated_from(name))  # noqa: PTH118

    # ---- what becomes of it -------------------------------------------------------------------------------
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
        """Go on with a stream in another file, or know that file where nothing in it is new."""
        if verdict is Verdict.CONTINUES or evidence.end > stream.offset:
            mark = b"" if evidence.packed else stream.position(self._streams.prints, content)
            if mark is None:  # it changes just now
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
        """Read a file that was never seen before."""
        stream = self._streams.create(file)
        mark = b""
        if file.pattern.start_at == "end" and self._streams.is_first(file.pattern) and not content.packed:
            size = content.stat().st_size
            tail = content.pread(_TAIL, max(0, size - _TAIL))
            stream.offset = size - len(tail) + tail.rfind(b"\n") + 1
            mark = content.pread(min(MARK_BYTES, stream.offset), max(0, stream.offset - MARK_BYTES))
        self._attach(stream, file, content, mark, now)
        self._streams.index_head(stream)

    def _fall_back(self, stream: Stream, file: Found, content: FileContent, evidence: Evidence, now: float) -> None:
        """Go on in a log that has lost its end, behind the last commit that it still holds."""
        mark = stream.former(evidence.holds)
        if mark is None:  # it changes just now
            content.close()
            return
        if not stream.quiet:
            stream.truncated = True
            self._streams.lose(stream)
        stream.fall_back(mark)
        self._attach(stream, file, content, content.pread(mark.length, mark.end - mark.length), now)

    def _remember(self, file: Found, content: FileContent, evidence: Evidence, first: Stream | None) -> None:
        """Know a file that is not to be read: a copy of ``first``, or history."""
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
        """Notice what has no file any more; a file that cannot be opened or looked for is still there."""
        for stream in self._streams:
            if stream.record.finished or stream.content is not None or stream.orphaned is not None:
                continue
            if stream.record.identity not in self._present and not self._finder.unsure(stream.record.base):
                stream.lose_file(now)  # also where its pattern went: another one may find its content

    def _give_up_orphans(self, now: float) -> None:
        """Announce streams whose file is gone or was truncated, and whose rest is nowhere."""
        self.verdict_due = float("inf")
        for stream in self._streams:
            if not stream.adrift or not self._streams.wanted(stream):
                continue
            if not self._is_given_up(stream, now):
                self.verdict_due = min(self.verdict_due, self._given_up_at(stream))
                continue
            if not stream.quiet:
                self._streams.lose(stream)
            self._files.finish(stream)

    def _is_given_up(self, stream: Stream, now: float) -> bool:
        """Tell whether a stream has been without a file for so long that no copy will turn up."""
        return now >= self._given_up_at(stream)

    def _given_up_at(self, stream: Stream) -> float:
        wait = ARCHIVE_WAIT if self.archives or self._full else COPY_WAIT
        return float("inf") if stream.orphaned is None else stream.orphaned + wait
