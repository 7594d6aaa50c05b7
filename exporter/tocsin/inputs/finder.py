"""Finds the files that the patterns match, files rotated from them, and inputs that cannot be read."""

from __future__ import annotations

import errno
import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tocsin.inputs.content import Identity, NotAFileError
from tocsin.inputs.rotation import rotated_from, unfinished

_ANY_DEPTH = re.compile(r"(?:(?<=/)|^)\*\*(?:/|$)")
FIXES = {
    "missing": "nothing matches yet; it is read as soon as it appears",
    "permission": "give the exporter's user or group read permission, on the directories too",
    "not_a_file": "name a file, or a directory whose files are logs",
    "io": "see the exporter's log and the disk",
}
NOTHING_READ = "nothing is read: name files with inputs.files or --tail, or set ingest.listen_address"


@dataclass(frozen=True, slots=True)
class FilePattern:
    """One configured input: a path, a glob (including ``**``), or a directory, meaning the files in it."""

    path: str
    format: str = "auto"
    start_at: str = "beginning"
    """``end``: files that exist at the first start are read from their end."""


@dataclass(slots=True)
class Found:
    """A file that a pattern matches, or that was rotated from such a file."""

    path: str
    base: str
    """The path with symbolic links resolved."""
    identity: Identity
    size: int
    mtime_ns: int
    pattern: FilePattern
    matched: bool
    """A pattern matches it, so it is read even if it existed before the first start."""
    primary: bool
    """The file being written to, as opposed to a rotated file."""


class Finder:
    """Finds files; cheap if nothing changed."""

    def __init__(self, patterns: Sequence[FilePattern]) -> None:
        self.patterns = list(patterns)
        self.problems: dict[str, str] = {}
        """The reason for each path that cannot be read."""
        self._directories: dict[str, int] = {}
        self._listings: dict[str, dict[str, os.DirEntry[str]]] = {}
        """Entries of a directory by name."""
        self._rotated: dict[str, dict[str, list[os.DirEntry[str]]]] = {}

    def changed(self) -> bool:
        """Return whether a directory changed since the last ``find``."""
        for directory, modified in self._directories.items():
            try:
                if os.stat(directory or ".").st_mtime_ns != modified:  # noqa: PTH116 - often
                    return True
            except OSError:
                return True
        return False

    def find(self, bases: Iterable[tuple[str, FilePattern]] = ()) -> list[Found]:
        """Return all files, each once.

        ``bases`` are further paths to include with their rotated files: a symbolic link may have been redirected.
        """
        found: dict[Identity, Found] = {}
        self.problems = {}
        self._directories = {}
        self._listings = {}
        self._rotated = {}
        wanted = dict(bases)
        places = []
        for pattern in self.patterns:
            folders, base = _places(pattern.path)
            places += [(folder, pattern, base) for folder in folders]
            named = [self._add_matching(folder, pattern, base, found) for folder in folders]
            if not any(named):
                self.problems.setdefault(pattern.path, self._why_missing(pattern.path))
        for file in found.values():  # rotated files are next to the target of a symbolic link
            if file.base != file.path:
                wanted[file.base] = file.pattern
        for path, pattern in wanted.items():
            folder, name = os.path.split(path)
            self._add_all(self._rotated_in(folder).get(name, ()), pattern, found)
        for folder, pattern, base in places:
            for name, entries in self._rotated_in(folder).items():
                if _named(name, base):
                    self._add_all(entries, pattern, found)
        paths = {file.base for file in found.values()}
        for path in wanted.keys() - paths:
            folder, name = os.path.split(path)
            if (entry := self._entries(folder).get(name)) is not None:
                self._add_all([entry], wanted[path], found)
        return list(found.values())

    def note_error(self, path: str, error: OSError) -> None:
        """Record that a file could not be opened."""
        if not isinstance(error, FileNotFoundError):
            self.problems[path] = reason(error)

    def cannot_list(self, path: bytes) -> bool:
        """Return whether the directory of a path could not be read."""
        return os.path.dirname(os.fsdecode(path)) in self.problems  # noqa: PTH120 - often

    def _add_matching(self, folder: str, pattern: FilePattern, base: str, found: dict[Identity, Found]) -> bool:
        """Add the matching files; a rotated file is primary only if there is no file with its original name."""
        entries = self._entries(folder)
        if base and not glob.has_magic(base):
            names = {base: entries[base]} if base in entries else {}
        else:
            names = {name: entry for name, entry in entries.items() if _named(name, base)}
        loose = not base or glob.has_magic(pattern.path)
        for name, entry in names.items():
            if not (loose and unfinished(name)):
                primary = not any(first in names for first in rotated_from(name))
                self._add(entry, pattern, found, matched=True, primary=primary)
        return bool(names)

    def _rotated_in(self, folder: str) -> dict[str, list[os.DirEntry[str]]]:
        """Return the possible rotated files of a directory by the names that they may originally have had."""
        rotated = self._rotated.get(folder)
        if rotated is None:
            rotated = self._rotated[folder] = {}
            for name, entry in self._entries(folder).items():
                if not unfinished(name):
                    for first in rotated_from(name):
                        rotated.setdefault(first, []).append(entry)
        return rotated

    def _add_all(
        self, entries: Iterable[os.DirEntry[str]], pattern: FilePattern, found: dict[Identity, Found]
    ) -> None:
        """Add files that no pattern matches."""
        for entry in entries:
            self._add(entry, pattern, found, matched=False, primary=False)

    def _add(
        self,
        entry: os.DirEntry[str],
        pattern: FilePattern,
        found: dict[Identity, Found],
        *,
        matched: bool,
        primary: bool,
    ) -> None:
        try:
            status = entry.stat()
        except FileNotFoundError:
            return
        except OSError as error:
            self.problems[entry.path] = reason(error)
            return
        if not stat.S_ISREG(status.st_mode):
            if matched and not (stat.S_ISDIR(status.st_mode) and glob.has_magic(pattern.path)):
                self.problems[entry.path] = "not_a_file"
            return
        identity = (status.st_dev, status.st_ino)
        known = found.get(identity)
        if known is None:
            base = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
            found[identity] = Found(
                entry.path, base, identity, status.st_size, status.st_mtime_ns, pattern, matched, primary
            )
        elif primary and not known.primary:
            known.path, known.primary = entry.path, True

    def _entries(self, folder: str) -> dict[str, os.DirEntry[str]]:
        listing = self._listings.get(folder)
        if listing is None:
            listing = {}
            try:
                self._directories[folder] = os.stat(folder or ".").st_mtime_ns  # noqa: PTH116 - often
                with os.scandir(folder or ".") as entries:
                    listing = {entry.name: entry for entry in entries}
            except FileNotFoundError:
                self._directories.pop(folder, None)
            except OSError as error:
                self._directories.pop(folder, None)
                self.problems[folder] = reason(error)
            self._listings[folder] = listing
        return listing

    def _why_missing(self, path: str) -> str:
        if glob.has_magic(path):
            return "missing"
        try:
            os.stat(path)  # noqa: PTH116 - the error is wanted
        except OSError as error:
            return reason(error)
        return "missing"


def reason(error: OSError) -> str:
    """Return the reason, a key of ``FIXES``, for an error."""
    if isinstance(error, NotAFileError):
        return "not_a_file"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission"
    return "missing" if error.errno in (errno.ENOENT, errno.ENOTDIR) else "io"


def _places(path: str) -> tuple[list[str], str]:
    """Split a pattern into its directories and the name pattern of the files in them; an empty one matches any name."""
    if os.path.isdir(path):  # noqa: PTH112 - often
        return [path], ""
    folder, base = os.path.split(path)
    if os.path.lexists(path) or not glob.has_magic(path):
        return [folder], glob.escape(base)
    return _folders(folder), base


def _folders(pattern: str) -> list[str]:
    """Return the directories that a pattern matches."""
    first, *further = _ANY_DEPTH.split(pattern)
    found = set(glob.glob(first)) if glob.has_magic(first) else {first}  # noqa: PTH207 - strings are wanted
    for below in further:
        found = {folder for top in found for folder in _beneath(top)}
        if below:
            found = {path for top in found for path in glob.glob(glob.escape(top and f"{top}/") + below)}  # noqa: PTH207
    return sorted(folder for folder in found if os.path.isdir(folder or "."))  # noqa: PTH112 - often


def _beneath(top: str) -> Iterator[str]:
    """Yield a directory and its subdirectories at any depth, except hidden ones.

    Symbolic links are followed, as logs may have been moved to a larger disk. To end despite cycles, each directory is
    taken once, and none that contains the first one: a link to ``/`` does not include the whole machine.
    """
    seen: set[Identity] = set()
    above = os.path.realpath(top)
    while _is_new(above, seen):
        above = os.path.dirname(above)  # noqa: PTH120 - often
    yield top
    ways = [top]
    for way in ways:  # targets of links come last, so that directories keep their names below ``top``
        if way != top:
            if not _is_new(way, seen):
                continue
            yield way
        for folder, names, _ in os.walk(way or "."):
            within = folder if way else folder[2:]
            shown = [name for name in names if not name.startswith(".")]
            links = {name for name in shown if os.path.islink(f"{folder}/{name}")}  # noqa: PTH114 - often
            names[:] = [name for name in shown if name not in links and _is_new(f"{folder}/{name}", seen)]
            ways += [os.path.join(within, name) for name in shown if name in links]  # noqa: PTH118 - often
            yield from (os.path.join(within, name) for name in names)  # noqa: PTH118 - often


def _is_new(folder: str, seen: set[Identity]) -> bool:
    """Return whether a directory is new, and add it to ``seen``."""
    try:
        status = os.stat(folder)  # noqa: PTH116 - often
    except OSError:
        return False
    before = len(seen)
    seen.add((status.st_dev, status.st_ino))
    return len(seen) > before


def _named(name: str, base: str) -> bool:
    if name.startswith(".") and not base.startswith("."):
        return False
    return not base or fnmatchcase(name, base)
