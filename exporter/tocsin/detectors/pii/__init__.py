"""Personal data in answers: one module per type, each with its gates, its validator and its exclusions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, islice
from string import digits
from typing import Final

from tocsin.detectors.base import HANDED_OVER, Gate, Report, Subject
from tocsin.detectors.candidates import Candidate, spans, was_cut, without_endless_numbers, without_overlaps
from tocsin.detectors.echo import Echo
from tocsin.detectors.folding import FEW_DISTINCT, replaced
from tocsin.detectors.pii import card, email, iban, ip, passport, phone, ssn
from tocsin.finding import Finding

Finder = Callable[[str], Iterator[Candidate]]

FINDERS: Final[dict[str, tuple[tuple[Gate, ...], Finder]]] = {
    "email": (email.GATES, email.find),
    "phone": (phone.GATES, phone.find),
    "credit_card": (card.GATES, card.find),
    "iban": (iban.GATES, iban.find),
    "us_ssn": (ssn.GATES, ssn.find),
    "ip_address": (ip.GATES, ip.find),
    "passport": (passport.GATES, passport.find),
}
"""Gates and finder by type of finding."""


_HIDDEN = r"(?:\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xa4]|\xef\xbb\xbf|\xc2\xad)"
_WIDE: Final = Gate(
    r"\xef\xbc[\x90-\x99]\xef\xbc[\x90-\x99]|\xef\xbc\xa0|\xd9[\xa0-\xa9]\xd9[\xa0-\xa9]"
    r"|\xdb[\xb0-\xb9]\xdb[\xb0-\xb9]|\xe0\xa5[\xa6-\xaf]\xe0\xa5[\xa6-\xaf]|\xf0\x9d\x9f[\x8e-\xbf]"
    rf"|[0-9A-Za-z.@][ -]?{_HIDDEN}[ -]?[0-9A-Za-z.@]"
)
"""Full-width, Arabic, Persian, Devanagari or mathematical digits, a full-width "@", or invisible characters in a value:
the other gates do not match these."""
_ENDING: Final = frozenset({"phone", "credit_card", "us_ssn"})
"""Types of values that no other digit follows."""
_ALL_INVISIBLE: Final = "".join(
    map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF, 0xAD))
)
_INVISIBLE = re.compile(f"[{_ALL_INVISIBLE}]")
_NOTHING: Final = dict.fromkeys(map(ord, _ALL_INVISIBLE), "")
_NEEDS: Final = {"email": "@", "ip_address": ".:"} | dict.fromkeys(("iban", "phone", "credit_card", "us_ssn"), digits)
"""A value has at least one of these, unless its own gate matched: an address may have a spelt-out "at"."""
_PIECE: Final = 512
"""Characters from which the invisible ones are removed together."""
_ZEROS: Final = (0x660, 0x6F0, 0x966, *range(0x1D7CE, 0x1D800, 10))
_NARROW: Final = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    zero + digit: str(digit) for zero in _ZEROS for digit in range(10)
}
"""To ASCII, character by character, so that positions are kept."""


class Pii:
    """Finds personal data. Scores: from 0.9 validated or in context, from 0.5 by shape, below that weak."""

    name = "pii"
    tier = 0

    def __init__(self, types: Sequence[str] = tuple(FINDERS), *, roles: frozenset[str] = HANDED_OVER) -> None:
        self.roles = roles
        self.gates = (*(gate for kind in types for gate in FINDERS[kind][0]), _WIDE)
        self._types = tuple(kind for kind in types for _ in FINDERS[kind][0])
        """Type by index of gate, except the last gate."""

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Append findings; if two types claim the same characters, the surer one wins."""
        text = subject.text
        plain, kinds = text, dict.fromkeys(self._types[index] for index in fired if index < len(self._types))
        removed = _Removed()
        if len(self._types) in fired:
            plain = removed.of("".join(map(_narrow, spans(text))))
            kinds = {kind: None for kind in dict.fromkeys(self._types) if kind in kinds or _may_contain(plain, kind)}
        numbered = without_endless_numbers(plain) if not _ENDING.isdisjoint(kinds) else plain
        types: dict[Candidate, str] = {}
        for kind in kinds:
            for candidate in FINDERS[kind][1](numbered if kind in _ENDING else plain):
                types.setdefault(removed.restore(candidate), kind)
        if was_cut():
            report.capped.append(self.name)
        if not types:
            return
        echo = Echo(subject)
        for candidate in without_overlaps(types):
            report.findings.append(
                Finding(
                    "pii",
                    types[candidate],
                    candidate.start,
                    candidate.end,
                    candidate.score,
                    example=candidate.example,
                    echoed=echo.holds(text[candidate.start : candidate.end], candidate.same),
                    impersonal=candidate.impersonal,
                )
            )


def _narrow(span: str) -> str:
    characters = set(span)
    return replaced(span, characters, _NARROW) if len(characters) <= FEW_DISTINCT else span.translate(_NARROW)


def _may_contain(plain: str, kind: str) -> bool:
    """Return whether a text contains a character of ``_NEEDS``."""
    return any(character in plain for character in _NEEDS.get(kind, plain[:1]))


class _Removed:
    """The invisible characters that were removed from a text."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._starts: list[int] = []
        """Start of each piece in the remaining text."""

    def of(self, text: str) -> str:
        """Remove them from a text, and return the rest."""
        if not _INVISIBLE.search(text):
            return text
        self._pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
        left = [replaced(piece, _ALL_INVISIBLE, _NOTHING) for piece in self._pieces]
        self._starts = list(accumulate(map(len, left), initial=0))[:-1]
        return "".join(left)

    def restore(self, candidate: Candidate) -> Candidate:
        """Return a candidate with its original position."""
        if not self._pieces:
            return candidate
        return candidate._replace(start=self._place(candidate.start), end=self._place(candidate.end - 1) + 1)

    def _place(self, index: int) -> int:
        number = bisect_right(self._starts, index) - 1
        visible = (place for place, character in enumerate(self._pieces[number]) if not _INVISIBLE.match(character))
        return number * _PIECE + next(islice(visible, index - self._starts[number], None))
