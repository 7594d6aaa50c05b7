"""Feedback waits for its call: not for ever, not without bound, and not with what it says."""

import math

from tocsin.accounting.pending_feedback import WAIT, PendingFeedback
from tocsin.call import Feedback


def held(*names, most=10):
    early = PendingFeedback(most)
    for at, name in enumerate(names):
        early.hold(Feedback(f"f{at}", name, flag="wrong", comment="it leaked my key"), at)
    return early


def restored(state):
    early = PendingFeedback()
    early.restore([(name, value) for name, value in state.items() if value is not None])
    return early


def flags(feedback):
    return [each.flag for each in feedback]


def test_a_call_gets_all_that_waited_for_any_of_its_ids_once():
    early = held("call", "trace", "call", "another")

    assert flags(early.release(["call", "trace"])) == ["wrong"] * 3
    assert early.release(["call", "trace"]) == []
    assert len(early) == 1


def test_only_feedback_that_waited_too_long_is_given_up():
    early = held("a", "b")

    early.give_up(WAIT)

    assert flags(early.given_up()) == ["wrong"]
    assert (early.release(["a"]), len(early.release(["b"]))) == ([], 1)


def test_the_oldest_of_too_many_is_given_up_at_any_age():
    early = held("a", "b", "c", most=2)

    assert len(early.surplus()) == 1
    assert early.release(["a"]) == []
    assert len(early.release(["b", "c"])) == 2


def test_a_clock_set_back_does_not_extend_the_wait():
    early = PendingFeedback()
    early.hold(Feedback("f", "a"), 1_000_000)

    early.give_up(0)
    before = early.given_up()
    early.give_up(WAIT)

    assert (len(before), len(early.given_up())) == (0, 1)


def test_everything_is_given_up_at_the_end():
    early = held("a", "b")

    early.give_up(math.inf)

    assert len(early.given_up()) == 2


def test_given_up_feedback_is_counted_once_across_a_crash():
    early = held("a")
    early.give_up(WAIT)
    state = dict(early.changes())
    after_a_crash = restored(state)
    counted = after_a_crash.given_up()
    once_more = restored(state | dict(after_a_crash.changes()))

    assert (flags(counted), restored(state).release(["a"])) == (["wrong"], [])
    assert once_more.given_up() == []


def test_the_state_has_pending_feedback_without_content():
    early = held("call-of-jo", "b")
    first = dict(early.changes())
    early.release(["b"])
    second = dict(early.changes())
    again = restored({**first, **second})

    assert flags(again.release(["call-of-jo"])) == ["wrong"]
    assert len(again) == 0
    assert list(second.values()) == [None]
    assert not any(word in value for value in first.values() for word in (b"leaked", b"call-of-jo"))


def test_feedback_after_a_restart_does_not_displace_pending_feedback():
    early = held("a", "b")
    again = restored(dict(early.changes()))

    again.hold(Feedback("f9", "c", flag="wrong"), 9)

    assert [len(again.release([name])) for name in "abc"] == [1, 1, 1]


def test_long_names_and_who_judged_are_not_kept():
    early = PendingFeedback()
    early.hold(Feedback("f", "call", scores={"s" * 100_000: 0.5}, by="jane.doe@example.org"), 0.0)
    early.hold(Feedback("g", "call", flag="unsafe", by="Reviewer"), 0.0)

    scored, flagged = early.release(["call"])

    assert [len(name) <= 128 for name in scored.scores] == [True]
    assert (scored.by, flagged.is_of_reviewer) == (None, True)
