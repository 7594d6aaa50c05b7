"""Truncation: whether the answer was cut off, by its finish reason or, more weakly, because the text breaks off."""

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

_DANGLING: Final = frozenset(
    "and or but the a an of to in on at by for from with as than which because is are was were your their".split()  # noqa: SIM905 - as a list it would take a page
)
_CLOSED: Final = frozenset(".!?:;)]}>`*\"'0123456789")
"""Last characters of most texts, none of which is a sign of a cut."""
_LAST_WORD = re.compile(r"\w+\Z")
_LONGEST: Final = 10
"""Characters that are searched for the last word: more than any dangling word has."""
_MIN_CHARS: Final = 200


class TruncationDetector:
    """Adds a finding: certain if the finish reason is a length limit, weak if a long text breaks off."""

    name = "truncated"
    tier = 0
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Judge the end of one answer."""
        size = len(subject.text)
        if subject.finish_reason == "length":
            report.findings.append(finding("truncated", size, size, REPORTED))
        elif size >= _MIN_CHARS and (score := _breaks_off(subject.text)):
            report.findings.append(finding("truncated", size, size, score))


def _breaks_off(text: str) -> float:
    if "`" in text and text.count("```") % 2:  # searching for one character first is several times as fast
        return OPEN_FENCE
    if text[-1] in _CLOSED:
        return 0.0
    end = text[-40:].rstrip()
    if end.endswith(","):
        return MID_SENTENCE
    last = _LAST_WORD.search(end, max(0, len(end) - _LONGEST)) if end[-1:].isalpha() else None
    return MID_SENTENCE if last and last[0] in _DANGLING else 0.0
