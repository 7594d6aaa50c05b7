"""Candidates of long texts: searched span by span, with what one search would have found."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detectors import candidates
from tocsin.detectors.base import Report, Subject
from tocsin.detectors.candidates import capped, spans, without_endless_numbers
from tocsin.detectors.pii import Pii, card, phone, ssn
from tocsin.detectors.secrets import Secrets

PATTERNS = [
    re.compile(pattern, re.MULTILINE)
    for pattern in (r"[0-9]+", r"(?<![0-9-])[0-9]{2,9}(?![0-9])", r"\b[a-z]+@[a-z]+\b", r"^-+$", r"a*", r"-(?=[0-9]{3})")
]
VALUES = (
    "Jo Doe <jo.doe@acme-corp.com>, +49 30 901820, 4012888888881881, DE89370400440532013000, 078-05-1120, 52.95.110.1, "
    "password: hunter2X!9, postgres://app:s3cr3tPw9@db.acme.com/x, ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8 and so on. "
)


def shorten(patch):
    patch.setattr(candidates, "_SPAN", 16)
    patch.setattr(candidates, "_REACH", 24)
    patch.setattr(candidates, "_AHEAD", 8)


@pytest.fixture
def short_spans(monkeypatch):
    shorten(monkeypatch)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.pattern)
@given(text=st.text("0123a@b -\n", max_size=200))
def test_a_long_text_has_the_matches_of_one_search(pattern, text):
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        found = [match.span() for match in capped(pattern, text) if match.group()]

    assert found == [match.span() for match in pattern.finditer(text) if match.group()]


def test_a_match_longer_than_is_seen_is_found_to_its_end(short_spans):
    text = "x" * 10 + "1" * 500 + "x" + "2" * 30

    assert [len(match[0]) for match in capped(PATTERNS[0], text)] == [500, 30]


def test_candidates_of_long_texts_are_capped(short_spans):
    assert len(list(capped(PATTERNS[0], "1 " * 100, limit=7))) == 7
    assert candidates.was_cut()


@pytest.mark.once
@pytest.mark.parametrize("detector", [Pii(), Secrets()], ids=lambda detector: detector.name)
@pytest.mark.parametrize("offset", range(0, 240, 17))
def test_values_are_found_wherever_a_span_ends(detector, offset, monkeypatch):
    text = " " * offset + VALUES * 60
    assert len(text) > candidates._SPAN + candidates._REACH

    def found():
        report = Report()
        detector.scan(Subject(text), range(len(detector.gates)), report)
        return report.findings

    by_spans = found()
    monkeypatch.setattr(candidates, "_SPAN", len(text))

    assert len(by_spans) >= 60
    assert by_spans == found()


def test_spans_make_up_their_text(short_spans):
    text = "0123456789" * 5
    assert [len(span) for span in spans(text)] == [16, 16, 16, 2]
    assert "".join(spans(text)) == text


@pytest.mark.parametrize("find", [card.find, phone.find, ssn.find], ids=["card", "phone", "ssn"])
@given(text=st.text("0445 -x\n", max_size=300), end=st.sampled_from(["", "4012 8888 8888 1881", "212-736-5000", "536-90-4399"]))
def test_an_endless_number_hides_no_value_at_its_end(find, text, end):
    number = f"4539 1488 0343 6467 {'9' * 30} 12-34 " * 10
    long = f"Tel: {text} {number}{end}\nSSN {number}{text}{end}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_SPAN", 16)
        plain = without_endless_numbers(long)

    assert len(plain) == len(long)
    assert [c[:2] for c in find(plain)] == [c[:2] for c in find(long)]


def test_of_an_endless_number_the_end_is_left():
    number = "4539 1488 0343 6467 " * 1_000

    assert without_endless_numbers(f"x {number}\n12 34") == f"x {'0' * (len(number) - 65)}{number[-65:]}\n12 34"


class Searches:
    """A pattern that notes how many characters each search may read."""

    def __init__(self, pattern):
        self.pattern = pattern
        self.widths = []

    def search(self, text, start, end):
        self.widths.append(end - start)
        return self.pattern.search(text, start, end)

    match = search


def test_endless_numbers_are_searched_span_by_span(monkeypatch, short_spans):
    numbers, digits = Searches(candidates._NUMBERS), Searches(re.compile(f"(?:{candidates._MORE_DIGITS.pattern})"))
    monkeypatch.setattr(candidates, "_NUMBERS", numbers)
    monkeypatch.setattr(candidates, "_MORE_DIGITS", digits)
    without_endless_numbers(f"words {'4539 ' * 1_000}words")

    assert len(digits.widths) > 100
    assert max(*numbers.widths, *digits.widths) == 16 + 2 * 64
