"""Feedback counts once, under its call, in either order, also after a restart."""

import msgspec
import pytest

from scored import NOW, call, make, restarted, restored, take, values
from tocsin import catalogue as cat
from tocsin.accounting.pending_feedback import WAIT
from tocsin.call import Call, Feedback
from tocsin.formats import get
from tocsin.inputs.base import Origin
from tocsin.intake import Intake


def test_feedback_counts_under_its_call_across_a_restart():
    scoring = restarted(take(make(), call(1, model="m1"), call(2, model="m2")))

    scoring.feedback(Feedback("f1", "call-2", scores={"judge": 0.4}, flag="wrong"), NOW)

    rows = scoring._ledger.store.rows
    assert rows[cat.QUALITY_SCORE]["openai", "m2", "support", "judge"].values[0] == 0.4
    assert values(scoring, cat.USER_FLAGS) == {("support", "wrong"): 1}
    assert values(scoring, cat.VIOLATIONS) == {}


def test_only_a_reviewer_makes_unsafe_a_violation():
    scoring = take(make(), call(1))
    scoring.feedback(Feedback("f1", "call-1", flag="unsafe"), NOW)
    by_user = values(scoring, cat.VIOLATIONS)
    scoring.feedback(Feedback("f2", "call-1", flag="unsafe", by="Reviewer"), NOW + 1)

    assert (by_user, values(scoring, cat.VIOLATIONS)) == ({}, {("reported", "true", "false", "false"): 1})
    assert values(scoring, cat.LAST_VIOLATION) == {("reported",): NOW + 1}


@pytest.mark.parametrize("word", ["litellm", "openai"])
def test_feedback_may_name_a_call_by_its_own_id_its_trace_or_its_providers_answer(word):
    payload = {"id": "resp-1", "litellm_call_id": "call-1", "trace_id": "trace-1", "status": "success", "startTime": NOW, "endTime": NOW + 1,
               "model": "m", "metadata": {"user_api_key_team_alias": "shop"}, "response": {"choices": []}}  # fmt: skip
    pair = {"id": "call-1", "route": "shop", "request": {"model": "m"}, "response": {"id": "resp-1", "choices": []}}
    parsed = get(word, content=True).parse(msgspec.json.encode(payload if word == "litellm" else pair))
    assert isinstance(parsed, Call)
    scoring = take(make(), parsed)
    names = ("call-1", "resp-1", "trace-1")[: 3 if word == "litellm" else 2]
    for name in names:
        scoring.feedback(Feedback(name, name, flag="wrong"), NOW)

    assert values(scoring, cat.USER_FLAGS) == {("shop", "wrong"): len(names)}


def test_scores_received_before_their_call_wait_across_a_restart():
    early = make()
    early.feedback(Feedback("f1", "call-1", scores={"judge": 0.4}), NOW)
    early.publish(NOW)
    scoring = restarted(early)
    scoring.publish(NOW + 1_000)
    take(scoring, call(1))
    scoring.publish(NOW + 2_000)

    assert scoring._ledger.store.rows[cat.QUALITY_SCORE]["openai", "gpt-4o", "support", "judge"].values[0] == 0.4
    assert values(scoring, cat.FEEDBACK_UNMATCHED) == {}


def test_feedback_is_not_given_up_while_commits_fail():
    scoring = make()
    scoring.feedback(Feedback("f1", "call-1", scores={"judge": 0.4}), NOW)
    scoring.saved = False
    scoring.publish(NOW + WAIT)
    meanwhile = values(scoring, cat.FEEDBACK_UNMATCHED)
    scoring.saved = True
    scoring.publish(NOW + WAIT)
    scoring.publish(NOW + WAIT + 1)
    assert (meanwhile, values(scoring, cat.FEEDBACK_UNMATCHED)) == ({}, {(): 1})


@pytest.mark.parametrize("commits", [1, 2])
def test_given_up_feedback_does_not_decrease_after_a_crash_without_commits(commits):
    before = make()
    before.feedback(Feedback("f1", "lost", scores={"judge": 0.4}), NOW)
    for at in range(commits - 1):
        before.publish(NOW + WAIT + at)
    after_a_crash = restored(before)

    for scoring in (before, after_a_crash):
        scoring.publish(NOW + WAIT + commits)

    assert values(after_a_crash, cat.QUALITY_SCORE) == values(before, cat.QUALITY_SCORE)


def test_scores_without_a_call_are_counted_as_unknown_after_the_wait():
    scoring = make()
    scoring.feedback(Feedback("f1", "lost", scores={"judge": 0.4}), NOW)
    scoring.publish(NOW + WAIT - 1)
    before = values(scoring, cat.FEEDBACK_UNMATCHED)
    scoring.publish(NOW + WAIT)
    scoring.publish(NOW + 2 * WAIT)

    assert (before, values(scoring, cat.FEEDBACK_UNMATCHED)) == ({}, {(): 1})
    assert scoring._ledger.store.rows[cat.QUALITY_SCORE]["unknown", "unknown", "unknown", "judge"].values[0] == 0.4


def test_a_flag_does_not_wait_for_its_call():
    scoring = make()
    scoring.feedback(Feedback("f1", "lost", flag="wrong"), NOW)

    assert values(scoring, cat.FEEDBACK_UNMATCHED) == {(): 1}
    assert values(scoring, cat.USER_FLAGS) == {("unknown", "wrong"): 1}


def test_a_reviewers_unsafe_flag_for_an_unknown_call_is_counted_and_logged_at_once():
    scoring = make()
    scoring.feedback(Feedback("f1", "lost", flag="unsafe", by="reviewer"), NOW)

    assert values(scoring, cat.FEEDBACK_UNMATCHED) == {(): 1}
    assert scoring._ledger.store.rows[cat.VIOLATIONS]["unknown", "unknown", "unknown", "reported", "true", "false", "false"].values == [1]


def test_a_wrong_verdict_is_a_false_positive_of_the_guard():
    scoring = take(make(), call(1))
    scoring.feedback(Feedback("f1", "call-1", by="reviewer", wrong_verdicts=("pii",)), NOW)

    assert values(scoring, cat.GUARD_FALSE_POSITIVES) == {("support", "pii"): 1}


def test_a_wrong_verdict_that_names_no_kind_is_of_each_kind_that_the_guard_stopped_in_the_call():
    scoring = take(make(), call(1), call(2))
    scoring.coverage.seen.put("call-1", "pii,toxicity")
    for number in (1, 2):
        scoring.feedback(Feedback(f"f{number}", f"call-{number}", by="reviewer", wrong_verdicts=("other",)), NOW)

    kinds = ("pii", "toxicity", "other")
    assert values(scoring, cat.GUARD_FALSE_POSITIVES) == {("support", kind): 1 for kind in kinds}


def test_a_field_of_feedback_that_has_no_meaning_is_counted_by_its_name():
    scoring = take(make(), call(1))
    scoring.feedback(Feedback("f1", "call-1", flag="wrong", field_errors=("scores.judge",)), NOW)

    assert values(scoring, cat.FIELD_ERRORS) == {("scores.judge",): 1}


def test_repeated_feedback_counts_once():
    scoring = make()
    intake = Intake(scoring._ledger, lambda word: get(word, content=True), lambda: NOW, scoring)
    event = {"v": 1, "type": "feedback", "id": "fb", "call_id": "c", "time": "2026-11-20T02:47:00Z", "flag": "other"}
    for _ in range(3):
        intake.take(msgspec.json.encode(event), Origin("replay", "native"))
    scoring.finish(NOW)

    assert values(scoring, cat.USER_FLAGS) == {("unknown", "other"): 1}


def test_flags_of_a_route_are_exported_before_the_first():
    scoring = take(make(), call(1))
    rows = scoring._ledger.store.rows[cat.USER_FLAGS]
    assert {row.labels: row.values[0] for row in rows.values()} == dict.fromkeys(
        [("support", flag) for flag in ("unsafe", "wrong", "offensive", "other")], 0
    )
