"""``python tools/train/support.py SETS``: the weights of the unsupported detector.

Reads grounded_qa (HaluEval, MIT) and grounded_dialogue (BEGIN wow and cmu-dog, CC BY 4.0; FaithDial, MIT) of a folder
of labelled sets; rows of BEGIN topicalchat are tested on, not trained on.
"""

from __future__ import annotations

import sys
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "exporter")]

from labelled import Binary, Sets, auc  # noqa: E402 - the path comes first

from tocsin.detectors.unsupported import THRESHOLD, features  # noqa: E402

FOLDS = 5
EDGE = float(np.log(THRESHOLD / (1 - THRESHOLD)))
PENALTY = 1e-3
SETS = ("grounded_qa", "grounded_dialogue")


def fit(inputs: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit a logistic regression by Newton's method; the bias is the last value."""
    table = np.column_stack([inputs, np.ones(len(inputs))])
    result = np.zeros(table.shape[1])
    penalty = PENALTY * np.eye(len(result)) * weights.sum()
    penalty[-1, -1] = 0.0
    for _ in range(40):
        chance = 1 / (1 + np.exp(-table @ result))
        slope = table.T @ (weights * (chance - labels)) + penalty @ result
        curve = (table * (weights * chance * (1 - chance))[:, None]).T @ table + penalty
        result -= np.linalg.solve(curve + 1e-9 * np.eye(len(result)), slope)
    return result


def main(folder: str) -> None:
    """Print cross-validated figures per set, train on everything, write the weights into the package."""
    sets = Sets(Path(folder), "all")
    rows = [(name, row) for name in SETS for row in sets.rows(name)]
    inputs = np.array([features(row["text"], row["context"], row.get("question") or "") for _, row in rows])
    labels = np.array([float(row["label"] == "supported") for _, row in rows])
    folds = np.array([crc32(str(row["group"]).encode()) % FOLDS for _, row in rows])
    usable = np.array(["topicalchat" not in row["kind"] for _, row in rows])
    names = np.array([name for name, _ in rows])
    weights = np.array([1.0 / sum(names == name) for name in names]) * len(rows) / len(SETS)
    scores = np.zeros(len(rows))
    for fold in range(FOLDS):
        train = usable & (folds != fold)
        result = fit(inputs[train], labels[train], weights[train])
        tested = folds == fold
        scores[tested] = inputs[tested] @ result[:-1] + result[-1]
    for name in SETS:
        chosen = names == name
        figure = auc(scores[chosen & (labels == 1)].tolist(), scores[chosen & (labels == 0)].tolist())
        binary = Binary.of(zip(labels[chosen] == 0, scores[chosen] < EDGE, strict=True))
        print(f"{name}, {FOLDS}-fold by group: AUC {figure:.3f}; unsupported {binary}")
    result = fit(inputs[usable], labels[usable], weights[usable])
    path = ROOT / "exporter/tocsin/detectors/data/support.npz"
    np.savez_compressed(path, weights=result[:-1].astype(np.float32), bias=np.float32(result[-1]))
    print(f"{int(usable.sum())} texts, {path.stat().st_size} bytes: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
