import math

import pytest

from tocsin.detectors.base import Report, Subject
from tocsin.detectors.confidence import ConfidenceDetector, find_stated, token_confidence
from tocsin.detectors.scanner import Scanner

SCANNER = Scanner([ConfidenceDetector()])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Paris.\n\nConfidence: 80%", 0.8),
        ("Paris. Confidence: 8/10", 0.8),
        ("**Confidence score:** 0.85", 0.85),
        ("My confidence level is 7 out of 10.", 0.7),
        ("I am about 96 percent sure.", 0.96),
        ("I'm 90% confident that it is Paris.", 0.9),
        ("I would put my certainty at 0.70.", 0.7),
        ('{"answer": "Paris", "confidence": 0.4}', 0.4),
        ('{"confidence": 0.4, "answer": "Paris"}', 0.4),
        ("<confidence>6</confidence>", 0.06),
        ("confidence=1.0", 1.0),
        ("Paris (confidence 62 %)", 0.62),
        ("Confidence: 20%\nOn reflection:\nConfidence: 90%", 0.9),
    ],
)
def test_stated_confidence_is_read(text, value):
    report = SCANNER.scan(Subject(text))

    assert report.scores["confidence"] == pytest.approx(value)
    assert [(f.kind, f.type) for f in report.findings] == [("quality", "confidence")]


@pytest.mark.parametrize(
    "text",
    [
        "The 95% confidence interval is [8, 18].",
        "confidence_threshold: 0.24",
        "Be confident: 98% of interviews are about attitude.",
        "The model's accuracy was 0.99.",
        "I am fairly certain.",
        "I have low confidence in this answer.",
        "With 95% confidence, the mean lies between 2 and 3.",
        "A 99% confidence level needs a larger sample.",
        "Sales grew by 93% in 2023, for certain.",
        "Confidence: high",
        "Confidence: 1.2.3",
        "Confidence: 300%",
        "",
    ],
)
def test_other_percentages_and_words_state_nothing(text):
    report = SCANNER.scan(Subject(text))

    assert report.scores.get("confidence") is None
    assert report.findings == []


def test_token_probabilities_are_used_if_nothing_is_stated():
    report = SCANNER.scan(Subject("Paris.", logprobs=[math.log(0.9), math.log(0.4)]))

    assert report.scores["confidence"] == pytest.approx(math.sqrt(0.36))
    assert report.findings == []


def test_a_stated_number_wins_over_token_probabilities():
    assert SCANNER.scan(Subject("Confidence: 80%", logprobs=[-3.0])).scores["confidence"] == pytest.approx(0.8)


@pytest.mark.parametrize("logprobs", [None, [], [math.nan], [0.5]])
def test_without_a_usable_probability_confidence_is_none(logprobs):
    assert token_confidence(logprobs) is None


def test_impossible_tokens_do_not_overflow():
    assert token_confidence([-math.inf, -1.0]) == pytest.approx(0.0)


def test_the_finding_spans_the_number():
    text = "Paris. Confidence: 8/10"
    start, end, _ = find_stated(text) or (0, 0, 0)

    assert text[start:end] == "8/10"


def test_an_answer_that_says_nothing_gets_none_not_zero():
    report = Report()

    ConfidenceDetector().scan(Subject("Paris."), (0,), report)

    assert report.scores == {"confidence": None}
