"""Unsupported: how far an answer rests on its context, by shared words, word pairs and names.

Fixed weights over overlap features, trained on human and constructed labels by ``tools/train/support.py`` (HaluEval QA,
MIT; BEGIN and FaithDial, CC BY 4.0 and MIT). It sees words and not meaning: a claim that turns a fact of the context
around passes, a good paraphrase may not. Watch the rate over a window.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.linear import DATA
from tocsin.detectors.quality import ANSWERS, finding

ANSWER_CHARS: Final = 8_192
CONTEXT_CHARS: Final = 65_536
QUESTION_CHARS: Final = 4_096
SHORT_WORDS: Final = 6
LONGEST_CONTAINED: Final = 200
"""Words of an answer that is looked for as a whole."""
THRESHOLD: Final = 0.25
"""Support under which an answer counts as unsupported: below even, so that a paraphrase passes."""

_STEM: Final = 5
_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"[^\W_]+|[.!?](?=\s)|\n")
_YES_NO = re.compile(r"\s*(?:yes|no|yeah|yep|nope)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w'-]+")
_OPINION = re.compile(
    r"\b(?:i|i'm|i've|i'd|i'll|me|my|you|your|we|our|lol|haha|wow|yeah|oh|cool|thanks|thank|hi|hello)\b", re.IGNORECASE
)
_FUNCTION_WORDS: Final = (
    "a an the of in on at to for from by with as and or but is are was were be been being it its this that these those "
    "he she they them his her their i you we my your our me us who whom which what when where how why not no yes do "
    "does did have has had will would can could should may might must there here so if than then also very just about "
    "into over after before more most some any all one such only other up out s t"
)
_FUNCTION: Final = frozenset(_FUNCTION_WORDS.split())


class UnsupportedDetector:
    """Sets ``report.scores["support"]`` and ``report.outcomes["unsupported"]`` where there is context."""

    name = "unsupported"
    tier = 1
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def __init__(self) -> None:
        with np.load(DATA / "support.npz", allow_pickle=False) as data:
            self._weights: list[float] = data["weights"].tolist()
            self._bias = float(data["bias"])

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:  # noqa: ARG002 - no gates
        """Hold one answer against its context."""
        if not subject.context or not subject.text.strip():
            return
        values = features(subject.text, "\n".join(subject.context), subject.question or "")
        total = self._bias + sum(weight * value for weight, value in zip(self._weights, values, strict=True))
        support = 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))
        report.scores["support"] = support
        report.outcomes["unsupported"] = support >= THRESHOLD
        if support < THRESHOLD:
            report.findings.append(finding("unsupported", 0, len(subject.text), 1.0 - support / (2 * THRESHOLD)))


def features(text: str, context: str, question: str) -> list[float]:
    """Overlap features, each about 0..1: what share of the answer stands in the context, by several measures."""
    own, source, asked = read(text[:ANSWER_CHARS]), read(context[:CONTEXT_CHARS]), read(question[:QUESTION_CHARS])
    content, known, wanted = own.content, source.stems, asked.stems
    names = [word.lower()[:_STEM] for name in _NAME.findall(text[:ANSWER_CHARS]) for word in _WORD.findall(name)]
    coverage, size = _share(content, known), len(own.words)
    pairs, triples, fives = (_runs_in(own.words, source.words, length) for length in (2, 3, 5))
    new_names = sum(name not in known and name not in wanted for name in names)
    novel = sum(stem not in known and stem not in wanted for stem in content)
    in_best = max((len(own.stems & stems) for stems in source.sentences), default=0) / max(1, len(own.stems))
    in_worst = min((len(stems & known) / len(stems) for stems in own.sentences), default=1.0)
    contained = float(f" {' '.join(own.words)} " in f" {' '.join(source.words)} ") if size <= LONGEST_CONTAINED else 0.0
    opinion = min(1.0, len(_OPINION.findall(text[:ANSWER_CHARS])) / 4)
    short = float(size <= SHORT_WORDS)
    length = min(1.0, math.log1p(size) / 5)
    return [
        coverage, coverage**4, pairs, pairs**3, triples, fives, in_best, in_worst, contained, contained * short, short,
        length, length**2, min(1.0, new_names / 3), _share(names, known), min(1.0, novel / 8),
        novel / max(1, len(content)), _share(content, wanted), _share(content, wanted) * (1 - short), opinion,
        float("?" in text), short * coverage, pairs * length, opinion * (1 - coverage),
        float(_YES_NO.match(text) is not None), float(not content),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, taken apart once."""

    words: list[str]
    content: list[str]
    """Stems of the words that are not function words, in order."""
    stems: set[str]
    sentences: list[set[str]]
    """Stems by sentence, without empty ones."""


def read(text: str) -> Reading:
    """Take a text apart into words, stems and sentences."""
    words: list[str] = []
    content: list[str] = []
    sentences: list[set[str]] = []
    current: set[str] = set()
    for token in _TOKEN.findall(text.lower()):
        if token.isalnum():
            words.append(token)
            if token not in _FUNCTION:
                content.append(token[:_STEM])
                current.add(token[:_STEM])
        elif current:
            sentences.append(current)
            current = set()
    if current:
        sentences.append(current)
    return Reading(words, content, set(content), sentences)


def _share(items: Sequence[str], known: set[str]) -> float:
    return sum(map(known.__contains__, items)) / len(items) if items else 1.0


def _runs_in(words: Sequence[str], source: Sequence[str], size: int) -> float:
    """Share of the runs of ``size`` words that stand in the source; of the words themselves where there is no run."""
    if len(words) < size:
        return _share(words, set(source))
    known = set(zip(*(source[i:] for i in range(size)), strict=False))
    return sum(map(known.__contains__, zip(*(words[i:] for i in range(size)), strict=False))) / (len(words) - size + 1)
