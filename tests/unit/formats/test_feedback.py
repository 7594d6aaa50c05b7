"""Feedback in its shapes: our own, OpenTelemetry's names, Langfuse, Portkey, flags and wrong verdicts."""

import json

import pytest

from tocsin.call import Feedback, Skip
from tocsin.formats import get


def parse(word="feedback", **fields):
    return get(word).parse(json.dumps(fields).encode())


def test_native_feedback_is_read_by_itself_and_in_a_log():
    fields = {"v": 1, "type": "feedback", "id": "fb-1", "call_id": "c-1", "time": "2026-11-20T02:47:00Z",
              "scores": {"judge": 0.4}, "flag": "unsafe", "by": "reviewer", "comment": "bad"}

    for word in ("feedback", "native", "auto"):
        assert parse(word, **fields) == Feedback("feedback|fb-1", "c-1", 1_795_142_820.0, {"judge": 0.4}, "unsafe", "reviewer", "bad")


def test_the_names_of_opentelemetry_are_understood():
    read = parse(**{"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.7, "gen_ai.response.id": "r-1"})

    assert (read.call_id, read.scores) == ("r-1", {"relevance": 0.7})


def test_a_langfuse_score_is_read():
    read = parse(id="s1", traceId="t-1", name="helpful", value=1, dataType="BOOLEAN", comment="ok", environment="x")

    assert (read.id, read.call_id, read.scores, read.comment) == ("feedback|s1", "t-1", {"helpful": 1.0}, "ok")


@pytest.mark.parametrize(("value", "score"), [(-10, 0.0), (0, 0.5), (10, 1.0)])
def test_a_portkey_value_becomes_a_score(value, score):
    assert parse(trace_id="t-1", value=value, weight=1).scores == {"portkey": score}


@pytest.mark.parametrize("value", [7, "good", None, True])
def test_a_score_outside_0_to_1_is_a_field_error(value):
    read = parse(traceId="t", name="stars", value=value)

    assert (read.scores, read.field_errors) == (None, ("value",))


def test_of_very_many_scores_the_first_are_read_and_the_rest_is_a_field_error():
    read = parse(call_id="c", scores={f"s{number}": 0.5 for number in range(1_000)})

    assert (list(read.scores)[-1], len(read.scores), read.field_errors) == ("s31", 32, ("scores",))


@pytest.mark.parametrize(("given", "flag"), [("unsafe", "unsafe"), ("Unsafe", "unsafe"), ("rude", "other"), (None, None), ("", None), (5, "other")])
def test_flags_are_a_closed_set(given, flag):
    assert parse(call_id="c", flag=given).flag == flag


@pytest.mark.parametrize(("kind", "kinds"), [("pii", ("pii",)), (["pii", "secret"], ("pii", "secret")), (None, ("other",)), ("x", ("other",))])
def test_a_wrong_verdict_names_its_kinds(kind, kinds):
    assert parse(call_id="c", verdict="wrong", kind=kind).wrong_verdicts == kinds


@pytest.mark.parametrize(("given", "name"), [(17, "17"), ("17", "17"), (0, "0")])
def test_an_id_may_be_a_number(given, name):
    read = parse(call_id=given, id=given, flag="wrong")
    assert (read.call_id, read.id) == (name, f"feedback|{name}")


@pytest.mark.parametrize("given", ["", None, True, [], {"a": 1}])
def test_feedback_with_an_invalid_call_id_is_skipped(given):
    with pytest.raises(Skip, match="missing_call_id"):
        parse(call_id=given, flag="wrong")


def test_without_a_call_it_is_nothing():
    with pytest.raises(Skip, match="missing_call_id"):
        parse(flag="unsafe")


def test_without_an_id_the_same_bytes_are_the_same_feedback():
    assert parse(call_id="c", flag="wrong").id == parse(call_id="c", flag="wrong").id != parse(call_id="d", flag="wrong").id


@pytest.mark.parametrize(("score", "scores"), [(0.5, {"helpful": 0.5}), (True, {"helpful": 1.0}), (None, None)])
def test_langsmiths_feedback_names_the_trace_that_its_spans_have(score, scores):
    read = parse(id="a", run_id="00000000-0000-0000-0000-0000000000aa", trace_id="5b8efff7-9803-8103-d269-b633813fc60c", key="helpful",
                 score=score, value=None, comment="ok", created_at="2026-11-20T02:47:00+00:00")

    assert (read.call_id, read.scores, read.time, read.field_errors) == ("5b8efff798038103d269b633813fc60c", scores, 1_795_142_820.0, ())


def test_langsmiths_feedback_on_a_first_run_names_its_trace():
    assert parse(run_id="5b8efff7-9803-8103-d269-b633813fc60c", key="helpful", score=1).call_id == "5b8efff798038103d269b633813fc60c"


@pytest.mark.parametrize(("rating", "score"), [(True, 1.0), (False, 0.0)])
def test_helicones_rating_is_a_score(rating, score):
    read = parse(**{"helicone-id": "h-1", "rating": rating})

    assert (read.call_id, read.scores) == ("h-1", {"helicone": score})


def test_feedback_of_ours_that_has_langsmiths_keys_names_its_call():
    assert parse(call_id="c-1", key="k", score=0.5, flag="wrong").call_id == "c-1"


def test_a_key_of_langsmiths_that_is_no_text_names_no_scorer():
    assert parse(trace_id="t-1", key={"comment": "private"}, score=1).scores is None
