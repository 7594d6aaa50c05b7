"""Labelled sets for detectors, and their figures: precision, recall, AUC, cost per text.

A set is a file ``NAME.jsonl.gz`` of rows with ``text``, ``label`` and, where applicable, ``context``, ``question``,
``kind`` and ``group``; the folder is an argument, because most sets may be used for measuring but not shipped.
"""

from __future__ import annotations

import gzip
import json
import math
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tocsin.evaluation.counts import Counts

Row = dict[str, Any]

PARTS = ("all", "fit", "own")
"""``fit``: may be read and trained on. ``own``: held out by us. All rows of a group are in one part."""


class Sets:
    """A folder of labelled sets, read on demand."""

    def __init__(self, folder: Path, part: str = "own") -> None:
        self.folder, self.part = folder, part

    def rows(self, name: str, part: str | None = None) -> list[Row]:
        """Return the rows of one set; empty if the folder does not contain it."""
        path = self.folder / f"{name}.jsonl.gz"
        if not path.exists():
            return []
        part = part or self.part
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return [row for row in rows if part in ("all", part_of(row))]

    def benign(self) -> list[str]:
        """Return real answers without anything wrong in them."""
        return [row["text"] for name in ("benign_arena", "benign_halueval") for row in self.rows(name)]


def part_of(row: Row) -> str:
    """Return ``fit`` or ``own``, by a hash of the row's group."""
    key = str(row.get("group") or row["id"])
    return "fit" if zlib.crc32(key.encode()) % 5 < 3 else "own"


class Binary(Counts):
    """A confusion matrix, formatted as text."""

    def __str__(self) -> str:
        precision, recall = (math.nan if share is None else share for share in (self.precision, self.recall))
        harmless = self.false + self.passed
        false_rate = 100 * self.false / harmless if harmless else math.nan
        return (
            f"P {precision:.3f}  R {recall:.3f}  FPR {false_rate:.2f} %"
            f"  ({self.true} found, {self.false} false, {self.missed} missed, {self.passed} passed)"
        )


def auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the area under the ROC curve: the chance that a positive scores above a negative, ties count half."""
    ranked = sorted([(score, 1) for score in positive] + [(score, 0) for score in negative])
    total, start = 0.0, 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        total += sum(is_one for _, is_one in ranked[start:end]) * (start + end + 1) / 2
        start = end
    ones, zeros = len(positive), len(negative)
    return (total - ones * (ones + 1) / 2) / (ones * zeros) if ones and zeros else math.nan


def cost_us(work: Callable[[Any], Any], items: Sequence[Any], repeats: int = 3) -> float:
    """Return microseconds of CPU per item, the best of ``repeats`` rounds, since other work only adds to it."""
    best = math.inf
    for _ in range(repeats if items else 0):
        began = time.process_time()
        for item in items:
            work(item)
        best = min(best, time.process_time() - began)
    return 1e6 * best / len(items) if items else math.nan


def resident_mb() -> float:
    """Return the resident memory of this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
