import pytest

from tocsin.detectors.base import SUSPICION, Report, Subject
from tocsin.detectors.truncation import TruncationDetector

LONG = "The capital of France is Paris, which lies on the Seine. " * 5


def judge(text, finish_reason=None):
    report = Report()
    TruncationDetector().scan(Subject(text, finish_reason=finish_reason), (), report)
    return [(f.type, f.score) for f in report.findings]


def test_a_length_limit_is_certain():
    assert judge("Paris is", "length") == [("truncated", 1.0)]


@pytest.mark.parametrize("text", [LONG + "It was founded by the", LONG + "```python\nprint(", LONG + "First, second,"])
def test_a_text_that_breaks_off_is_a_weak_finding(text):
    [(kind, score)] = judge(text, "stop")

    assert kind == "truncated"
    assert 0 < score < SUSPICION


@pytest.mark.parametrize("text", [LONG, LONG + "- a list item", "the", "", LONG + "```\ncode\n```"])
def test_a_complete_text_is_not_truncated(text):
    assert judge(text, "stop") == []
