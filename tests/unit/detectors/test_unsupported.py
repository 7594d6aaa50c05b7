
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpu_time import costs_at_most
from tocsin.detectors.base import Report, Subject
from tocsin.detectors.refusal import RefusalDetector
from tocsin.detectors.scanner import Scanner
from tocsin.detectors.score import QualityScore
from tocsin.detectors.unsupported import UnsupportedDetector, features, read

CONTEXT = (
    "Acme Corp reported revenue of 12.5 million dollars in 2023, up from 10 million in 2022. The company employs 340 people "
    "in Berlin and Oslo. Its chief executive, Jana Novak, said that the growth came from subscriptions."
)
DETECTOR = UnsupportedDetector()


def judge(text, context=(CONTEXT,), question="How is Acme doing?"):
    report = Report()
    DETECTOR.scan(Subject(text, context=context, question=question), (), report)
    return report


@pytest.mark.parametrize(
    "text",
    [
        "The provided documents do not contain this information.",
        "I couldn't find any information about that in the documents. Please contact the company.",
    ],
)
def test_that_the_context_does_not_say_it_is_a_limit_and_no_unsupported_claim(text):
    report = Scanner([RefusalDetector(), UnsupportedDetector(), QualityScore()]).scan(Subject(text, context=(CONTEXT,)))

    assert [found.type for found in report.findings] == ["capability_limit"]
    assert report.scores["quality"] == pytest.approx(0.68)


def test_a_claim_behind_a_limit_is_held_against_the_context():
    text = "I don't have information about the brand. The fabric is 80 % wool and it costs 59 euros."
    report = Scanner([RefusalDetector(), UnsupportedDetector()]).scan(Subject(text, context=(CONTEXT,)))

    assert report.outcomes == {"unsupported": False}


@pytest.mark.parametrize(
    "text",
    [
        "Acme Corp reported revenue of 12.5 million dollars in 2023.",
        "The company employs 340 people in Berlin and Oslo.",
        "Chief executive Jana Novak said that the growth came from subscriptions.",
        "Jana Novak",
    ],
)
def test_an_answer_made_of_the_context_is_supported(text):
    report = judge(text)

    assert report.outcomes == {"unsupported": True}
    assert report.findings == []
    assert report.scores["support"] > 0.4


@pytest.mark.parametrize(
    "text",
    [
        "The firm was founded by two brothers in Vienna and sells garden furniture across South America.",
        "Acme Corp plans to acquire Globex next spring, its chairman told reporters in Paris.",
    ],
)
def test_an_answer_from_elsewhere_is_unsupported(text):
    report = judge(text)

    assert report.outcomes == {"unsupported": False}
    assert [(f.kind, f.type) for f in report.findings] == [("quality", "unsupported")]
    assert report.findings[0].score > 0.5


@pytest.mark.parametrize(("text", "context"), [("Something.", ()), ("", (CONTEXT,)), (" \n", (CONTEXT,)), ("Something.", ("", " "))])
def test_without_context_or_answer_no_check_is_made(text, context):
    assert judge(text, context) == Report()


@pytest.mark.parametrize(
    ("supported", "text", "context"),
    [
        (True, "该公寓位于12楼，面积87平方米。可以养猫，不能养狗。", "该公寓面积为87平方米，位于12楼。租客可以养猫，但不能养狗。"),
        (False, "小区里有游泳池和健身房。", "该公寓面积为87平方米，位于12楼。租客可以养猫，但不能养狗。"),
        (True, "製品の重さは1.3キロです。", "この製品の重さは1.3キロで、水洗いはできません。"),
        (False, "開発は大阪の研究所で行われました。", "この製品の重さは1.3キロで、水洗いはできません。"),
    ],
)
def test_what_is_written_without_spaces_is_held_against_the_context_too(supported, text, context):
    assert judge(text, context=(context,), question="").outcomes["unsupported"] is supported


def test_texts_are_taken_apart_once():
    reading = read("The cat sat. On mats, cats sit!\nYes")

    assert reading.words == ["the", "cat", "sat", "on", "mats", "cats", "sit", "yes"]
    assert reading.sentences == [{"cat", "sat"}, {"mats", "cats", "sit"}]


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=40))
def test_features_are_bounded(text, context, question):
    assert all(0.0 <= value <= 1.0 for value in features(text, context, question))


@given(st.text(min_size=1, max_size=200).filter(str.strip))
def test_support_is_a_probability(text):
    support = judge(text).scores["support"]

    assert support is not None
    assert 0.0 <= support <= 1.0


def test_cost_is_bounded():
    assert costs_at_most(1.0, lambda: judge("alpha beta. " * 100_000, ("alpha gamma. " * 100_000,)))


@pytest.mark.parametrize(
    ("context", "question", "answer"),
    [
        ("Bern", "What is the capital of Switzerland?", "The capital of Switzerland is Bern."),
        ("18.0", "How warm is it in Oslo right now?", "It is 18 degrees warm in Oslo right now."),
        ("It's raining.", "What is the weather in Bergen today?", "In Bergen it's raining today."),
    ],
)
def test_a_brief_result_that_is_put_into_a_sentence_supports_it(context, question, answer):
    assert judge(answer, (context,), question).outcomes == {"unsupported": True}


@pytest.mark.parametrize(
    ("context", "question", "answer"),
    [
        ("Bern", "What is the capital of Switzerland?", "The capital of Switzerland is Zurich."),
        ("Bern", "What is the capital of Switzerland?", "Bern, founded by Duke Berthold in 1191, was never conquered by the French army."),
    ],
    ids=["another", "more than that"],
)
def test_a_brief_result_supports_nothing_else(context, question, answer):
    assert judge(answer, (context,), question).outcomes == {"unsupported": False}
