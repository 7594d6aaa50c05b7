"""``python tools/train/rarity.py SETS``: how rare word stems are, for the hashed embedder.

Reads benign_arena, topic_pairs (Apache-2.0, MIT), benign_halueval and hallucination_general (MIT) of a folder of
labelled sets. The figures printed are of pairs whose texts were not counted; the table shipped is counted on all.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "exporter")]

from labelled import Sets, auc  # noqa: E402 - the path comes first

from tocsin.detectors import embedding  # noqa: E402

PATH = ROOT / "exporter/tocsin/detectors/data/rarity.npz"
STEP = 0.3
POWER = 2.0


def write(sets: Sets) -> None:
    """Return the logarithm of each bucket's rarity: the number of texts in which it occurs."""
    texts = sets.benign() + [row["text"] for row in sets.rows("hallucination_general")]
    texts += [row["context"] for row in sets.rows("topic_pairs")]
    seen = np.zeros(embedding.RARITIES)
    for text in texts:
        seen[np.unique(embedding.rarity_places(embedding.stems(text)))] += 1
    rarity = np.log((len(texts) + 1) / (seen + 1)) ** POWER
    np.savez_compressed(PATH, rarity=np.round(rarity / STEP).astype(np.uint8), step=np.float32(STEP))


def main(folder: str) -> None:
    """Print the AUC on pairs, then write the table of all texts into the package."""
    write(Sets(Path(folder), "fit"))
    model = embedding.HashedEmbedder()
    rows = Sets(Path(folder), "own").rows("topic_pairs")
    for kind in ("arena", "halueval"):
        chosen = [row for row in rows if row["kind"].startswith(kind)]
        scores: dict[str, list[float]] = {"on": [], "off": []}
        for row in chosen:
            scores[row["label"]].append(embedding.cosine(model.embed(row["context"]), model.embed(row["text"])))
        print(f"{kind}: {len(chosen)} pairs, AUC {auc(scores['on'], scores['off']):.3f}")
        on, off = np.percentile(scores["on"], (1, 5, 50)).round(3), np.percentile(scores["off"], (50, 95, 99)).round(3)
        print(f"  real pairs, 1st, 5th, 50th percentile: {on}; others, 50th, 95th, 99th: {off}")
    write(Sets(Path(folder), "all"))
    print(f"{PATH.stat().st_size} bytes: {PATH}")


if __name__ == "__main__":
    main(*sys.argv[1:])
