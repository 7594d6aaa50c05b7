"""Linear models over hashed word n-grams: weights in a small ``.npz``, no training code, no pickle.

A text becomes an array of hashes, its score the logistic of the sum of their weights. Trained by ``tools/train``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

DATA: Final = Path(__file__).parent / "data"
"""Where the weights of this package lie."""

_JOIN: Final = np.uint32(2_654_435_761)
"""Knuth's multiplicative constant: joins the hashes of neighbours, in order."""


class LinearModel:
    """Weights of hashed features and a bias; the number of weights is a power of two."""

    def __init__(self, weights: NDArray[np.float32], bias: float) -> None:
        self._weights = weights
        self._mask = np.uint32(len(weights) - 1)
        self._bias = bias

    @classmethod
    def load(cls, name: str) -> LinearModel:
        """Load ``NAME.npz`` of this package: ``weights`` as int8 steps of ``step``, and ``bias``."""
        with np.load(DATA / f"{name}.npz", allow_pickle=False) as data:
            return cls(data["weights"].astype(np.float32) * np.float32(data["step"]), float(data["bias"]))

    def score(self, hashes: Hashes) -> float:
        """Probability 0..1 of a bag of features."""
        total = float(self._weights[hashes & self._mask].sum()) + self._bias
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def hashed(words: Sequence[bytes]) -> Hashes:
    """The hash of each word."""
    return np.fromiter(map(crc32, words), np.uint32, len(words))


def ngrams(words: Hashes, longest: int, salt: int = 0) -> list[Hashes]:
    """Hashes of all runs of 1 to ``longest`` words; another salt is another place of the same words."""
    grams = [words + np.uint32(salt)]
    for size in range(1, longest):
        if size >= len(words):
            break
        grams.append(grams[-1][:-1] * _JOIN + words[size:])
    return grams
