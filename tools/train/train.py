"""``python tools/train/train.py SETS OUT``: makes the weights of ``detectors/data/{injection,harmful}.npz`` anew.

SETS is a folder of labelled ``NAME.jsonl.gz``. Needs scikit-learn 1.9.1 (``pip install scikit-learn==1.9.1``).
Only rows whose licence lets derived weights be passed on are read; see ``tools/train/SOURCES.md``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from tocsin.detectors.ngram_model import BITS, FIRM, features
from tocsin.detectors.ngrams import words

PARTS = {"all": range(5), "fit": range(3)}
"""Fifths of the groups of rows; ``fit`` leaves those aside on which ``bench/detectors.py`` measures."""
ALLOWED = ("MIT", "Apache-2.0", "CC BY 4.0", "CC BY 3.0")
HERE = Path(__file__).parent


def rows(folder: Path, name: str, part: str = "all") -> list[dict[str, Any]]:
    """Rows of one set that may be trained on: nothing share-alike, non-commercial or without a licence."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    return [
        row
        for row in found
        if zlib.crc32(str(row.get("group") or row["id"]).encode()) % 5 in PARTS[part]
        and row["licence"].startswith(ALLOWED)
        and not any(word in row["licence"] for word in ("SA", "NC", "no licence"))
    ]


def bag(text: str, distinct: bool) -> np.ndarray:
    """Features of a text."""
    read = words(text)
    found = features(np.concatenate([read.hashes, read.pairs()]))
    return np.unique(found) if distinct else found


def matrix(bags: list[np.ndarray], firm: int) -> sparse.csr_matrix:
    """One row per bag, every feature worth 1 / sqrt(size of the bag + ``firm``)."""
    ends = np.cumsum([0, *map(len, bags)])
    values = np.concatenate([np.full(len(b), max(1, len(b) + firm) ** -0.5) for b in bags])
    made = sparse.csr_matrix((values, np.concatenate(bags).astype(np.int64), ends), shape=(len(bags), 1 << BITS))
    made.sum_duplicates()
    return made


def fit(
    positive: list[str], negative: list[str], strength: float, distinct: bool, tolerance: float
) -> tuple[np.ndarray, float]:
    """Logistic regression of two lists of texts; the same data gives the same weights."""
    seen = matrix([bag(text, distinct) for text in (*positive, *negative)], FIRM if distinct else 0)
    labels = np.repeat([1, 0], [len(positive), len(negative)])
    model = LogisticRegression(C=strength, max_iter=1000, tol=tolerance).fit(seen, labels)
    return model.coef_[0], float(model.intercept_[0])


def save(path: Path, weights: np.ndarray, bias: float, slope: float, window: int) -> None:
    """Write the weights that are not nearly nothing."""
    index = np.flatnonzero(np.abs(weights) > 1e-3)
    np.savez_compressed(
        path,
        index=index.astype(np.uint32),
        value=weights[index].astype(np.float16),
        head=np.array([bias, slope, window], np.float64),
    )
    print(f"{path.name}: {len(index)} weights, {path.stat().st_size / 1024:.0f} KB")


def stretches(text: str, size: int) -> list[str]:
    """A long text in pieces of ``size`` words, each half over the one before."""
    parts = text.split()
    return [" ".join(parts[at : at + size]) for at in range(0, max(1, len(parts) - size // 2), size // 2)]


def everyday() -> set[str]:
    """Everyday requests in the words of attacks, written for Tocsin: rules, instructions, passwords, roles."""
    return set((HERE / "ordinary.txt").read_text(encoding="utf-8").splitlines())


def injection(sets: Path, part: str) -> tuple[np.ndarray, float]:
    """Attacks of users against ordinary requests of other sets as well, or every unusual request looks like one."""
    direct = rows(sets, "injection_direct", part)
    attacks = [row["text"] for row in direct if row["label"] == "injection"]
    ordinary = {row["text"] for row in direct if row["label"] == "benign"}
    ordinary |= {str(row["context"]) for name in ("benign_halueval", "benign_arena") for row in rows(sets, name, part)}
    ordinary |= {row["text"] for row in rows(sets, "input_domains", part)}
    ordinary |= everyday()
    return fit(attacks, sorted(ordinary), INJECTION_STRENGTH, distinct=True, tolerance=1e-5)


def harmful(sets: Path, part: str, window: int) -> tuple[np.ndarray, float]:
    """Dangerous advice against refusals, safe answers to frightening questions, and everyday answers."""
    labelled = rows(sets, "harmful_output", part)
    bad = [row["text"] for row in labelled if row["label"] == "harmful"]
    good = [row["text"] for row in labelled if row["label"] == "safe"]
    for name in ("benign_halueval", "benign_arena"):
        good += [part for row in rows(sets, name, part) for part in stretches(row["text"], window)]
    random.Random(0).shuffle(good)
    return fit(bad, good, 10, distinct=False, tolerance=1e-3)


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--part", choices=PARTS, default="all", help="rows to train on (default all, as shipped)")
    arguments = parser.parse_args()
    weights, bias = injection(arguments.sets, arguments.part)
    save(arguments.out / "injection.npz", weights, bias + INJECTION_SHIFT, INJECTION_SLOPE, 0)
    weights, bias = harmful(arguments.sets, arguments.part, HARMFUL_WINDOW)
    save(arguments.out / "harmful.npz", weights, bias - HARMFUL_AT, 1.5, HARMFUL_WINDOW)


INJECTION_STRENGTH = 200
INJECTION_SLOPE = 2.0
INJECTION_SHIFT = 2.9
"""Log-odds of the model / slope at which rules that say nothing leave even odds (cross-validated)."""
HARMFUL_WINDOW = 64
HARMFUL_AT = 1.8
"""Margin that at most one in two thousand everyday answers reaches (cross-validated)."""

if __name__ == "__main__":
    main()
