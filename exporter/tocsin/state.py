"""The durable state: one SQLite table, one transaction for positions and counters together.

A commit holds what was read and what was counted, so a crash takes back both or neither. Values
belong to the part that wrote them and grow by adding fields at their end only, so that version N
can be read by N-1. A corrupt file is renamed aside and said; a newer version refuses to start.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

VERSION = 1
FILE = "tocsin.db"
Item = tuple[str, str, bytes | None]
"""Part, key, value; None deletes."""


class StateNewerError(Exception):
    """The state was written by a newer version that this one cannot read."""


class StateLockedError(Exception):
    """Another process uses the state."""


class State:
    """The state in a directory, or in memory when ``directory`` is None (``replay``)."""

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self.set_aside: Path | None = None
        """Where a corrupt file was moved to."""
        self.writable = True
        self._db = self._open()

    def load(self, part: str) -> list[tuple[str, bytes]]:
        """Return the committed items of a part."""
        try:
            return self._db.execute("SELECT key, value FROM items WHERE part = ?", (part,)).fetchall()
        except sqlite3.DatabaseError:
            self._quarantine()
            return []

    def commit(self, items: Iterable[Item]) -> None:
        """Write all items in one transaction.

        Raises:
            OSError: nothing was written (disk full, read-only, deleted); the caller keeps its changes and tries again.
        """
        if self.directory is not None and self.writable and not (self.directory / FILE).exists():
            raise OSError(f"state was deleted: {self.directory / FILE}; restart to begin a new one")
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                for part, key, value in items:
                    if value is None:
                        self._db.execute("DELETE FROM items WHERE part = ? AND key = ?", (part, key))
                    else:
                        self._db.execute("REPLACE INTO items VALUES (?, ?, ?)", (part, key, value))
        except sqlite3.Error as error:
            raise OSError(f"state cannot be written: {error}") from error

    def close(self) -> None:
        """Close the file; committed state is safe without it."""
        self._db.close()

    def _open(self) -> sqlite3.Connection:
        if self.directory is None:
            return self._prepare(":memory:")
        path = self.directory / FILE
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            return self._prepare(str(path))
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                mend = "give this one a --storage.path of its own"
                raise StateLockedError(f"{path}: another tocsin uses this state; {mend}") from None
            self.writable = False
            return self._prepare(":memory:")
        except sqlite3.DatabaseError:
            self._move_aside(path)
            return self._prepare(str(path))
        except OSError:
            self.writable = False
            return self._prepare(":memory:")

    def _prepare(self, path: str) -> sqlite3.Connection:
        old = os.umask(0o077)
        try:
            db = sqlite3.connect(path, check_same_thread=False, timeout=2.0, isolation_level=None)
        finally:
            os.umask(old)
        try:
            if path != ":memory:":
                db.execute("PRAGMA locking_mode = EXCLUSIVE")
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
                db.execute("PRAGMA wal_autocheckpoint = 2000")
                (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
                if verdict != "ok":  # most damage is reported, not raised
                    raise sqlite3.DatabaseError(verdict)  # noqa: TRY301 - the handler below closes the file
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise StateNewerError(  # noqa: TRY301 - the handler below closes the file
                    f"{path}: state version {version} is newer than this program reads ({VERSION}); "
                    "install the newer tocsin again, or move the file away to start empty"
                )
            db.execute("BEGIN IMMEDIATE")
            db.execute(
                "CREATE TABLE IF NOT EXISTS items"
                " (part TEXT, key TEXT, value BLOB, PRIMARY KEY (part, key)) WITHOUT ROWID"
            )
            if version < VERSION:
                db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        return db

    def _move_aside(self, path: Path) -> None:
        aside = path.with_name(f"{path.name}.corrupt-{int(time.time())}")
        for suffix in ("", "-wal", "-shm"):
            source = path.with_name(path.name + suffix)
            if source.exists():
                source.rename(aside.with_name(aside.name + suffix))
        self.set_aside = aside

    def _quarantine(self) -> None:
        """The file opened but cannot be read: set it aside and start empty."""
        assert self.directory is not None  # noqa: S101 - an in-memory database cannot be corrupt on disk
        self._db.close()
        self._move_aside(self.directory / FILE)
        self._db = self._prepare(str(self.directory / FILE))
