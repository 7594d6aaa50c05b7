"""International bank account numbers: a country's length and the check digits of ISO 7064 (one in 97 by chance).

Lengths are those of the SWIFT IBAN registry: https://www.swift.com/standards/data-standards/iban
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tocsin.detectors.base import Gate
from tocsin.detectors.candidates import LETTER, Candidate, before, capped, words
from tocsin.detectors.reserved import is_example_iban

_GAP = r"(?:[ .\-]|\xc2\xa0|\xe2\x80[\x80-\x95\xaf])?"
GATES: Final = (
    Gate(
        rf"(?:^|[^A-Za-z0-9])[A-Za-z]{{2}}[0-9]{{2}}(?:{_GAP}[A-Za-z0-9]){{10}}"
    ),
)

LENGTHS: Final[dict[str, int]] = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
    "YE": 30,
}  # fmt: skip
"""Characters of an IBAN by country."""

_HEAD = re.compile(rf"(?<!{LETTER})[A-Za-z]{{2}}[0-9]{{2}}(?=[ .\-\u00a0\u2000-\u2015\u202f]?[A-Za-z0-9]{{2}})")
_GOES_ON = re.compile(f"{LETTER}|_")
_LEAST_LOOSE_DIGITS: Final = 10
"""For a number in groups of any length: text separated by spaces may be words."""
_SEPARATOR = frozenset(" .-\u00a0\u202f" + "".join(map(chr, range(0x2000, 0x2016))))
_WORDS = words(r"iban accounts? konto\w* compte cuenta conto transfer\w* bank\w* wire deposit")
_KEYS = words(r"key licen[cs]e serial model part\snumber sku tracking voucher coupon")


def find(text: str) -> Iterator[Candidate]:
    """Yield IBANs: unspaced, in groups of four or of another length, in upper or lower case."""
    for head in capped(_HEAD, text):
        length = LENGTHS.get(head[0][:2].upper())
        if length is None:
            continue
        end = _end(text, head.start(), length) or _loose_end(text, head.start(), length)
        if not end:
            continue
        value = text[head.start() : end]
        compact = "".join(filter(str.isalnum, value))
        if not (compact.isupper() or compact.islower()) or not is_iban(compact.upper()):
            continue
        score = _score(before(text, head.start(), 60), compact)
        yield Candidate(head.start(), end, score, example=is_example_iban(compact.upper()), same=(compact,))


def is_iban(compact: str) -> bool:
    """Return whether the check digits are right (ISO 7064, mod 97-10). ASCII upper-case letters and digits only."""
    moved = compact[4:] + compact[:4]
    return LENGTHS.get(compact[:2]) == len(compact) and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def _end(text: str, start: int, length: int) -> int:
    """Return the end of an IBAN of ``length`` characters, unspaced or in groups of four; 0 if there is none."""
    grouped = text[start + 4 : start + 5] in _SEPARATOR
    at, seen = start, 0
    while seen < length:
        if grouped and seen and seen % 4 == 0:
            if text[at : at + 1] not in _SEPARATOR:
                return 0
            at += 1
        group = text[at : at + (min(4, length - seen) if grouped else length)]
        if not (group.isascii() and group.isalnum() and len(group) == (min(4, length - seen) if grouped else length)):
            return 0
        at, seen = at + len(group), seen + len(group)
    return 0 if _GOES_ON.match(text, at) else at


def _loose_end(text: str, start: int, length: int) -> int:
    """Return the end of an IBAN in other groups (the branch, then the account); 0 if there is none."""
    at, seen = start, 0
    while seen < length:
        character = text[at : at + 1]
        if character.isascii() and character.isalnum():
            seen += 1
        elif character not in _SEPARATOR or text[at - 1] in _SEPARATOR:
            return 0
        at += 1
    digits = sum(map(str.isdigit, text[start:at]))
    return 0 if digits < _LEAST_LOOSE_DIGITS or _GOES_ON.match(text, at) else at


def _score(ahead: str, compact: str) -> float:
    if not _WORDS.search(ahead):
        if _KEYS.search(ahead):
            return 0.4
        if compact.islower():
            return 0.6
    return 0.99  # equal to a card: a card number within an IBAN comes later in the text
