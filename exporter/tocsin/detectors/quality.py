"""What all quality detectors share: they judge answers, and say so with findings of the kind ``quality``."""

from __future__ import annotations

from typing import Final

from tocsin.finding import QUALITY, Finding

ANSWERS: Final = frozenset({"assistant"})
"""The roles whose text has a quality."""

JUDGED_CHARS: Final = 65_536
"""Characters of an answer that are judged; what stands behind them costs nothing and says nothing new."""


def finding(kind_of_finding: str, start: int, end: int, score: float) -> Finding:
    """A finding about quality, its score held to 0..1."""
    return Finding(QUALITY, kind_of_finding, start, end, min(1.0, max(0.0, score)))
