"""Policy terms: words that an operator does not want said, found however they are written.

A term matches as a whole word in any case; between its words may stand any space, line end, hyphen or emphasis. The
text is folded first (``folding``). All terms are one Hyperscan database; what it fires, ``re`` confirms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import hyperscan

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.candidates import MAX_CANDIDATES
from tocsin.detectors.folding import fold, fold_with_places
from tocsin.finding import Finding

MAX_TERM: Final = 200
"""Characters of a term; longer ones are cut."""
MAX_TERMS_OF_A_CALL: Final = 1000
MAX_FINDINGS: Final = 1000
_CACHED_LISTS: Final = 64
_GAP = r"[\s_*~`'\"/\-\u2010-\u2015\u2212]{1,6}"
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts that put no space between words: a term of them has no word boundary."""


class Policy:
    """Finds the terms of the configuration and those that a call brings along."""

    name = "policy"
    tier = 0
    gates: tuple[Gate, ...] = ()  # it folds the text first: the common gate database sees the text as it is

    def __init__(self, terms: Iterable[str] = (), *, roles: frozenset[str] = frozenset({"assistant"})) -> None:
        self.roles = roles
        self._terms = _Terms(terms)

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:  # noqa: ARG002 - it has no gates
        """Append a finding per place of a term; overlapping terms count once."""
        text = subject.text
        own = _terms_of_a_call(tuple(subject.terms[:MAX_TERMS_OF_A_CALL])) if subject.terms else None
        if not (self._terms or own):
            return
        folded = fold(text)
        spans = {*self._terms.spans(folded), *(own.spans(folded) if own else ())}
        if not spans:
            return
        places: Sequence[int] = range(len(text) + 1) if text.isascii() else fold_with_places(text)[1]
        end = 0
        for start, stop in sorted(spans, key=lambda span: (span[0], -span[1]))[:MAX_FINDINGS]:
            first, last = places[start], places[stop - 1] + 1
            if first >= end:
                end = max(last, _end_of(text, places, stop))
                report.findings.append(Finding("policy", "policy", first, end, 1.0))


def _end_of(text: str, places: Sequence[int], stop: int) -> int:
    """Where the last character of a match ends in the text: behind the marks and invisible characters on it."""
    return min(places[stop], len(text))


class _Terms:
    """A list of terms. Their longest words are one database of literals, which compiles in 30 µs per term."""

    def __init__(self, terms: Iterable[str]) -> None:
        folded = dict.fromkeys(filter(None, (" ".join(fold(term[:MAX_TERM]).split()) for term in terms)))
        self._terms = tuple(map(_Term, folded))
        self._database = _compile([term.longest for term in self._terms]) if folded else None

    def __bool__(self) -> bool:
        return bool(self._terms)

    def spans(self, folded: str) -> Iterator[tuple[int, int]]:
        """Where terms stand in a folded text."""
        if self._database is None:
            return
        hits: set[int] = set()
        encoded = folded.encode("utf-8", "surrogatepass")
        self._database.scan(encoded, match_event_handler=_collect, context=hits.add)
        for hit in sorted(hits):
            yield from self._terms[hit].spans(folded)


class _Term:
    def __init__(self, folded: str) -> None:
        words = [word for word in _BETWEEN.split(folded) if word] or [folded]
        self.longest = max(words, key=len)
        self._first = words[0]
        left = r"(?<![^\W_])" if _has_boundary(folded[0]) else ""
        right = r"(?![^\W_])" if _has_boundary(folded[-1]) else ""
        self._source = f"{left}{_GAP.join(map(re.escape, words))}{right}"
        self._pattern: re.Pattern[str] | None = None

    def spans(self, folded: str) -> Iterator[tuple[int, int]]:
        """Looks at the places of the first word only: searching with ``re`` would try every character."""
        if self._pattern is None:
            self._pattern = re.compile(self._source)
        at = folded.find(self._first)
        for _ in range(MAX_CANDIDATES):
            if at < 0:
                return
            match = self._pattern.match(folded, at)
            if match:
                yield match.span()
            at = folded.find(self._first, match.end() if match else at + 1)


@lru_cache(maxsize=_CACHED_LISTS)
def _terms_of_a_call(terms: tuple[str, ...]) -> _Terms:
    return _Terms(terms)


def _has_boundary(character: str) -> bool:
    return character.isalnum() and not _NO_SPACES.match(character)


def _compile(literals: Sequence[str]) -> hyperscan.Database:
    database = hyperscan.Database()
    database.compile(
        expressions=[_escaped(literal.encode("utf-8", "surrogatepass")) for literal in literals],
        ids=list(range(len(literals))),
        flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(literals),
    )
    return database


def _escaped(literal: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in literal)


def _collect(number: int, _start: int, _end: int, _flags: int, add: Any) -> None:
    add(number)
