# ruff: noqa: RUF001 - letters that look like others are what this module is about
"""Folds text so that one spelling of a word is left: for terms that must be found however they are disguised.

Folded away are case, compatibility forms (fullwidth, ligatures, mathematical letters), invisible characters, marks
piled on a letter, and Cyrillic or Greek letters that look Latin. Accents stay: "año" is not "ano". ASCII is only
lower-cased, and only what folding changes is looked at beyond ASCII, so that ordinary text costs little.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

from tocsin.detectors.candidates import spans

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
_UNIT = re.compile(rf"(?s:.)?{_MARKS}+|[^\x00-\x7f]")
"""A character with the marks that stand on it, or any one beyond ASCII."""
_MOST_MARKS = 2
"""On a letter in any living orthography (Vietnamese); more are decoration."""
_REMEMBERED = 20_000
_BLOCKS: Final = ((0x80, 0x3400), (0xA000, 0xAC00), (0xD7A4, 0x10000))
"""The basic plane without ideographs and Hangul syllables, which never change; every rarer character may."""


class _Table(dict[int, str]):
    """What ``str.translate`` asks: the folded form of a character, made when it is first seen."""

    def __missing__(self, code: int) -> str:
        folded = _fold_unit(chr(code))
        if len(self) < _REMEMBERED:
            self[code] = folded
        return folded


_table = _Table({code: chr(code).lower() for code in range(128)})


def lowered(text: str) -> str:
    """The text in lower case, each character at its place: the Turkish İ, alone in Unicode, would become two."""
    return text.replace("İ", "i").lower()


def fold(text: str) -> str:
    """The text in its folded form."""
    if text.isascii():
        return text.lower()
    if _MARK.search(text):
        return _UNIT.sub(_folded, text).lower()
    changing = _changing()
    return "".join([changing.sub(lambda run: run[0].translate(_table), span.casefold()) for span in spans(text)])


@cache
def _changing() -> re.Pattern[str]:
    """Runs of characters that folding changes beyond their case: most text has few. Made once, in about 50 ms."""
    codes = [code for block in _BLOCKS for code in range(*block) if _fold_unit(chr(code)) != chr(code).casefold()]
    return re.compile(f"[{''.join(map(re.escape, map(chr, codes)))}\U00010000-\U0010ffff]+")


def _folded(unit: re.Match[str]) -> str:
    return _table[ord(unit[0])] if len(unit[0]) == 1 else _fold_unit(unit[0])


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the index of the one in ``text`` that it came from.

    One more place than characters: the end of the text.
    """
    pieces: list[str] = []
    places: list[int] = []
    at = 0
    for unit in _UNIT.finditer(text):
        pieces.append(text[at : unit.start()].lower())
        places.extend(range(at, unit.start()))
        folded = _fold_unit(unit[0])
        pieces.append(folded)
        places.extend([unit.start()] * len(folded))
        at = unit.end()
    pieces.append(text[at:].lower())
    places.extend(range(at, len(text) + 1))
    return "".join(pieces), places


def _fold_unit(unit: str) -> str:
    if len(unit) > _MOST_MARKS + 1:
        unit = _MARK.sub("", unit)
    composed = unicodedata.normalize("NFKC", unit.casefold()).casefold()
    return "".join(map(_fold_character, composed)).lower()


def _fold_character(character: str) -> str:
    if _INVISIBLE.match(character) or _MARK.match(character):
        return ""
    if unicodedata.category(character) == "Cf":
        return ""
    return _CONFUSABLE.get(character, character)
