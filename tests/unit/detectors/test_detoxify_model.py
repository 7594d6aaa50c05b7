import threading

import pytest

from tocsin.detectors.detoxify_model import DetoxifyModel, ModelError, SampledScorer


def test_a_folder_without_a_model_is_refused_with_the_fix(tmp_path):
    with pytest.raises(ModelError, match=r"extra is not installed|no config\.json"):
        DetoxifyModel(tmp_path)


def test_the_share_that_is_scored_is_exact():
    scored = []
    scorer = SampledScorer(lambda text: {"toxicity": 0.5}, rate=0.25)
    taken = [scorer.offer("text", scored.append) for _ in range(40)]
    scorer.close()
    assert (sum(taken), scorer.scored, len(scored)) == (10, 10, 10)


def test_answers_beyond_the_queue_are_dropped_and_counted_at_once():
    busy, release = threading.Event(), threading.Event()

    def score(text: str) -> dict[str, float]:
        busy.set()
        release.wait(60)
        return {"toxicity": 0.0}

    scorer = SampledScorer(score, rate=1.0, queue_size=1)
    scorer.offer("first", lambda _: None)
    busy.wait(60)
    assert [scorer.offer("more", lambda _: None) for _ in range(3)] == [True, False, False]
    release.set()
    scorer.close()
    assert (scorer.scored, scorer.dropped) == (2, 2)


def test_answers_that_waited_too_long_are_dropped():
    ticks = iter([0.0, 100.0])
    scorer = SampledScorer(lambda text: {}, rate=1.0, deadline=30, clock=lambda: next(ticks))
    scorer.offer("text", lambda _: None)
    scorer.close()
    assert (scorer.scored, scorer.dropped) == (0, 1)


def test_a_failing_model_is_counted_and_logged_and_the_worker_continues(caplog):
    def score(text: str) -> dict[str, float]:
        if text == "bad":
            raise RuntimeError(text)
        return {"toxicity": 0.1}

    scorer = SampledScorer(score, rate=1.0)
    scorer.offer("bad", lambda _: None)
    scorer.offer("good", lambda _: None)
    scorer.close()
    assert (scorer.dropped, scorer.scored) == (1, 1)
    assert caplog.messages == ["the Detoxify model failed: RuntimeError"]
