"""What is exported of the drift of a route's input, and what ends it."""

import pytest

from tocsin import catalogue as cat
from tocsin.scoring.input_drift import InputDrift
from tocsin.series.store import Store

ENGLISH = "What should I do with the parcel that was sent to my old address?"
RUSSIAN = "Что мне делать с посылкой, которая пришла на мой старый адрес?"
PAST = 1_600


@pytest.fixture
def baselines():
    return {}


@pytest.fixture
def drift(baselines):
    return InputDrift(Store(("team",)), lambda route: baselines.get(route, "default"))


def ask(drift, count, question=ENGLISH, team="search"):
    for _ in range(count):
        drift.ask("support", question, (team,))
    drift.publish()


def index(drift):
    return {row.labels[1]: row.values[0] for row in drift._store.rows.get(cat.INPUT_PSI, {}).values()}


def gains(drift):
    return {row.labels[1:]: row.values[0] for row in drift._store.rows.get(cat.INPUT_GAIN, {}).values()}


def test_the_segment_that_a_feature_moved_to_is_named(drift):
    ask(drift, PAST)
    ask(drift, 100, RUSSIAN)

    assert index(drift)["language"] > 0.2
    assert gains(drift)["language", "cyrillic"] == 0.2


def test_questions_of_another_topic_drift_though_they_look_alike(drift):
    ask(drift, PAST, "How do I return the shoes that I bought?")
    ask(drift, 300, "How do I prune the roses that I planted?")

    assert {name for name, value in index(drift).items() if value >= 0.1} == {"topic"}


def test_a_new_value_of_an_extra_label_is_named(drift):
    ask(drift, PAST)
    ask(drift, 100, team="partner")

    assert gains(drift) == {("label_team", "partner"): 0.2}


def test_a_stable_feature_names_no_segment(drift):
    ask(drift, PAST)
    calm = gains(drift)
    ask(drift, 100, team="partner")
    ask(drift, 1_500)

    assert index(drift)["label_team"] < 0.1
    assert (calm, gains(drift)) == ({}, {})


def test_the_segment_of_now_replaces_the_one_before(drift):
    ask(drift, PAST)
    ask(drift, 100, team="partner")
    ask(drift, 300, team="reseller")

    assert list(gains(drift)) == [("label_team", "reseller")]


def test_accepting_a_new_baseline_ends_the_drift_and_resets_the_route(drift, baselines):
    ask(drift, PAST)
    ask(drift, 500, RUSSIAN, team="partner")
    baselines["support"] = "launch"
    ask(drift, 1, RUSSIAN, team="partner")
    forgotten = index(drift), gains(drift)
    ask(drift, PAST, RUSSIAN, team="partner")

    assert forgotten == ({}, {})
    assert max(index(drift).values()) < 0.1


@pytest.mark.parametrize(("accepted", "kept"), [("default", True), ("launch", False)])
def test_the_state_outlives_a_restart_but_not_its_baseline(drift, baselines, accepted, kept):
    ask(drift, PAST)
    ask(drift, 100, RUSSIAN, team="partner")
    baselines["support"] = accepted
    again = InputDrift(Store(("team",)), drift._baseline)
    again.restore(drift.changes())

    assert (index(again), gains(again)) == ((index(drift), gains(drift)) if kept else ({}, {}))


def test_state_without_a_baseline_belongs_to_the_one_of_now(drift, baselines):
    ask(drift, PAST)
    baselines["support"] = "launch"
    again = InputDrift(Store(("team",)), drift._baseline)
    again.restore([(key, value) for key, value in drift.changes() if key != "support"])

    assert index(again) == index(drift)


def test_unreadable_state_is_reset(drift):
    ask(drift, PAST)
    again = InputDrift(Store(("team",)), drift._baseline)
    again.restore([(key, b"junk" if "language" in key else value) for key, value in drift.changes()])

    assert set(index(drift)) - set(index(again)) == {"language"}


def test_questions_that_take_turns_do_not_drift_when_only_some_of_them_are_taken(drift):
    for number in range(8_000):
        drift.ask("support", (ENGLISH, RUSSIAN, "Why?", "1 + 1")[number % 4], ("search",))
    drift.publish()

    assert max(index(drift).values()) < 0.1
