"""``train.py SETS OUT --code DIR [DIR ..]``: trains the weights of ``detectors/data/{injection,harmful}.npz``.

SETS is a folder of labelled ``NAME.jsonl.gz``, each DIR one of ordinary code: a piece of each of its files serves as a
harmless request. Needs scikit-learn 1.9.1 (``pip install scikit-learn==1.9.1``).
Only sets whose licence allows distributing derived weights are read; see ``tools/train/SOURCES.md``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from tocsin.detectors.language import _function_words as function_words
from tocsin.detectors.ngram_model import BITS, FIRM, features
from tocsin.detectors.ngrams import words

PARTS = {"all": range(5), "fit": range(3)}
"""Fifths of the groups of rows; ``fit`` excludes those on which ``bench/detectors.py`` measures."""
ALLOWED = ("MIT", "Apache-2.0", "CC BY 4.0", "CC BY 3.0")
HERE = Path(__file__).parent


def rows(folder: Path, name: str, part: str = "all") -> list[dict[str, Any]]:
    """Return the rows of one set that may be used for training: none share-alike, non-commercial or unlicensed."""
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
    """Return the features of a text."""
    read = words(text)
    found = features(np.concatenate([read.hashes, read.pairs()]))
    return np.unique(found) if distinct else found


def matrix(bags: list[np.ndarray], firm: int) -> sparse.csr_matrix:
    """Return one row per bag, with 1 / sqrt(size of the bag + ``firm``) for each feature."""
    ends = np.cumsum([0, *map(len, bags)])
    values = np.concatenate([np.full(len(b), max(1, len(b) + firm) ** -0.5) for b in bags])
    made = sparse.csr_matrix((values, np.concatenate(bags).astype(np.int64), ends), shape=(len(bags), 1 << BITS))
    made.sum_duplicates()
    return made


def fit(
    positive: list[str], negative: list[str], strength: float, tolerance: float
) -> tuple[np.ndarray, float]:
    """Fit a logistic regression on two lists of texts; deterministic."""
    return regression(
        matrix([bag(text, distinct=False) for text in (*positive, *negative)], 0),
        np.repeat([1, 0], [len(positive), len(negative)]),
        strength,
        tolerance,
    )


def regression(
    seen: sparse.csr_matrix, labels: np.ndarray, strength: float, tolerance: float, worth: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """Return weights and intercept; ``worth`` is the weight of each row."""
    model = LogisticRegression(C=strength, max_iter=1000, tol=tolerance).fit(seen, labels, sample_weight=worth)
    return model.coef_[0], float(model.intercept_[0])


def save(path: Path, weights: np.ndarray, bias: float, slope: float, window: int, least: float = 1e-3) -> None:
    """Write the weights that are not negligible."""
    index = np.flatnonzero(np.abs(weights) > least)
    np.savez_compressed(
        path,
        index=index.astype(np.uint32),
        value=weights[index].astype(np.float16),
        head=np.array([bias, slope, window], np.float64),
    )
    print(f"{path.name}: {len(index)} weights, {path.stat().st_size / 1024:.0f} KB")


def stretches(text: str, size: int) -> list[str]:
    """Split a long text into pieces of ``size`` words, each of which overlaps half of the previous one."""
    parts = text.split()
    return [" ".join(parts[at : at + size]) for at in range(0, max(1, len(parts) - size // 2), size // 2)]


def everyday() -> set[str]:
    """Return everyday requests in the words of attacks, and prose in thirteen languages, written for Tocsin."""
    return set((HERE / "ordinary.txt").read_text(encoding="utf-8").splitlines())


def code(folders: list[Path]) -> list[str]:
    """Return a piece of each file of ordinary code, at most MOST_OF_A_KIND of each kind in each folder."""
    found: list[str] = []
    for folder in folders:
        kinds: Counter[str] = Counter()
        names = [path.relative_to(folder) for path in folder.rglob("*.*") if path.is_file()]
        for name in sorted(names, key=lambda name: (zlib.crc32(str(name).encode()), name)):
            if "site-packages" in name.parts or kinds[name.suffix] >= MOST_OF_A_KIND:
                continue
            try:
                text = (folder / name).read_bytes()[:MOST_OF_A_FILE].decode()
            except UnicodeDecodeError:
                continue
            if len(text) >= LEAST_OF_A_FILE:
                kinds[name.suffix] += 1
                at = zlib.crc32(name.name.encode()) % max(1, len(text) - PIECE)
                found.append(text[at : at + PIECE])
    return found


def among(attacks: list[str], pieces: list[str]) -> list[str]:
    """Return each attack after, before or inside a piece of code, as if pasted."""
    chance = random.Random(3)
    made: list[str] = []
    for attack in attacks:
        lines = chance.choice(pieces).split("\n")
        at, size = chance.randrange(len(lines)), chance.choice((200, 500, 900))
        above, below, whole = "\n".join(lines[:at])[-size:], "\n".join(lines[at:])[:size], "\n".join(lines)
        made.append(
            chance.choice(
                (f"{above}\n{attack}\n{below}", f"{attack}\n\n{whole[:size]}", f"{whole[-size:]}\n\n{attack}")
            )
        )
    return made


def injection(
    attacks: list[str], ordinary: list[str], pasted: list[str], pieces: list[str]
) -> tuple[np.ndarray, float]:
    """Return attacks by users, alone and in code, and ordinary requests, pasted answers and pieces of code."""
    wrapped = among(attacks, pieces)
    texts = (attacks, wrapped, ordinary, pasted, pieces)
    worth = np.repeat([1, WRAPPED_WORTH, ORDINARY_WORTH, PASTED_WORTH, 1], [len(part) for part in texts])
    seen = matrix([bag(text, distinct=True) for part in texts for text in part], FIRM)
    attacking = np.arange(len(worth)) < len(attacks) + len(wrapped)
    weights, bias = regression(seen, attacking, INJECTION_STRENGTH, 1e-4, worth)
    most = np.full(len(weights), INJECTION_MOST)
    most[foreign()] = FOREIGN_MOST
    return np.minimum(weights, most), bias


def foreign() -> np.ndarray:
    """Return the features of function words of languages other than English."""
    spoken = function_words()
    others = set().union(*(spoken[language] for language in spoken if language != "en"))
    return features(words(" ".join(sorted(others - spoken["en"]))).hashes)


def requests(sets: Path, part: str) -> tuple[list[str], list[str], list[str]]:
    """Fit the model of what users may send: attacks, ordinary requests, and answers that they paste.

    The ordinary ones are of other sets as well, or every unusual one looks like an attack.
    """
    direct = rows(sets, "injection_direct", part)
    attacks = [row["text"] for row in direct if row["label"] == "injection"]
    ordinary = {row["text"] for row in direct if row["label"] == "benign"}
    ordinary |= {str(row["context"]) for name in ("benign_halueval", "benign_arena") for row in rows(sets, name, part)}
    ordinary |= {row["text"] for row in rows(sets, "input_domains", part)}
    ordinary |= everyday()
    pasted = {row["text"] for name in ("benign_halueval", "benign_arena") for row in rows(sets, name, part)}
    return attacks, sorted(ordinary), sorted(pasted)


def harmful(sets: Path, part: str, window: int) -> tuple[np.ndarray, float]:
    """Fit the model of dangerous advice against refusals, safe answers to alarming questions, and everyday answers."""
    labelled = rows(sets, "harmful_output", part)
    bad = [row["text"] for row in labelled if row["label"] == "harmful"]
    good = [row["text"] for row in labelled if row["label"] == "safe"]
    for name in ("benign_halueval", "benign_arena"):
        good += [part for row in rows(sets, name, part) for part in stretches(row["text"], window)]
    random.Random(0).shuffle(good)
    return fit(bad, good, 10, tolerance=1e-3)


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--part", choices=PARTS, default="all", help="rows to train on (default all, as shipped)")
    parser.add_argument("--code", type=Path, nargs="+", required=True, help="folders of ordinary code")
    arguments = parser.parse_args()
    weights, bias = injection(*requests(arguments.sets, arguments.part), code(arguments.code))
    save(arguments.out / "injection.npz", weights, bias + INJECTION_SHIFT, INJECTION_SLOPE, 0, INJECTION_LEAST)
    weights, bias = harmful(arguments.sets, arguments.part, HARMFUL_WINDOW)
    save(arguments.out / "harmful.npz", weights, bias - HARMFUL_AT, 1.5, HARMFUL_WINDOW)


INJECTION_STRENGTH = 200
INJECTION_SLOPE = 2.0
INJECTION_LEAST = 0.1
"""Smaller weights, half of all, change no measurement."""
INJECTION_MOST = 12.0
"""Maximum weight of a word or a pair: "password" or "instructions" alone made short everyday requests attacks."""
FOREIGN_MOST = 2.0
"""The same for function words of other languages: more German attacks than requests say "sie", so prose was one."""
INJECTION_SHIFT = 3.6
"""Log-odds of the model / slope at which, without any rule, the odds are even (cross-validated)."""
WRAPPED_WORTH, ORDINARY_WORTH, PASTED_WORTH = 0.3, 2, 0.1
"""Weights of an attack in code, of an ordinary request and of a pasted answer, relative to the others."""
PIECE, LEAST_OF_A_FILE, MOST_OF_A_FILE, MOST_OF_A_KIND = 2_000, 800, 400_000, 1_500
"""Characters of a piece of code, minimum characters and maximum bytes of a file, and the number of files."""
HARMFUL_WINDOW = 64
HARMFUL_AT = 1.8
"""Margin that at most one in two thousand everyday answers reaches (cross-validated)."""

if __name__ == "__main__":
    main()
