"""Input drift: the population stability index (PSI) of what a route is asked, feature by feature.

PSI = sum over bins of (current - reference) * ln(current / reference), shares in both. By custom under 0.1 is stable,
from 0.25 a shift. The reference is the route's own past, a histogram that decays and stands still while the input
drifts; the current one is that of the last questions. With few of either there is no value: noise is no drift.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from typing import Final, Self

import msgspec
from xxhash import xxh3_64_intdigest

TOPICS: Final = 24
FEATURES: Final[dict[str, tuple[str, ...]]] = {
    "length": ("0", "32", "64", "128", "256", "512", "1024", "2048", "4096", "16384"),
    "language": ("en", "latin", "cyrillic", "arabic", "cjk", "other", "none"),
    "question": ("none", "one", "more"),
    "code": ("none", "some", "mostly"),
    "topic": (*map(str, range(TOPICS)), "none"),
}
"""Bins by feature of a question; what else is known of a call has ``Segments``."""

WINDOW: Final = 500
"""Questions that are current."""
MIN_CURRENT: Final = 200
MIN_REFERENCE: Final = 1_000
FREEZE_ABOVE: Final = 0.25
_LOOK_EVERY: Final = 8
"""Questions between two looks at whether the reference stands still: the index is most of what a question costs."""
HALF_LIFE: Final = 20_000.0
"""Questions in which the weight of an old one halves."""
MAX_BINS: Final = 32
KNOWN_FROM: Final = 0.01
"""Share of the past from which a value of a label is no news."""
OTHER: Final = "other"
"""Values that are met when all other bins are taken."""
_LENGTHS: Final = (32, 64, 128, 256, 512, 1024, 2048, 4096, 16384)
_EPSILON: Final = 0.5
"""Added to each bin, so that an empty one is rare and not impossible."""
_BEYOND_LATIN = re.compile(r"[^\x00-\u024f]")
_SCRIPTS: Final = (
    ("cyrillic", 0x400, 0x52F), ("arabic", 0x600, 0x6FF), ("cjk", 0x3040, 0x30FF), ("cjk", 0x3400, 0x9FFF),
    ("cjk", 0xAC00, 0xD7AF),
)  # fmt: skip
_READ_CHARS: Final = 4_096
_WORD = re.compile(r"[^\W\d_]{4,}")
_WORD_CHARS: Final = 200
"""Characters in which the word of a topic is sought."""


def psi(reference: Sequence[float], current: Sequence[float]) -> float:
    """The population stability index of two histograms over the same bins, from their counts; 0 for equal shares.

    Half a count is added to each bin of both.

    Raises:
        ValueError: they have different numbers of bins, or none.
    """
    if len(reference) != len(current) or not reference:
        raise ValueError("two histograms of the same bins are needed")
    total_before = sum(reference) + _EPSILON * len(reference)
    total_now = sum(current) + _EPSILON * len(current)
    index = 0.0
    for before, now in zip(reference, current, strict=True):
        share_before, share_now = (before + _EPSILON) / total_before, (now + _EPSILON) / total_now
        index += (share_now - share_before) * math.log(share_now / share_before)
    return max(0.0, index)


def features(text: str) -> dict[str, int]:
    """The bin of each feature of one question."""
    sample = text[:_READ_CHARS]
    questions = sample.count("?")
    fenced = sum(map(len, sample.split("```")[1::2])) if "```" in sample else 0
    code = fenced + sum(sample.count(mark) for mark in ("{", "}", ";", "()", "=="))
    return {
        "length": bisect_right(_LENGTHS, len(text)),
        "language": FEATURES["language"].index(_language(sample)),
        "question": min(questions, 2),
        "code": 0 if code == 0 else 2 if 2 * code > len(sample) else 1,
        "topic": _topic(sample),
    }


def _topic(sample: str) -> int:
    """The bucket of the longest word, which is rarely a common one: no model, and no word is kept.

    Measured on the domains of CLINC's oos-eval: where they stay the same, the index is at most 0.11; where half of the
    questions are of another one, 0.21 or more, while that of the other features may be 0.02 where all of them are.
    """
    words = _WORD.findall(sample[:_WORD_CHARS].lower())
    return xxh3_64_intdigest(max(words, key=len).encode()) % TOPICS if words else TOPICS


def _language(sample: str) -> str:
    opening = sample[:200]
    if opening.isascii():
        return "none" if opening.lower() == opening.upper() else _latin(sample)
    letters = sum(map(str.isalpha, opening))
    if not letters:
        return "none"
    beyond = [ord(char) for char in _BEYOND_LATIN.findall(opening) if char.isalpha()]
    if 2 * len(beyond) <= letters:
        return _latin(sample)
    for script, first, last in _SCRIPTS:
        if 2 * sum(first <= letter <= last for letter in beyond) > letters:
            return script
    return "other"


def _latin(sample: str) -> str:
    from tocsin.detectors.language import certain_language  # noqa: PLC0415 - its tables: a start does not wait for them

    return "en" if certain_language(sample) == "en" else "latin"


class Packed(msgspec.Struct, array_like=True, gc=False):
    """State of one feature of one route, as it is stored."""

    reference: list[float]
    recent: list[int]
    names: list[str] = []


class Drift:
    """One feature of one route: a reference histogram and the last bins.

    A question enters the reference when it leaves the window, so that the two never hold the same question, and not
    while the index is over FREEZE_ABOVE.
    """

    def __init__(self, bins: int, window: int = WINDOW, half_life: float = HALF_LIFE) -> None:
        if not 2 <= bins <= MAX_BINS:
            raise ValueError(f"2 to {MAX_BINS} bins, not {bins}")
        self._window = window
        self._keep = 0.5 ** (1.0 / half_life)
        self._reference = [0.0] * bins
        self._recent: deque[int] = deque(maxlen=window)
        self._current = [0] * bins
        self._unlooked = 0
        """Questions until the next look."""
        self._frozen = False

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self._current)

    def add(self, place: int) -> None:
        """Take in the bin of one question; one outside of the bins counts in the last."""
        place = place if 0 <= place < self.bins else self.bins - 1
        if len(self._recent) == self._window:
            oldest = self._recent[0]
            self._current[oldest] -= 1
            if not self._unlooked:
                value = self.value()
                self._frozen = value is not None and value > FREEZE_ABOVE
                self._unlooked = _LOOK_EVERY
            self._unlooked -= 1
            if not self._frozen:
                self._reference = [count * self._keep for count in self._reference]
                self._reference[oldest] += 1.0
        self._recent.append(place)
        self._current[place] += 1

    def value(self) -> float | None:
        """The index now; None while the reference or the window holds too little."""
        if len(self._recent) < min(MIN_CURRENT, self._window) or sum(self._reference) < MIN_REFERENCE:
            return None
        return psi(*self._compared())

    def grown(self) -> tuple[int, float]:
        """The bin that gained most over the reference, and its gain as a share of all; where there is a ``value``."""
        before, now = sum(self._reference), len(self._recent)
        gains = [(place, self._current[place] / now - self._reference[place] / before) for place in self._news()]
        return max(gains, key=lambda gain: gain[1])

    def _news(self) -> Sequence[int]:
        """Return the bins that may be news."""
        return range(self.bins)

    def _compared(self) -> tuple[Sequence[float], Sequence[float]]:
        """Return the two histograms that the index compares."""
        return self._reference, self._current

    def pack(self) -> bytes:
        """State as bytes (MessagePack)."""
        return msgspec.msgpack.encode(Packed(self._reference, list(self._recent)))

    @classmethod
    def unpack(cls, data: bytes, window: int = WINDOW, half_life: float = HALF_LIFE) -> Self:
        """From the bytes of ``pack``.

        Raises:
            ValueError: they are not.
        """
        packed = msgspec.msgpack.decode(data, type=Packed)  # msgspec's errors are ValueErrors
        drift = cls(len(packed.reference), window, half_life)
        drift._take(packed)
        return drift

    def _take(self, packed: Packed) -> None:
        bins = len(packed.reference)
        if not all(0 <= place < bins for place in packed.recent) or not all(
            0 <= c < math.inf for c in packed.reference
        ):
            raise ValueError("not the state of a drift: bins out of range")
        self._reference = packed.reference
        for place in packed.recent[-self._window :]:
            self._recent.append(place)
            self._current[place] += 1


class Segments(Drift):
    """A label of one route, whose values get their bins as they are met; those beyond them share the last.

    Labels have a rhythm, as a team that works by night: so all values that the past knows count as one bin, and the
    index is that of the new ones.
    """

    def __init__(self, bins: int = MAX_BINS, window: int = WINDOW, half_life: float = HALF_LIFE) -> None:
        super().__init__(bins, window, half_life)
        self.names: list[str] = []

    def place(self, value: str) -> int:
        """Return the bin of a value."""
        if value not in self.names and len(self.names) < self.bins - 1:
            self.names.append(value)
        return self.names.index(value) if value in self.names else self.bins - 1

    def name(self, place: int) -> str:
        """Return the value that a bin is for."""
        return self.names[place] if place < len(self.names) else OTHER

    def _compared(self) -> tuple[Sequence[float], Sequence[float]]:
        before = [self._reference[place] for place in self._news()]
        now = [self._current[place] for place in self._news()]
        return [sum(self._reference) - sum(before), *before], [len(self._recent) - sum(now), *now]

    def _news(self) -> Sequence[int]:
        known = KNOWN_FROM * sum(self._reference)
        return [place for place, current in enumerate(self._current) if current and self._reference[place] < known]

    def pack(self) -> bytes:
        """State as bytes (MessagePack)."""
        return msgspec.msgpack.encode(Packed(self._reference, list(self._recent), self.names))

    def _take(self, packed: Packed) -> None:
        super()._take(packed)
        self.names = packed.names[: self.bins - 1]
