"""``python tools/train/coherence.py SETS``: which classes of words follow each other in real English answers.

Reads benign_arena (Apache-2.0) and benign_halueval (MIT) of a folder of labelled sets. The figures printed are of the
part that was not counted; the table shipped is counted on all.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "exporter")]

import made  # noqa: E402 - the path comes first
from labelled import Sets, auc  # noqa: E402

from tocsin.detectors.coherence import CLASSES, SAMPLE_CHARS, classes  # noqa: E402
from tocsin.detectors.language import blanked  # noqa: E402

SMOOTHING = 0.5


def count(texts: list[str]) -> NDArray[np.float64]:
    """Return the pointwise mutual information of neighbouring classes, in nats, clamped to -4..4."""
    pairs = np.full((CLASSES, CLASSES), SMOOTHING)
    for text in texts:
        tokens = classes(blanked(text))
        np.add.at(pairs, (tokens[:-1], tokens[1:]), 1)
    share = pairs / pairs.sum()
    return np.clip(np.log(share / share.sum(1, keepdims=True) / share.sum(0, keepdims=True)), -4, 4)


def main(folder: str) -> None:
    """Print how well order separates shuffled answers, then write the table into the package."""
    pmi = count(Sets(Path(folder), "fit").benign())
    own = [text for text in Sets(Path(folder), "own").benign() if text.isascii()]
    salad = [text for kind, text in made.garbled(own) if kind == "salad"]

    def order(text: str) -> float:
        tokens = classes(blanked(text[:SAMPLE_CHARS]))
        return float(pmi[tokens[:-1], tokens[1:]].mean()) if len(tokens) > 1 else 0.0

    good, bad = [order(text) for text in own if len(text) > 200], [order(text) for text in salad if len(text) > 200]
    print(f"real answers against their words shuffled: AUC {auc(good, bad):.4f}")
    print(f"real 1st, 5th, 50th percentile: {np.percentile(good, (1, 5, 50)).round(3)}")
    print(f"shuffled 50th, 95th, 99th: {np.percentile(bad, (50, 95, 99)).round(3)}")
    pmi = count(Sets(Path(folder), "all").benign())
    path = ROOT / "exporter/tocsin/detectors/data/coherence.npz"
    step = 4 / 127
    np.savez_compressed(path, pmi=np.round(pmi / step).astype(np.int8), step=np.float32(step))
    print(f"{path.stat().st_size} bytes: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
