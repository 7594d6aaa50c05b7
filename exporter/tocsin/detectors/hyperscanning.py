"""Hyperscan databases that any thread may use.

A scan works in a scratch space, which one scan at a time may have: a database brings one along, and a second thread
would get an error. So each thread gets its own.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from typing import Any

import hyperscan

from tocsin.detectors import compiled


class Matcher:
    """Patterns behind one database; immutable, for all threads."""

    def __init__(self, expressions: Sequence[bytes], flags: Sequence[int], *, ours: bool = False) -> None:
        """Compile, or take what an earlier start compiled: only of patterns of ``ours``, which are no secret.

        Raises:
            hyperscan.error: when a pattern is not in its dialect or too large.
        """
        name = compiled.key(expressions, flags) if ours else ""
        database = compiled.load(name) if ours else None
        if database is None:
            database = hyperscan.Database()
            database.compile(expressions=list(expressions), ids=list(range(len(expressions))), flags=list(flags))
            _give_back()
            if ours:
                compiled.keep(name, database)
        self._scan = database.scan
        self._database = database
        self._own = threading.local()

    def fired(self, data: bytes) -> set[int]:
        """Which patterns match at all; for those compiled with HS_FLAG_SINGLEMATCH."""
        hits: set[int] = set()
        try:
            scratch = self._own.scratch
        except AttributeError:
            scratch = self._scratch()
        self._scan(data, match_event_handler=_add, context=hits.add, scratch=scratch)
        return hits

    def each(self, data: bytes, report: Callable[[int, int], bool]) -> None:
        """Report start and end of every match, in bytes, until it says True: enough."""
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


def _give_back() -> None:
    """Return what compiling has taken, some 30 MB, to the system: glibc keeps it otherwise (malloc_trim(3))."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
