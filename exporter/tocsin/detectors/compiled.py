"""Compiled Hyperscan databases that are kept between starts: compiling them takes a second, reading them nothing.

They are kept in ``$XDG_CACHE_HOME/tocsin`` (``~/.cache/tocsin``), which may be deleted at any time. Hyperscan checks
version, processor and checksum of what it reads; a file that others may write to is not read at all.
https://intel.github.io/hyperscan/dev-reference/serialization.html
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import hyperscan

log = logging.getLogger(__name__)

KEPT: Final = 32
"""Files; the oldest go first. A version of Tocsin needs about twelve."""
_LARGEST: Final = 32 << 20


def key(expressions: Sequence[bytes], flags: Sequence[int]) -> str:
    """Return the name of the database of these patterns."""
    digest = hashlib.sha256()
    for expression, flag in zip(expressions, flags, strict=True):
        digest.update(b"%d %d " % (flag, len(expression)) + expression)
    return digest.hexdigest()[:32]


def load(name: str) -> hyperscan.Database | None:
    """Return a database that was kept; None when there is none that can be trusted and used here."""
    try:
        number = os.open(_folder() / f"{name}.hs", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as file:
            status = os.fstat(number)
            ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022
            if not ours or status.st_size > _LARGEST:
                return None
            return hyperscan.loadb(file.read(), hyperscan.HS_MODE_BLOCK)
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError, hyperscan.error) as error:
        log.debug("a kept database cannot be used: %s", error)
        return None


def keep(name: str, database: hyperscan.Database) -> None:
    """Keep a database for the next start, where there is a place for it."""
    try:
        folder = _folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = folder / f".{name}.{os.getpid()}"
        number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(hyperscan.dumpb(database))
        part.replace(folder / f"{name}.hs")
        newest_last = sorted(folder.glob("*.hs"), key=lambda path: path.stat().st_mtime)
        for path in newest_last[:-KEPT]:
            path.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:
        log.debug("a compiled database cannot be kept: %s", error)


def _folder() -> Path:
    """Return where databases are kept; RuntimeError where a user has no home."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(cache) if cache.startswith("/") else Path.home() / ".cache") / "tocsin"
