"""US Social Security numbers: the form 3-2-4 with an issued area and group, or nine digits beside a word for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tocsin.detectors.base import Gate
from tocsin.detectors.candidates import LETTER, Candidate, after, before, capped, words
from tocsin.detectors.reserved import is_example_ssn

_GAP = r"(?:[ .\-]|\xc2\xa0|\xe2\x80[\x90-\x93\xaf])"
GATES: Final = (
    Gate(rf"[0-9]{{3}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{4}}"),
    Gate(r"ssn|social.security", ignore_case=True),
)

_SEPARATOR = r"[ .\-\u00a0\u2010-\u2013\u202f]"
_NUMBER = re.compile(
    rf"[0-9](?<!{LETTER}.)(?<![_$€£/+-].)(?<![0-9][.,\- ].)[0-9]{{2}}({_SEPARATOR}?)[0-9]{{2}}\1[0-9]{{4}}"
    rf"(?!{LETTER}|_)(?!{_SEPARATOR}?[0-9])(?![/%])"
)
_WORDS = words(r"ssns? social[\s\-]?security ss\s?# soc\.?\ssec\.? taxpayer\sid\w* tin itin w-?2 w-?9")
_STRONG = words(r"ssns? social[\s\-]?security")
_OTHER = words(r"""
    part orders? tracking invoices? sku isbn issn serial tickets? case model zip phone tel call fax mobile cas doi
    version catalog\w* reference ref parcel shipment lot batch item ean upc product code ext\w* ein rooms? buildings?
""")


def find(text: str) -> Iterator[Candidate]:
    """Yield Social Security numbers. Areas from 900 are taxpayer numbers, never Social Security: not found."""
    for match in capped(_NUMBER, text):
        digits = "".join(filter(str.isdigit, match[0]))
        example = is_example_ssn(digits)
        score = _score(text, match) if digits[0] != "9" or example else 0.0
        if score:
            yield Candidate(*match.span(), score, example=example, same=(digits,))


def _score(text: str, match: re.Match[str]) -> float:
    ahead, behind = before(text, match.start(), 60), after(text, match.end(), 30)
    if _STRONG.search(ahead) or _STRONG.search(behind):
        return 0.99
    separator = match[1]
    if not separator or ahead.endswith("#"):
        return 0.0
    if _OTHER.search(before(text, match.start(), 30)):
        return 0.3
    if _WORDS.search(ahead):
        return 0.95
    return 0.3 if separator in ". \u00a0\u202f" else 0.85
