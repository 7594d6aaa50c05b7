"""The little PromQL that a backtest understands."""

import pytest

from tocsin.backtest.promql import (
    Comparison,
    comparisons,
    duration,
    longest_range,
    plain_subqueries,
    shorten_ranges,
    words,
)  # fmt: skip


@pytest.mark.parametrize(("text", "seconds"), [("15s", 15), ("1h30m", 5400), ("7d", 604_800), ("500ms", 0.5)])
def test_durations_are_read(text, seconds):
    assert duration(text) == seconds


def test_a_duration_that_is_none_is_refused():
    with pytest.raises(ValueError, match="not a duration"):
        duration("5 minutes")


def test_words_in_strings_and_comments_are_ignored():
    assert words('sum by (route) (up{job="not_me"}) # nor me') == {"sum", "by", "route", "up", "job"}


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("a < 0.95", ("a", "<", "", "0.95", "")),
        ("a < 0.85 * b", ("a", "<", "", "0.85 * b", "")),
        ("a > 0 < 1000", ("a", ">", "", "0", "")),
        ("(a > 5)", ("a", ">", "", "5", "")),
        ("a > on (route) group_left () b", ("a", ">", "on (route) group_left ()", "b", "")),
        ("a > on (route) (b * 3)", ("a", ">", "on (route)", "(b * 3)", "")),
        ("a >= (b * 3) and c > 20", ("a", ">=", "", "(b * 3)", "and c > 20")),
        ("(a > 5 and b) * on (r) group_left (o) i", ("a", ">", "", "5", "and b")),
        ("(a > 5 unless b) and on () c", ("a", ">", "", "5", "unless b and on () c")),
        ('sum(increase(x{r=~"a|b"}[5m])) / 3 > 1 and on (m) y >= 2', ('sum(increase(x{r=~"a|b"}[5m])) / 3', ">", "", "1", "and on (m) y >= 2")),
    ],
)  # fmt: skip
def test_an_alert_is_cut_at_its_comparison(expression, parts):
    assert comparisons(expression) == [Comparison(*parts)]


def test_each_alternative_has_its_comparison():
    found = comparisons("((a > 1 and b > 2) or (c > 3)) * on (r) group_left (o) i")
    assert [(c.value, c.threshold, c.rest) for c in found] == [("a", "1", "and b > 2"), ("c", "3", "")]


@pytest.mark.parametrize("expression", ["vector(1)", "absent(up)", "a and b > 2", "(a > 2) + 1"])
def test_an_expression_without_a_comparison_has_no_distance(expression):
    assert comparisons(expression) == []


def test_ranges_can_be_shortened_and_subqueries_stay():
    assert longest_range("avg_over_time(a[7d]) + b[5m]") == 604_800
    assert shorten_ranges("a[7d] + b[5m] + c[7d:1h]", 576_000) == "a[576000s] + b[5m] + c[7d:1h]"


@pytest.mark.parametrize(("expression", "plain"), [
    ("avg_over_time(a:b:c[7d:5m])", "avg_over_time(a:b:c[7d])"),
    ('a:b{c="d"}[7d:5m] offset 23h', 'a:b{c="d"}[7d] offset 23h'),
    ("a:b[7d:1m]", "a:b[7d:1m]"),
    ("raw_total[7d:5m]", "raw_total[7d:5m]"),
    ("rate(a:b[5m])[7d:5m]", "rate(a:b[5m])[7d:5m]"),
])  # fmt: skip
def test_a_subquery_of_a_recorded_series_at_the_step_of_the_evaluation_is_a_plain_range(expression, plain):
    assert plain_subqueries(expression, 300) == plain
