# ruff: noqa: RUF001 - letters that look like others are what this module is about
"""Folds all spellings of a word into one: for terms that must be found however they are disguised.

Folding removes case, compatibility forms (fullwidth, ligatures, mathematical letters), invisible characters, piles of
marks on a letter, and Cyrillic or Greek letters that look Latin. Accents stay: "año" is not "ano". ASCII is only
lower-cased, and beyond it only characters that folding changes are processed, so that ordinary text costs little.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from tocsin.detectors.built_once import built_once

# Pairs that look alike in common fonts; Unicode's list (UTS 39) has thousands, most of them never typed.
_LOOK_ALIKE: Final = """
    аa вb еe ёe гr һh іi јj кk ӏl мm нh оo пn рp сc ѕs тt уy ѵv хx ԁd ԍg ոn օo սu ցg ԛq ԝw
    αa βb γy εe ηn ιi κk νv οo ρp τt υu χx ωw ϲc ϳj
    ɑa ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɡg ɢg ʜh ıi ɩi ɪi ᴊj ᴋk ʟl ǀl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz
"""
_CONFUSABLE: Final = {pair[0]: pair[1] for pair in _LOOK_ALIKE.split()}
_INVISIBLE = re.compile(r"[\ufe00-\ufe0f\u115f\u1160\u3164\uffa0\u034f\U000e0100-\U000e01ef]")
_MARKS = r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARK = re.compile(_MARKS)
_DROPPED = re.compile(f"{_INVISIBLE.pattern}|{_MARKS}")
_MARKS_AT = re.compile(f"{_MARKS}+")
_MARKED = re.compile(rf"(?s:.)?{_MARKS}+")
"""A character with its marks."""
_UNIT = re.compile(rf"(?s:.){_MARKS}*")
_MOST_MARKS = 2
"""Maximum marks on a letter in any living orthography (Vietnamese); more are decoration."""
_MOST_MARKED: Final = 20_000
"""Maximum characters of one text that keep their marks; each takes microseconds, so later ones lose them."""
_LONGEST: Final = 4
"""Maximum length of a folded character: longer are Arabic and Japanese words in one sign, which disguise nothing."""
_BLOCK: Final = 64
_BLOCKS: Final = ((0x80, 0x3400), (0xA000, 0xAC00), (0xD7A4, 0x10000))
"""The basic plane without ideographs and Hangul syllables, which folding does not change beyond their case."""
_RARER: Final = ((0x10000, 0x1F300), (0x1FB00, 0x20000), (0x2F800, 0x2FA40), (0xE0000, 0xE1000))
"""Other ranges in which folding changes characters: not those of emoji."""
_SPAN: Final = 8 << 10
"""Characters folded per call: other threads are blocked meanwhile."""
FEW_DISTINCT: Final = 128
"""Distinct characters of a piece up to which they are replaced one by one: text in an alphabet has no more."""
_PIECE: Final = 64
"""Characters per piece when folding character by character, to find their origins."""


def lowered(text: str) -> str:
    """Return a text in lower case, with all positions kept: only the Turkish İ would become two characters."""
    return text.replace("İ", "i").lower()


def fold(text: str) -> str:
    """Return the folded form of a text."""
    if text.isascii():
        return text.lower()
    marks = _Marks()
    return "".join([_fold_piece(piece, marks) for piece in _pieces(text, _SPAN)])


def places_of(text: str, indices: Iterable[int]) -> dict[int, int]:
    """Map indices into the folded form of a text, including its end, to positions in the text."""
    places: dict[int, int] = {}
    pending = sorted(set(indices), reverse=True)
    marks, size, at = _Marks(), 0, 0
    for piece in _pieces(text, _PIECE):
        if not pending:
            return places
        kept = marks.left
        end = size + len(_fold_piece(piece, marks))
        if pending[-1] < end:
            origins = _origins(piece, _Marks(kept))
            while pending and pending[-1] < end:
                index = pending.pop()
                places[index] = at + origins[index - size]
        size, at = end, at + len(piece)
    return places | dict.fromkeys(pending, len(text))


class _Marks:
    """The number of characters of a text that may still keep their marks."""

    def __init__(self, left: int = _MOST_MARKED) -> None:
        self.left = left


def _pieces(text: str, size: int) -> Iterator[str]:
    """Split a text into pieces of about ``size`` characters, none of which begins with a mark."""
    start = 0
    while start < len(text):
        end = start + size
        if end < len(text) and (marks := _MARKS_AT.match(text, end)):
            end = marks.end()
        yield text[start:end]
        start = end


def _fold_piece(piece: str, marks: _Marks) -> str:
    if piece.isascii():
        return piece.lower()
    if _MARK.search(piece):
        if marks.left:
            piece, count = _MARKED.subn(_folded, piece, marks.left)
            marks.left -= count
        piece = _MARK.sub("", piece)
    changing, table = _changing()
    piece = piece.casefold()
    if not changing.search(piece):
        return piece
    distinct = set(piece)
    if len(distinct) > FEW_DISTINCT:
        return changing.sub(lambda run: run[0].translate(table), piece)
    return replaced(piece, distinct, table)


def replaced(piece: str, characters: Iterable[str], table: Mapping[int, str]) -> str:
    """Do what ``translate`` does for a piece of these characters, in a tenth of the time: replace one after the other.

    The table must not change any of its own results.
    """
    for character in characters:
        if ord(character) in table:
            piece = piece.replace(character, table[ord(character)])
    return piece


def _origins(piece: str, marks: _Marks) -> list[int]:
    """Return, for each character of a folded piece, the index of its origin."""
    origins: list[int] = []
    for unit in _UNIT.finditer(piece):
        origins += [unit.start()] * (1 if unit[0].isascii() else len(_fold_piece(unit[0], marks)))
    return origins


@built_once
def _changing() -> tuple[re.Pattern[str], dict[int, str]]:
    """Return a pattern for runs of characters that folding changes beyond their case, which are rare, and their table.

    Built once, in about 50 ms.
    """
    table = {code: folded for block in _BLOCKS for code, folded in _changes(*block)}
    ranges = [f"{chr(first)}-{chr(behind - 1)}" for first, behind in _RARER]  # a set of single characters is slower
    pattern = re.compile(f"[{''.join(map(re.escape, map(chr, table)))}{''.join(ranges)}]+")
    return pattern, table | {code: folded for block in _RARER for code, folded in _changes(*block)}


def _changes(first: int, behind: int) -> Iterator[tuple[int, str]]:
    for start in range(first, behind, _BLOCK):
        characters = "".join(map(chr, range(start, min(start + _BLOCK, behind))))
        if not _may_change(characters):
            continue
        for character in characters:
            folded = _fold_unit(character)
            if folded != character.casefold() and len(folded) <= _LONGEST:
                yield ord(character), folded


def _may_change(characters: str) -> bool:
    """Return whether folding may change any of these characters beyond their case: fast for many at once."""
    block = characters.casefold()
    return (
        unicodedata.normalize("NFKC", block) != block.lower()
        or not _CONFUSABLE.keys().isdisjoint(characters)
        or _DROPPED.search(characters) is not None
        or "Cf" in map(unicodedata.category, characters)
    )


def _folded(unit: re.Match[str]) -> str:
    return _fold_unit(unit[0] if len(unit[0]) <= _MOST_MARKS + 1 else unit[0][:1])


@lru_cache(maxsize=4096)
def _fold_unit(unit: str) -> str:
    composed = unicodedata.normalize("NFKC", unit.casefold()).casefold()
    return "".join(map(_fold_character, composed)).lower()


def _fold_character(character: str) -> str:
    if _DROPPED.match(character) or unicodedata.category(character) == "Cf":
        return ""
    return _CONFUSABLE.get(character, character)
