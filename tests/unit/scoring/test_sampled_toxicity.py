"""A slow model: its findings count with a commit, its drops are logged."""

import pytest

from scored import NOW, call, make, take, values
from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.assembly import make_scoring
from tocsin.config import ConfigError, parse
from tocsin.scoring import sampled_toxicity
from tocsin.scoring.sampled_toxicity import SampledToxicity
from tocsin.series.store import Store


class Model:
    """A slow model that judges on command."""

    def __init__(self):
        self.dropped, self.waiting = 0, []

    def offer(self, text, done):
        self.waiting.append((text, done))
        return True


def test_a_slow_models_results_are_committed_and_its_drops_logged():
    scoring = make(parse(b"routes: [{match: {route: kids}, detectors: {toxicity: violation}}]"))
    model = Model()
    scoring.slow_toxicity = SampledToxicity(model, scoring._ledger, scoring.safety)
    take(scoring, call(1, "odd words"), call(2, "odd words", route="kids"), call(3, "you idiot"))
    model.dropped = 2
    for _, done in model.waiting:
        done({"toxicity": 0.97})
    before = values(scoring, cat.VIOLATIONS)
    scoring.publish(NOW)

    assert [text for text, _ in model.waiting] == ["odd words", "odd words"]  # the light judge has found the third
    assert (before, values(scoring, cat.VIOLATIONS)) == ({}, {("toxicity", "true", "false", "false"): 1})
    assert sum(row.values[0] for row in scoring._ledger.store.rows[cat.SUSPECTED].values()) == 2
    assert values(scoring, cat.SCORING_DROPPED) == {("detoxify",): 2}


def test_a_slow_models_findings_during_failing_commits_are_counted_or_reported_as_dropped(monkeypatch):
    monkeypatch.setattr(sampled_toxicity, "_MOST", 2)
    scoring, model = make(parse(b"routes: [{match: {}, detectors: {toxicity: violation}}]")), Model()
    scoring.slow_toxicity = SampledToxicity(model, scoring._ledger, scoring.safety)
    take(scoring, *(call(number, "odd words") for number in range(7)))
    scoring.saved = False
    for (_, done), score in zip(model.waiting, (0.97, 0.97, 0.97, 0.1, 0.1, 0.1, 0.1), strict=True):
        done({"toxicity": score})
    scoring.publish(NOW)
    scoring.saved = True
    scoring.publish(NOW)

    assert values(scoring, cat.VIOLATIONS)["toxicity", "true", "false", "false"] == 2
    assert values(scoring, cat.SCORING_DROPPED) == {("detoxify",): 1}


def test_a_slow_models_finding_counts_once_after_failed_commits():
    scoring, model = make(parse(b"routes: [{match: {}, detectors: {toxicity: violation}}]")), Model()
    scoring.slow_toxicity = SampledToxicity(model, scoring._ledger, scoring.safety)
    take(scoring, call(1, "odd words"))
    model.waiting[0][1]({"toxicity": 0.97})
    scoring.publish(NOW)
    for _ in range(2):
        scoring.take_back()
    meanwhile = values(scoring, cat.VIOLATIONS)
    scoring.publish(NOW)

    assert (meanwhile, values(scoring, cat.VIOLATIONS)) == ({}, {("toxicity", "true", "false", "false"): 1})


def test_a_model_that_cannot_be_loaded_is_reported_at_the_start(tmp_path):
    config = parse(f"detectors: {{detoxify: {tmp_path}}}".encode())

    with pytest.raises(ConfigError, match=r"detectors\.detoxify: "):
        make_scoring(config, Ledger(Store(), Settings()))
