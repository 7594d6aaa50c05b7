"""Measures of the detectors of injection, prompt leaks, toxicity and harmful advice.

The shipped weights were trained on all rows: for figures on rows not trained on, first fit weights with
``tools/train/train.py SETS exporter/tocsin/detectors/data --part fit``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from labelled import Binary, Row, Sets, auc, cost_us

from tocsin.detectors.base import Detector, Subject
from tocsin.detectors.harmful import Harmful
from tocsin.detectors.injection import Injection
from tocsin.detectors.prompt_leak import PromptLeak
from tocsin.detectors.scanner import Scanner
from tocsin.detectors.toxicity import Toxicity


def worth(detector: Detector, rows: list[Row], bad: str, **known: str) -> str:
    """Return precision, recall, false positive rate and AUC on labelled rows; ``known`` maps subject fields to keys."""
    scanner = Scanner([detector])
    pairs = [
        (row["label"] == bad, score(scanner, row["text"], **{field: row[key] for field, key in known.items()}))
        for row in rows
    ]
    ones, zeros = [s for is_one, s in pairs if is_one], [s for is_one, s in pairs if not is_one]
    return f"{Binary.of((is_one, s >= 0.5) for is_one, s in pairs)}  AUC {auc(ones, zeros):.3f}"


def score(scanner: Scanner, text: str, **known: Any) -> float:
    return max((finding.score for finding in scanner.scan(Subject(text, **known)).findings), default=0.0)


def false_alarms(detector: Detector, texts: list[str], role: str = "assistant") -> str:
    scanner = Scanner([detector])
    false = sum(score(scanner, text, role=role) >= 0.5 for text in texts)
    cost = cost_us(lambda text: scanner.scan(Subject(text, role=role)), texts)
    return f"{false} of {len(texts)} harmless texts; {cost:.1f} us per text of {sum(map(len, texts)) / len(texts):.0f}"


def injection(sets: Sets) -> Iterator[str]:
    detector = Injection()
    for name, role in (("injection_direct", "user"), ("injection_indirect", "document")):
        rows = [row | {"role": role} for row in sets.rows(name)]
        yield f"{name}: {worth(detector, rows, 'injection', role='role')}"
    asked = [str(row["context"]) for row in sets.rows("benign_halueval")]
    asked += [row["text"] for row in sets.rows("input_domains")]
    yield f"questions: {false_alarms(detector, asked, 'user')}"
    yield f"answers as documents: {false_alarms(detector, sets.benign(), 'document')}"


def prompt_leak(sets: Sets) -> Iterator[str]:
    rows = sets.rows("prompt_leak")
    yield worth(PromptLeak(), rows, "leak", system_prompt="context")
    yield f"without codes: {worth(PromptLeak(), [r for r in rows if r['kind'] != 'tt_code'], 'leak', system_prompt='context')}"


def toxicity(sets: Sets) -> Iterator[str]:
    for name in ("tox_surge", "tox_davidson", "tox_hatecheck"):
        rows = [row for row in sets.rows(name) if row["label"] != "offensive"]
        yield f"{name}: {worth(Toxicity(), rows, 'toxic')}"
    yield false_alarms(Toxicity(), sets.benign())


def harmful(sets: Sets) -> Iterator[str]:
    yield worth(Harmful(), sets.rows("harmful_output"), "harmful")
    yield false_alarms(Harmful(), sets.benign())


MEASURES: dict[str, Callable[[Sets], Iterator[str]]] = {
    "injection": injection,
    "prompt_leak": prompt_leak,
    "toxicity": toxicity,
    "harmful": harmful,
}
