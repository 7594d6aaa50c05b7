"""Confidence: how sure the model is, as stated (``Confidence: 80 %``) or else by the probabilities of its tokens.

An answer without either gets None, never 0. Stated confidence, which an application asked for, takes precedence over
probabilities, whose geometric mean over the tokens is on another scale.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from tocsin.detectors.base import ALWAYS, Gate, Report, Subject
from tocsin.detectors.folding import lowered
from tocsin.detectors.quality import ANSWERS, finding

_NUMBER: Final = r"(?P<number>\d{1,3}(?:[.,]\d{1,4})?|\.\d{1,4})"
_UNIT: Final = r"(?P<unit>\s?(?:%|percent\b|per cent\b|(?:/|\s?out of\s)\s?(?:100|10|5)\b))?"
_VALUE: Final = rf"{_NUMBER}{_UNIT}(?![\w/]|[.,]\d|\s?(?:-|\u2013|to)\s?\d)"
_HEDGE: Final = r"(?:about|around|roughly|approximately|only|at least|almost|nearly|~|\u2248)?\s*"
_NOUN: Final = r"(?:confidence|certainty)(?:[ _-](?:level|score|rating))?"
_STATED = (
    # A line or object of its own: Confidence: 8/10, **Confidence score** = 0.8, {"confidence": 0.4}, (confidence 62 %)
    re.compile(
        rf"(?:^|[\n{{(\[,;|]|[.!?][ \t])[ \t*_>#\"'-]*(?:(?:my|overall|answer|final)[ _]+)?{_NOUN}"
        rf"[ \t*_\"'`]*(?:[:=]|\bis\b|\bof\b|[ \t](?=\d))[ \t*_\"'`~]*{_HEDGE}{_VALUE}"
        r"(?=[ \t*_\"'`]*(?:$|[\n})\].,;|]))",
        re.IGNORECASE,
    ),
    re.compile(rf"<(?P<tag>{_NOUN})>\s*{_VALUE}\s*</(?P=tag)>", re.IGNORECASE),
    # In the first person: I'm 90% sure, I would put my certainty at 0.8, my confidence in this answer is 7 out of 10
    re.compile(
        rf"\bI(?:['\u2019]m|\sam|\sfeel)\s{_HEDGE}{_VALUE}\s?(?:sure|certain|confident|positive)\b", re.IGNORECASE
    ),
    re.compile(
        rf"\b(?:my|I\shave(?:\sa)?)\s(?:\w+\s){{0,2}}{_NOUN}\s(?:[\w']+\s){{0,4}}?(?:is|of|at|as|=|:)\s{_HEDGE}{_VALUE}",
        re.IGNORECASE,
    ),
    re.compile(rf"\bI(?:\s[\w']+){{1,3}}\swith\s(?:a\s)?{_HEDGE}{_VALUE}\s(?:confidence|certainty)\b(?!\s(?:interval|level))",
        re.IGNORECASE,
    ),
)  # fmt: skip
_MAX_PLACES: Final = 16
_AROUND: Final = 120
_DIGIT = re.compile(r"\d")
_CUE = re.compile(r"confiden|certain|sure\b|positive\b")
"""Every match of ``_STATED`` contains one of these in lower case: those are too slow for a whole answer."""


class ConfidenceDetector:
    """Sets ``report.scores["confidence"]``, and adds a finding for a stated number; the last one counts."""

    name = "confidence"
    tier = 0
    roles = ANSWERS
    gates: tuple[Gate, ...] = (
        ALWAYS,  # every text gets a confidence, even if it is None
        Gate(
            # With a bounded distance to a digit this one would be a fifth of all gates.
            r"confidence|certainty|(?:%|percent|per cent|[/f ]10|\.\d{1,4}) ?(?:sure|certain|confiden|positive)",
            ignore_case=True,
        ),
    )

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Judge one answer."""
        score = None if subject.logprobs is None else token_confidence(subject.logprobs)
        if 1 in fired and (stated := find_stated(subject.text)):
            start, end, score = stated
            report.findings.append(finding("confidence", start, end, 1.0))
        report.scores["confidence"] = score


def token_confidence(logprobs: Sequence[float] | None) -> float | None:
    """Return the geometric mean probability of the tokens, from their natural logarithms; None if there are none."""
    known = [value for value in logprobs or () if value <= 0.0]  # this excludes NaN, too
    return math.exp(max(-700.0, sum(known) / len(known))) if known else None


def find_stated(text: str) -> tuple[int, int, float] | None:
    """Return start, end and value (0..1) of the last stated confidence."""
    places = [match.start() for match in _CUE.finditer(lowered(text))][-_MAX_PLACES:]
    best: tuple[int, int, float] | None = None
    for place in places:
        low, high = max(0, place - _AROUND), place + _AROUND
        if not _DIGIT.search(text, low, high):
            continue
        for pattern in _STATED:
            for match in pattern.finditer(text, low, min(high, len(text))):
                value = _value(match["number"], match["unit"] or "")
                if value is not None and (best is None or match.end() > best[1]):
                    best = (match.start("number"), match.end("unit") if match["unit"] else match.end("number"), value)
    return best


def _value(number: str, unit: str) -> float | None:
    value = float(number.replace(",", "."))
    unit = unit.strip().lower()
    if unit.startswith(("%", "per")):
        value /= 100
    elif unit:
        value /= float(re.split(r"\D+", unit)[-1])
    elif value > 1:
        value /= 100
    return value if 0.0 <= value <= 1.0 else None
