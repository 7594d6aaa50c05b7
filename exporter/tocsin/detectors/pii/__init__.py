"""Personal data in what a model says: one module per type, each with its gates, its validator and its guards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.candidates import Candidate, was_cut, without_overlaps
from tocsin.detectors.echo import Echo
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


class Pii:
    """Finds personal data. Score bands: 0.9 and up validated or in context, 0.5 to 0.9 by shape, below that weak."""

    name = "pii"
    tier = 0

    def __init__(
        self, types: Sequence[str] = tuple(FINDERS), *, roles: frozenset[str] = frozenset({"assistant"})
    ) -> None:
        self.roles = roles
        self.gates = tuple(gate for kind in types for gate in FINDERS[kind][0])
        self._types = tuple(kind for kind in types for _ in FINDERS[kind][0])
        """Type by index of gate."""

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Append what is found; where two types claim the same characters, the surer one is right."""
        text = subject.text
        types: dict[Candidate, str] = {}
        for kind in dict.fromkeys(self._types[index] for index in fired):
            for candidate in FINDERS[kind][1](text):
                types.setdefault(candidate, kind)
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
