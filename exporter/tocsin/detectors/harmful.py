"""Finds answers that read like dangerous advice: a linear model over words, with a conservative threshold.

It knows how compliance with harmful requests reads in the sets it was trained on, and catches about a quarter of such
answers that it has not seen; its findings are suspicions for a person to look at.
"""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.ngram_model import load
from tocsin.finding import Finding


class Harmful:
    """Judges answers."""

    name = "harmful"
    tier = 0
    roles = frozenset({"assistant"})
    gates: tuple[Gate, ...] = ()

    def __init__(self) -> None:
        self._model = load("harmful")

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:  # noqa: ARG002 - no gates
        """Add one finding, the most suspect stretch."""
        found = subject.words()
        score, first, last = self._model.score(found)
        if score >= 0.01:
            start, end = int(found.starts[first]), int(found.ends[last - 1])
            report.findings.append(Finding("harmful", "harmful", start, end, round(score, 4)))
