"""Undoes the masking of words in a folded text: spaced letters, symbols instead of letters, character references.

``r i c i n``, ``r1c1n`` and ``ri&#99;in`` become the word that a reader sees. Words of fewer than four letters, or
of more symbols than letters, are unchanged: "A55" is a road and 455e7 a number.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Final

import hyperscan

from tocsin.detectors.built_once import built_once
from tocsin.detectors.candidates import capped
from tocsin.detectors.hyperscanning import Matcher

_GATES: Final = (
    rb"[a-z][ ._*/-][a-z][ ._*/-][a-z][ ._*/-][a-z]",
    rb"[a-z][0134578@$!|]{1,3}[a-z]|[0134578@$!|][a-z]{3}|[a-z]{3}[0134578@$!|]",
    rb"&#x?[0-9a-f]{2,6};",
)
_MASKED = re.compile(
    r"(?<![^\W_])(?P<apart>[a-z](?P<gap>[ ._*/-])(?:[a-z](?P=gap)){2,38}[a-z])(?![^\W_])"
    r"|(?P<signs>(?<![^\W_])(?=[a-z@$!|]{0,40}[0134578@$!|])[a-z0134578@$!|]{4,40}(?![^\W_]))"
    r"|&#(?:x(?P<hex>[0-9a-f]{2,6})|(?P<decimal>[0-9]{2,7}));"
)
_SIGNS: Final = (str.maketrans("0134578@$!|", "oieastbasii"), str.maketrans("0134578@$!|", "oleastbasil"))
"""The letter that each symbol resembles; a one is an i or an l."""


@built_once
def _gate() -> Matcher:
    return Matcher(list(_GATES), [hyperscan.HS_FLAG_SINGLEMATCH] * len(_GATES), ours=True)


class Places:
    """Original positions of the characters of an unmasked text, and of its end; stored as runs, to be fast to build."""

    def __init__(self, runs: Sequence[tuple[int, int, int]]) -> None:
        """``runs`` in order: index of the first character, its position, and the distance between positions."""
        self._runs = runs

    def __getitem__(self, index: int) -> int:
        first, place, step = self._runs[bisect_right(self._runs, index, key=itemgetter(0)) - 1]
        return place + step * (index - first)


def unmasked(folded: str) -> Iterator[tuple[str, Places]]:
    """Yield the text without masks, in each possible reading, with the positions of its characters and its end.

    Yields nothing for a text without masked words.
    """
    if not _gate().fired(folded.encode("utf-8", "surrogatepass")):
        return
    masks = list(capped(_MASKED, folded))
    for signs in _SIGNS if any(mask["signs"] for mask in masks) else _SIGNS[:1]:
        pieces: list[str] = []
        runs: list[tuple[int, int, int]] = []
        at = size = 0
        for mask in masks:
            start, end = mask.span()
            letters = _letters(mask, signs)
            step = 2 if mask["apart"] else 1 if mask["signs"] else 0
            pieces += folded[at:start], letters
            runs += (size, at, 1), (size + start - at, start, step)
            size += start - at + len(letters)
            at = end
        pieces.append(folded[at:])
        runs.append((size, at, 1))
        yield "".join(pieces), Places(runs)


def _letters(mask: re.Match[str], signs: dict[int, int]) -> str:
    if mask["apart"]:
        return mask["apart"][::2]
    if word := mask["signs"]:
        return word.translate(signs) if 2 * sum(map(str.isalpha, word)) >= len(word) else word
    code = int(mask["hex"], 16) if mask["hex"] else int(mask["decimal"])
    return chr(code).lower()[:1] if code < 0x110000 else mask[0][:1]
