"""Secrets in answers: tokens by their format, keys by their structure, values by the word before them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tocsin.detectors.base import HANDED_OVER, Report, Subject
from tocsin.detectors.candidates import LETTER, Candidate, after, before, was_cut, without_overlaps
from tocsin.detectors.echo import Echo
from tocsin.detectors.secrets import assignments, structures
from tocsin.detectors.secrets.tokens import TOKENS, matches
from tocsin.detectors.secrets.values import entropy, is_documentation, is_stand_in
from tocsin.finding import Finding

_CREDENTIAL_WORD = re.compile(
    r"key|token|secret|credential|auth|environment|config|password|env\b|gemini|access|\bset\b|export"
)
_LETTER = re.compile(LETTER)
_FIRST_STRUCTURE = len(TOKENS)
_FIRST_ASSIGNMENT = _FIRST_STRUCTURE + len(structures.GATES)


class Secrets:
    """Finds credentials. Values made for documentation (AKIA...EXAMPLE, ``user:password@localhost``) are examples."""

    name = "secret"
    tier = 0
    gates = (*(token.gate for token in TOKENS), *structures.GATES, *assignments.GATES)

    def __init__(self, *, roles: frozenset[str] = HANDED_OVER) -> None:
        self.roles = roles

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Append findings; a token inside a longer secret (a URL, an assignment) is not reported twice."""
        text = subject.text
        found = without_overlaps(self._find(text, fired))
        if was_cut():
            report.capped.append(self.name)
        echo = Echo(subject)
        for candidate in found:
            value = text[candidate.start : candidate.end]
            report.findings.append(
                Finding(
                    "secret",
                    "secret",
                    candidate.start,
                    candidate.end,
                    candidate.score,
                    example=candidate.example,
                    echoed=echo.holds(value),
                )
            )

    def _find(self, text: str, fired: Sequence[int]) -> Iterator[Candidate]:
        yield from self._find_tokens(text, [index for index in sorted(fired) if index < _FIRST_STRUCTURE])
        yield from structures.find(
            text, frozenset(i - _FIRST_STRUCTURE for i in fired if _FIRST_STRUCTURE <= i < _FIRST_ASSIGNMENT)
        )
        yield from assignments.find(text, frozenset(i - _FIRST_ASSIGNMENT for i in fired if i >= _FIRST_ASSIGNMENT))

    def _find_tokens(self, text: str, fired: Sequence[int]) -> Iterator[Candidate]:
        for token, match in matches(text, fired):
            start, end = match.span()
            if start and _LETTER.match(text, start - 1):
                continue
            body = match["body"]
            if entropy(body) < token.least_entropy or is_stand_in(body):
                continue
            around = before(text, start, 80) + " " + after(text, end, 20)
            listed = not token.needs_word or _CREDENTIAL_WORD.search(around)
            yield Candidate(start, end, 0.98 if listed else 0.45, example=is_documentation(body))
