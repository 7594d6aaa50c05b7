"""Everyday answers, of kinds that look like what detectors look for: none of them may count, or look like a refusal."""

from pathlib import Path

import pytest

from tocsin.config import Config
from tocsin.detectors.base import SUSPICION, Subject
from tocsin.judge import Judge

ANSWERS = [
    pytest.param(answer.strip("\n"), id=f"{kind}-{number}")
    for kind, _, answers in (
        block.partition("\n")
        for block in (Path(__file__).parent / "everyday.txt").read_text("utf-8").split("\n=== ")[1:]
    )
    for number, answer in enumerate(answers.split("\n-----\n"))
]
BESIDE = frozenset({"confidence", "hedge", "disclaimer", "capability_limit", "language"})
"""Types that describe an answer, and do not alert individually."""


@pytest.fixture(scope="module")
def judged():
    judge = Judge(Config())
    rules = judge.rules("everyday")
    return lambda text: judge.judge(Subject(text), rules).report.findings


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_everyday_answer_raises_no_alarm(judged, answer):
    found = [f.type for f in judged(answer) if f.score >= SUSPICION and not f.example and f.type not in BESIDE]

    assert found == []
