"""Shared by all quality detectors: they judge answers, with findings of the kind ``quality``."""

from __future__ import annotations

from typing import Final

from tocsin.finding import QUALITY, Finding

ANSWERS: Final = frozenset({"assistant"})
"""The roles whose texts are judged for quality."""

JUDGED_CHARS: Final = 65_536
"""Maximum characters of an answer that are judged; the rest would cost time and add nothing."""


def finding(kind_of_finding: str, start: int, end: int, score: float) -> Finding:
    """Return a finding about quality, with its score clamped to 0..1."""
    return Finding(QUALITY, kind_of_finding, start, end, min(1.0, max(0.0, score)))
