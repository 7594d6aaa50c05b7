"""Patterns from the configuration, in Hyperscan's dialect: matching is always linear in the text.

No look-around and no back-references, for which no engine can guarantee a time; an unusable pattern is reported with
the reason at start. https://intel.github.io/hyperscan/dev-reference/compilation.html#pattern-support
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

import hyperscan

from tocsin.detectors.candidates import note_cut
from tocsin.detectors.hyperscanning import Matcher

MAX_MATCHES: Final = 1000
"""Per pattern and text; the scan ends there."""
SLOWEST: Final = 20e6
"""Bytes per second below which a pattern is reported as slow: an answer of 2 KB takes 0.1 ms."""

_FLAGS = hyperscan.HS_FLAG_SOM_LEFTMOST | hyperscan.HS_FLAG_UTF8
_PROBE = ("The quick brown fox, aaaa 1234567890-abc@def.gh: " * 1400).encode()


class PatternError(ValueError):
    """Unusable patterns; the message lists each with its reason."""


class Patterns:
    """Patterns from the configuration; each yields the longest match at every start."""

    def __init__(self, sources: Iterable[str], clock: Callable[[], float] = time.process_time) -> None:
        """Compile.

        Raises:
            PatternError: lists every unusable pattern.
        """
        refused: list[str] = []
        self.slow: dict[str, str] = {}
        """Usable patterns slower than SLOWEST, with their speed."""
        self._matchers: list[Matcher] = []
        for source in dict.fromkeys(sources):
            try:
                matcher = Matcher([source.encode("utf-8", "replace")], [_FLAGS])
            except hyperscan.error as error:
                refused.append(f"{source[:80]!r}: {_reason(error)}")
                continue
            self._matchers.append(matcher)
            speed = _speed(matcher, clock)
            if speed < SLOWEST:
                self.slow[source] = f"{speed / 1e6:.1f} MB/s"
        if refused:
            raise PatternError("; ".join(refused))

    def __bool__(self) -> bool:
        return bool(self._matchers)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the spans of matches in characters, sorted."""
        encoded = text.encode("utf-8", "replace")
        found: set[tuple[int, int]] = set()
        for matcher in self._matchers:
            longest = _longest(matcher, encoded)
            if len(longest) >= MAX_MATCHES:
                note_cut()
            found |= {(start, end) for start, end in longest.items() if end > start}
        if text.isascii():
            return sorted(found)
        return sorted((_characters(encoded, start), _characters(encoded, end)) for start, end in found)


def _longest(matcher: Matcher, data: bytes) -> dict[int, int]:
    """Return the end of the longest match by start."""
    longest: dict[int, int] = {}

    def keep(start: int, end: int) -> bool:
        longest[start] = max(end, longest.get(start, 0))
        return len(longest) >= MAX_MATCHES

    matcher.each(data, keep)
    return longest


def _characters(encoded: bytes, place: int) -> int:
    return len(encoded[:place].decode("utf-8"))


def _speed(matcher: Matcher, clock: Callable[[], float]) -> float:
    began = clock()
    _longest(matcher, _PROBE)
    return len(_PROBE) / max(clock() - began, 1e-9)


def _reason(error: Exception) -> str:
    text = str(error).rstrip(".")
    if "empty buffer" in text:
        return "matches nothing at all"
    return text[:1].lower() + text[1:]
