"""Passport numbers: only beside the word, since formats differ by country and none has a public check digit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from tocsin.detectors.base import Gate
from tocsin.detectors.candidates import LETTER, Candidate, capped
from tocsin.detectors.folding import lowered
from tocsin.detectors.reserved import is_example_passport

_WORD = (
    r"(?:passports?|passeport|pasaporte|passaporto|passaporte|reisepass(?:nummer)?|paspoort|paszport\w{0,2}|pasaport\w{0,3}"
    r"|паспорт\w{0,2}|护照|護照|旅券|パスポート|여권|पासपोर्ट|جواز)"
)
GATES: Final = (
    Gate(
        r"passport|passeport|pasaport|passaport|reisepass|paspoort|paszport|паспорт|Паспорт|护照|護照|旅券|パスポート|여권"
        r"|पासपोर्ट|جواز",
        ignore_case=True,
    ),
)

_AHEAD = 40
"""Characters between the word and the number."""
_NUMBER = (
    r"(?:[A-Za-z]{1,3}[0-9]{6,8}[A-Z]?|[0-9]{8,9}|[0-9]{2}[A-Z]{2}[0-9]{5}|[0-9]{2} ?[0-9]{2}(?: (?:номер|№))? [0-9]{6}"
    r"|(?=[A-Z]{0,8}[0-9])[CFGHJKLMNPRTVWXYZ0-9]{9}"  # Germany: no vowels
    r"|(?=[A-Z0-9]{0,8}[A-Z])(?=(?:[A-Z]{0,8}[0-9]){3})[A-Z0-9]{9})"
)
_ANY_NUMBER = re.compile(rf"(?<!{LETTER})(?<![_.$€£#@/-]){_NUMBER}(?!{LETTER})(?![@_]|[.,-][0-9])")
_MENTION = re.compile(_WORD)
"""For a text in lower case: ignoring case would try characters one by one."""
_AFTER = re.compile(rf"({_NUMBER})\s(?:es|is|est|ist|è|é|was)\s[^\n.]{{0,24}}?{_WORD}", re.IGNORECASE)
_NOT_THAT = re.compile(
    r"\b(?:phone|tel|order|invoice|isbn|ssn|visa number|version|account|iban|zip|fee|costs?)\b", re.IGNORECASE
)
_DATE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_MAX_PER_MENTION = 2


def find(text: str) -> Iterator[Candidate]:
    """Yield numbers at most 40 characters after the word passport, or right before it."""
    seen = -1
    for mention in capped(_MENTION, lowered(text)):
        end = mention.end()
        numbers = _ANY_NUMBER.finditer(text, end, min(len(text), end + _AHEAD + 10))
        for match in islice(numbers, _MAX_PER_MENTION):
            if match.start() - end > _AHEAD:
                break
            between = text[end : match.start()]
            if "\n\n" in between or _NOT_THAT.search(between) or _DATE.fullmatch(match[0]):
                break
            if match.start() > seen:
                seen = match.start()
                yield _candidate(match)
        for match in _ANY_NUMBER.finditer(text, max(0, mention.start() - _AHEAD), mention.start()):
            if _AFTER.match(text, match.start()) and match.start() > seen:
                seen = match.start()
                yield _candidate(match)


def _candidate(match: re.Match[str]) -> Candidate:
    return Candidate(*match.span(), 0.9, example=is_example_passport(match[0]), same=(match[0],))
