"""Hyperscan databases that any thread may use.

A scan needs a scratch space that no other scan uses meanwhile: a database has one, and a second thread would get an
error. So each thread gets its own.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from typing import Any

import hyperscan

from tocsin.detectors import compiled


class Matcher:
    """Patterns in one database; immutable, and usable by all threads."""

    def __init__(self, expressions: Sequence[bytes], flags: Sequence[int], *, ours: bool = False) -> None:
        """Compile, or load from the cache if the patterns are ``ours``: those of users may be secret.

        Raises:
            hyperscan.error: a pattern is not in its dialect, or too large.
        """
        name = compiled.key(expressions, flags) if ours else ""
        database = compiled.load(name) if ours else None
        if database is None:
            database = hyperscan.Database()
            database.compile(expressions=list(expressions), ids=list(range(len(expressions))), flags=list(flags))
            _release_memory()
            if ours:
                compiled.save(name, database)
        self._scan = database.scan
        self._database = database
        self._own = threading.local()

    def fired(self, data: bytes) -> set[int]:
        """Return which patterns match; they must be compiled with HS_FLAG_SINGLEMATCH."""
        hits: set[int] = set()
        try:
            scratch = self._own.scratch
        except AttributeError:
            scratch = self._scratch()
        self._scan(data, match_event_handler=_add, context=hits.add, scratch=scratch)
        return hits

    def each(self, data: bytes, report: Callable[[int, int], bool]) -> None:
        """Call ``report`` with start and end of each match, in bytes, until it returns True."""
        try:
            self._scan(data, match_event_handler=_report, context=report, scratch=self._scratch())
        except hyperscan.ScanTerminated:
            return

    def _scratch(self) -> hyperscan.Scratch:
        scratch = getattr(self._own, "scratch", None)
        if scratch is None:
            scratch = self._own.scratch = hyperscan.Scratch(self._database)
        return scratch


def _add(number: int, _start: int, _end: int, _flags: int, add: Any) -> None:
    add(number)


def _report(_number: int, start: int, end: int, _flags: int, report: Any) -> bool:
    return bool(report(start, end))


def _release_memory() -> None:
    """Return the memory used for compiling, some 30 MB, to the system; glibc would keep it (malloc_trim(3))."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
