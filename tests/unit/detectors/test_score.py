import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.call import Expectation
from tocsin.detectors.base import Report, Subject
from tocsin.detectors.coherence import coherence
from tocsin.detectors.quality import finding
from tocsin.detectors.registry import Knowledge, make
from tocsin.detectors.scanner import Scanner
from tocsin.detectors.score import COMPONENTS, DEFAULT_WEIGHTS, QualityScore, document

ROOT = Path(__file__).parents[3]
HEALTHY = (
    "Paris is the capital of France and lies on the Seine. It has been the seat of the government since the tenth century, "
    "and it is known for its museums, its cafes and the Eiffel Tower, which was built in 1889 for the World's Fair. "
    "More than two million people live in the city itself, and about twelve million in the region around it."
)
SCANNER = Scanner(make(Knowledge()))


def score(text, **known):
    return SCANNER.scan(Subject(text, **known)).scores["quality"]


def shuffled(text):
    words = text.split()
    random.Random(1).shuffle(words)
    return " ".join(words)


def garbled(text):
    draw = random.Random(1)
    return "".join(
        draw.choice("abcdefghxyz#@%&*~") if char.isalpha() and draw.random() < 0.3 else char for char in text
    )


def test_a_healthy_answer_scores_one():
    assert score(HEALTHY) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "spoil",
    [shuffled, garbled, lambda text: "Ґж漢f" * 80, lambda text: text[:60] * 30],
    ids=["salad", "noise", "alphabets", "loop"],
)
def test_an_incoherent_answer_scores_well_under_a_healthy_one(spoil):
    assert score(spoil(HEALTHY)) < 0.5


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("I'm sorry, but I can't assist with that.", {}),
        (HEALTHY, {"expect": Expectation(format="json")}),
        (HEALTHY, {"expect": Expectation(language="de")}),
        ("The firm sells garden furniture in South America.", {"context": ["Acme employs 340 people in Berlin."]}),
    ],
    ids=["refusal", "format", "language", "unsupported"],
)
def test_each_failure_removes_its_share(text, known):
    assert score(text, **known) < 0.8


@pytest.mark.parametrize(("reason", "left"), [("length", 1.0), (None, 0.88)])
def test_only_a_truncation_found_in_the_text_lowers_the_score(reason, left):
    assert score(f"{HEALTHY} We ship it on Monday and", finish_reason=reason) == pytest.approx(left)


def test_a_good_data_answer_is_not_called_incoherent():
    assert (
        score('{"id": 17, "name": "x9#z", "ok": true, "values": [1, 2, 3]}', expect=Expectation(format="json")) == 1.0
    )


def test_weights_of_a_route_replace_the_default_ones():
    scorer = QualityScore({"refusal": 0.5}, {"kids-*": {"refusal": 0.0}})

    def of(route):
        report = Report(findings=[finding("refusal", 0, 1, 1.0)], scanned=["refusal"])
        scorer.scan(Subject("no", route=route), (), report)
        return report.scores["quality"]

    assert of("shop") == pytest.approx(0.5)
    assert of("kids-1") == pytest.approx(1.0)


def test_without_an_applicable_component_there_is_no_score_but_a_reason():
    report = Report()
    QualityScore(dict.fromkeys(DEFAULT_WEIGHTS, 0.0)).scan(Subject("text"), (), report)

    assert report.scores == {"quality": None}
    assert report.marks == {"nothing_to_score"}


@pytest.mark.parametrize("weights", [{"nonsense": 1.0}, {"refusal": 1.5}, {"refusal": -0.1}])
def test_wrong_weights_are_refused(weights):
    with pytest.raises(ValueError, match=r"nonsense|refusal"):
        QualityScore(weights)


@given(
    st.dictionaries(st.sampled_from([c.name for c in COMPONENTS]), st.floats(0, 1)), st.floats(0, 1), st.floats(0, 1)
)
def test_a_worse_component_never_makes_a_better_score(weights, first, second):
    def of(value):
        report = Report(findings=[finding("repetition", 0, 1, value)], scanned=["repetition", "refusal"])
        QualityScore(weights).scan(Subject("text"), (), report)
        return report.scores["quality"]

    low, high = sorted((first, second))
    assert 0.0 <= of(high) <= of(low) <= 1.0


def test_the_document_matches_the_code():
    assert (ROOT / "exporter/QUALITY.md").read_text(encoding="utf-8") == document()


@pytest.mark.parametrize(
    "text",
    [
        HEALTHY,
        "Комитет собрался во вторник и решил, что этот план слишком дорог для города, поэтому он будет изменён позднее.",
        "委员会于星期二开会，一致认为该计划对城市来说过于昂贵，因此将进行修改。委员会于星期二开会，一致认为该计划对城市来说过于昂贵，因此将进行修改。",
        "Call `foo_bar2x(a@b)`:\n```python\nx = {k#1: %d}\n```\nThis sets the value of the key and returns it to the caller of it.",
        "| a1b | c#d |\n|---|---|\n| e2f | g@h |\n\nThe table shows the two columns and what is in each of them for the year.",
    ],
    ids=["english", "russian", "chinese", "code", "table"],
)
def test_real_text_is_coherent(text):
    value = coherence(text)

    assert value is None or value > 0.9


def test_a_few_words_are_too_little_to_judge():
    assert coherence("Yes, of course.") is None


@given(st.text())
def test_coherence_is_a_share(text):
    value = coherence(text)

    assert value is None or 0.0 <= value <= 1.0


def test_a_route_as_long_as_a_body_is_weighed_and_not_kept():
    score = QualityScore(routes={"a*": {"repetition": 0.0}})
    assert score._plan("a" * 1_000_000) is score._plan("a")
    assert list(score._cache) == ["a"]
