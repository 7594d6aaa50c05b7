"""Trains the linear models that Tocsin ships, by logistic regression in numpy: the same data give the same weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def fit(
    texts: Sequence[NDArray[np.uint32]],
    labels: Sequence[bool],
    size: int,
    *,
    l2: float,
    importance: Sequence[float] | None = None,
    rounds: int = 300,
) -> tuple[NDArray[np.float64], float]:
    """Return weights and bias of minimal logistic loss over hashed texts, by Adam over the whole set.

    ``l2`` is the penalty on the squared weights, relative to the mean loss; ``importance`` weighs the texts.
    """
    rows = np.concatenate([np.full(len(text), row) for row, text in enumerate(texts)])
    columns = np.concatenate(list(texts)) & np.uint32(size - 1)
    target = np.asarray(labels, dtype=np.float64)
    share = np.ones(len(texts)) if importance is None else np.asarray(importance, dtype=np.float64)
    share /= share.sum()
    weights, bias = np.zeros(size), 0.0
    mean, square, bias_mean, bias_square = np.zeros(size), np.zeros(size), 0.0, 0.0
    for step in range(1, rounds + 1):
        total = np.bincount(rows, weights[columns], len(texts)) + bias
        error = share * (1 / (1 + np.exp(-np.clip(total, -60, 60))) - target)
        slope = np.bincount(columns, error[rows], size) + 2 * l2 * weights
        bias_slope = float(error.sum())
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        bias_mean, bias_square = 0.9 * bias_mean + 0.1 * bias_slope, 0.99 * bias_square + 0.01 * bias_slope**2
        rate, first, second = 0.05, 1 - 0.9**step, 1 - 0.99**step
        weights -= rate * (mean / first) / (np.sqrt(square / second) + 1e-8)
        bias -= rate * (bias_mean / first) / ((bias_square / second) ** 0.5 + 1e-8)
    return weights, bias


def save(path: Path, weights: NDArray[np.float64], bias: float) -> None:
    """Write a model for ``LinearModel.load``, with weights rounded to int8 steps."""
    step = max(float(np.abs(weights).max()), 1e-9) / 127
    np.savez_compressed(
        path, weights=np.round(weights / step).astype(np.int8), step=np.float32(step), bias=np.float32(bias)
    )
