"""A cache of compiled Hyperscan databases across restarts: compiling them takes a second, loading them next to nothing.

It is in ``$XDG_CACHE_HOME/tocsin`` (``~/.cache/tocsin``), which may be deleted at any time. Hyperscan checks the
version, processor and checksum of what it loads; a file that others can write to is ignored.
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

FILES_MAX: Final = 32
"""Maximum files; the oldest are deleted first. One version of Tocsin needs about twelve."""
_BYTES_MAX: Final = 32 << 20


def key(expressions: Sequence[bytes], flags: Sequence[int]) -> str:
    """Return the name of the database of these patterns."""
    digest = hashlib.sha256()
    for expression, flag in zip(expressions, flags, strict=True):
        digest.update(b"%d %d " % (flag, len(expression)) + expression)
    return digest.hexdigest()[:32]


def load(name: str) -> hyperscan.Database | None:
    """Return a cached database; None if there is none that is trustworthy and usable here."""
    try:
        number = os.open(_directory() / f"{name}.hs", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as file:
            status = os.fstat(number)
            trusted = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022
            if not trusted or status.st_size > _BYTES_MAX:
                return None
            return hyperscan.loadb(file.read(), hyperscan.HS_MODE_BLOCK)
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError, hyperscan.error) as error:
        log.debug("a cached database cannot be used: %s", error)
        return None


def save(name: str, database: hyperscan.Database) -> None:
    """Save a database for the next start, if the cache is writable."""
    try:
        directory = _directory()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = directory / f".{name}.{os.getpid()}"
        number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(hyperscan.dumpb(database))
        part.replace(directory / f"{name}.hs")
        newest_last = sorted(directory.glob("*.hs"), key=lambda path: path.stat().st_mtime)
        for path in newest_last[:-FILES_MAX]:
            path.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:
        log.debug("a compiled database cannot be kept: %s", error)


def _directory() -> Path:
    """Return the directory of the cache; RuntimeError if the user has no home."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(cache) if cache.startswith("/") else Path.home() / ".cache") / "tocsin"
