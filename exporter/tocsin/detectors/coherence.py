"""Coherence: does an answer read like text, or is it word salad, noise or broken tokens.

Characters tell noise: words with marks or capitals inside, words that nobody can pronounce, alphabets mixed letter by
letter. Order tells salad: which kinds of words follow each other in English, as mean pointwise mutual information of
neighbours (function words, other words, punctuation), from a table counted by ``tools/train/coherence.py`` on real
answers. Other languages are judged by their characters alone, code and tables not at all.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.language import blanked
from tocsin.detectors.linear import DATA
from tocsin.detectors.quality import ANSWERS

SAMPLE_CHARS: Final = 600
"""Characters of an answer that are read, from its beginning."""
DATA_FORMATS: Final = ("json", "json_schema", "regex")
MIN_CHARS: Final = 60
LEAST_PAIRS: Final = 20
ENGLISH_SHARE: Final = 0.2
"""Share of function words from which neighbours are judged."""

BROKEN_FROM, BROKEN_TO = 0.05, 0.15
"""Share of broken words up to which a text is whole, and from which it is noise."""
ODD_FROM, ODD_TO = 0.02, 0.06
"""The same of words that nobody can pronounce."""
ORDER_LOW, ORDER_HIGH = -0.2, 0.1
"""Mean information of neighbours, in nats: shuffled answers have -0.21, real ones 0.57, one of a hundred under 0.01."""

_FUNCTION_WORDS: Final = (
    "the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which "
    "one you were all her she there would their we him been has when who will no if out so said what up its about into "
    "than them can only other some could these may then do any my such our over your most here how more also because "
    "using use should where while each"
)
_CLASS_OF: Final = {word: place for place, word in enumerate(_FUNCTION_WORDS.split())}
_LOWER, _CAPITAL, _NUMBER, _STOP, _COMMA, _LINE, _OTHER = range(len(_CLASS_OF), len(_CLASS_OF) + 7)
CLASSES: Final = len(_CLASS_OF) + 7

_TOKEN = re.compile(r"[A-Za-z'-]+|\d[\d.,]*|[.!?,;:\n]|[^\s\w]")
_CLASS_BY_FIRST: Final = {
    **dict.fromkeys(string.ascii_lowercase, _LOWER), **dict.fromkeys(string.ascii_uppercase, _CAPITAL),
    **dict.fromkeys(string.digits, _NUMBER), **dict.fromkeys(".!?", _STOP), **dict.fromkeys(",;:", _COMMA),
    "\n": _LINE,
}  # fmt: skip
_LINE_OF_A_TABLE = re.compile(r"^[ \t]*[|+].*$", re.MULTILINE)
_BROKEN = re.compile(
    r"[A-Za-z][#@%&*~^|\\][A-Za-z]|[a-z][#@%~^](?=\s|$)|(?:^|\s)[#@~%&][a-z]|\ufffd|</?s>|<unk>|\u0120|##[a-z]|[a-z][A-Z]?\d[a-z]"
    r"|[A-Za-z][\u0400-\u052f\u4e00-\u9fff]|[\u0400-\u052f][A-Za-z\u4e00-\u9fff]|[\u4e00-\u9fff][\u0400-\u052f]"
)  # marks or digits inside words, special tokens, alphabets that change from letter to letter
_UNSPEAKABLE = re.compile(r"\b(?:[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ]{6,}\b|[A-Za-z]*[bcdfghjklmnpqrstvwxz]{6})")


NOISE_GATES: Final = (
    Gate(
        r"[A-Za-z][#@%&*~^|\\][A-Za-z]|[a-z][#@%~^](?:\s|$)|(?:^|\s)[#@~%&][a-z]|\xef\xbf\xbd|</?s>|<unk>|\xc4\xa0|##[a-z]"
        r"|[a-z][A-Z]?\d[a-z]|[A-Za-z][\xd0\xd1\xe4-\xe9]|[\xd0\xd1][\x80-\xbf][A-Za-z\xe4-\xe9]"
        r"|[\xe4-\xe9][\x80-\xbf][\x80-\xbf][\xd0\xd1]"
    ),
    Gate(r"[bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ]{6}"),
)
"""A text in which neither fires is not noise: bytes of what ``_BROKEN`` and ``_UNSPEAKABLE`` count."""


class CoherenceDetector:
    """Sets ``report.scores["coherence"]``; data that was asked for is judged by its format instead."""

    name = "coherence"
    tier = 0
    roles = ANSWERS
    gates: tuple[Gate, ...] = (*NOISE_GATES, Gate("."))

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Judge one answer."""
        if subject.expect is not None and subject.expect.format in DATA_FORMATS:
            return
        noisy = any(gate < len(NOISE_GATES) for gate in fired)
        report.scores["coherence"] = coherence(subject.text, noisy=noisy)


def coherence(text: str, *, noisy: bool = True) -> float | None:
    """How much an answer reads like text, 0..1; None where there is too little of it.

    ``noisy``: one of NOISE_GATES fired, so the characters are worth looking at.
    """
    sample = blanked(text[:SAMPLE_CHARS])
    if "|" in sample or "+" in sample:
        sample = _LINE_OF_A_TABLE.sub("", sample)
    words = sample.count(" ") + sample.count("\n") + 1
    if len(sample) < MIN_CHARS:
        return None
    characters = 1.0
    if noisy:
        count = max(words, len(sample) // 10)
        broken, unspeakable = len(_BROKEN.findall(sample)), len(_UNSPEAKABLE.findall(sample))
        characters = _falls(broken / count, BROKEN_FROM, BROKEN_TO) * _falls(unspeakable / count, ODD_FROM, ODD_TO)
    order = order_of(classes(sample))
    return characters if order is None else characters * (1 - _falls(order, ORDER_LOW, ORDER_HIGH))


def _falls(value: float, start: float, end: float) -> float:
    """1 up to ``start``, 0 from ``end``, a line between."""
    return min(1.0, max(0.0, (end - value) / (end - start)))


def classes(sample: str) -> NDArray[np.intp]:
    """The classes of the tokens of a sample."""
    known, by_first = _CLASS_OF, _CLASS_BY_FIRST
    found = [known[token] if token in known else by_first.get(token[0], _OTHER) for token in _TOKEN.findall(sample)]
    return np.array(found, np.intp)


def order_of(tokens: NDArray[np.intp]) -> float | None:
    """Mean pointwise mutual information of neighbours; None where the text is short or not English."""
    if len(tokens) <= LEAST_PAIRS or np.count_nonzero(tokens < len(_CLASS_OF)) < ENGLISH_SHARE * len(tokens):
        return None
    return float(_table()[tokens[:-1], tokens[1:]].mean())


@cache
def _table() -> NDArray[np.float32]:
    with np.load(DATA / "coherence.npz", allow_pickle=False) as data:
        return np.asarray(data["pmi"].astype(np.float32) * np.float32(data["step"]))
