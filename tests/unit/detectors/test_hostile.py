"""Texts written to burn time: every detector together stays within a bound that is about linear in the length."""

import random
import re

import pytest

from cpu_time import costs_at_most
from tocsin.call import Expectation, Message
from tocsin.config import Config, Detectors
from tocsin.detectors.base import Subject
from tocsin.detectors.secrets.tokens import TOKENS
from tocsin.judge import Judge

pytestmark = pytest.mark.once
SIZE = 100_000
LARGE = 1_000_000
MOST = 3.0
"""Seconds of CPU; on a quiet machine the worst of these takes a quarter of one."""
ROLES = ("assistant", "user", "document")
TERMS = tuple(f"term{number}word" for number in range(200))
JUDGE = Judge(Config(detectors=Detectors(policy=TERMS)))
RULES = JUDGE.rules("hostile")


def repeated(unit: str, size: int = SIZE) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def drawn(alphabet: str) -> str:
    return "".join(random.Random(1).choices(alphabet, k=SIZE))


def any_characters() -> str:
    """Half of them of the first plane, half of all."""
    draw = random.Random(1)
    points = draw.choices(range(0x20, 0xD800), k=SIZE // 2) + draw.choices(range(0xE000, 0x110000), k=SIZE // 2)
    draw.shuffle(points)
    return "".join(map(chr, points))


def tokens(size: int) -> str:
    """The beginnings of tokens of a hundred formats, and nothing behind them."""
    beginnings = [re.sub(r"[^A-Za-z0-9_.+/=-]", "", token.prefix.replace("(?:", "").split("|")[0]) for token in TOKENS]
    return repeated("aaaaaa ".join(beginnings), size)


TEXTS = {
    "card numbers": repeated("4539 1488 0343 6467 "),
    "digits": drawn("0123456789"),
    "digits and spaces": drawn("0123456789 "),
    "IBANs": repeated("DE89 3704 0044 0532 0130 00 "),
    "nearly IBANs": drawn("ABCDE0123 "),
    "IPv4": repeated("1.2.3.4.5."),
    "IPv6": repeated("a:b:1::"),
    "SSNs": repeated("123-45-6780 "),
    "telephones": repeated("+1 (415) 555-2671 "),
    "addresses": repeated("a@b.co "),
    "at signs": repeated("a@"),
    "passports": repeated("passport A1234567 "),
    "keys": repeated('api_key = "abcdEFGH1234" '),
    "key headers": repeated("-----BEGIN PRIVATE KEY-----\n"),
    "JWTs": repeated("eyJhbGciOi.eyJzdWIi."),
    "Base64": repeated("QUJD"),
    "hexadecimal": repeated("de ad be ef "),
    "nested arrays": "[" * (SIZE // 2) + "]" * (SIZE // 2),
    "nested objects": '{"a":' * (SIZE // 5),
    "one word": "a" * LARGE,
    "one mixed word": repeated("aB3$", LARGE),
    "any characters": any_characters(),
    "zero-width characters": repeated("a\u200b"),
    "piled marks": repeated("a\u0301\u0302\u0303"),
    "tag characters": repeated("\U000e0041"),
    "lone surrogates": repeated("\ud800a"),
    "full width": repeated("\uff41"),
    "ideographs": repeated("\u4e2d\u6587\uff0c"),
    "fences": repeated("```\n"),
    "brackets": repeated("\\("),
    "comments": repeated("<!-- "),
    "styles": repeated('style="'),
    "images": repeated("![a](https://x?"),
    "apologies": repeated("sorry i cannot "),
    "hedges": repeated("might perhaps "),
    "confidence": repeated("confidence: 80% "),
    "commands": repeated("curl -u ", LARGE),
    "beginnings of JWTs": "eyJhbGciOiJIUzI1NiJ9.eyJ " + repeated("eyJ", LARGE),
    "masked abuse": repeated("f*ck "),
    "quoted abuse": repeated('"idiot'),
    "figures": repeated("1,234.5 million "),
    "assigned keys": repeated("SECRET_KEY=aaaaaaaa", LARGE),
    "empty keys": repeated('api_key=".."', LARGE),
    "forms of tokens": tokens(LARGE),
    "policy terms": repeated(" ".join(TERMS) + " ", LARGE),
    "policy terms and marks": repeated(" ".join(TERMS) + " a\u0301", LARGE),
    "long ligatures": repeated("\ufdfa"),
    "rare characters": "".join(chr(0x10000 + number * 7 % 0xFFFFF) for number in range(SIZE)),
    "numbers beside the context": repeated("123-45-678 "),
    "orders": repeated("ignore previous instructions "),
}


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    JUDGE.warm()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", TEXTS)
def test_a_hostile_text_takes_bounded_time_and_breaks_no_detector(what, role):
    text = TEXTS[what]
    subject = Subject(text, role)
    if role == "assistant":  # all that a caller may know is as hostile
        few = text[:5_000]
        subject = Subject(
            text, role, question=few, input=[Message("user", few)], context=[text[:50_000]], system_prompt=few,
            expect=Expectation("json", language="en"),
        )  # fmt: skip

    opinions = []

    assert costs_at_most(MOST, lambda: opinions.append(JUDGE.judge(subject, RULES)))
    opinion = opinions[0]
    assert opinion.report.failed == []
    assert all(0 <= f.start <= f.end <= len(text) for f in opinion.report.findings)
