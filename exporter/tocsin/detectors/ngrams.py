"""Words of a text as hashes, and sums of weights over their 1- and 2-grams, vectorised.

A word's hash is a polynomial over its folded characters, taken from one running sum: ``(S[end] - S[start]) / p^start``,
all modulo 2^32. So no Python object is made per word: 2 KB cost about 20 microseconds, where splitting them with ``re``
costs twice that before anything is counted.

Folding: lower case, accents and width dropped, zero-width and tag characters skipped. An ideograph is a word.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

LIMIT: Final = 1 << 16
"""Characters of a text that are read."""

_BASE: Final = 0x9E3779B1
_MIX: Final = 0x85EBCA6B
SKIP: Final = 1
"""What a folded text holds for a character that is as if it were not there."""
_TABLE_END: Final = 0x3000
_IDEOGRAPHS: Final = 0x2E80
_THAI, _BEHIND_THAI = 0xE00, 0xE80
_N, _HALF = ord("n"), 13
_NO_LETTERS: Final = bytes(c for c in range(128) if not chr(c).isalnum() and c != 0x27)

Hashes = NDArray[np.uint32]
Folded = NDArray[np.uint8] | NDArray[np.uint16] | Hashes
Positions = NDArray[np.intp]
Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one text."""

    hashes: Hashes
    starts: Positions
    """Character offsets into the text."""
    ends: Positions

    def __len__(self) -> int:
        return len(self.hashes)

    def pairs(self) -> Hashes:
        """Hashes of neighbouring words, one less than words."""
        mixed: Hashes = (self.hashes[:-1] * np.uint32(3) + self.hashes[1:]) * np.uint32(_MIX)
        return mixed


def words(text: str) -> Words:
    """Read the words of a text, in time linear in its length."""
    return words_of(folded(text))


def words_of(letters: Folded) -> Words:
    """Read the words of a folded text."""
    if letters.dtype == np.uint8:
        return _hashed(letters, _edges(letters).nonzero()[0], None)
    skipped = letters == SKIP
    if skipped.any():
        kept = (~skipped).nonzero()[0]
        return _hashed(letters[kept], _wide_edges(letters[kept]), kept)
    return _hashed(letters, _wide_edges(letters), None)


@dataclass(frozen=True, slots=True)
class Shingles:
    """Every run of ``width`` letters and digits, whatever stands between them."""

    hashes: Hashes
    """One for each letter that has width - 1 others behind it."""
    positions: Positions
    """Character offset of each letter; width - 1 more than hashes."""


def shingles(text: str, width: int) -> Shingles:
    """Read the runs of letters of a text, in time linear in its length."""
    whole = folded(text)
    positions = (whole > SKIP).nonzero()[0]
    _, inverses = _powers()
    letters = whole.take(positions)
    count = len(letters) - width + 1
    if count < 1:
        return Shingles(np.zeros(0, np.uint32), positions)
    sums = _sums(letters)
    return Shingles(_mixed((sums[width:] - sums[:-width]) * inverses[:count]), positions)


def signatures(text: str, width: int) -> Hashes:
    """Hash every run of letters and digits of a text so that it has the same hash reversed and in ROT13.

    It is the sum over the neighbours in the run of a product that knows neither their order nor a letter from its
    ROT13. Two texts without a signature in common share no run of that width in any of those forms.
    """
    values = _values(text[:LIMIT])
    if len(values) < width:
        return np.zeros(0, np.uint32)
    sums = np.empty(len(values), np.uint32)
    sums[0] = 0
    np.add.accumulate(values[:-1] * values[1:], out=sums[1:])
    return _mixed(sums[width - 1 :] - sums[: len(values) - width + 1])


def _values(text: str) -> Hashes:
    """Numbers for the letters and digits of a text, the same for a letter and its ROT13."""
    if text.isascii():
        letters = np.frombuffer(text.encode().translate(_ascii_fold(), _NO_LETTERS), np.uint8)
        return _plane_values().take(letters, mode="clip")
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) == 2 * len(text):
        values = _plane_values().take(np.frombuffer(units, np.uint16), mode="clip")
    else:
        values = _valued(folded(text))
    return values.take(values.nonzero()[0])


def _valued(letters: Folded) -> Hashes:
    """Spread letters over all of 32 bits; 0 for what is none."""
    second = (letters >= _N) & (letters < _N + _HALF)
    values = letters.astype(np.uint32)
    values[second] -= np.uint32(_HALF)  # n to z are a to m
    values *= np.uint32(_BASE)
    return np.where(letters > SKIP, _mixed(values) | np.uint32(1), np.uint32(0))


def beginnings(text: str, length: int) -> Hashes:
    """Read the first ``length`` letters of each word, or each pair of letters where a script puts no spaces."""
    letters = folded(text)
    if letters.dtype == np.uint8:
        pairs, edges = None, _edges(letters).nonzero()[0]
    else:
        letters = letters[letters != SKIP]
        unspaced = letters >= _IDEOGRAPHS
        unspaced |= (letters >= _THAI) & (letters < _BEHIND_THAI)
        pairs = unspaced.nonzero()[0]
        edges = _edges(np.where(unspaced, 0, letters) if len(pairs) else letters).nonzero()[0]
    starts = edges[::2]
    ends = np.minimum(edges[1::2], starts + length)
    if pairs is not None and len(pairs):
        starts = np.concatenate([starts, pairs])
        ends = np.concatenate([ends, np.minimum(pairs + 2, len(letters))])
    _, inverses = _powers()
    sums = _sums(letters)
    hashes = sums.take(ends)
    hashes -= sums.take(starts)
    hashes *= inverses.take(starts)
    return _mixed(hashes)


def _mixed(hashes: Hashes) -> Hashes:
    """Spread the bits, in place."""
    hashes ^= hashes >> np.uint32(15)
    hashes *= np.uint32(_MIX)
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


def _hashed(letters: Folded, edges: Positions, origin: Positions | None) -> Words:
    _, inverses = _powers()
    starts, ends = edges[::2], edges[1::2]
    sums = _sums(letters)
    at = sums.take(edges)  # several times as fast as an index
    hashes = at[1::2]
    hashes -= at[::2]
    hashes *= inverses.take(starts)
    hashes = _mixed(hashes)
    if origin is not None:
        starts, ends = origin[starts], origin[ends - 1] + 1
    return Words(hashes, starts, ends)


def _sums(letters: Folded) -> Hashes:
    """Return the running sum of which every hash is a difference; one longer than the letters."""
    powers, _ = _powers()
    sums = np.empty(len(letters) + 1, np.uint32)
    sums[0] = 0
    np.add.accumulate(letters * powers[: len(letters)], out=sums[1:])
    return sums


def _edges(letters: Folded) -> NDArray[np.bool_]:
    """Mark where words begin and end; one longer than the text."""
    inside = np.zeros(len(letters) + 2, np.bool_)
    np.not_equal(letters, 0, out=inside[1:-1])
    edges: NDArray[np.bool_] = inside[1:] != inside[:-1]
    return edges


def _wide_edges(letters: Folded) -> Positions:
    """Positions at which words begin and end, in turns: an ideograph is both, and so its edges stand twice."""
    single = (letters >= _IDEOGRAPHS).nonzero()[0]
    if not len(single):
        return _edges(letters).nonzero()[0]
    inside = np.zeros(len(letters) + 2, np.bool_)
    np.not_equal(letters, 0, out=inside[1:-1])
    turns = inside[1:] != inside[:-1]
    turns[single] = True
    single += 1
    turns[single] = True
    starts = (turns & inside[1:]).nonzero()[0]
    edges = np.empty(2 * len(starts), np.intp)
    edges[::2] = starts
    edges[1::2] = (turns & inside[:-1]).nonzero()[0]
    return edges


def _fold(codes: Hashes) -> Hashes:
    table = _wide_fold()
    letters = table.take(codes, mode="clip")
    beyond = codes >= _TABLE_END
    if beyond.any():
        other = codes[beyond]
        full_width = (other >= 0xFF01) & (other <= 0xFF5E)
        other = np.where(full_width, table[np.where(full_width, other - 0xFEE0, 0)], other)
        tags = (other >= 0xE0000) & (other <= 0xE007F)
        other = np.where(tags | ((other >= 0xFE00) & (other <= 0xFE0F)) | (other == 0xFEFF), SKIP, other)
        symbols = (other >= 0x1F000) & (other < 0x20000) | (other >= _TABLE_END) & (other < 0x3005)
        letters[beyond] = np.where(symbols, 0, other)
    return letters


@cache
def _ascii_fold() -> bytes:
    return bytes(ord(chr(c).lower()) if c < 128 and (chr(c).isalnum() or c == 0x27) else 0 for c in range(256))


@cache
def _wide_fold() -> Hashes:
    """Letters by code point below _TABLE_END: 0 is no word, SKIP is as if it were not there."""
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


@cache
def _plane_fold() -> NDArray[np.uint16]:
    """``_fold`` of every character of the basic plane."""
    return _fold(np.arange(1 << 16, dtype=np.uint32)).astype(np.uint16)


@cache
def _plane_values() -> Hashes:
    """``_valued`` of every character of the basic plane."""
    return _valued(_plane_fold())


@cache
def _powers() -> tuple[Hashes, Hashes]:
    """Powers of the base and of its inverse, modulo 2^32."""

    def run(base: int) -> Hashes:
        row = np.full(LIMIT + 1, base, np.uint32)
        row[0] = 1
        return np.cumprod(row, dtype=np.uint32)

    return run(_BASE), run(pow(_BASE, -1, 1 << 32))
