"""Numbers in a text and what they may be worth: digits, separators, scale words, number words, months.

Reads ``1,160,000``, ``1.16 million``, ``3.000.000``, ``two hundred and five``, ``21st``, ``$5bn``. A number is a set of
readings, because ``1.234`` is one thing in London and another in Berlin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

import hyperscan
import msgspec

from tocsin.detectors.built_once import built_once
from tocsin.detectors.folding import lowered
from tocsin.detectors.hyperscanning import Matcher

MAX_NUMBERS: Final = 2_000
"""Numbers of one text that are read."""
MAX_DIGITS: Final = 300
"""Digits of one number; the largest float has 309."""
_REMEMBERED_DIGITS: Final = 24
"""Characters of a number whose readings are kept: the same ones come again and again."""

_SCALES: Final[dict[str, float]] = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12.0, "lakh": 1e5,
    "crore": 1e7, "tsd": 1e3, "mio": 1e6, "millionen": 1e6, "millones": 1e6, "mrd": 1e9, "milliarden": 1e9,
    "milliards": 1e9, "millions": 1e6, "billions": 1e9, "k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9, "tn": 1e12,
}  # fmt: skip
_UNDER_TWENTY: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_ORDINAL_WORDS: Final = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_MONTH_NAMES: Final = "january february march april may june july august september october november december"
_ONES, _ORDINALS, _MONTHS = _UNDER_TWENTY.split(), _ORDINAL_WORDS.split(), _MONTH_NAMES.split()
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORTH: Final[dict[str, float]] = {
    **{word: float(value) for value, word in enumerate(_ONES)},
    **{word: float(value) for value, word in enumerate(_ORDINALS)},
    **{word: 20.0 + 10 * place for place, word in enumerate(_TENS)},
    **{word[:-1] + "ieth": 20.0 + 10 * place for place, word in enumerate(_TENS)},
    "once": 1.0, "twice": 2.0, "half": 0.5, "pair": 2.0, "couple": 2.0, "both": 2.0, "single": 1.0,
}  # fmt: skip

_DIGITS = re.compile(
    r"(?P<number>\d(?:\d{0,2}(?:[,\u00a0\u202f'\u2019]\d{3})+(?:\.\d+)?+(?!,?\d)|\d*(?:[.,]\d+)*))"
    r"(?:[ \u00a0-]?(?P<scale>hundred|thousand|million(?:s|en)?|millones|billions?|trillion|dozen|lakh"
    r"|crore|[Tt]sd|[Mm]io|[Mm]rd|[Mm]illi(?:onen|arden|ards)|bn|mn|tn|[kKmMB])(?!\w))?"
)
_LONG_SCALES: Final = ["hundred", "thousand", "million", "billion", "trillion", "dozen", "lakh", "crore"]
_VOCABULARY: Final = tuple(sorted([*_WORTH, *_LONG_SCALES], key=len, reverse=True))
_GROUPING = re.compile(r"[\u00a0\u202f'\u2019]")
_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_MONTH = re.compile(r"\b(" + "|".join(_MONTHS) + r")\b", re.IGNORECASE)


class Number(msgspec.Struct, frozen=True, gc=False):
    """A number and where it stands."""

    start: int
    end: int
    readings: tuple[float, ...]
    """What it may be worth."""
    unit: float = 0.0
    """What one step of its last digit is worth: 100,000 for ``8.3 million``; 0 for number words."""
    scaled: bool = False
    """It has a scale word, so it may be rounded."""
    worded: bool = False


def digits(text: str) -> list[Number]:
    """Numbers that a text writes in digits; at most MAX_NUMBERS."""
    return [_number(match) for _, match in zip(range(MAX_NUMBERS), _DIGITS.finditer(text), strict=False)]


def readings(text: str) -> set[float]:
    """Return all that the numbers of a text that are written in digits may be worth."""
    known: set[float] = set()
    for raw, scale in set(islice(((match["number"], match["scale"]) for match in _DIGITS.finditer(text)), MAX_NUMBERS)):
        known.update(_worth_of(raw, scale)[0])
    return known


def worded(text: str) -> list[Number]:
    """Numbers that a text writes in words; at most MAX_NUMBERS."""
    lower = lowered(text)
    present = _vocabulary().fired(lower.encode("utf-8", "surrogatepass"))
    if not present:
        return []
    return [number for _, number in zip(range(MAX_NUMBERS), _runs(lower, _words(frozenset(present))), strict=False)]


def months(text: str) -> set[float]:
    """Months named in a text, as numbers."""
    return {float(_MONTHS.index(name.lower()) + 1) for name in _MONTH.findall(text)}


@built_once
def _vocabulary() -> Matcher:
    """Number words, each in a pattern of its own; ``someone`` holds none."""
    patterns = [rf"\b{word}s?\b".encode() for word in _VOCABULARY]
    return Matcher(patterns, [hyperscan.HS_FLAG_SINGLEMATCH] * len(patterns), ours=True)


@lru_cache(maxsize=256)
def _words(present: frozenset[int]) -> re.Pattern[str]:
    """Find some of the number words, the longest first; to try those that a text does not have would take most time."""
    few = "|".join(_VOCABULARY[index] for index in sorted(present))
    return re.compile(rf"(?:{few})(?:s\b|\b)")


def _number(match: re.Match[str]) -> Number:
    raw, scale = match["number"], match["scale"]
    readings, unit, scaled = _worth_of(raw, scale)
    return Number(match.start(), match.end("number"), readings, unit, scaled)


def _worth_of(raw: str, scale: str | None) -> tuple[tuple[float, ...], float, bool]:
    return _worth(raw, scale) if len(raw) <= _REMEMBERED_DIGITS else _worth.__wrapped__(raw, scale)


@lru_cache(maxsize=4096)
def _worth(raw: str, scale: str | None) -> tuple[tuple[float, ...], float, bool]:
    """Return the readings of a number, its unit, and whether it has a scale word for certain."""
    factor = _SCALES[scale if scale in _SCALES else scale.lower()] if scale else 1.0
    plain = _readings(raw)
    readings = {value * factor for value in plain}
    decimals = len(raw.rpartition(".")[2]) if "." in raw else 0
    if scale and len(scale) == 1:  # 5 m may be metres
        return (*plain, *readings), 10.0**-decimals, False
    return tuple(readings), factor * 10.0**-decimals, scale is not None


def _readings(raw: str) -> set[float]:
    plain = _GROUPING.sub("", raw)
    texts = {plain.replace(",", "")} if plain.count(".") <= 1 else set()
    if _GROUPED.fullmatch(plain):
        texts.add(plain.replace(",", "").replace(".", ""))
    if plain.count(",") == 1:
        texts.add(plain.replace(".", "").replace(",", "."))
    return {float(text) for text in texts if len(text) <= MAX_DIGITS}


def _runs(text: str, words: re.Pattern[str]) -> Iterator[Number]:
    """Runs of number words: "two hundred and five", "twenty-one"."""
    start = end = -1
    total = group = 0.0
    for match in words.finditer(text):
        word, before = match[0], text[match.start() - 1 : match.start()]
        if before.isalnum() or before == "_":
            continue
        word = word if word in _WORTH or word in _SCALES else word[:-1]
        joined = end >= 0 and text[end : match.start()] in (" ", "-", " and ", " and a ")
        if not joined or (word in _WORTH and 0 < group < 20):
            if end >= 0:
                yield Number(start, end, (total + group,), worded=True)
            start, total, group = match.start(), 0.0, 0.0
        end = match.end()
        if word in _WORTH:
            group += _WORTH[word]
        elif _SCALES[word] <= 100:
            group = (group or 1.0) * _SCALES[word]
        else:
            total, group = total + (group or 1.0) * _SCALES[word], 0.0
    if end >= 0:
        yield Number(start, end, (total + group,), worded=True)
