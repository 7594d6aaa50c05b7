"""Takes off the masks of words in a folded text: letters set apart, signs in place of letters, character references.

``r i c i n``, ``r1c1n`` and ``ri&#99;in`` are read as the word that a reader sees. Words of fewer than four letters, or
of more signs than letters, are left as they are: "A55" is a road and 455e7 a number.
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
"""What each sign looks like; a one is an i or an l."""


@built_once
def _gate() -> Matcher:
    return Matcher(list(_GATES), [hyperscan.HS_FLAG_SINGLEMATCH] * len(_GATES), ours=True)


class Places:
    """Where the characters of a text without masks stood, and its end. By runs: a list of a million holds others up."""

    def __init__(self, runs: Sequence[tuple[int, int, int]]) -> None:
        """Take the runs in order: index of the first character, its place, and how far apart places are."""
        self._runs = runs

    def __getitem__(self, index: int) -> int:
        first, place, step = self._runs[bisect_right(self._runs, index, key=itemgetter(0)) - 1]
        return place + step * (index - first)


def unmasked(folded: str) -> Iterator[tuple[str, Places]]:
    """The text without masks, in each way that it may be read, with the places of its characters and its end.

    Nothing for a text in which no word has one.
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
