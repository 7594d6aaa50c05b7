"""Payment card numbers: a brand's prefix and length, the Luhn digit, and no words for something else.

One number in ten passes Luhn, so digits without a payment word beside them are suspected only if their brand and
length are common, and never in arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tocsin.detectors.base import Gate
from tocsin.detectors.candidates import LETTER, Candidate, after, before, capped, words
from tocsin.detectors.reserved import is_example_card

_GAP = r"(?:[ .\-]|\xc2\xa0|\xe2\x80[\x80-\x95\xaf])?"
GATES: Final = (Gate(rf"[1-68][0-9]{{3}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{2}}"),)

_SEPARATOR = r"[ .\-\u00a0\u2000-\u2015\u202f]"
_NUMBER = re.compile(
    rf"[0-9](?<!{LETTER}.)(?<![_+$€£].)(?<![0-9][.,].)(?:"  # the digit first: `re` skips to it, then looks back
    rf"[0-9]{{11,18}}"
    rf"|[0-9]{{3}}({_SEPARATOR})[0-9]{{4}}\1[0-9]{{4}}(?:\1[0-9]{{1,4}}(?:\1[0-9]{{1,3}})?)?"
    rf"|(?<=3)[0-9]{{3}}({_SEPARATOR})[0-9]{{6}}\2[0-9]{{4,5}}"
    rf")(?!{LETTER}|_)(?!{_SEPARATOR}?[0-9])(?!\.[0-9])"
)
_BRANDS: Final = (
    # Prefix and lengths, by the numbering plans of the brands (ISO/IEC 7812).
    (re.compile(r"4"), {13, 16, 19}),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), {16}),
    (re.compile(r"3[47]"), {15}),
    (re.compile(r"6011|64[4-9]|65"), {16, 19}),
    (re.compile(r"35"), {16, 19}),
    (re.compile(r"30[0-5]|3095|3[689]"), {14, 16, 19}),
    (re.compile(r"62|81"), {16, 17, 18, 19}),
    (re.compile(r"5018|5020|5038|5[0678]|6304|6759|676[1-3]|67|63|60"), {12, 13, 14, 15, 16, 17, 18, 19}),
    (re.compile(r"220[0-4]"), {16, 17, 18, 19}),
    (re.compile(r"1800|2131"), {15}),
)
_COMMON = re.compile(
    r"4[0-9]{15}|(?:5[1-5]|2[2-7])[0-9]{14}|3[47][0-9]{13}|6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}|35(?:2[89]|[3-8][0-9])[0-9]{12}"
)
_PAYMENT = words(r"""
    cards? credit debit visa master\s?card amex american\sexpress discover diners? maestro cc ccn pan cvv2? cvc paid
    pay(?:ing|ment|ments)? charged? expir\w* exp kreditkarte karte carte tarjeta carta cartão карт\w*
    卡号 卡號 信用卡 银行卡 カード 카드 cardholder
    billed billing jcb unionpay card_?number cc_?num\w*
""")
_OTHER = words(r"""
    orders? tracking invoices? tickets? serial imei isbn issn ean upc gtin barcode timestamps? epoch nanoseconds?
    milliseconds? microseconds? sku part parcel shipment package arn account\s?id user_?id id ids uuid hash doi
    commit threads? locks? spans? traces? sessions? events? tweets? nodes? jobs? process
    sums? products? factorials? fibonacci primes? integers? quotients? remainders?
    phone tel population seed version catalogue catalog reference ref case product\skey licen[cs]e model
    订单 訂單 快递 运单 流水号 型号 注文 伝票 追跡 型番 주문 송장 운송장
""")
_MATHS_BEFORE = re.compile(r"(?:[=+*/^\u00d7·≈<>~%\[-]|\\[a-z]{1,12})\s{0,3}\Z")
_MATHS_AFTER = re.compile(r"\s*(?:[=+*/^\u00d7·≈<>%]|\\[a-z])")


def find(text: str) -> Iterator[Candidate]:
    """Yield payment card numbers."""
    for match in capped(_NUMBER, text):
        digits = "".join(filter(str.isdigit, match[0]))
        if not (_is_branded(digits) and is_luhn(digits)):
            continue
        example = is_example_card(digits)
        score = max(_score(text, match, digits), 0.7 if example else 0)
        yield Candidate(*match.span(), score, example=example, same=(digits,))


def is_luhn(digits: str) -> bool:
    """Return whether the last digit is the check digit of ISO/IEC 7812-1, annex B. ASCII digits only."""
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)) % 10 == 0


def _is_branded(digits: str) -> bool:
    return any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in _BRANDS)


def _score(text: str, match: re.Match[str], digits: str) -> float:
    start, end = match.span()
    ahead, behind = before(text, start, 60), after(text, end, 30)
    payment = [found.end() for found in _PAYMENT.finditer(ahead)]
    other = [found.end() for found in _OTHER.finditer(ahead)]
    if other and other[-1] > (payment[-1] if payment else -1):
        return 0.3
    if payment or _PAYMENT.search(behind):
        return 0.99
    if len(match[0]) > len(digits) and _COMMON.match(digits):
        return 0.9
    tagged = behind.startswith("</") and ahead.endswith(">")  # <td>...</td>
    maths = not tagged and (_MATHS_BEFORE.search(ahead) or _MATHS_AFTER.match(behind))
    if not _COMMON.fullmatch(digits) or maths or ahead.endswith("#"):
        return 0.3
    return 0.7
