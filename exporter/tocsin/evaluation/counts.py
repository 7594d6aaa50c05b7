"""A confusion matrix, and the confidence intervals of its shares."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

Z95: Final = 1.959964
"""Quantile of the normal distribution for a two-sided interval of 95 %."""


def wilson(hits: int, total: int, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of a share (E. B. Wilson, 1927); 0..1 without data."""
    if not total:
        return 0.0, 1.0
    share, square = hits / total, z * z
    centre = share + square / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    low, high = (centre - spread) / (1 + square / total), (centre + spread) / (1 + square / total)
    return max(0.0, low), min(1.0, high)


@dataclass(slots=True)
class Counts:
    """True and false positives (``true``, ``false``), false negatives (``missed``), true negatives (``passed``)."""

    true: int = 0
    false: int = 0
    missed: int = 0
    passed: int = 0

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool]]) -> Self:
        """Count pairs of (is positive, was called positive)."""
        counts = cls()
        for is_one, called in pairs:
            if is_one:
                counts.true += called
                counts.missed += not called
            else:
                counts.false += called
                counts.passed += not called
        return counts

    @property
    def total(self) -> int:
        """Number of texts judged."""
        return self.true + self.false + self.missed + self.passed

    @property
    def precision(self) -> float | None:
        """Share of true positives among the texts called positive; None if none was."""
        called = self.true + self.false
        return self.true / called if called else None

    @property
    def recall(self) -> float | None:
        """Share of positive texts that were called positive; None if there are none."""
        ones = self.true + self.missed
        return self.true / ones if ones else None

    @property
    def precision_interval(self) -> tuple[float, float]:
        """95 % confidence interval of the precision."""
        return wilson(self.true, self.true + self.false)

    @property
    def recall_interval(self) -> tuple[float, float]:
        """95 % confidence interval of the recall."""
        return wilson(self.true, self.true + self.missed)
