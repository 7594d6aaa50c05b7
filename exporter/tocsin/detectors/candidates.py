"""What the confirm stage of a detector works with: candidates, how many of them, and the words around them.

The gate is linear and cheap; confirming in Python is where a crafted text could burn time. So every finder walks
its candidates through ``capped``, and looks at bounded windows of text only.
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
"""A letter or digit that a value cannot touch. Those of Thai, Japanese, Chinese and Korean stand beside values without
a space, as in \u756a\u53f7\u306f090-1234-5678\u3067\u3059."""
MAX_CANDIDATES = 1000
"""Per type and text; what stands behind them is not looked at. A text with more is not an answer."""


_SPAN: Final = 8 << 10
"""Characters that are searched in one call: nothing else runs meanwhile, and crafted ones take a microsecond each."""
_REACH: Final = 4 << 10
"""Characters behind a span that are searched for the ends of what begins in it."""
_AHEAD: Final = 64
"""Characters behind a match at which patterns look."""


_SIGN: Final = r"[ .()/\-\u00a0\u2000-\u2015\u202f]"
_ENDLESS: Final = 64
_NUMBERS: Final = re.compile(rf"[0-9](?<![0-9].)(?<![0-9]{_SIGN}.)(?:{_SIGN}?[0-9]){{{_ENDLESS},}}+")
"""Digits, a sign between two of them at most."""


class Candidate(NamedTuple):
    """A value that passed its validator."""

    start: int
    end: int
    score: float
    example: bool = False
    """A documentation or test value."""
    impersonal: bool = False
    """Belongs to a role or a company, not to a person."""
    same: tuple[str, ...] = ()
    """The value in the other ways in which a person may have written it, for the look into the caller's input."""


def capped(pattern: re.Pattern[str], text: str, limit: int = MAX_CANDIDATES) -> Iterator[re.Match[str]]:
    """The first ``limit`` matches of a pattern; notes when there are more."""
    matches = pattern.finditer(text) if len(text) <= _SPAN + _REACH else _in_spans(pattern, text)
    return limited(matches, limit)


def limited(candidates: Iterator[T], limit: int = MAX_CANDIDATES) -> Iterator[T]:
    """The first ``limit`` candidates; notes when there are more."""
    yield from islice(candidates, limit)
    if next(candidates, None) is not None:
        note_cut()


def _in_spans(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches of a pattern, searched span by span: between two of them other threads may run."""
    start, size = 0, len(text)
    while start < size:
        end = start + _SPAN
        seen = min(size, end + _REACH)
        for match in pattern.finditer(text, start, seen):
            if match.start() >= end:
                break
            if seen < size and match.end() > seen - _AHEAD:  # it may end there because the search does
                whole = pattern.match(text, match.start())
                if whole is None:
                    continue
                match = whole  # noqa: PLW2901 - the same one, to its end
            yield match
            end = max(end, match.end())
        start = end


def without_endless_numbers(text: str) -> str:
    """A long text with digits alone in each number of more than ``_ENDLESS`` of them but for its end, places kept.

    For values that no digit follows: each group of such a number would be tried for the beginning of one.
    """
    return _NUMBERS.sub(_flattened, text) if len(text) > _SPAN else text


def _flattened(number: re.Match[str]) -> str:
    return "0" * (len(number[0]) - _ENDLESS) + number[0][-_ENDLESS:]


def spans(text: str) -> Iterator[str]:
    """A text in pieces that are worked on in one call."""
    return (text[start : start + _SPAN] for start in range(0, len(text), _SPAN))


class _Cut(threading.local):
    noted = False


_cut = _Cut()


def note_cut() -> None:
    """Note that a text has more candidates than are confirmed: what stands behind them goes unseen."""
    _cut.noted = True


def was_cut() -> bool:
    """Tell whether this thread noted a cut since the last call."""
    noted, _cut.noted = _cut.noted, False
    return noted


def before(text: str, start: int, width: int = 40) -> str:
    """The lower-cased characters before a position."""
    return text[max(0, start - width) : start].lower()


def after(text: str, end: int, width: int = 24) -> str:
    """The lower-cased characters behind a position."""
    return text[end : end + width].lower()


def words(alternatives: str) -> re.Pattern[str]:
    """A pattern that finds any of some words, whole ("during" does not contain "ring"), which stand apart by space.

    Those of scripts that put no space between words (Thai, Chinese, Japanese) or glue endings on (Korean) are found
    inside of others too.
    """
    spaced = [word for word in alternatives.split() if word[0] < _UNSPACED]
    others = [word for word in alternatives.split() if word[0] >= _UNSPACED]
    return re.compile("|".join([rf"(?<![^\W_])(?:{'|'.join(spaced)})(?![^\W_])", *others]))


def listed(block: str) -> frozenset[str]:
    """The values of a block of text, which stand apart by white space."""
    return frozenset(block.split())


def without_overlaps(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates, the best first where two share characters."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: (-c.score, c.start, c.end)):
        place = bisect(kept, candidate.start, key=lambda c: c.start)
        if place and kept[place - 1].end > candidate.start:
            continue
        if place < len(kept) and kept[place].start < candidate.end:
            continue
        kept.insert(place, candidate)
    return kept
