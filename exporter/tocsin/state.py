"""The durable state: one SQLite table, one transaction for positions and counters together.

A commit contains what was read and what was counted, so a crash loses both or neither. Values belong to the part that
wrote them and are extended only by fields at their end, so that version N can be read by N-1. A corrupt file is renamed
and reported; a newer version refuses to start. If the file cannot be written, counting continues from what can be read
of it, and is committed once it can be written again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

VERSION = 1
FILE = "tocsin.db"
LOCKED_FOR = 2.0
"""Seconds for which a start waits for a lock on the file: the previous process may be about to end."""
Item = tuple[str, str, bytes | None]
"""Part, key, value; None deletes."""


class StateNewerError(Exception):
    """The state was written by a newer version that this one cannot read."""


class StateLockedError(Exception):
    """Another process uses the state."""


class State:
    """The state in a directory, or in memory if ``directory`` is None (``replay``)."""

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self.set_aside: Path | None = None
        """The new path of a corrupt file."""
        self.writable = True
        self._refused = ""
        """Why it is not."""
        self._path = None if directory is None else directory / FILE
        self._files: list[tuple[int, int]] = []
        """Device and inode of the files being written to."""
        self._db = self._open()

    def load(self, part: str) -> list[tuple[str, bytes]]:
        """Return the committed items of a part."""
        try:
            return self._db.execute("SELECT key, value FROM items WHERE part = ?", (part,)).fetchall()
        except sqlite3.DatabaseError:
            self.put_aside()
            return []

    def put_aside(self) -> None:
        """Move an unreadable file aside and start empty."""
        self._db.close()
        if self.writable and self._path is not None:
            self._move_aside(self._path)
            self._db = self._open()
        else:
            self._db = _prepare(":memory:")

    @property
    def trouble(self) -> str | None:
        """Return why not everything is stored here, None if it is: the file was corrupt, or cannot be written."""
        if self.set_aside is not None:
            return f"state was corrupt and is set aside as {self.set_aside}; counting starts at 0"
        if not self.writable:
            until = "counting goes on from what it holds, and is committed once it can be"
            return f"state in {self.directory} cannot be written ({self._refused}); {until}"
        return None

    def check(self) -> None:
        """Do nothing if the state can be committed to.

        Raises:
            OSError: the file cannot be written, was deleted, or was replaced.
        """
        if self._path is None:
            return
        if not self.writable:
            raise OSError(f"state cannot be written: {self._path}")
        if _identities(self._path) != self._files:
            raise OSError(f"state was deleted or replaced: {self._path}; restart to continue with what is there")

    def commit(self, items: Iterable[Item], *, lasting: bool = False) -> None:
        """Write all items in one transaction; a ``lasting`` one, and all before it, also survives a power failure.

        Raises:
            OSError: nothing was written (disk full, read-only, deleted); the caller keeps its changes and retries.
        """
        try:
            if not self.writable:
                self._open_again()
            self.check()
            self._db.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                for gone, run in groupby(items, key=_is_gone):
                    if gone:
                        self._db.executemany(_DELETE, ((part, key) for part, key, _ in run))
                    else:
                        self._db.executemany(_WRITE, run)
        except (sqlite3.Error, StateNewerError) as error:
            raise OSError(f"state cannot be written: {error}") from error

    def close(self) -> None:
        """Close the file; committed state is safe without it."""
        self._db.close()

    def _open(self) -> sqlite3.Connection:
        if self._path is None:
            return _prepare(":memory:")
        try:
            return self._open_file(self._path)
        except (sqlite3.OperationalError, OSError) as error:
            if "locked" in str(error):
                mend = "give this one a --storage.path of its own"
                raise StateLockedError(f"{self._path}: another tocsin uses this state; {mend}") from None
            self.writable, self._refused = False, getattr(error, "strerror", None) or str(error)
            return _in_memory(self._path)

    def _open_file(self, path: Path) -> sqlite3.Connection:
        """Open or create the file; a corrupt one is moved aside.

        Raises:
            OSError, sqlite3.OperationalError: it cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            db = _prepare(str(path))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._move_aside(path)
            db = _prepare(str(path))
        self._files = _identities(path)
        return db

    def _open_again(self) -> None:
        """Continue in the file if it has become writable and contains what was read of it at the start.

        Raises:
            OSError, sqlite3.Error: it has not, or does not.
        """
        assert self._path is not None  # noqa: S101 - memory can always be written
        db = self._open_file(self._path)
        if _items(db) != _items(self._db):
            db.close()
            raise OSError(f"state could not be read at the start: {self._path}; restart to continue with what it holds")
        self._db.close()
        self._db, self.writable = db, True

    def _move_aside(self, path: Path) -> None:
        aside = path.with_name(f"{path.name}.corrupt-{int(time.time())}")
        for suffix in _SUFFIXES:
            source = path.with_name(path.name + suffix)
            if source.exists():
                source.rename(aside.with_name(aside.name + suffix))
        self.set_aside = aside


_SUFFIXES = ("", "-wal", "-shm")
_DELETE = "DELETE FROM items WHERE part = ? AND key = ?"
_WRITE = "INSERT INTO items VALUES (?, ?, ?) ON CONFLICT (part, key) DO UPDATE SET value = excluded.value"
"""An upsert: REPLACE deletes first, and costs half as much again."""


def _is_gone(item: Item) -> bool:
    return item[2] is None


def _identities(path: Path) -> list[tuple[int, int]]:
    """Return device and inode of the file and its WAL, as far as they exist."""
    found = []
    for suffix in _SUFFIXES[:2]:
        with contextlib.suppress(OSError):
            status = os.stat(f"{path}{suffix}")  # noqa: PTH116 - once a second
            found.append((status.st_dev, status.st_ino))
    return found


def _items(db: sqlite3.Connection) -> list[Item]:
    return db.execute("SELECT part, key, value FROM items ORDER BY part, key").fetchall()


def _in_memory(path: Path) -> sqlite3.Connection:
    """Return what can be read of an unwritable file, from a copy, as reading the WAL requires writing."""
    db = _prepare(":memory:")
    with contextlib.suppress(OSError, sqlite3.Error), tempfile.TemporaryDirectory() as folder:
        for suffix in _SUFFIXES[:2]:
            if os.path.isfile(f"{path}{suffix}"):  # noqa: PTH113 - as above; a device or a pipe may have no end
                shutil.copyfile(f"{path}{suffix}", f"{folder}/{FILE}{suffix}")
        if os.path.exists(f"{folder}/{FILE}"):  # noqa: PTH110 - as above
            with contextlib.closing(_prepare(f"{folder}/{FILE}")) as copy:
                db.executemany("INSERT INTO items VALUES (?, ?, ?)", _items(copy))
    return db


def _prepare(path: str) -> sqlite3.Connection:
    """Open or create a database.

    Raises:
        sqlite3.OperationalError: it is locked or cannot be written.
        sqlite3.DatabaseError: it is corrupt.
        StateNewerError: it is of a later version.
    """
    is_file = path != ":memory:"
    if is_file and not os.path.exists(path):  # noqa: PTH110 - a string is what SQLite takes
        _create(path)
    db = _connect(path)
    try:
        if is_file:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA wal_autocheckpoint = 2000")
        db.execute("BEGIN IMMEDIATE")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":  # most damage is reported, not raised
            raise sqlite3.DatabaseError(verdict)
        if is_file and not version:
            raise sqlite3.DatabaseError("it was emptied, or never ours")
        if version > VERSION:
            raise StateNewerError(
                f"{path}: state version {version} is newer than this program reads ({VERSION}); "
                "install the newer tocsin again, or move the file away to start empty"
            )
        if version < VERSION:
            _define(db)
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


def _create(path: str) -> None:
    """Create an empty database, published by rename: a partly created one would look emptied."""
    new = f"{path}.new"
    with contextlib.suppress(FileNotFoundError):
        Path(new).unlink()
    with contextlib.closing(_connect(new)) as db:
        _define(db)
    Path(new).rename(path)


def _connect(path: str) -> sqlite3.Connection:
    """Open a file that only its owner can read."""
    old = os.umask(0o077)
    try:
        return sqlite3.connect(path, check_same_thread=False, timeout=LOCKED_FOR, isolation_level=None)
    finally:
        os.umask(old)


def _define(db: sqlite3.Connection) -> None:
    db.execute(
        "CREATE TABLE IF NOT EXISTS items (part TEXT, key TEXT, value BLOB, PRIMARY KEY (part, key)) WITHOUT ROWID"
    )
    db.execute(f"PRAGMA user_version = {VERSION}")
