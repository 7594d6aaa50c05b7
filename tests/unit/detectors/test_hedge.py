import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detectors.base import Subject
from tocsin.detectors.hedge import HedgeDetector
from tocsin.detectors.scanner import Scanner

SCANNER = Scanner([HedgeDetector()])


@pytest.mark.parametrize(
    "text",
    [
        "I think it might be Paris, but I'm not entirely sure.",
        "I’m not sure, and I don’t know when it was built. It was probably in 1889.",
        "It may perhaps be Paris. Possibly it is Lyon.",
        "As far as I know it is Paris; I could be wrong.",
    ],
)
def test_an_answer_that_qualifies_itself_is_hedged(text):
    [finding] = SCANNER.scan(Subject(text)).findings

    assert (finding.kind, finding.type) == ("quality", "hedge")
    assert 0 <= finding.start < finding.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "The capital of France is Paris.",
        "Rain is likely in May. " + "The forecast is made of many models that run twice a day. " * 4,
        "You may enter. The might of the army was great, and nobody knew how large it was on that day in spring.",
        "I think so.",
        "May 30 01:12:53 sshd started\nMay 30 01:13:09 sshd stopped\nOn 30 May it was restarted.",
        "",
    ],
)
def test_a_single_hedge_is_not_hedging(text):
    assert SCANNER.scan(Subject(text)).findings == []


def test_more_hedging_never_scores_lower():
    few, many = (
        "I think it might be Paris" + more
        for more in (" or a city in the north of it.", ", perhaps, or possibly Lyon.")
    )

    assert SCANNER.scan(Subject(few)).findings[0].score < SCANNER.scan(Subject(many)).findings[0].score


@given(st.text())
def test_offsets_lie_in_the_text(text):
    whole = "I think " + text + " might be"
    for finding in SCANNER.scan(Subject(whole)).findings:
        assert 0 <= finding.start < finding.end <= len(whole)
