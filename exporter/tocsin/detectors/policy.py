"""Policy terms: words that an operator does not want said, found however they are written.

A term matches as a whole word in any case; between its words may stand any space, line end, hyphen or emphasis. The
text is folded first (``folding``). Many configured terms are one Hyperscan database; what it fires, ``re`` confirms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import hyperscan

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.candidates import capped
from tocsin.detectors.folding import fold, fold_with_places
from tocsin.finding import Finding

MAX_TERM: Final = 200
"""Characters of a term; longer ones are cut."""
MAX_TERMS_OF_A_CALL: Final = 1000
MAX_FINDINGS: Final = 1000
_CACHED_LISTS: Final = 64
_FEW: Final = 32
"""Terms up to which searching one by one is faster than encoding the text for Hyperscan."""

_GAP = r"[\s_*~`'\"/\-\u2010-\u2015\u2212]{1,6}"
_GATE_GAP = rb"(?:[\s_*~`'\"/\-]|\xe2\x80[\x80-\xaf]|\xe2\x88\x92|\xc2\xa0|\xe3\x80\x80){1,6}"
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts that put no space between words: a term of them has no word boundary."""


class Policy:
    """Finds the terms of the configuration and those that a call brings along."""

    name = "policy"
    tier = 0
    gates: tuple[Gate, ...] = ()  # it folds the text first: the common gate database sees the text as it is

    def __init__(self, terms: Iterable[str] = (), *, roles: frozenset[str] = frozenset({"assistant"})) -> None:
        self.roles = roles
        self._terms = _Terms(terms, compiled=True)

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:  # noqa: ARG002 - it has no gates
        """Append a finding per place of a term; overlapping terms count once."""
        text = subject.text
        own = _terms_of_a_call(tuple(subject.terms[:MAX_TERMS_OF_A_CALL])) if subject.terms else None
        if not (self._terms or own):
            return
        folded = fold(text)
        patterns = [*self._terms.fired(folded), *(own.fired(folded) if own else ())]
        if not patterns:
            return
        places: Sequence[int] = range(len(text) + 1) if text.isascii() else fold_with_places(text)[1]
        spans = sorted(
            {match.span(1) for pattern in patterns for match in capped(pattern, folded)}, key=lambda s: (s[0], -s[1])
        )
        end = 0
        for start, stop in spans[:MAX_FINDINGS]:
            first, last = places[start], places[stop - 1] + 1
            if first >= end:
                end = max(last, _end_of(text, places, stop))
                report.findings.append(Finding("policy", "policy", first, end, 1.0))


def _end_of(text: str, places: Sequence[int], stop: int) -> int:
    """Where the last character of a match ends in the text: behind the marks and invisible characters on it."""
    return min(places[stop], len(text))


class _Terms:
    """A list of terms: folded, with the pattern that confirms each, made when it is first needed."""

    def __init__(self, terms: Iterable[str], *, compiled: bool) -> None:
        folded = dict.fromkeys(filter(None, (" ".join(fold(term[:MAX_TERM]).split()) for term in terms)))
        self._terms = tuple(folded)
        self._first_words = tuple(_words_of(term)[0] for term in folded)
        self._confirm: dict[int, re.Pattern[str]] = {}
        self._database = _compile(self._terms) if compiled and len(folded) > _FEW else None

    def __bool__(self) -> bool:
        return bool(self._terms)

    def fired(self, folded: str) -> Iterator[re.Pattern[str]]:
        """The patterns of the terms that may stand in a folded text."""
        for hit in self._hits(folded):
            if hit not in self._confirm:
                self._confirm[hit] = re.compile(_pattern(self._terms[hit]))
            yield self._confirm[hit]

    def _hits(self, folded: str) -> Iterable[int]:
        if self._database is None:
            return [number for number, word in enumerate(self._first_words) if word in folded]
        hits: set[int] = set()
        encoded = folded.encode("utf-8", "surrogatepass")
        self._database.scan(encoded, match_event_handler=_collect, context=hits.add)
        return sorted(hits)


@lru_cache(maxsize=_CACHED_LISTS)
def _terms_of_a_call(terms: tuple[str, ...]) -> _Terms:
    # Compiling takes tens of milliseconds: a caller must not be able to make us do it.
    return _Terms(terms, compiled=False)


def _words_of(term: str) -> list[str]:
    return [word for word in re.split(r"[\s\-\u2010-\u2015\u2212]+", term) if word] or [term]


def _pattern(term: str) -> str:
    body = _GAP.join(map(re.escape, _words_of(term)))
    left = r"(?<![^\W_])" if _has_boundary(term[0]) else ""
    right = r"(?![^\W_])" if _has_boundary(term[-1]) else ""
    return f"{left}({body}){right}"


def _has_boundary(character: str) -> bool:
    return character.isalnum() and not _NO_SPACES.match(character)


def _compile(terms: tuple[str, ...]) -> hyperscan.Database:
    """A gate per term, over UTF-8 bytes; the ASCII half of its boundaries, so that "class" does not fire "ass"."""
    database = hyperscan.Database()
    database.compile(
        expressions=[_gate(term) for term in terms],
        ids=list(range(len(terms))),
        flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(terms),
    )
    return database


def _gate(term: str) -> bytes:
    body = _GATE_GAP.join(_escaped(word.encode("utf-8", "surrogatepass")) for word in _words_of(term))
    left = rb"(?:^|[^0-9a-z])" if term[0].isascii() and term[0].isalnum() else b""
    right = rb"(?:[^0-9a-z]|$)" if term[-1].isascii() and term[-1].isalnum() else b""
    return left + body + right


def _escaped(word: bytes) -> bytes:
    return b"".join(bytes([c]) if chr(c).isalnum() and c < 128 else b"\\x%02x" % c for c in word)


def _collect(number: int, _start: int, _end: int, _flags: int, add: Any) -> None:
    add(number)
