"""Input drift: the population stability index (PSI) of a route's questions, for each feature.

PSI = sum over bins of (current - reference) * ln(current / reference), as shares. Conventionally below 0.1 is stable,
and from 0.25 a shift. The reference is the route's own past, a histogram that decays, and is frozen while the input
drifts; the current histogram is that of the last questions. With few of either there is no value: noise is not drift.
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
"""Bins of each feature of a question; labels of a call have ``Segments``."""

WINDOW: Final = 500
"""Questions in the current histogram."""
MIN_CURRENT: Final = 200
MIN_REFERENCE: Final = 1_000
FREEZE_ABOVE: Final = 0.25
_CHECK_EVERY: Final = 8
"""Questions between two checks whether to freeze the reference: the index is most of the cost of a question."""
HALF_LIFE: Final = 20_000.0
"""Questions after which the weight of an old one is halved."""
MAX_BINS: Final = 32
KNOWN_FROM: Final = 0.01
"""Share of the past from which a value of a label is not new."""
OTHER: Final = "other"
"""The bin of values that appear after all other bins are taken."""
_LENGTHS: Final = (32, 64, 128, 256, 512, 1024, 2048, 4096, 16384)
_EPSILON: Final = 0.5
"""Added to each bin, so that an empty one is rare, but not impossible."""
_BEYOND_LATIN = re.compile(r"[^\x00-\u024f]")
_SCRIPTS: Final = (
    ("cyrillic", 0x400, 0x52F), ("arabic", 0x600, 0x6FF), ("cjk", 0x3040, 0x30FF), ("cjk", 0x3400, 0x9FFF),
    ("cjk", 0xAC00, 0xD7AF),
)  # fmt: skip
_READ_CHARS: Final = 4_096
_WORD = re.compile(r"[^\W\d_]{4,}")
_WORD_CHARS: Final = 200
"""Characters that are searched for the topic's word."""


def psi(reference: Sequence[float], current: Sequence[float]) -> float:
    """Return the population stability index of two histograms over the same bins, from their counts; 0 if equal.

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
    """Return the bin of each feature of one question."""
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
    """Return the bucket of the longest word, which is rarely a common one: this needs no model, and stores no word.

    Measured on the domains of CLINC's oos-eval: if they stay the same, the index is at most 0.11; if half of the
    questions are of another one, 0.21 or more, while that of the other features may be 0.02 even if all of them are.
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
    from tocsin.detectors.language import certain_language  # noqa: PLC0415 - its tables would slow down the start

    return "en" if certain_language(sample) == "en" else "latin"


class Packed(msgspec.Struct, array_like=True, gc=False):
    """The stored state of one feature of one route."""

    reference: list[float]
    recent: list[int]
    names: list[str] = []


class Drift:
    """One feature of one route: a reference histogram and the last bins.

    A question enters the reference when it leaves the window, so that no question is in both, but not while the index
    is above FREEZE_ABOVE.
    """

    def __init__(self, bins: int, window: int = WINDOW, half_life: float = HALF_LIFE) -> None:
        if not 2 <= bins <= MAX_BINS:
            raise ValueError(f"2 to {MAX_BINS} bins, not {bins}")
        self._window = window
        self._keep = 0.5 ** (1.0 / half_life)
        self._reference = [0.0] * bins
        self._recent: deque[int] = deque(maxlen=window)
        self._current = [0] * bins
        self._unchecked = 0
        """Questions until the next check."""
        self._frozen = False

    @property
    def bins(self) -> int:
        """The number of bins."""
        return len(self._current)

    def add(self, place: int) -> None:
        """Count one question in a bin; a number beyond the bins counts in the last."""
        place = place if 0 <= place < self.bins else self.bins - 1
        if len(self._recent) == self._window:
            oldest = self._recent[0]
            self._current[oldest] -= 1
            if not self._unchecked:
                value = self.value()
                self._frozen = value is not None and value > FREEZE_ABOVE
                self._unchecked = _CHECK_EVERY
            self._unchecked -= 1
            if not self._frozen:
                self._reference = [count * self._keep for count in self._reference]
                self._reference[oldest] += 1.0
        self._recent.append(place)
        self._current[place] += 1

    def value(self) -> float | None:
        """Return the current index; None while the reference or the window has too few questions."""
        if len(self._recent) < min(MIN_CURRENT, self._window) or sum(self._reference) < MIN_REFERENCE:
            return None
        return psi(*self._histograms())

    def grown(self) -> tuple[int, float]:
        """Return the bin that grew most over the reference, and by which share; needs a ``value``."""
        total, size = sum(self._reference), len(self._recent)
        gains = [(place, self._current[place] / size - self._reference[place] / total) for place in self._growable()]
        return max(gains, key=lambda gain: gain[1])

    def _growable(self) -> Sequence[int]:
        """Return the bins that may have grown."""
        return range(self.bins)

    def _histograms(self) -> tuple[Sequence[float], Sequence[float]]:
        """Return the two histograms that the index compares."""
        return self._reference, self._current

    def pack(self) -> bytes:
        """State as bytes (MessagePack)."""
        return msgspec.msgpack.encode(Packed(self._reference, list(self._recent)))

    @classmethod
    def unpack(cls, data: bytes, window: int = WINDOW, half_life: float = HALF_LIFE) -> Self:
        """Restore the state from the bytes of ``pack``.

        Raises:
            ValueError: the bytes are invalid.
        """
        packed = msgspec.msgpack.decode(data, type=Packed)  # msgspec's errors are ValueErrors
        drift = cls(len(packed.reference), window, half_life)
        drift._restore(packed)
        return drift

    def _restore(self, packed: Packed) -> None:
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
    """A label of one route, whose values get bins in order of appearance; values beyond that share the last.

    Labels have a rhythm, such as a team that works at night: so all values known from the past count as one bin, and
    the index is that of the new ones.
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
        """Return the value of a bin."""
        return self.names[place] if place < len(self.names) else OTHER

    def _histograms(self) -> tuple[Sequence[float], Sequence[float]]:
        before = [self._reference[place] for place in self._growable()]
        now = [self._current[place] for place in self._growable()]
        return [sum(self._reference) - sum(before), *before], [len(self._recent) - sum(now), *now]

    def _growable(self) -> Sequence[int]:
        known = KNOWN_FROM * sum(self._reference)
        return [place for place, current in enumerate(self._current) if current and self._reference[place] < known]

    def pack(self) -> bytes:
        """State as bytes (MessagePack)."""
        return msgspec.msgpack.encode(Packed(self._reference, list(self._recent), self.names))

    def _restore(self, packed: Packed) -> None:
        super()._restore(packed)
        self.names = packed.names[: self.bins - 1]
