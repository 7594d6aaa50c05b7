"""Counts of yes-or-no judgements, and how sure the shares made of them are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

Z95: Final = 1.959964
"""Quantile of the normal distribution for a two-sided interval of 95 %."""


def wilson(hits: int, total: int, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of a share (E. B. Wilson, 1927); 0..1 when there is nothing to go by."""
    if not total:
        return 0.0, 1.0
    share, square = hits / total, z * z
    centre = share + square / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    low, high = (centre - spread) / (1 + square / total), (centre + spread) / (1 + square / total)
    return max(0.0, low), min(1.0, high)


@dataclass(slots=True)
class Counts:
    """What was found and missed."""

    true: int = 0
    false: int = 0
    missed: int = 0
    passed: int = 0

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool]]) -> Self:
        """Count pairs of (is one, was called one)."""
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
        """How many texts were judged."""
        return self.true + self.false + self.missed + self.passed

    @property
    def precision(self) -> float | None:
        """Share of the called ones that are ones; None when none was called."""
        called = self.true + self.false
        return self.true / called if called else None

    @property
    def recall(self) -> float | None:
        """Share of the ones that were called; None when there are none."""
        ones = self.true + self.missed
        return self.true / ones if ones else None

    @property
    def precision_interval(self) -> tuple[float, float]:
        """Where the precision lies with 95 % confidence."""
        return wilson(self.true, self.true + self.false)

    @property
    def recall_interval(self) -> tuple[float, float]:
        """Where the recall lies with 95 % confidence."""
        return wilson(self.true, self.true + self.missed)
