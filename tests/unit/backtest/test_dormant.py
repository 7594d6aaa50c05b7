"""Which rules are left out because they can have no result, and that no other is."""

import pytest

from tocsin.backtest.dormant import States
from tocsin.backtest.sampling import Movement

SEEN = {
    "failures": [({"reason": "timeout"}, Movement.ZERO), ({"reason": "rate_limited"}, Movement.MOVING)],
    "requests": [({"route": "a"}, Movement.MOVING)],
    "seen_at": [({"route": "a"}, Movement.ZERO)],
    "limit": [({}, Movement.FLAT)],
}


def states(*rules: tuple[str, str]) -> States:
    found = States(SEEN)
    found.follow({"record": name, "expr": expression} for name, expression in rules)
    return found


@pytest.mark.parametrize(
    "expression",
    [
        'sum by (route) (increase(failures{reason="timeout"}[5m])) > 20 - 1',
        'sum(increase(failures{reason=~"timeout|connection"}[5m])) / sum(increase(requests[5m])) > 0.05',
        '(sum(increase(failures{reason!="rate_limited"}[5m])) > 0 and requests > 1) * on (route) group_left () limit',
        "time() - max by (route) (max_over_time(seen_at[5m]) > 0 unless on (route) requests) < 3600",
        "increase(limit[1h]) > 0",
        "nowhere > 5",
        "requests and on (route) nowhere",
        "label_replace(nowhere, 'a', '$1', 'b', '(.*)') == 0",
        "sum_over_time((increase(limit[5m]) > 0)[1h:5m])",
        "delta(seen_at[5m]) > 0",
        "clamp_min(sum(increase(limit[5m])), 0) > 5",
        "(nowhere > 0 or 0 * requests) > 20 - 1",
    ],
)
def test_a_rule_on_absent_series_is_dormant(expression):
    assert states().dormant(expression)


@pytest.mark.parametrize(
    "expression",
    [
        'sum by (route) (increase(failures{reason="rate_limited"}[5m])) > 20 - 1',
        "sum(increase(failures[5m])) > 0",
        'sum(increase(failures{reason="timeout"}[5m])) > -1',
        'sum(increase(failures{reason="timeout"}[5m])) > 1 - 2',
        'sum(increase(failures{reason="timeout"}[5m])) >= 0',
        'sum(increase(failures{reason="timeout"}[5m])) == 0',
        'increase(requests[5m]) - increase(failures{reason="timeout"}[5m]) > 0',
        "absent(nowhere)",
        "vector(1)",
        "requests unless nowhere",
        "nowhere or requests",
        "limit > 0",
        "time() - seen_at > 5",
        '{__name__=~"req.*"} > 0',
        "clamp_min(seen_at, 5) > 0",
        "clamp_min(increase(limit[5m]), 5) > 0",
        "delta(requests[5m]) < 0",
        "requests > 0 * limit",
    ],
)
def test_a_rule_that_may_have_a_result_is_not(expression):
    assert not states().dormant(expression)


def test_recordings_of_absent_series_are_absent_even_in_a_cycle():
    found = states(
        ("healthy", "nowhere unless incident == 1"),
        ("base", "avg_over_time(healthy[7d:5m]) or last_over_time(base[30m])"),
    )

    assert found.dormant("base > 5")


def test_recordings_of_existing_series_exist():
    found = states(
        ("healthy", "requests unless incident == 1"),
        ("base", "avg_over_time(healthy[7d:5m]) or last_over_time(base[30m])"),
    )

    assert not found.dormant("base > 5")


def test_routes_of_one_tier_need_no_rules_for_another():
    rule = ("route:llm_route:info", 'label_replace(group by (route) (requests), "tier", "prod", "", "")')

    assert states(rule).dormant('requests * on (route) group_left () route:llm_route:info{tier!="prod"}')
    assert not states(rule).dormant('requests * on (route) group_left () route:llm_route:info{tier="prod"}')


@pytest.mark.parametrize(
    "expression",
    ["", "(", "sum by (a", "increase(requests[5m]", "a > on (b", "requests * on (route) group_left (limit)"],
)
def test_expressions_that_are_not_understood_are_not_dropped(expression):
    assert not States(SEEN).dormant(expression)


@pytest.mark.parametrize(
    ("expression", "lean"),
    [
        ("requests or on (route) nowhere", "requests"),
        ("nowhere or on (route) requests", "requests"),
        ("requests unless on (route) group_left () nowhere", "requests"),
        ("nowhere or nowhere or requests > 5", "requests > 5"),
        ("sum by (route) (requests or nowhere) > 1e-3", "sum by (route) (requests ) > 1e-3"),
        ("(requests or nowhere) * on (route) limit", "(requests )* on (route) limit"),
        ('label_replace(nowhere or limit, "a", "$1", "b", "(.*)")', 'label_replace(limit, "a", "$1", "b", "(.*)")'),
        ("topk by (route) (1, requests or nowhere)", "topk by (route) (1, requests )"),
        ('requests or label_replace(-1 * (increase(limit[5m]) > 0), "late", "true", "", "")', "requests"),
        ("requests or requests offset 1d", "requests"),
        ("requests or requests offset 30m", "requests or requests offset 30m"),
        ("sum(requests or nowhere) by (route)", "sum(requests or nowhere) by (route)"),
        ("(requests unless limit)[1h:5m] offset -5m", "(requests unless limit)[1h:5m] offset -5m"),
        ("requests and on (route) (limit)", "requests and on (route) (limit)"),
    ],
)
def test_a_side_that_has_no_result_is_left_out_of_an_expression(expression, lean):
    assert States(SEEN, 3600).lean(expression) == lean


@pytest.mark.parametrize("expression", ["", "(", "sum by (a", "a or", "or a", "a > on (b"])
def test_expressions_that_are_not_understood_are_unchanged(expression):
    assert States(SEEN).lean(expression) == expression


def test_all_that_happened_before_the_log_is_dormant():
    assert States(SEEN, 3600).dormant("avg_over_time(requests[1h] offset 23h30m) > 5")
    assert not States(SEEN, 3600).dormant("avg_over_time(requests[1h] offset 30m) > 5")
