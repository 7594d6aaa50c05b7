"""Words of a text as hashes, and sums of weights over their 1- and 2-grams, vectorised.

A word's hash is a polynomial over its folded characters, computed from one running sum: ``(S[end] - S[start]) /
p^start``, modulo 2^32. So no Python object is created per word: 2 KB take about 20 microseconds; splitting them with
``re`` takes twice that before anything is counted.

Folding: lower case, without accents and width, zero-width and tag characters skipped. An ideograph is a word.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.built_once import built_once

LIMIT: Final = 1 << 16
"""Characters of a text that are read."""

_BASE: Final = 0x9E3779B1
_MIX: Final = np.uint32(0x85EBCA6B)
_HALF, _THREE = np.uint32(15), np.uint32(3)
SKIP: Final = 0xFFFF
"""Stands in a folded text for a character to be skipped."""
BLOCK: Final = 16
"""Letters per hash in ``blocks``."""
_EIGHT: Final = np.dtype("<u8")
_FIRST: Final = np.uint64(0x9E3779B97F4A7C15)
_SECOND: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_TABLE_END: Final = 0x3000
_IDEOGRAPHS: Final = 0x2E80
_THAI, _BEHIND_THAI = 0xE00, 0xE80
_ASCII_END: Final = 0x80
_NO_LETTERS: Final = bytes(c for c in range(128) if not chr(c).isalnum() and c != 0x27)

Hashes = NDArray[np.uint32]
Folded = NDArray[np.uint8] | NDArray[np.uint16] | Hashes
Positions = NDArray[np.intp]
Weights = NDArray[np.float32]
Blocks = NDArray[np.uint64]


class Words(msgspec.Struct, frozen=True, gc=False):
    """The words of one text."""

    hashes: Hashes
    starts: Positions
    """Character offsets into the text."""
    ends: Positions

    def __len__(self) -> int:
        return len(self.hashes)

    def pairs(self) -> Hashes:
        """Return hashes of neighbouring words, one fewer than words."""
        mixed: Hashes = (self.hashes[:-1] * _THREE + self.hashes[1:]) * _MIX
        return mixed


def words(text: str) -> Words:
    """Return the words of a text, in time linear in its length."""
    together = _latest
    if together is not None and text == together.first:
        return together.words(together.words_of_first)
    return _Reading(text).words()


def beginnings(text: str, length: int) -> Hashes:
    """Return hashes of the first ``length`` letters of each word, or of pairs of letters in scripts without spaces."""
    return _Reading(text).beginnings(length)


def beginnings_of_two(first: str, second: str, length: int) -> tuple[Hashes, int]:
    """Return ``beginnings`` of two texts, in little more time than for one; and how many are those of the first.

    The words of the first text are cached until the next call: a question is also searched for injections.
    """
    global _latest  # noqa: PLW0603 - a cache of one entry, which is complete whichever thread wrote it last
    reading = _Reading(f"{first}\n{second}", first)
    if reading.has_thai or len(first) + len(second) >= LIMIT:
        parts = beginnings(first, length), beginnings(second, length)
        return np.concatenate(parts), len(parts[0])
    _latest = reading
    return reading.beginnings(length), reading.words_of_first


class _Reading:
    """A folded text, the positions of its words, and the running sums for their hashes."""

    __slots__ = (
        "_before", "_ends", "_inverses", "_letters", "_most", "_origin", "_starts", "_sums", "first", "has_thai",
        "words_of_first",
    )  # fmt: skip

    def __init__(self, text: str, first: str = "") -> None:
        letters, self._origin, self._most = _unskipped(folded(text))
        self._letters = letters
        self._starts, self._ends = _wide_edges(letters) if self._most >= _IDEOGRAPHS else _edges(letters)
        self._sums = _sums(letters)
        self._before = self._sums.take(self._starts)
        self._inverses = _powers()[1].take(self._starts)
        self.first = first
        """The first text, if two were read together."""
        self.has_thai = self._most >= _THAI and _contains_thai(letters)
        self.words_of_first = self._words_before(len(first)) if first else 0

    def _words_before(self, end: int) -> int:
        place = end if self._origin is None else self._origin.searchsorted(end)
        return int(self._starts.searchsorted(place))

    def words(self, count: int | None = None) -> Words:
        """Return the words, or the first ``count``."""
        starts, ends = self._starts[:count], self._ends[:count]
        hashes = self._sums.take(ends)
        hashes -= self._before[:count]
        hashes *= self._inverses[:count]
        if self._origin is not None:
            starts, ends = self._origin.take(starts), self._origin.take(ends - 1) + 1
        return Words(_mixed(hashes), starts, ends)

    def beginnings(self, length: int) -> Hashes:
        ends = np.minimum(self._ends, self._starts + length)
        if self.has_thai:
            return self._unspaced_beginnings(length)
        if self._most >= _IDEOGRAPHS:
            ends += self._letters.take(self._starts) >= _IDEOGRAPHS  # an ideograph and the next letter
        hashes = self._sums.take(ends, mode="clip")
        hashes -= self._before
        hashes *= self._inverses
        return _mixed(hashes)

    def _unspaced_beginnings(self, length: int) -> Hashes:
        letters = self._letters
        unspaced = letters >= _IDEOGRAPHS
        unspaced |= (letters >= _THAI) & (letters < _BEHIND_THAI)
        pairs = unspaced.nonzero()[0]
        starts, ends = _edges(np.where(unspaced, 0, letters))
        starts, ends = np.concatenate([starts, pairs]), np.concatenate([np.minimum(ends, starts + length), pairs + 2])
        hashes = self._sums.take(np.minimum(ends, len(letters)))
        hashes -= self._sums.take(starts)
        hashes *= _powers()[1].take(starts)
        return _mixed(hashes)


_latest: _Reading | None = None


def _contains_thai(letters: Folded) -> bool:
    behind = letters - letters.dtype.type(_THAI)  # smaller values wrap around
    return int(behind.min(initial=_BEHIND_THAI)) < _BEHIND_THAI - _THAI


def _unskipped(letters: Folded) -> tuple[Folded, Positions | None, int]:
    """Remove skipped characters; return the rest, its original positions, and its largest letter."""
    if letters.dtype == np.uint8:
        return letters, None, 0
    origin = None
    most = int(letters.max())
    if most >= SKIP and (skipped := letters == SKIP).any():
        origin = (~skipped).nonzero()[0]
        letters = letters.take(origin)
        most = int(letters.max(initial=0))
    return letters, origin, most


@dataclass(frozen=True, slots=True)
class Shingles:
    """Hashes of every run of ``width`` letters and digits, ignoring everything between them."""

    hashes: Hashes
    """One for each letter with width - 1 others after it."""
    positions: Positions
    """Character offset of each letter; width - 1 more than hashes."""


def shingles(text: str, width: int) -> Shingles:
    """Return the runs of letters of a text, in time linear in its length."""
    whole = folded(text)
    positions = ((whole != 0) & (whole != SKIP)).nonzero()[0]
    _, inverses = _powers()
    letters = whole.take(positions)
    count = len(letters) - width + 1
    if count < 1:
        return Shingles(np.zeros(0, np.uint32), positions)
    sums = _sums(letters)
    return Shingles(_mixed((sums[width:] - sums[:-width]) * inverses[:count]), positions)


def letters_of(text: str) -> bytes:
    """Return only the letters and digits of a text, folded, one byte each, which non-ASCII letters may share."""
    text = text[:LIMIT]
    if text.isascii():
        return text.encode().translate(_ascii_fold(), _NO_LETTERS)
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) == 2 * len(text):
        narrow = _plane_narrow().take(np.frombuffer(units, np.uint16), mode="clip")
    else:
        narrow = _narrowed(folded(text))
    return narrow.tobytes().translate(None, b"\0")


def blocks(letters: bytes, step: int) -> Blocks:
    """Hash the BLOCK bytes at every ``step``-th position; the upper bits are distributed best."""
    count = (len(letters) - BLOCK) // step + 1
    if count < 1:
        return np.zeros(0, np.uint64)
    first: Blocks = np.ndarray((count,), _EIGHT, letters, 0, (step,))
    second: Blocks = np.ndarray((count,), _EIGHT, letters, BLOCK // 2, (step,))
    hashes = first * _FIRST
    hashes += second * _SECOND
    return hashes


def _narrowed(letters: Folded) -> NDArray[np.uint8]:
    """Letters as bytes: ASCII as it is, 0 for what is no letter, and for others something from 0x80."""
    narrow = (letters ^ (letters >> 7)) | 0x80
    return np.where(letters < _ASCII_END, letters, np.where(letters == SKIP, 0, narrow)).astype(np.uint8)


def _mixed(hashes: Hashes) -> Hashes:
    """Spread the bits, in place."""
    hashes ^= hashes >> _HALF
    hashes *= _MIX
    return hashes


def folded(text: str) -> Folded:
    """Letters and digits folded, one number a character: 0 for all else, SKIP for what is as if it were not there.

    As narrow as the text allows: bytes for ASCII, two where no character lies beyond the basic plane.
    """
    text = text[:LIMIT]
    if text.isascii():
        return np.frombuffer(text.encode().translate(_ascii_fold()), np.uint8)
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) == 2 * len(text):
        return _plane_fold().take(np.frombuffer(units, np.uint16), mode="clip")
    return _fold(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32))


def _sums(letters: Folded) -> Hashes:
    """Return the running sum from which hashes are differences; one longer than the letters."""
    powers, _ = _powers()
    sums = np.empty(len(letters) + 1, np.uint32)
    sums[0] = 0
    np.add.accumulate(letters * powers[: len(letters)], out=sums[1:])
    return sums


def _edges(letters: Folded) -> tuple[Positions, Positions]:
    """Return starts and ends of runs of letters."""
    inside = np.zeros(len(letters) + 2, np.bool_)
    np.not_equal(letters, 0, out=inside[1:-1])
    edges = (inside[1:] != inside[:-1]).nonzero()[0]
    return edges[::2], edges[1::2]


def _wide_edges(letters: Folded) -> tuple[Positions, Positions]:
    """Return starts and ends of words in a text with ideographs, each of which is a word."""
    single = (letters >= _IDEOGRAPHS).nonzero()[0]
    inside = np.zeros(len(letters) + 2, np.bool_)
    np.not_equal(letters, 0, out=inside[1:-1])
    turns = inside[1:] != inside[:-1]
    turns[single] = True
    single += 1
    turns[single] = True
    return (turns & inside[1:]).nonzero()[0], (turns & inside[:-1]).nonzero()[0]


def _fold(codes: Hashes) -> Hashes:
    table = _wide_fold()
    letters = table.take(codes, mode="clip")
    beyond = codes >= _TABLE_END
    if beyond.any():
        other = codes[beyond]
        full_width = (other >= 0xFF01) & (other <= 0xFF5E)
        other = np.where(full_width, table[np.where(full_width, other - 0xFEE0, 0)], other)
        tags = (other >= 0xE0000) & (other <= 0xE007F)
        other = np.where(other == SKIP, 0, other)  # the code point equal to SKIP is no letter
        other = np.where(tags | ((other >= 0xFE00) & (other <= 0xFE0F)) | (other == 0xFEFF), np.uint32(SKIP), other)
        symbols = (other >= 0x1F000) & (other < 0x20000) | (other >= _TABLE_END) & (other < 0x3005)
        letters[beyond] = np.where(symbols, 0, other)
    return letters


@built_once
def _ascii_fold() -> bytes:
    return bytes(ord(chr(c).lower()) if c < 128 and (chr(c).isalnum() or c == 0x27) else 0 for c in range(256))


@built_once
def _wide_fold() -> Hashes:
    """Return letters by code point below _TABLE_END: 0 is not part of a word, SKIP is to be skipped."""
    table = np.zeros(_TABLE_END, np.uint32)
    for code in range(_TABLE_END):
        character = chr(code)
        category = unicodedata.category(character)
        if category in {"Cf", "Mn"}:
            table[code] = SKIP
        elif character in "'\u2019":
            table[code] = 0x27
        elif character.isalnum():
            table[code] = ord(unicodedata.normalize("NFKD", character)[0].lower()[0])
    return table


@built_once
def _plane_fold() -> NDArray[np.uint16]:
    """Return ``_fold`` of every character of the basic plane."""
    return _fold(np.arange(1 << 16, dtype=np.uint32)).astype(np.uint16)


@built_once
def _plane_narrow() -> NDArray[np.uint8]:
    """Return ``_narrowed`` of every character of the basic plane."""
    return _narrowed(_plane_fold())


@built_once
def _powers() -> tuple[Hashes, Hashes]:
    """Return powers of the base and of its inverse, modulo 2^32."""

    def run(base: int) -> Hashes:
        row = np.full(LIMIT + 1, base, np.uint32)
        row[0] = 1
        return np.cumprod(row, dtype=np.uint32)

    return run(_BASE), run(pow(_BASE, -1, 1 << 32))
