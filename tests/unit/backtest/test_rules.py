"""Which rules are run, at which step, and in which order."""

from tocsin.backtest.rules import COARSE, STEPS, plan, quantiles_only, read_by
from tocsin.backtest.sampling import Movement

SEEN = {"llm_requests_total": [({"route": "a"}, Movement.MOVING)], "llm_cost_usd_total": [({}, Movement.MOVING)]}


def group(name: str, interval: str, *rules: dict) -> dict:
    return {"name": name, "interval": interval, "rules": list(rules)}


def record(name: str, expr: str) -> dict:
    return {"record": name, "expr": expr}


def alert(name: str, expr: str) -> dict:
    return {"alert": name, "expr": expr, "labels": {"category": "quality"}}


FAST = group("fast", "1m", record("a:rate", "rate(llm_requests_total[5m])"))


def test_a_baseline_is_evaluated_before_and_handed_over():
    slow = group("slow", "5m", record("a:base", "avg_over_time(a:rate[7d:5m])"))

    found = plan([FAST, slow, group("alerts", "1m", alert("A", "a:rate > 2 * a:base"))], SEEN, parts=2)

    assert [(run.step, list(run.groups), run.asked) for run in found.early] == [(300, ["fast", "slow"], {"a:base"})]
    assert [(run.step, list(run.groups), run.given) for run in found.late] == [(60, ["fast", "alerts"], {"a:base"})]


def test_a_baseline_over_more_frequently_recorded_series_is_not_evaluated_early():
    slow = group("slow", "5m", record("a:base", "max_over_time(a:rate[2h])"))

    found = plan([FAST, slow, group("alerts", "1m", alert("A", "a:rate > 2 * a:base"))], SEEN, parts=2)

    assert found.early == []
    assert [(run.step, list(run.groups)) for run in found.late] == [(60, ["fast", "slow", "alerts"])]


def test_series_of_slow_alerts_are_recorded_first_and_read_as_plain_ranges():
    found = plan(
        [FAST, group("alerts", "1m", alert("A", 'sum_over_time(a:rate{route="a"}[3d:5m]) > a:rate'))], SEEN, parts=1
    )

    assert [(run.step, list(run.groups), run.asked) for run in found.early] == [(300, ["fast"], {"a:rate:spaced"})]
    assert [rule["expr"] for run in found.late for rule in run.alerts] == [
        'sum_over_time(a:rate:spaced{route="a"}[3d]) > a:rate'
    ]
    assert [(run.step, run.given) for run in found.late] == [(60, {"a:rate:spaced"})]


def test_a_subquery_over_an_expression_with_its_own_range_is_kept():
    slow = group("latch", "1m", record("a:latch", "max_over_time(a:rate[1h]) > 1"))
    alerts = group("alerts", "1m", alert("A", "sum_over_time(a:latch[3d:5m]) > 1"))

    found = plan([FAST, slow, alerts], SEEN, parts=1)

    assert found.early == []
    assert [rule["expr"] for run in found.late for rule in run.alerts] == ["sum_over_time(a:latch[3d:5m]) > 1"]


def test_an_alert_that_cannot_fire_is_dropped_with_its_own_recordings():
    quiet = group("quiet", "1m", record("b:rate", "rate(llm_request_failures_total[5m])"))

    found = plan(
        [FAST, quiet, group("alerts", "1m", alert("A", "a:rate > 1"), alert("B", "b:rate > 0"))], SEEN, parts=1
    )

    assert [list(run.groups) for run in found.late] == [["fast", "alerts"]]
    assert [[rule["alert"] for rule in run.alerts] for run in found.late] == [["A"]]


def test_alerts_that_share_a_recorded_series_stay_together_and_others_are_spread():
    other = group("other", "1m", record("c:spent", "increase(a:rate[1h])"), record("c:more", "c:spent * 2"))
    alerts = group(
        "alerts", "1m", alert("A", "c:more > 1"), alert("B", "c:more > 2"), alert("C", "llm_cost_usd_total > 3")
    )

    found = plan([FAST, other, alerts], SEEN, parts=2)

    assert [sorted(rule["alert"] for rule in run.alerts) for run in found.late] == [["A", "B"], ["C"]]


def seen(**counts: int) -> dict:
    return {name: [({"route": str(i)}, Movement.MOVING) for i in range(count)] for name, count in counts.items()}


MANY = seen(llm_requests_total=9, llm_cost_usd_total=99, llm_tokens_total=99)


def test_alerts_that_share_little_are_spread_and_shared_rules_evaluated_twice():
    owners = group("owners", "1m", record("a:route", "a:rate > 0"))
    cost = alert("Cost", "rate(llm_cost_usd_total[5m]) * on () a:route > 1")
    tokens = alert("Tokens", "rate(llm_tokens_total[5m]) * on () a:route > 1")

    found = plan([FAST, owners, group("alerts", "1m", cost, tokens)], MANY, parts=2)

    assert [list(run.groups) for run in found.late] == [["fast", "owners", "alerts"]] * 2
    assert [rule["alert"] for run in found.late for rule in run.alerts] == ["Cost", "Tokens"]


def test_an_alert_that_others_look_at_is_evaluated_once():
    state = group("state", "1m", record("a:state", 'ALERTS{alertname="Rate"}'))
    cost = alert("Cost", "rate(llm_cost_usd_total[5m]) * on () a:state > 1")
    tokens = alert("Tokens", "rate(llm_tokens_total[5m]) * on () a:state > 1")

    found = plan(
        [FAST, group("rate", "1m", alert("Rate", "a:rate > 0")), state, group("more", "1m", cost, tokens)],
        MANY,
        parts=2,
    )

    assert [rule["alert"] for run in found.late for rule in run.alerts] == ["Rate", "Cost", "Tokens"]


def test_series_queried_by_texts_are_available_unless_over_a_long_range():
    hour = group("hour", "1m", record("a:hour", "increase(llm_cost_usd_total[1h])"))
    day = group("day", "1m", record("a:day", "increase(llm_cost_usd_total[1d])"))
    asking = alert("A", "llm_requests_total > 1") | {"annotations": {"summary": '{{ query "a:hour or a:day" }}'}}

    found = plan([hour, day, group("alerts", "1m", asking)], SEEN, parts=1)

    assert [run.given for run in found.late] == [{"a:hour"}]


def test_ranges_queried_only_by_texts_are_evaluated_every_five_minutes():
    hour = group("hour", "1m", record("a:hour", "increase(llm_cost_usd_total[1h])"))
    asking = alert("A", "llm_requests_total > 1") | {"annotations": {"summary": '{{ query "a:hour" }}'}}

    found = plan([hour, group("alerts", "1m", asking)], SEEN, parts=1)

    assert [(run.step, list(run.groups), run.given) for run in found.early] == [(COARSE, ["hour"], frozenset())]
    assert [(list(run.groups), run.given) for run in found.late] == [(["alerts"], {"a:hour"})]


def test_queries_in_label_templates_are_read():
    asking = alert("A", "llm_requests_total > 1") | {"labels": {"cause_hint": '{{ query "llm_cost_usd_total" }}'}}

    assert "llm_cost_usd_total" in read_by([group("alerts", "1m", asking)])


def test_a_ticket_is_evaluated_with_the_baselines():
    slow = group("slow", "5m", record("a:base", "avg_over_time(a:rate[7d:5m])"))
    tickets = group("tickets", "4m", alert("T", "a:rate > 3 * a:base"))

    found = plan([FAST, slow, group("alerts", "1m", alert("A", "a:rate > 2 * a:base")), tickets], SEEN, parts=1)

    assert [(run.step, list(run.groups)) for run in found.runs] == [
        (300, ["fast", "slow", "tickets"]), (60, ["fast", "alerts"]),
    ]  # fmt: skip


def step_of(interval: str, expr: str, *more: dict) -> int:
    return plan([*more, group("alerts", interval, alert("A", expr))], SEEN, parts=1).late[0].step


def test_an_alert_on_recorded_series_is_evaluated_as_often_as_they_are():
    slow = group("slow", "50s", record("a:rate", "rate(llm_requests_total[5m])"))

    assert step_of("15s", "a:rate > 1", slow) == 60
    assert step_of("15s", "a:rate > on () sum(llm_requests_total)", slow) == 15
    assert step_of("60s", "a:rate > 1", slow) == 60


def test_a_step_is_near_the_interval_and_divides_five_minutes():
    """What is recorded, and said, every five minutes must fall on the steps of those who read it."""
    steps = {interval: step_of(interval, "llm_requests_total > 1") for interval in ("5s", "50s", "1m", "2m")}

    assert steps == {"5s": 15, "50s": 60, "1m": 60, "2m": 100}
    assert not any(COARSE % step for step in STEPS)


LATE = 'label_replace(-1 * sum by (route) (increase(llm_late_requests_total[5m])), "late", "true", "", "")'


def expression(more: str = "", movement: Movement = Movement.ZERO) -> str:
    both = f"sum(sum by (route) (increase(llm_requests_total[5m])) or {LATE}) > 5{more}"
    seen = SEEN | {"llm_late_requests_total": [({"route": "a"}, movement)]}
    [run] = plan([group("g", "1m", alert("A", both))], seen, parts=1).runs
    return str(run.alerts[0]["expr"])


def test_a_subtrahend_that_never_rises_is_not_evaluated():
    assert expression() == "sum(sum by (route) (increase(llm_requests_total[5m])) ) > 5"
    assert LATE in expression(movement=Movement.MOVING)
    assert LATE in expression(more=" and sum(llm_late_requests_total) == 0")


def test_buckets_used_only_for_quantiles_are_recognised():
    quantile = "histogram_quantile(0.95, sum by (route, le) (increase({}[10m]))) > 5"
    rules = [
        alert("A", quantile.format("a_bucket")),
        alert("B", quantile.format("b_bucket")),
        alert("C", 'b_bucket{le="1"} > 1'),
    ]

    assert quantiles_only([group("g", "1m", *rules)]) == {"a_bucket"}
