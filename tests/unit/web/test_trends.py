"""The last hour of each category."""

import pytest

from tocsin import catalogue as cat
from tocsin.series.store import Store
from tocsin.web.trends import EVERY, POINTS, SPAN, Trends

CALL = ("openai", "gpt-4o", "search")


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def trends(store):
    found = Trends(store)
    store.row(cat.REQUESTS, *CALL).add(100)
    found.look(0.0)
    return found


def test_one_look_makes_no_line(trends):
    assert trends.lines() == {}


@pytest.mark.parametrize(("reason", "share"), [("timeout", 0.4), ("client_4xx", 0.4), ("blocked_guardrail", 0.0), ("cancelled", 0.0)])
def test_the_failing_share_is_that_of_the_period_and_leaves_out_intended_failures(store, trends, reason, share):
    store.row(cat.REQUESTS, *CALL).add(10)
    store.row(cat.FAILURES, *CALL, reason).add(4)

    trends.look(EVERY)

    assert trends.lines()["outage"].values == (share,)


def test_a_stretch_without_requests_has_no_share(trends):
    trends.look(EVERY)

    assert trends.lines()["outage"].values == (None,)


def test_the_mean_score_is_that_of_the_composite(store, trends):
    store.row(cat.QUALITY_SCORE, *CALL, "composite").observe_all([0.5, 1.0])
    store.row(cat.QUALITY_SCORE, *CALL, "judge").observe(0.0)

    trends.look(EVERY)

    assert trends.lines()["quality"].values == (0.75,)


def test_cost_is_shown_per_hour(store, trends):
    store.row(cat.COST, *CALL, "reported").add(2.0)

    trends.look(60.0)

    assert trends.lines()["cost"].values == (120.0,)


def test_only_violations_that_page_are_drawn(store, trends):
    for told in (
        ("true", "false", "false"),
        ("false", "false", "false"),
        ("true", "true", "false"),
        ("true", "false", "true"),
    ):
        store.row(cat.VIOLATIONS, *CALL, "pii", *told).add(1)

    trends.look(EVERY)

    assert trends.lines()["safety"].values == (1.0,)


def test_a_total_lowered_by_expired_series_is_not_a_negative_rate(store, trends):
    store.row(cat.COST, *CALL, "reported").add(5.0)
    trends.look(EVERY)
    store.remove(store.row(cat.COST, *CALL, "reported"))
    store.remove(store.row(cat.REQUESTS, *CALL))

    trends.look(2 * EVERY)

    assert trends.lines()["cost"].values[-1] == 0.0
    assert trends.lines()["outage"].values[-1] is None


def test_observations_too_close_to_the_last_are_ignored(trends):
    trends.look(EVERY / 2)

    assert trends.lines() == {}


def test_the_line_spans_an_hour_at_most_and_ends_with_the_newest_look(store, trends):
    for second in range(1, 800):
        store.row(cat.COST, *CALL, "reported").add(1.0 if second < 799 else 100.0)
        trends.look(second * EVERY)

    line = trends.lines()["cost"]
    assert line.seconds == SPAN
    assert len(line.values) == POINTS
    assert line.values[-1] > 10 * line.values[-2]
