"""The reported distance of an alert from firing."""

import pytest

from tocsin.backtest.nearest import queries, value_and_threshold
from tocsin.backtest.rules import RunPlan

INCIDENT = {"record": "r:score:incident", "expr": "(base * 0.85 > bool on (route) group_left () mean) * (x > bool y)"}


def plan_of(expression: str) -> RunPlan:
    return RunPlan(60, {"g": [INCIDENT, {"alert": "A", "expr": expression}]}, frozenset())


@pytest.mark.parametrize(
    ("expression", "closeness"),
    [
        ("a > 50", "(((a) /  (50)) ) > 0 < Inf"),
        ("a < on (r) b and c", "((1 / ((a) / on (r) (b))) and c) > 0 < Inf"),
        (
            "mean and on (route) (r:score:incident == 1)",
            "(((base * 0.85) / on (route) group_left () (mean)) ) > 0 < Inf",
        ),
    ],
)
def test_closeness_is_one_at_the_threshold(expression, closeness):
    assert [found.closeness for found in queries(plan_of(expression))] == [closeness]


@pytest.mark.parametrize("expression", ["time() - a < 3600", "a == 0", "vector(1)"])
def test_an_alert_without_a_distance_has_none(expression):
    assert queries(plan_of(expression)) == []


@pytest.mark.parametrize(
    ("expression", "kept", "closeness", "found"),
    [
        ("a > 50", 40, 0.8, (40, 50)),
        ("a < 50", 100, 0.5, (100, 50)),
        ("mean and on (route) (r:score:incident == 1)", 0.8, 0.8, (1, 0.8)),
    ],
)
def test_value_and_threshold_are_derived_from_the_kept_samples(expression, kept, closeness, found):
    assert value_and_threshold(plan_of(expression), "A", kept, closeness) == pytest.approx(found)
