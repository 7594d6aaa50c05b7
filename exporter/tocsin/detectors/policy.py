"""Policy terms: words that an operator forbids, found however they are written.

A term matches as a whole word in any case; its words may be separated by any space, line end, hyphen or emphasis. The
text is folded first (``folding``), and searched once more without masks (``masking``). All terms are one Hyperscan
database, whose matches ``re`` confirms.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

import hyperscan

from tocsin.detectors.base import HANDED_OVER, Gate, Report, Subject
from tocsin.detectors.candidates import MAX_CANDIDATES, note_cut, was_cut
from tocsin.detectors.folding import fold, places_of
from tocsin.detectors.hyperscanning import Matcher
from tocsin.detectors.masking import unmasked
from tocsin.detectors.patterns import Patterns
from tocsin.finding import Finding

MAX_TERM: Final = 200
"""Characters of a term; longer ones are cut."""
MAX_TERMS_OF_CALL: Final = 1000
MAX_FINDINGS: Final = 1000
_MAX_PLACES: Final = 10_000
"""Maximum positions of a text at which terms are tried, in total; each term is tried at _LEAST_PLACES at least."""
_LEAST_PLACES: Final = 10
_CACHED_LISTS: Final = 64
log = logging.getLogger(__name__)

_GAP = r"[\s_*~`'\"/\-\u2010-\u2015\u2212]{1,6}"
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts without spaces between words: their terms have no word boundaries."""


class Policy:
    """Finds the terms of the configuration and those of a call."""

    name = "policy"
    tier = 0
    gates: tuple[Gate, ...] = ()  # it folds the text first; the common gate database matches the original text

    def __init__(
        self,
        terms: Iterable[str] = (),
        patterns: Iterable[str] = (),
        *,
        roles: frozenset[str] = HANDED_OVER,
    ) -> None:
        """Compile terms and patterns; the latter match the original text.

        Raises:
            PatternError: lists every unusable pattern, and why.
        """
        self.roles = roles
        self._terms = _Terms(terms)
        self._patterns = Patterns(patterns)
        for pattern, speed in self._patterns.slow.items():
            log.warning("policy pattern %r is slow: %s; anchor it at a rare literal", pattern[:80], speed)

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Append a finding for each match of a term or pattern; overlapping ones count once."""
        if not (self._terms or self._patterns or subject.terms):
            return
        text = subject.text
        spans = set(self._patterns.spans(text)) if self._patterns else set()
        own = _terms_of_call(tuple(subject.terms[:MAX_TERMS_OF_CALL])) if subject.terms else None
        if self._terms or own:
            spans |= _spans_of_terms(text, self._terms, own)
        if was_cut() or len(spans) > MAX_FINDINGS or len(subject.terms) > MAX_TERMS_OF_CALL:
            report.capped.append(self.name)
        end = 0
        for start, stop in sorted(spans, key=lambda span: (span[0], -span[1]))[:MAX_FINDINGS]:
            if start >= end:
                end = stop
                report.findings.append(Finding("policy", "policy", start, stop, 1.0))


def _spans_of_terms(text: str, *lists: _Terms | None) -> set[tuple[int, int]]:
    folded = fold(text)
    spans = _first({span for terms in lists if terms for span in terms.spans(folded)})
    if len(spans) < MAX_FINDINGS:
        for plain, places in unmasked(folded):
            found = _first({span for terms in lists if terms for span in terms.spans(plain)})
            spans |= {(places[start], max(places[stop - 1] + 1, places[stop])) for start, stop in found}
        spans = _first(spans)
    if not spans or text.isascii():
        return spans
    origins = places_of(text, {index for start, stop in spans for index in (start, stop - 1, stop)})
    # The end includes the marks and invisible characters of the last character.
    return {(origins[start], max(origins[stop - 1] + 1, origins[stop])) for start, stop in spans}


def _first(spans: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the first MAX_FINDINGS spans; note if there are more."""
    if len(spans) <= MAX_FINDINGS:
        return spans
    note_cut()
    return set(sorted(spans)[:MAX_FINDINGS])


class _Terms:
    """A list of terms. Their longest words are one database of literals, which takes 30 µs per term to compile."""

    def __init__(self, terms: Iterable[str]) -> None:
        folded = dict.fromkeys(filter(None, (" ".join(fold(term[:MAX_TERM]).split()) for term in terms)))
        self._terms = tuple(map(_Term, folded))
        self._gate = _compile([term.longest for term in self._terms]) if folded else None

    def __bool__(self) -> bool:
        return bool(self._terms)

    def spans(self, folded: str) -> Iterator[tuple[int, int]]:
        """Yield the spans of terms in a folded text."""
        if self._gate is None:
            return
        hits = sorted(self._gate.fired(folded.encode("utf-8", "surrogatepass")))
        limit = max(_LEAST_PLACES, min(MAX_CANDIDATES, _MAX_PLACES // max(1, len(hits))))
        for hit in hits:
            yield from self._terms[hit].spans(folded, limit)


class _Term:
    def __init__(self, folded: str) -> None:
        words = [word for word in _BETWEEN.split(folded) if word] or [folded]
        self.longest = max(words, key=len)
        self._first = words[0]
        left = r"(?<![^\W_])" if _has_boundary(folded[0]) else ""
        right = r"(?![^\W_])" if _has_boundary(folded[-1]) else ""
        self._source = f"{left}{_GAP.join(map(re.escape, words))}{right}"
        self._pattern: re.Pattern[str] | None = None

    def spans(self, folded: str, limit: int) -> Iterator[tuple[int, int]]:
        """Try only ``limit`` positions of the first word: searching with ``re`` would try every character."""
        if self._pattern is None:
            self._pattern = re.compile(self._source)
        at = folded.find(self._first)
        for _ in range(limit):
            if at < 0:
                return
            match = self._pattern.match(folded, at)
            if match:
                yield match.span()
            at = folded.find(self._first, match.end() if match else at + 1)
        if at >= 0:
            note_cut()


@lru_cache(maxsize=_CACHED_LISTS)
def _terms_of_call(terms: tuple[str, ...]) -> _Terms:
    return _Terms(terms)


def _has_boundary(character: str) -> bool:
    return character.isalnum() and not _NO_SPACES.match(character)


def _compile(literals: Sequence[str]) -> Matcher:
    expressions = [_escaped(literal.encode("utf-8", "surrogatepass")) for literal in literals]
    return Matcher(expressions, [hyperscan.HS_FLAG_SINGLEMATCH] * len(literals))


def _escaped(literal: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in literal)
