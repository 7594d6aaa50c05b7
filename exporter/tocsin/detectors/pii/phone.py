"""Telephone numbers.

Seven digits are everywhere in what models write, so a number needs a "+", the grouping of North America, or a word
of telephony on its line. Whether digits can be a number at all is asked of libphonenumber (``phonenumbers``: 3 MB of
memory, under 5 MB with the metadata of every region).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers

from tocsin.detectors.base import Gate
from tocsin.detectors.candidates import Candidate, after, before, capped, words
from tocsin.detectors.reserved import is_example_phone

_GAP = r"(?:[ .()/\-]|\xc2\xa0|\xe2\x80[\x90-\x93\xaf]){0,3}"
GATES: Final = (Gate(rf"[0-9](?:{_GAP}[0-9]){{5}}"),)

MAX_PARSED = 200
"""Candidates per text that are worth the 30 to 60 µs of libphonenumber; later ones are judged by shape alone."""

_SEPARATOR = r"[ .()/\-\u00a0\u2010-\u2013\u202f]"
_NUMBER = re.compile(
    rf"(?<![^\W_])(?<![_#$€£=*^%\\])(?<![0-9][.,:/\-])(?:\+ ?)?\(?(?:\+)?[0-9](?:{_SEPARATOR}{{0,3}}[0-9]){{5,16}}"
    rf"(?P<extension> ?(?:x|ext\.?|extension|#) ?[0-9]{{1,6}})?(?![^\W_])(?!{_SEPARATOR}?[0-9]|[%:=]|,[0-9])"
)
_NANP = re.compile(
    r"(?:\+?1[-. ]|001-|1)?(?:\(\s?[2-9][0-9]{2}\s?\)[-. ]?|[2-9][0-9]{2}([-. ]?))[0-9]{3}([-. ]?)[0-9]{4}"
)
_EXAMPLE_SHAPE = re.compile(r"(?:\+?1[-. ])?(?:\([0-9]{3}\) ?|[0-9]{3}[-. ])[0-9]{3}[-. ][0-9]{4}|555[-. ][0-9]{4}")
_NOT_A_NUMBER = re.compile(
    r"(?:1[0-9]|20)[0-9]{2}[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12][0-9]|3[01])(?:\D.*)?"  # a date
    r"|[0-3]?[0-9][-./ ][0-3]?[0-9][-./ ](?:(?:1[0-9]|20)[0-9]{2}|[0-9]{2})(?: [0-9]{1,2})?"
    r"|(?:1[0-9]|20)[0-9]{2} ?[-/] ?(?:1[0-9]|20)[0-9]{2}(?:\D.*)?"  # years
    r"|[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{5}-[0-9]{4}"  # US Social Security number, ZIP+4
    r"|97[89][- ]?[0-9].{8,}[0-9X]"  # ISBN
    r"|[0-9]*\.[0-9]+|[0-9]{1,4}(?:\.[0-9]{1,3}){3}"  # a decimal, an address or version
    r"|[0-9]{1,3}(?: [0-9]{3})+"  # groups of thousands
)
_THOUSANDS = re.compile(r"[0-9]{1,3}(?: [0-9]{3}){2,}")
_STRONG = words(
    r"phones?", r"telephones?", r"tel", r"tél", r"téléphone", r"telefon\w*", r"teléfonos?", r"teléfono", r"telefone",
    r"mobiles?", r"mobil", r"mob", r"cell", r"cellphone", r"handy", r"fax", r"whats ?app", r"sms", r"hotline", r"helpline",
    r"landline", r"pager", r"viber", r"call(?:ing)? (?:me|us|him|her|them)", r"手机", r"电话", r"电话号码", r"телефон\w*", r"тел",
)  # fmt: skip
_WEAK = words(
    r"call(?:ed|ing)?", r"text(?:ed|ing)?", r"dial\w*", r"ring", r"reach(?:ed)?", r"contact(?:ed)?", r"desk", r"office", r"work",
    r"home", r"(?:text )?messages? to", r"signal", r"imessage", r"cell ?phone", r"number is", r"voicemail",
)  # fmt: skip
_OTHER = words(
    r"orders?", r"tickets?", r"case", r"id", r"ids", r"isbn", r"issn", r"zip", r"postal", r"versions?", r"invoices?", r"tracking", r"sku",
    r"serial", r"part", r"account", r"routing", r"ssn", r"social security", r"iban", r"card", r"passport", r"imei", r"error", r"code",
    r"codes", r"port", r"pin", r"doi", r"arxiv", r"pages?", r"pp", r"date", r"year", r"years", r"extension", r"population", r"model",
)  # fmt: skip
_BEHIND = re.compile(r" ?[-(]? ?(?:office|fax|home|mobile|cell|work|desk)\b")
_MATHS = re.compile(r"(?:[0-9)\]}] ?|(?<![a-z])[a-z] ?|[=*/^×·≈<>~{\[] ?)\Z")
_COMPANY: Final = frozenset(
    {
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.UAN,
    }
)


def find(text: str) -> Iterator[Candidate]:
    """Telephone numbers; freephone and premium ones are impersonal."""
    parsed = 0
    for match in capped(_NUMBER, text):
        start, end = match.span()
        end_of_number = match.start("extension") if match["extension"] else end
        value = text[start:end_of_number]
        if value.count("(") != value.count(")"):
            start += value.startswith("(")
            value = value.lstrip("(")
        digits = "".join(filter(str.isdigit, value))
        if len(digits) > 15:  # E.164
            continue
        score = _shape_score(text, start, end, value, digits, extended=bool(match["extension"]))
        if score <= 0:
            continue
        number = None
        if parsed < MAX_PARSED:
            parsed += 1
            number = _parse(value, digits)
        if number is None and score < 1:
            continue
        example = is_example_phone(digits)
        yield Candidate(
            start,
            end,
            0.97 if number else 0.8,
            example=example,
            impersonal=number is not None and phonenumbers.number_type(number) in _COMPANY,
            same=(digits, str(number.national_number)) if number else (digits,),
        )


def _shape_score(text: str, start: int, end: int, value: str, digits: str, *, extended: bool) -> float:
    """0: no number; below 1: one if libphonenumber says so; 1: one by its surroundings."""
    line = before(text, start, 56).rpartition("\n")[2]
    other = _OTHER.search(line[-24:])
    strong = bool(_STRONG.search(line[-48:]) or _BEHIND.match(after(text, end)))
    if _EXAMPLE_SHAPE.fullmatch(value) and is_example_phone(digits):
        return 1
    if other and not strong:
        return 0
    if value.startswith("+"):
        weak = strong or _WEAK.search(line)
        return 1 if weak and len(digits) >= 8 else 0 if _MATHS.search(line) else 0.5
    nanp = _NANP.fullmatch(value)
    if nanp:
        if strong or extended:
            return 1
        grouped = len(value) > len(digits)
        weak = _WEAK.search(line)
        if not grouped:
            return 0
        dotted = "." in value or " " in value.replace(") ", ")")
        return 0.5 if weak or not (dotted or _MATHS.search(line)) else 0
    if _NOT_A_NUMBER.fullmatch(value) and not (strong and _THOUSANDS.fullmatch(value)):
        return 0
    if strong:
        return 1
    groups = len(re.findall(r"[0-9]+", value))
    weak = bool(_WEAK.search(line)) and not _MATHS.search(line)
    return 1 if weak and len(digits) >= 8 and (groups >= 3 or (digits[0] == "0" and groups == 2)) else 0


def _parse(value: str, digits: str) -> phonenumbers.PhoneNumber | None:
    region = "US" if not value.startswith("+") else None
    text = f"+{digits}" if region is None else digits.removeprefix("00") if digits.startswith("001") else digits
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None
