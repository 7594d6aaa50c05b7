"""Telephone numbers.

Seven digits are everywhere in what models write, so a number needs a "+", North American grouping, or a word for a
telephone on its line. libphonenumber decides whether digits can be a number at all (``phonenumbers``: 3 MB of memory,
under 5 MB with the metadata of every region).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import phonenumbers

from tocsin.detectors.base import Gate
from tocsin.detectors.candidates import LETTER, Candidate, after, before, capped, words
from tocsin.detectors.reserved import is_example_phone
from tocsin.detectors.tables import RULE, RULE_BELOW, header_of

_SIGN = r"(?:[ .()/\-]|\xc2\xa0|\xe2\x80[\x90-\x93\xaf])"
"""Separators between two digits, in UTF-8: up to three of them."""
_GAP = rf"{_SIGN}{{0,3}}"
_SIX = rf"[0-9](?:{_GAP}[0-9]){{5}}"
_WORD = (
    r"phone|fono|tel[^a-z]|tele|t(?:é|É)l|τηλ|Τηλ|ΤΗΛ|mobil|mob[^a-z]|cell|celular|handy|rufnummer|festnetznummer|fax"
    r"|puhelin|kom(?:ó|Ó)rk|tlf|tfn|portable[^a-z]|direct[\s\x80-\xff]{1,3}line|\b(?:ph|puh|gsm|s(?:đ|Đ)t)\s?[.:]"
    r"|whats.{0,3}app|sms|hotline|helpline|landline|pager|viber|call(?:ing)?[\s\x80-\xff]{1,3}(?:me|us|him|her|them)"
    r"|answer(?:s|ed|ing)?[\s\x80-\xff]{1,3}(?:at|on)|тел|Тел|ТЕЛ|моб|Моб|МОБ"  # noqa: RUF001 - Russian
    r"|手机|手機|电话|電話|携帯|전화|휴대폰|핸드폰|โทร|هاتف|جوال|موبايل|फ़ोन|फोन|मोबाइल|טלפון|i(?:ệ|Ệ)n.{1,3}tho(?:ạ|Ạ)i"
)
_PLACE = r" ?[\-(]? ?(?:office|fax|home|mobile|cell|work|desk)\b"


def _groups() -> str:
    """Return patterns of eight digits that are a number without a word: grouped, not a date, not a decimal."""
    byte = r"[ .()/\-\xa0\xc2\xe2\x80\x90-\x93\xaf]"  # of a sign: fewer states than signs, and few other texts
    gap, odd = f"{byte}+", rf"(?:{byte}*[()]{byte}*|[ .()/\-]{byte}+|{byte}+[ .()/\-]|{byte}{{4}}{byte}*)"
    signs = (r"(?: |\xc2\xa0|\xe2\x80\xaf)", r"(?:-|\xe2\x80[\x90-\x93])", r"\.", "/")
    mixed = "|".join(f"{sign}[0-9]{{2}}(?:{'|'.join(o for o in signs if o != sign)})" for sign in signs)
    of_two = "|".join(f"0[0-9]{{{n}}}{gap}[0-9]{{{7 - n}}}" for n in range(1, 7))
    no_year = "(?:[03-9][0-9]|2[1-9])[0-9]{2}"
    return "|".join((
        # North America's groups of three, three and four; with an extension also without groups
        rf"[0-9]{{3}}{gap}[0-9]{{3}}{byte}*[0-9]{{4}}|[0-9]{{6}}{gap}[0-9]{{4}}|1{gap}[2-9][0-9]{{9}}",
        r"[0-9]{10} ?(?:[xX]|[eE][xX][tT]|#)",
        rf"(?:^|[^0-9A-Za-z])(?:{of_two}|0(?:[ ()/\-]|{byte}{{2}}{byte}*)[0-9]{{7}}|0[0-9]{{7}}[0-9]*{gap}[0-9])",
        # Four groups and more, but no date with a time behind it
        rf"[0-9](?:{gap}[0-9]+){{3}}(?:[^0-9:]|$)",
        # Three groups: one that no part of a date is as long as
        rf"[0-9]{{5}}{gap}[0-9]+{gap}[0-9]|[0-9]{gap}[0-9]{{3}}[0-9]*{gap}[0-9]",
        rf"[0-9]{gap}[0-9]+{gap}[0-9]{{5}}|[0-9]{{3}}{gap}[0-9]{{1,2}}{gap}[0-9]{{3}}",
        # As long as year, month and day, and none of them
        rf"(?:{no_year}{gap}[0-9]{{1,2}}|[0-9]{{4}}{gap}(?:00|1[3-9]|[2-9][0-9])){gap}[0-9]{{2}}",
        rf"[0-9]{{4}}(?:{odd}[0-9]{{1,2}}{gap}|{gap}[0-9]{{1,2}}{odd})[0-9]{{2}}",
        rf"[0-9]{{4}}{gap}[0-9]{{1,2}}{gap}(?:00|3[2-9]|[4-9][0-9])",
        # As long as day, month and year, and none of them
        rf"(?:[4-9][0-9]{gap}[0-9]{{2}}|[0-9]{{2}}{gap}[4-9][0-9]){gap}[0-9]{{4}}",
        rf"[0-9]{{2}}(?:{odd}[0-9]{{2}}{gap}|{gap}[0-9]{{2}}{odd}|{mixed})[0-9]{{4}}",
        rf"[0-9]{{2}}{gap}[0-9]{{2}}{gap}{no_year}",
    ))  # fmt: skip


_EIGHT = Gate(rf"[0-9](?:{_GAP}[0-9]){{7}}", confirm=Gate(_groups()))
"""Dates and identifiers, which every other answer has, and other groups, which hardly any has."""
_BESIDE = (Gate(r"\+ ?\(?[0-9]"), Gate(_WORD, ignore_case=True), Gate(rf"{_SIX}{_PLACE}", ignore_case=True), _EIGHT)
GATES: Final = (
    Gate(rf"555{_SIGN}[0-9]{{4}}"),
    # Six digits first, which few texts have: matching so many words takes a third of the time of all gates.
    *(Gate(_SIX, confirm=gate) for gate in _BESIDE),
    Gate(RULE, confirm=Gate(rf"(?:{_WORD}){RULE_BELOW}", ignore_case=True)),
)
"""Digits are a number only after a plus sign, by their groups, or beside a word: ``find`` would reject all else."""

MAX_PARSED = 200
"""Candidates per text that are parsed by libphonenumber, at 30 to 60 µs; later ones are judged by shape only."""

_LEAST_DIGITS: Final = 8
"""For a number without a strong word beside it."""
_SEPARATOR = r"[ .()/\-\u00a0\u2010-\u2013\u202f]"
_NUMBER = re.compile(
    # The first character first: `re` skips to it, then looks back.
    rf"[+(0-9](?<!{LETTER}.)(?<![_#$€£=*^%\\].)(?<![0-9][.,:/\-].)(?<![A-Z]-.)"
    rf"(?:(?<=\+) ?\(?[0-9]|(?<=\()\+?[0-9]|(?<=[0-9]))(?:{_SEPARATOR}{{0,3}}[0-9]){{5,16}}+"
    rf"(?P<extension> ?(?:x|ext\.?|extension|#) ?[0-9]{{1,6}})?"
    rf"(?!{LETTER})(?!{_SEPARATOR}?[0-9]|[%:=]|,[0-9]| ?=+ ?-?[0-9])"
)
_PLAIN: Final = dict.fromkeys(range(0x2010, 0x2014), "-") | dict.fromkeys((0xA0, 0x202F), " ")
"""Typographic hyphens and spaces, to the ones that people type."""
_NANP = re.compile(
    r"(?:\+?1[-. ]|001-|1)?(?:\(\s?[2-9][0-9]{2}\s?\)[-. ]?|[2-9][0-9]{2}([-. ]?))[0-9]{3}([-. ]?)[0-9]{4}"
)
_EXAMPLE_SHAPE = re.compile(r"(?:\+?1[-. ])?(?:\([0-9]{3}\) ?|[0-9]{3}[-. ])[0-9]{3}[-. ][0-9]{4}|555[-. ][0-9]{4}")
_NOT_A_NUMBER = re.compile(
    r"(?:1[0-9]|20)[0-9]{2}[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12][0-9]|3[01])(?:\D.*)?"  # a date
    r"|(?:[0-9]{1,2}[-.])+20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"  # opus-4-5-20251101: of a model's name
    r"|(?:[^.]*(?<![0-9])[0-9]\. ){2,}[^.]*"  # 1. 25 2. 17 3. 18
    r"|[0-3]?[0-9]([-./ ])[0-3]?[0-9]\1(?:(?:1[0-9]|20)[0-9]{2}|[0-9]{2})(?: [0-9]{1,2})?"
    r"|(?:1[0-9]|20)[0-9]{2} ?[-/] ?(?:1[0-9]|20)[0-9]{2}(?:\D.*)?"  # years
    r"|[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{5}-[0-9]{4}"  # US Social Security number, ZIP+4
    r"|97[89][- ]?[0-9].{8,}[0-9X]"  # ISBN
    r"|[0-9]*\.[0-9]+(?: ?- ?[0-9]*\.[0-9]+)?|[0-9]{1,4}(?:\.[0-9]{1,3}){3}"  # a decimal, an address or version
    r"|[0-9]{1,3}(?: [0-9]{3})+"  # groups of thousands
)
_LIKE_NUMBERS = re.compile(r"[0-9]{1,3}(?: [0-9]{3}){2,}|[0-9]{2}(?: [0-9]{2}){3}")
"""Groups that are thousands or a date, unless a strong word is beside them."""
_LIKE_THOUSANDS = re.compile(r"[0-9]{1,2}(?: [0-9]{3})+|[0-9]{3}(?: [0-9]{3})*(?: 000)")
"""Formats in which telephone numbers are rarely or never written."""
_NEAR: Final = 16
"""Maximum characters between groups of thousands and a strong word that is their label."""
_STRONG = words(r"""
    phones? telephones? tel tél téléphone telefon\w* teléfonos? teléfono telefone telefoon\w* telepon τηλέφωνο mobiles?
    mobil mobilnummer mobilfunk\w* mobiltelefon\w* mob cell cellphone cellulare celular handy handynummer
    (?:phone|mobile|cell|tel)_?number puhelin\w* komórk\w* tlf tlfn tfn direct\sline
    (?:mon|ton|son|votre|leur|numéro\sde)\sportable
    (?:ph|puh|gsm|sđt)(?=\s?[.:])
    (?:festnetz|ruf)nummer fax whats\s?app sms hotline helpline landline pager viber
    call(?:ing)?\s(?:me|us|him|her|them) answer(?:s|ed|ing)?\s(?:at|on) телефон\w* тел моб
    هاتف جوال موبايل טלפון điện\sthoại फ़ोन फोन मोबाइल
""")
_CALLS_SOMEBODY = re.compile(
    r"\b(?:[Cc]all|[Tt]ext|[Rr]ing|[Pp]hone|[Rr]each|[Cc]ontact) (?:[A-Z][\w.'-]* ){1,3}(?:at|on) \Z"
)
"""A named person, right before their number."""
_GROUP = re.compile(r"[0-9]+")
_LEAST_LISTED: Final = 3
"""Maximum groups that may count up by chance."""
_COUNTED = re.compile(
    r" (?:per|ms|m?[lg]|k?hz|users|entries|rows|(?:milli|micro|nano)?seconds|minutes|hours|days|dollars|euros|times)\b"
)
"""Units of counts, after a number."""
_STRONG_UNSPACED = re.compile(r"(?:手机|手機|电话|電話|携帯|전화|휴대폰|핸드폰|โทร)\D{0,10}\Z")
"""Words of scripts without spaces: right before the number, since they may be part of other words."""
_WEAK = words(r"""
    call(?:ed|ing)? text(?:ed|ing)? dial\w* ring reach(?:ed)? contact(?:ed)? desk office work home
    bel(?:len|t)?\s(?:me|mij|ons|hem|haar) ringa bereik\w* contactez contacter
    contact[ae] kontakt\w* zadzwo\w* zavol\w*
    (?:text\s)?messages?\sto signal imessage cell\s?phone number\sis voicemail
    anruf\w* rufen? erreichbar appele[rz] joindre joignable ll[aá]m[ae]\w* ligue chiam[ai]\w*
""")
_OTHER = words(r"""
    orders? tickets? case id ids isbn issn zip postal versions? invoices? tracking reference ref sku serial sn part
    account routing
    ssn social\ssecurity iban card passport imei error code codes port pin doi arxiv pages? pp date year years
    extension population model users subscribers sizes? frames? bands?
""")
_PART_OF_ONE = re.compile(
    r"\b(?:imei|meid|iccid|esn|serial|model|part|order|invoice|ticket)s?(?: numbers?| no\.?| code| id)?"
    r" (?:of|for|on|to) (?:(?:the|my|your|his|her|our|their|this|that|an?|new|old) ){1,2}\Z"
)
"""Contexts in which a telephone is a device: the IMEI of the phone."""
_BEHIND = re.compile(r" ?[-(]? ?(?:office|fax|home|mobile|cell|work|desk)\b")
_PLATFORMS = re.compile(r"\b(?:desktop|tablet)")
"""Words beside a mobile that is a kind of device, whose users or bytes are counted."""
_IN_A_PATH = re.compile(r"(?:[0-9]|\b[a-z])[\w.-]{0,40}/\S{0,60}\.\Z")
"""Before a part of an identifier, such as a DOI (10.1016/j.cell.2023.04.827): its words are not labels."""
_MATHS = re.compile(r"(?:[0-9)\]}] ?|(?<![a-z])[a-z] ?|[=*/^\u00d7·≈<>~{\[] ?)\Z")
_COMPANY: Final = frozenset(
    {
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.UAN,
    }
)

_NATIONAL_SERVICE = re.compile(
    r"0(?:800|808|300)[0-9]{5,8}"  # freephone of Europe, and of organisations in the United Kingdom
    r"|0(?:120|570)[0-9]{6}|400[0-9]{7}|1[568][0-9]{6}|1[38]00[0-9]{6}"  # Japan, China, Korea, Australia
    r"|(?:80[0138]|90[02])[0-9]{6}"  # Italy, Poland, Portugal, Spain
)
"""National service numbers of organisations, by the countries' numbering plans (ITU-T E.129)."""


def find(text: str) -> Iterator[Candidate]:
    """Yield telephone numbers; freephone and premium ones are impersonal."""
    parsed = 0
    for match in capped(_NUMBER, text):
        start, end = match.span()
        end_of_number = match.start("extension") if match["extension"] else end
        value = text[start:end_of_number].translate(_PLAIN)
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
            impersonal=_is_company(digits, number),
            same=_other_forms(digits, number),
        )


def _is_company(digits: str, number: phonenumbers.PhoneNumber | None) -> bool:
    if number is None:
        return _NATIONAL_SERVICE.fullmatch(digits) is not None
    return phonenumbers.number_type(number) in _COMPANY


def _line_before(text: str, start: int) -> str:
    """Return the text before a number on its line; if there is none, the line above; in a table, the header."""
    above, _, line = before(text, start, 56).rpartition("\n")
    if "|" in line and (header := header_of(text, start, _PLATFORMS)):
        return f"{header}: {line.rpartition('|')[2]}"
    return line if line.strip() else above.rpartition("\n")[2]


def _is_labelled(ahead: str, value: str) -> bool:
    """Return whether a word for a telephone precedes a number, without another label in between.

    For a number in groups, only a word right before it is another label: not "the phone number on your account is".
    """
    word = _STRONG.search(ahead)
    if word is None:
        return bool(_STRONG_UNSPACED.search(ahead[-14:]))
    if _PART_OF_ONE.search(ahead, 0, word.start()):
        return False
    if len(ahead) - word.end() > _NEAR and _LIKE_THOUSANDS.fullmatch(value):
        return False
    others = _OTHER.finditer(ahead, max(word.end(), len(ahead) - 24))
    if value.isdecimal():
        return not any(others)
    return _is_dialled(value) or all(ahead[other.end() :].strip(" :#") for other in others)


def _is_dialled(value: str) -> bool:
    """Return whether a grouped value begins like a dialled number, unlike a count."""
    return value[0] in "+(0" or _NANP.fullmatch(value) is not None


def _shape_score(text: str, start: int, end: int, value: str, digits: str, *, extended: bool) -> float:
    """Return 0 for no number, 1 for a number by its context, in between for one that libphonenumber must confirm."""
    if _EXAMPLE_SHAPE.fullmatch(value) and is_example_phone(digits):
        return 1
    line = _line_before(text, start)
    if _IN_A_PATH.search(line):
        return 0
    behind = after(text, end)
    strong = (
        _is_labelled(line[-48:], value)
        or _BEHIND.match(behind) is not None
        or _CALLS_SOMEBODY.search(text, max(0, start - 48), start) is not None
    )
    if not _is_dialled(value) and _COUNTED.match(behind):
        return 0
    if not strong and ((len(digits) < _LEAST_DIGITS and value[0] != "+") or _OTHER.search(line[-24:])):
        return 0
    weak = bool(_WEAK.search(line))
    # Except in a link, [number](tel:number), or in a cell, <td>number</td>.
    framed = line.endswith(("[", ">")) and text.startswith(("](", "</"), end)
    maths = not framed and bool(_MATHS.search(line))
    if value.startswith("+"):
        return 1 if (strong or weak) and len(digits) >= _LEAST_DIGITS else 0 if maths else 0.5
    if _NANP.fullmatch(value):
        if strong or extended:
            return 1
        if len(value) == len(digits):
            return 0
        dotted = "." in value or " " in value.replace(") ", ")")
        return 0.5 if weak or not (dotted or maths) else 0
    if _NOT_A_NUMBER.fullmatch(value) and not (strong and _LIKE_NUMBERS.fullmatch(value)):
        return 0
    groups = _GROUP.findall(value)
    grouped = (len(groups) >= 3 or (digits[0] == "0" and len(groups) == 2)) and not _counts_up(groups)
    return 1 if strong or (weak and not maths and len(digits) >= _LEAST_DIGITS and grouped) else 0


def _counts_up(groups: Sequence[str]) -> bool:
    """Return whether the groups of a value are a list: sizes, years, frames."""
    return len(groups) > _LEAST_LISTED and all(a[0] != "0" and int(a) < int(b) for a, b in pairwise(groups))


def _other_forms(digits: str, number: phonenumbers.PhoneNumber | None) -> tuple[str, ...]:
    if number is None:
        return (digits,)
    return (digits, str(number.national_number), f"{number.country_code}{number.national_number}")


def _parse(value: str, digits: str) -> phonenumbers.PhoneNumber | None:
    region = "US" if not value.startswith("+") else None
    text = f"+{digits}" if region is None else digits.removeprefix("00") if digits.startswith("001") else digits
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None
