"""``python tools/train/refusal.py SETS``: the weights of the refusal detector.

Reads refusal_xstest (CC BY 4.0), benign_arena (Apache-2.0), benign_halueval and harmful_output (MIT) of a folder of
labelled sets. Ordinary answers that speak of limits or say sorry are left out: nobody has labelled them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from zlib import crc32

import linear
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "exporter")]

from labelled import Binary, Sets  # noqa: E402 - the path comes first

from tocsin.detectors.linear import LinearModel  # noqa: E402
from tocsin.detectors.refusal import THRESHOLD, features, normalized, outcome_of  # noqa: E402

SIZE = 1 << 15
PENALTY = 3e-5
SHIFT = 0.6
"""Added to the bias: a probability of 0.35 is the threshold, since ordinary negatives outnumber refusals."""
FOLDS = 5
_UNCLEAR = re.compile(
    r"sorry|apologi|as an ai|language model|i (?:cannot|can't|am unable|am not able|do not|don't|won't)"
)


Example = tuple[str, bool, float, int]
"""Text, whether it is a refusal, weight, and the fold in which it is tested (-1: never)."""


def main(folder: str) -> None:
    """Print cross-validated figures, then train on everything and write the weights into the package."""
    examples = read(Sets(Path(folder), "all"))
    judged = []
    for fold in range(FOLDS):
        model = LinearModel(*trained([example for example in examples if example[3] != fold]))
        for text, is_refusal, _, tested_in in examples:
            if tested_in == fold:
                outcome, score = outcome_of(normalized(text), model)
                judged.append((is_refusal, outcome == "refusal" and score >= THRESHOLD))
    print(f"{FOLDS}-fold, by prompt: {Binary.of(judged)}")
    weights, bias = trained(examples)
    path = ROOT / "exporter/tocsin/detectors/data/refusal.npz"
    linear.save(path, weights, bias)
    print(f"{len(examples)} texts, {path.stat().st_size} bytes: {path}")


def read(sets: Sets) -> list[Example]:
    """Return the labelled answers, and ordinary ones that cannot be refusals."""
    examples = [
        (row["text"], row["label"] == "refusal", 1.0, crc32(row["group"].encode()) % FOLDS)
        for row in sets.rows("refusal_xstest") if row["label"] != "partial"
    ]  # fmt: skip
    others = sets.benign() + [row["text"] for row in sets.rows("harmful_output") if row["label"] == "harmful"]
    return examples + [(text, False, 0.5, -1) for text in others if not _UNCLEAR.search(normalized(text))]


def trained(examples: list[Example]) -> tuple[NDArray[np.float32], float]:
    """Return weights and bias."""
    weights, bias = linear.fit(
        [features(normalized(text)) for text, *_ in examples], [example[1] for example in examples], SIZE,
        l2=PENALTY, importance=[example[2] for example in examples],
    )  # fmt: skip
    return weights.astype(np.float32), bias + SHIFT


if __name__ == "__main__":
    main(*sys.argv[1:])
