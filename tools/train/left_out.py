"""``python tools/train/left_out.py SETS CODE..``: the injection judge on sources of attacks that it was not fitted on.

For each source of attacks in turn, the linear model is fitted without any row of it and joined with the rules as they
ship; printed is what share of that source's attacks is found, by both and by the rules alone, and the false positive
rate on ordinary requests, each half of which is judged by a model that was fitted on the other. Needs scikit-learn.
"""

from __future__ import annotations

import sys
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
from train import INJECTION_SHIFT, INJECTION_SLOPE, code, injection, requests, rows

from tocsin.detectors.base import SUSPICION, Report, Subject
from tocsin.detectors.injection import Injection
from tocsin.detectors.ngram_model import BITS, LinearModel
from tocsin.detectors.scanner import Scanner

LEAST = 20
"""Minimum attacks of a source."""


def main(folder: Path, folders: list[Path]) -> None:
    """Print a row for each source."""
    direct = rows(folder, "injection_direct")
    attacks = [row for row in direct if row["label"] == "injection"]
    ordinary = sorted({row["text"] for row in direct if row["label"] == "benign"})
    _, everything, pasted = requests(folder, "all")
    more, pieces = sorted(set(everything) - set(ordinary)), code(folders)
    halves = [[text for text in ordinary if zlib.crc32(text.encode()) % 2 == half] for half in (0, 1)]
    counts = Counter(row["source"] for row in attacks)
    print(f"{'source left out':44s}{'attacks':>8s}{'recall':>8s}{'rules':>8s}{'FPR':>8s}")
    total, found = 0, 0
    for source, count in counts.most_common():
        if count < LEAST:
            continue
        known = [row["text"] for row in attacks if row["source"] != source]
        unknown = [row["text"] for row in attacks if row["source"] == source]
        models = [model(known, half + more, pasted, pieces) for half in halves]
        hits = share(models[0], unknown)
        false = np.mean([share(models[1 - half], halves[half]) for half in (0, 1)])
        alone = share(LinearModel(np.zeros(1 << BITS, np.float32), 0.0, 1.0, 0), unknown)
        print(f"{source[:43]:44s}{count:8d}{hits:8.3f}{alone:8.3f}{100 * false:7.2f}%", flush=True)
        total, found = total + count, found + round(hits * count)
    print(f"{'all':44s}{total:8d}{found / total:8.3f}")


def model(attacks: list[str], ordinary: list[str], pasted: list[str], pieces: list[str]) -> LinearModel:
    """Fit as ``train.py`` does."""
    weights, bias = injection(attacks, ordinary, pasted, pieces)
    return LinearModel(weights.astype(np.float32), bias + INJECTION_SHIFT, INJECTION_SLOPE, 0)


def share(linear: LinearModel, texts: list[str]) -> float:
    """Return the share of texts, as sent by a user, that are judged injections."""
    detector = Injection()
    detector._model = linear  # noqa: SLF001 - the one under test
    scanner = Scanner([detector])
    reports: list[Report] = [scanner.scan(Subject(text, "user")) for text in texts]
    return float(np.mean([any(f.score >= SUSPICION for f in report.findings) for report in reports]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]])
