"""Linear models over hashed word n-grams: weights in a small ``.npz``, no training code, no pickle.

A text becomes an array of hashes, its score the logistic of the sum of their weights. Trained by ``tools/train``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

DATA: Final = Path(__file__).parent / "data"
"""The directory with this package's weights."""

_JOIN: Final = np.uint32(2_654_435_761)
"""Knuth's multiplicative constant: joins the hashes of neighbours, in order."""
_HEAD: Final = (np.uint32(1), _JOIN, np.uint32(2_654_435_761**2 % 2**32))
"""Added to runs of 1, 2 and 3 words at the head, so that they differ from the same ones elsewhere."""


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
        """Return the probability 0..1 of a bag of features."""
        total = float(np.add.reduce(self._weights.take(hashes & self._mask))) + self._bias
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def hashed(words: Sequence[bytes]) -> Hashes:
    """Return the hash of each word."""
    return np.fromiter(map(crc32, words), np.uint32, len(words))


def runs_of(words: Hashes, head: int, others: Sequence[int]) -> Hashes:
    """Return hashes of all runs of 1 to 3 words, of those within the first ``head`` words again, and ``others``.

    A run at the head is a separate feature. All are in one array, as each call of numpy takes a microsecond.
    """
    count = len(words)
    pairs, triples = max(0, count - 1), max(0, count - 2)
    lengths = (count, pairs, triples, min(count, head), min(pairs, head - 1), min(triples, head - 2), len(others))
    ends = list(itertools.accumulate(lengths))
    found = np.empty(ends[-1], np.uint32)
    one, two, three = found[:count], found[count : ends[1]], found[ends[1] : ends[2]]
    one[:] = words
    if pairs:
        np.multiply(one[:-1], _JOIN, out=two)
        two += one[1:]
    if triples:
        np.multiply(two[:-1], _JOIN, out=three)
        three += one[2:]
    for runs, at, end, salt in zip((one, two, three), ends[2:], ends[3:], _HEAD, strict=False):
        np.add(runs[: end - at], salt, out=found[at:end])
    found[ends[5] :] = others
    return found
