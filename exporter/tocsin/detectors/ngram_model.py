"""Linear models over hashed words and pairs of words, with shipped weights (``data/*.npz``).

A model only measures how much a text resembles its training texts: it knows no meaning, and misses families of attacks
that its training sets lack. ``tools/train/train.py`` trains the weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.ngrams import Hashes, Words

BITS: Final = 17
"""Features are the upper bits of a hash."""
_LEFT_OUT: Final = np.uint32(32 - BITS)

FIRM: Final = 16
"""Features added to the length of a whole text: a few words prove little."""
_MOST_DOUBT: Final = -2.0


def features(hashes: Hashes) -> Hashes:
    """Return the index into the weights for each hash of a word or a pair."""
    index: Hashes = hashes >> _LEFT_OUT
    return index


@dataclass(frozen=True, slots=True)
class LinearModel:
    """One set of weights. A score of 0.5 is the model's threshold."""

    weights: NDArray[np.float32]
    bias: float
    """Log-odds of a text without features, minus those at the threshold."""
    slope: float
    """Score = logistic(slope * margin)."""
    window: int
    """Words that are judged together; 0: the whole text, with each feature counted once."""

    def score(self, words: Words) -> tuple[float, int, int]:
        """Return the score 0..1, and the range of words (first, and one past the last) that it is for."""
        count = len(words)
        if not count:
            return 0.0, 0, 0
        if not self.window:
            return self._logistic(self._mean(words)), 0, count
        each = self.weights.take(features(words.hashes))
        each[1:] += self.weights.take(features(words.pairs()))
        size = min(count, self.window)
        sums = np.zeros(count + 1, np.float32)
        np.add.accumulate(each, out=sums[1:])
        totals = sums[size:] - sums[: count + 1 - size]
        first = int(totals.argmax())
        return self._logistic(float(totals[first]) / math.sqrt(2 * size - 1)), first, first + size

    def evidence(self, words: Words) -> float:
        """Return the log-odds of a whole text; bounded below, so that they cannot outweigh a sure rule."""
        if not len(words):
            return 0.0
        return max(_MOST_DOUBT, self.slope * (self._mean(words) + self.bias))

    def _mean(self, words: Words) -> float:
        """Sum the weights of a text, each feature once, over the root of their number and ``FIRM``."""
        found = features(np.concatenate((words.hashes, words.pairs())))
        found.sort()  # several times as fast here as ``np.unique``
        last = np.ones(len(found), np.bool_)
        np.not_equal(found[1:], found[:-1], out=last[:-1])
        return float(self.weights.take(found) @ last) / math.sqrt(np.count_nonzero(last) + FIRM)

    def _logistic(self, margin: float) -> float:
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.slope * (margin + self.bias)))))


@cache
def load(name: str) -> LinearModel:
    """Load a shipped model: ``index`` (uint32) and ``value`` (float16) of its weights, and ``head``."""
    with (
        (files("tocsin.detectors") / "data" / f"{name}.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as parts,
    ):
        weights = np.zeros(1 << BITS, np.float32)
        weights[parts["index"]] = parts["value"]
        bias, slope, window = parts["head"].tolist()
    return LinearModel(weights, bias, slope, int(window))
