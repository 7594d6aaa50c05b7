"""The confirm stage of detectors: candidates, limits on their number, and the words around them.

The gate is linear and cheap; confirming in Python is where a crafted text could waste time. So every detector
iterates over its candidates with ``capped``, and reads only bounded windows of text.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple, TypeVar

T = TypeVar("T")
_UNSPACED = "\u0e00"
LETTER: Final = r"[^\W_\u0e00-\u1dff\u3040-\ud7af]"
"""A letter or digit that cannot be adjacent to a value. Those of Thai, Japanese, Chinese and Korean can, without a
space, as in \u756a\u53f7\u306f090-1234-5678\u3067\u3059."""
MAX_CANDIDATES = 1000
"""Per type and text; the rest are not confirmed. A text with more is not an ordinary answer."""


_SPAN: Final = 8 << 10
"""Characters searched per call: other threads are blocked meanwhile, and crafted ones take a microsecond each."""
_REACH: Final = 4 << 10
"""Characters after a span that are searched for the ends of matches that begin in it."""
_AHEAD: Final = 64
"""Characters after a match that patterns look at."""


_SIGN: Final = r"[ .()/\-\u00a0\u2000-\u2015\u202f]"
_ENDLESS: Final = 64
_NUMBERS: Final = re.compile(rf"[0-9](?<![0-9].)(?<![0-9]{_SIGN}.)(?:{_SIGN}?[0-9]){{{_ENDLESS},}}+")
"""Digits, with at most one separator between two of them."""
_MORE_DIGITS: Final = re.compile(rf"(?:{_SIGN}?[0-9])++")


class Candidate(NamedTuple):
    """A value that passed its validator."""

    start: int
    end: int
    score: float
    example: bool = False
    """A documentation or test value."""
    impersonal: bool = False
    """It belongs to a role or a company, not to a person."""
    same: tuple[str, ...] = ()
    """Other ways in which a person may have written the value, to search the caller's input for."""


def capped(pattern: re.Pattern[str], text: str, limit: int = MAX_CANDIDATES) -> Iterator[re.Match[str]]:
    """Yield the first ``limit`` matches of a pattern; note if there are more."""
    matches = pattern.finditer(text) if len(text) <= _SPAN + _REACH else _in_spans(pattern, text)
    return limited(matches, limit)


def limited(candidates: Iterator[T], limit: int = MAX_CANDIDATES) -> Iterator[T]:
    """Yield the first ``limit`` candidates; note if there are more."""
    yield from islice(candidates, limit)
    if next(candidates, None) is not None:
        note_cut()


def _in_spans(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield the matches of a pattern, searching span by span, so that other threads may run in between."""
    start, size = 0, len(text)
    while start < size:
        end = start + _SPAN
        seen = min(size, end + _REACH)
        for match in pattern.finditer(text, start, seen):
            if match.start() >= end:
                break
            if seen < size and match.end() > seen - _AHEAD:  # it may have ended only because the search did
                whole = pattern.match(text, match.start())
                if whole is None:
                    continue
                match = whole  # noqa: PLW2901 - the same match, up to its end
            yield match
            end = max(end, match.end())
        start = end


def without_endless_numbers(text: str) -> str:
    """Replace all but the end of each number of more than ``_ENDLESS`` digits, in a long text, by as many zeros.

    For values that no digit follows: each group of such a number would be tried as the start of one.
    """
    if len(text) <= _SPAN:
        return text
    pieces: list[str] = []
    done = start = 0
    while start < len(text):
        number = _NUMBERS.search(text, start, start + _SPAN + 2 * _ENDLESS)
        if number is None:
            start += _SPAN
            continue
        end = number.end()
        while (more := _MORE_DIGITS.match(text, end, end + _SPAN)) is not None:
            end = more.end()
        pieces += (text[done : number.start()], "0" * (end - number.start() - _ENDLESS))
        done, start = end - _ENDLESS, end
    return "".join([*pieces, text[done:]])


def spans(text: str) -> Iterator[str]:
    """Split a text into pieces for one call each."""
    return (text[start : start + _SPAN] for start in range(0, len(text), _SPAN))


class _Cut(threading.local):
    noted = False


_cut = _Cut()


def note_cut() -> None:
    """Note that a text has more candidates than are confirmed: the rest is not judged."""
    _cut.noted = True


def was_cut() -> bool:
    """Return whether this thread noted a cut since the last call."""
    noted, _cut.noted = _cut.noted, False
    return noted


def before(text: str, start: int, width: int = 40) -> str:
    """Return the characters before a position, in lower case."""
    return text[max(0, start - width) : start].lower()


def after(text: str, end: int, width: int = 24) -> str:
    """Return the characters after a position, in lower case."""
    return text[end : end + width].lower()


def words(alternatives: str) -> re.Pattern[str]:
    """Return a pattern for any of the words in a space-separated list, as whole words: "ring" is not in "during".

    Words of scripts without spaces (Thai, Chinese, Japanese) or with suffixes (Korean) are also found inside others.
    """
    spaced = [word for word in alternatives.split() if word[0] < _UNSPACED]
    others = [word for word in alternatives.split() if word[0] >= _UNSPACED]
    return re.compile("|".join([rf"(?<![^\W_])(?:{'|'.join(spaced)})(?![^\W_])", *others]))


def listed(block: str) -> frozenset[str]:
    """Return the whitespace-separated values of a block of text."""
    return frozenset(block.split())


def without_overlaps(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates without overlaps: of two that overlap the better one."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: (-c.score, c.start, c.end)):
        place = bisect(kept, candidate.start, key=lambda c: c.start)
        if place and kept[place - 1].end > candidate.start:
            continue
        if place < len(kept) and kept[place].start < candidate.end:
            continue
        kept.insert(place, candidate)
    return kept
