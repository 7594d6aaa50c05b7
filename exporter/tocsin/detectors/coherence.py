"""Coherence: whether an answer reads like text, or is word salad, noise or broken tokens.

Noise is recognised by characters: symbols or capitals inside words, unpronounceable words, alphabets that alternate
between letters. Word salad is recognised by order: how well classes of words follow each other in English, as the mean
pointwise mutual information of neighbours (function words, other words, punctuation), from a table that
``tools/train/coherence.py`` counted on real answers. Other languages are judged by their characters only, code and
tables not at all.

Every answer gets a score, so the clear cases must be cheap: two stretches of the sample usually show that its order is
that of text, and patterns of noise are tried only if the shape of the bytes allows a match.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from itertools import islice
from operator import getitem
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.base import Gate, Report, Subject
from tocsin.detectors.built_once import built_once
from tocsin.detectors.language import blanked
from tocsin.detectors.linear import DATA
from tocsin.detectors.quality import ANSWERS

SAMPLE_CHARS: Final = 600
"""Characters of an answer that are read, from its start."""
DATA_FORMATS: Final = ("json", "json_schema", "regex")
MIN_CHARS: Final = 60
LEAST_PAIRS: Final = 20
ENGLISH_SHARE: Final = 0.2
"""Share of function words from which the order is judged."""

BROKEN_FROM, BROKEN_TO = 0.05, 0.15
"""Shares of broken words: up to the first a text is intact, from the second it is noise."""
ODD_FROM, ODD_TO = 0.02, 0.06
"""The same for unpronounceable words."""
ORDER_LOW, ORDER_HIGH = -0.2, 0.1
"""Mean information of neighbours, in nats: shuffled answers have -0.21, real ones 0.57, one in a hundred under 0.01."""
STRETCH_CHARS: Final = 110
"""Characters from the start and from the middle of a sample that are judged first."""
STRETCH_SURE: Final = 0.2
"""Information in the two stretches from which the rest is not read: one shuffled answer in a thousand reaches it."""

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
_CACHED: Final = 4_096
"""Maximum tokens whose class is cached: the first ones are the common ones."""


class _Classes(dict[str, int]):
    """Maps a token to its class: a function word has its own, any other token that of its first character."""

    def __missing__(self, token: str) -> int:
        token_class = _CLASS_BY_FIRST.get(token[0], _OTHER)
        if len(self) < _CACHED and len(token) < 20:
            self[token] = token_class
        return token_class


_class_of: Final = _Classes(_CLASS_OF).__getitem__
_TABLE_LINE = re.compile(r"^[ \t]*[|+].*$", re.MULTILINE)

_FOREIGN: Final = (
    r"\ufffd|\u0120|[A-Za-z][\u0400-\u052f\u4e00-\u9fff]"
    r"|[\u0400-\u052f][A-Za-z\u4e00-\u9fff]|[\u4e00-\u9fff][\u0400-\u052f]"
)
"""Lost bytes, and alphabets that change between letters."""
_ALTERNATING = re.compile(
    r"[\ufffd\u0120\u0400-\u052f\u4e00-\u9fff]"  # the foreign letter first: `re` skips to it, then looks around it
    r"(?:(?<=[\ufffd\u0120])|(?<=[A-Za-z].)|(?<=[\u0400-\u052f])[A-Za-z\u4e00-\u9fff]|(?<=[\u4e00-\u9fff])[\u0400-\u052f])"
)
"""Matches somewhere if ``_FOREIGN`` does."""
_BROKEN = re.compile(
    r"[A-Za-z][#@%&*~^|\\][A-Za-z]|[a-z][#@%~^](?=\s|$)|(?:^|\s)[#@~%&][a-z]|##[a-z]|[a-z][A-Z]?\d[a-z]|" + _FOREIGN
)  # symbols or digits inside words, special tokens
_UNPRONOUNCEABLE = re.compile(r"\b(?:[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ]{6,}\b|[A-Za-z]*[bcdfghjklmnpqrstvwxz]{6})")

_CONSONANTS: Final = b"bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ"
_IS_CONSONANT: Final = bytes(ord("b") if byte in _CONSONANTS else 0 for byte in range(256))
_FOREIGN_LEADS: Final = bytes((0xC4, *range(0xD0, 0xD5), *range(0xE4, 0xEA), 0xEF))
"""First bytes in UTF-8 of all non-ASCII characters in ``_FOREIGN``."""
_SHAPE: Final = bytes.maketrans(
    string.ascii_letters.encode() + b"0123456789" + b"#@%~^" + b"*|\\" + b" \t\r" + _FOREIGN_LEADS,
    b"a" * 52 + b"0" * 10 + b"#" * 5 + b"*" * 3 + b"\n" * 3 + b"f" * len(_FOREIGN_LEADS),
)
"""Maps letters, digits, two kinds of symbols, white space and foreign lead bytes to one byte each."""


class CoherenceDetector:
    """Sets ``report.scores["coherence"]``; requested data is judged by its format instead."""

    name = "coherence"
    tier = 1
    roles = ANSWERS
    gates: tuple[Gate, ...] = ()

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        """Judge one answer."""
        if subject.expect is not None and subject.expect.format in DATA_FORMATS:
            return
        report.scores["coherence"] = coherence(subject.text)


def coherence(text: str) -> float | None:
    """Return how much an answer reads like text, 0..1; None if it is too short."""
    sample = blanked(text[:SAMPLE_CHARS])
    if "|" in sample or "+" in sample:
        sample = _TABLE_LINE.sub("", sample)
    if len(sample) < MIN_CHARS:
        return None
    return _intactness(sample) * _orderliness(sample)


def _intactness(sample: str) -> float:
    """Return 1 for intact words, 0 for noise."""
    encoded = f"\n{sample}\n".encode("utf-8", "surrogatepass")
    shape = encoded.translate(_SHAPE)
    broken = unpronounceable = 0
    if _may_be_broken(shape) or (b"f" in shape and _ALTERNATING.search(sample)):
        broken = len(_BROKEN.findall(sample))
    if b"bbbbbb" in encoded.translate(_IS_CONSONANT):
        unpronounceable = len(_UNPRONOUNCEABLE.findall(sample))
    if not (broken or unpronounceable):
        return 1.0
    words = max(sample.count(" ") + sample.count("\n") + 1, len(sample) // 10)
    return _falling(broken / words, BROKEN_FROM, BROKEN_TO) * _falling(unpronounceable / words, ODD_FROM, ODD_TO)


def _may_be_broken(shape: bytes) -> bool:
    """Return whether a shape has one of those without which ``_BROKEN`` matches no ASCII text."""
    return (
        (b"0" in shape and b"a0a" in shape)  # searching for one byte first is many times as fast
        or (b"#" in shape and (b"a#a" in shape or b"a#\n" in shape or b"\n#a" in shape or b"##a" in shape))
        or (b"*" in shape and b"a*a" in shape)
        or (b"&" in shape and (b"a&a" in shape or b"\n&a" in shape))
    )


def _orderliness(sample: str) -> float:
    """Return 1 if words follow each other as in English, or if that cannot be judged; 0 if they are shuffled."""
    middle = len(sample) // 2
    if middle > 2 * STRETCH_CHARS:
        tokens = classes(f"{sample[:STRETCH_CHARS]} {sample[middle : middle + STRETCH_CHARS]}")
        if len(tokens) > LEAST_PAIRS and _information(tokens) >= STRETCH_SURE:
            return 1.0
    order = order_of(classes(sample))
    return 1.0 if order is None else 1 - _falling(order, ORDER_LOW, ORDER_HIGH)


def _falling(value: float, start: float, end: float) -> float:
    """Return 1 up to ``start``, 0 from ``end``, linear in between."""
    return min(1.0, max(0.0, (end - value) / (end - start)))


def classes(sample: str) -> list[int]:
    """Return the classes of the tokens of a sample."""
    return list(map(_class_of, _TOKEN.findall(sample)))


def order_of(tokens: Sequence[int]) -> float | None:
    """Return the mean pointwise mutual information of neighbours; None if the text is short or not English."""
    count = len(tokens)
    if count <= LEAST_PAIRS or sum(map(len(_CLASS_OF).__gt__, tokens)) < ENGLISH_SHARE * count:
        return None
    return _information(tokens)


def _information(tokens: Sequence[int]) -> float:
    table = _table()
    rows = map(table.__getitem__, tokens)
    return sum(map(getitem, rows, islice(tokens, 1, None))) / (len(tokens) - 1)


@built_once
def _table() -> list[list[float]]:
    with np.load(DATA / "coherence.npz", allow_pickle=False) as data:
        rows: NDArray[np.float64] = data["pmi"].astype(np.float64) * float(data["step"])
    return rows.tolist()  # type: ignore[no-any-return]  # numpy does not type the shape
