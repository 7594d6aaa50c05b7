import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpu_time import costs_at_most
from tocsin.detectors.base import Report, Subject
from tocsin.detectors.repetition import RepetitionDetector

HEAD = "The capital of France is Paris. It lies on the Seine and has two million inhabitants.\n"
SENTENCE = "I hope that this answers your question about the city."


def judge(text):
    report = Report()
    RepetitionDetector().scan(Subject(text), (), report)
    return report.findings


@pytest.mark.parametrize(
    "text",
    [
        HEAD + " ".join([SENTENCE] * 8),
        HEAD + "\n".join([SENTENCE] * 8),
        (HEAD + " ".join([SENTENCE] * 8))[:-17],
        HEAD + "very " * 80,
        HEAD + "!" * 400,
        HEAD + "0, 1, " * 80,
        HEAD + "".join(f"\n{i}. {SENTENCE}" for i in range(1, 12)),
        HEAD + "".join(f"\nStep {i}: {SENTENCE}" for i in range(1, 12)),
        '{"city": "Paris",' + " \n" * 120,
        '{"city": "Paris",' + " \n" * 40_000,
        HEAD + " ".join([SENTENCE] * 8) + "\n\nBye!",
        "no " * 40,
        HEAD + "\n\n".join([HEAD * 3 + SENTENCE * 2] * 5),
        (HEAD + SENTENCE + "\n\n") * 3,
        HEAD[:40] + ("\nQuestion: where is it?\nAnswer: " + HEAD) * 3 + "\nQuestion: where",
    ],
    ids=["sentences", "lines", "cut", "word", "character", "numbers", "numbered", "steps", "white space", "endless white space", "closing words", "short", "paragraphs", "whole answer", "turns"],
)
def test_a_loop_is_found(text):
    findings = judge(text)

    assert [(f.kind, f.type) for f in findings] == [("quality", "repetition")]
    assert 0 <= findings[0].start < findings[0].end <= len(text)


def test_the_finding_spans_the_loop():
    finding = judge(HEAD + "ab cd ef gh " * 40)[0]

    assert finding.start <= len(HEAD) + 12
    assert finding.score == pytest.approx(1 - 1 / 40, abs=0.001)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"id": i, "active": True, "tags": []} for i in range(60)]),
        "\n".join(f"INSERT INTO users (id, age) VALUES ({i}, {i * 7 % 60});" for i in range(60)),
        "\n".join(f"7 x {i} = {7 * i}" for i in range(60)),
        "| a | b |\n|---|---|\n" + "\n".join(f"| {i} | {i * i} |" for i in range(60)),
        "\n".join(f"Day {i}: Walk for {10 + i} minutes and rest." for i in range(30)),
        "The matrix is\n" + "[0, 0, 0, 0, 0, 0, 0, 0],\n" * 8,
        "-" * 80 + "\nTitle\n" + "-" * 80,
        "| | | | |\n|---|---|---|---|\n" + "| | | | |\n" * 20,
        "We sail the sea\nThe wind is high\nRow, row, row your boat\nHeave ho!\nPull the rope" * 2,
        HEAD,
        "",
        "ha ha ha ha",
        (HEAD + SENTENCE + "\n\n") * 2,
        "Three copies of the label, one a page:\n" + f"{HEAD[:70]}\n" * 3,
        "".join(f"{word} verse:\n{HEAD}" for word in ("First", "Second", "Third")),
    ],
    ids=["json", "sql", "times table", "table", "days", "matrix", "rulers", "cells", "song", "plain", "empty", "laughter", "twice", "labels", "verses"],
)
def test_repeated_structure_is_not_a_loop(text):
    assert judge(text) == []


@given(st.text(alphabet="ab \n", max_size=400))
def test_offsets_lie_in_the_text(text):
    for finding in judge(text):
        assert 0 <= finding.start < finding.end <= len(text)
        assert 0 <= finding.score <= 1


@pytest.mark.parametrize("unit", ["a", "ab", "abcdefghijklmnop" * 40 + "x", "aaaaaaaaaaaaaaab"])
def test_cost_does_not_explode_with_length(unit):
    text = unit * (300_000 // len(unit)) + "z"

    assert costs_at_most(0.5, lambda: judge(text))
