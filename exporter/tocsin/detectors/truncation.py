"""Truncation: was the answer cut off. The provider says so, or, more weakly, the text breaks off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.quality import ANSWERS, finding

REPORTED: Final = 1.0
OPEN_FENCE: Final = 0.4
MID_SENTENCE: Final = 0.3
"""Weak by design: many good answers end without a full stop (lists, titles, code, verse)."""

_DANGLING = re.compile(
    r"(?:,|\b(?:and|or|but|the|an?|of|to|in|on|at|by|for|from|with|as|than|which|because|is|are|was|were|your|their))$"
)
_MIN_CHARS: Final = 200


class TruncationDetector:
    """Says ``truncated``: surely where the finish reason is a length limit, weakly where a long text breaks off."""

    name = "truncated"
    tier = 0
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:  # noqa: ARG002 - no gates
        """Judge the end of one answer."""
        size = len(subject.text)
        if subject.finish_reason == "length":
            report.findings.append(finding("truncated", size, size, REPORTED))
        elif size >= _MIN_CHARS and (score := _breaks_off(subject.text)):
            report.findings.append(finding("truncated", size, size, score))


def _breaks_off(text: str) -> float:
    if text.count("```") % 2:
        return OPEN_FENCE
    return MID_SENTENCE if _DANGLING.search(text[-40:].rstrip()) else 0.0
