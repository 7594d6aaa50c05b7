from collections.abc import Sequence

import pytest

from tocsin.detectors.base import ALWAYS, Gate, Report, Subject
from tocsin.detectors.scanner import Scanner


class Recorder:
    """A detector that remembers what it was asked."""

    tier = 0

    def __init__(self, name: str, *gates: Gate, roles: frozenset[str] = frozenset({"assistant"})) -> None:
        self.name, self.gates, self.roles = name, gates, roles
        self.fired: list[tuple[int, ...]] = []

    def scan(self, subject: Subject, fired: Sequence[int], report: Report) -> None:
        self.fired.append(tuple(fired))


def test_a_detector_runs_only_when_one_of_its_own_gates_matches():
    first, second = Recorder("first", Gate("x@y"), Gate("visa", ignore_case=True)), Recorder("second", Gate("nothing"))

    Scanner([first, second]).scan(Subject("my VISA card"))

    assert first.fired == [(1,)]
    assert second.fired == []


def test_a_detector_without_gates_runs_on_every_text():
    always = Recorder("always")

    Scanner([always]).scan(Subject(""))

    assert always.fired == [()]


def test_a_detector_that_always_runs_gets_the_matches_of_its_other_gates():
    always = Recorder("always", ALWAYS, Gate("visa"))
    scanner = Scanner([always])

    scanner.scan(Subject("nothing"))
    scanner.scan(Subject("a visa"))

    assert always.fired == [(), (1,)]


@pytest.mark.parametrize(
    ("text", "fired"), [("12 call", [(0,)]), ("12", []), ("call", []), ("12 34 call office", [(0, 1)]), ("12 34", [])]
)
def test_a_gate_fires_only_if_all_its_confirmations_match(text, fired):
    called, grouped = Gate("12", confirm=Gate("call")), Gate("12", confirm=Gate("34", confirm=Gate("office")))
    detector = Recorder("detector", called, grouped)

    Scanner([detector]).scan(Subject(text))

    assert detector.fired == fired


def test_gates_of_two_detectors_may_share_an_expression():
    first, second = Recorder("first", Gate("12")), Recorder("second", Gate("no"), Gate("12"))

    Scanner([first, second]).scan(Subject("12"))

    assert (first.fired, second.fired) == ([(0,)], [(1,)])


def test_disabled_detectors_neither_run_nor_are_listed():
    first, second = Recorder("first"), Recorder("second")

    report = Scanner([first, second]).scan(Subject("text"), frozenset({"first"}))

    assert (first.fired, report.scanned) == ([], ["second"])


def test_a_detector_does_not_run_for_roles_that_it_does_not_judge():
    detector = Recorder("answers")

    report = Scanner([detector]).scan(Subject("text", role="tool"))

    assert (detector.fired, report.scanned) == ([], [])


def test_detectors_are_listed_as_scanned_even_if_no_gate_fired():
    assert Scanner([Recorder("pii", Gate("@"))]).scan(Subject("none")).scanned == ["pii"]


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "é" * 10])
def test_any_text_can_be_scanned(text):
    Scanner([Recorder("pii", Gate("@"))]).scan(Subject(text))
