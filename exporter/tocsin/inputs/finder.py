"""Which files the patterns name just now, with what was rotated from them, and which inputs cannot be read."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tocsin.inputs.content import Identity, NotAFileError
from tocsin.inputs.rotation import rotated_from, unfinished

MENDS = {
    "missing": "nothing matches yet; it is read as soon as it appears",
    "permission": "give the exporter's user or group read permission, on the directories too",
    "not_a_file": "name a file, or a directory whose files are logs",
    "io": "see the exporter's log and the disk",
}


@dataclass(frozen=True, slots=True)
class FilePattern:
    """One configured input: a path, a glob (``**`` too), or a directory, which stands for the files in it."""

    path: str
    format: str = "auto"
    start_at: str = "beginning"
    """``end``: of the files that exist at the first start, only what is written later is read."""


@dataclass(slots=True)
class Found:
    """A file that a pattern names, or that was rotated from such a file."""

    path: str
    base: str
    """The path with symbolic links resolved."""
    identity: Identity
    size: int
    mtime_ns: int
    pattern: FilePattern
    matched: bool
    """A pattern names it, so it is read even if it was there before the first start."""
    primary: bool
    """It is what its writer writes to, not a rotated file."""


class Finder:
    """Looks for files; cheap when nothing changed."""

    def __init__(self, patterns: Sequence[FilePattern]) -> None:
        self.patterns = list(patterns)
        self.problems: dict[str, str] = {}
        """Reason by path, for what cannot be read."""
        self._directories: dict[str, int] = {}
        self._listings: dict[str, list[os.DirEntry[str]]] = {}
        self._rotated: dict[str, list[tuple[os.DirEntry[str], tuple[str, ...]]]] = {}
        """Entries of a directory that may be rotated files, with the names of what they may have been rotated from."""

    def changed(self) -> bool:
        """Tell whether a directory changed since the last ``find``."""
        for directory, modified in self._directories.items():
            try:
                if os.stat(directory or ".").st_mtime_ns != modified:  # noqa: PTH116 - often
                    return True
            except OSError:
                return True
        return False

    def find(self, bases: Iterable[tuple[str, FilePattern]] = ()) -> list[Found]:
        """Return all files, each once.

        ``bases`` are further paths that are wanted, with what was rotated from them: a symbolic link may point
        elsewhere by now.
        """
        found: dict[Identity, Found] = {}
        self.problems = {}
        self._directories = {}
        self._listings = {}
        self._rotated = {}
        wanted = {base: (pattern, glob.escape(os.path.basename(base))) for base, pattern in bases}  # noqa: PTH119
        for pattern in self.patterns:
            folders, base = _places(pattern.path)
            for folder in folders:
                wanted[f"{folder}/"] = (pattern, base)
            named = [self._add_matching(folder, pattern, base, found) for folder in folders]
            if not any(named):
                self.problems.setdefault(pattern.path, self._why_missing(pattern.path))
        for file in found.values():  # rotated files lie beside the target of a symbolic link
            if file.base != file.path:
                wanted[file.base] = (file.pattern, glob.escape(os.path.basename(file.base)))  # noqa: PTH119
        for path, (pattern, base) in wanted.items():
            self._add_rotated(os.path.dirname(path), pattern, base, found)  # noqa: PTH120
        paths = {file.base for file in found.values()}
        for path in wanted.keys() - paths:
            folder, name = os.path.split(path)
            for entry in self._entries(folder) if name else ():
                if entry.name == name:
                    self._add(entry, wanted[path][0], found, matched=False, primary=False)
        return list(found.values())

    def trouble(self, path: str, error: OSError) -> None:
        """Remember that a file could not be opened."""
        if not isinstance(error, FileNotFoundError):
            self.problems[path] = reason(error)

    def unsure(self, path: bytes) -> bool:
        """Tell whether the directory of a path could not be looked at."""
        return os.path.dirname(os.fsdecode(path)) in self.problems  # noqa: PTH120 - often

    def _add_matching(self, folder: str, pattern: FilePattern, base: str, found: dict[Identity, Found]) -> bool:
        """Add what the pattern names; a rotated file is primary only where no file with its first name is."""
        names = {e.name: e for e in self._entries(folder) if _named(e.name, base)}
        loose = not base or glob.has_magic(pattern.path)
        for name, entry in names.items():
            if not (loose and unfinished(name)):
                primary = not any(first in names for first in rotated_from(name))
                self._add(entry, pattern, found, matched=True, primary=primary)
        return bool(names)

    def _add_rotated(self, folder: str, pattern: FilePattern, base: str, found: dict[Identity, Found]) -> None:
        entries = self._rotated.get(folder)
        if entries is None:
            entries = self._rotated[folder] = [
                (entry, first_names)
                for entry in self._entries(folder)
                if (first_names := rotated_from(entry.name)) and not unfinished(entry.name)
            ]
        for entry, first_names in entries:
            if any(_named(first, base) for first in first_names):
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

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        listing = self._listings.get(folder)
        if listing is None:
            listing = []
            try:
                self._directories[folder] = os.stat(folder or ".").st_mtime_ns  # noqa: PTH116 - often
                with os.scandir(folder or ".") as entries:
                    listing = list(entries)
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
    """Return the word for an error."""
    if isinstance(error, NotAFileError):
        return "not_a_file"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission"
    return "missing" if error.errno in (errno.ENOENT, errno.ENOTDIR) else "io"


def _places(path: str) -> tuple[list[str], str]:
    """Split a pattern into the directories it names and the name of the files in them; an empty name is any."""
    if os.path.isdir(path):  # noqa: PTH112 - often
        return [path], ""
    folder, base = os.path.split(path)
    if os.path.lexists(path) or not glob.has_magic(path):
        return [folder], glob.escape(base)
    if glob.has_magic(folder):
        return sorted(glob.glob(folder, recursive=True)), base  # noqa: PTH207 - strings are wanted
    return [folder], base


def _named(name: str, base: str) -> bool:
    if name.startswith(".") and not base.startswith("."):
        return False
    return not base or fnmatchcase(name, base)
