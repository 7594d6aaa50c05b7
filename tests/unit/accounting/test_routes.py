"""The rows that rules read for each route: one by its own name, with defaults for missing settings."""

import pytest

from tocsin import catalogue as cat
from tocsin.accounting.ledger import Ledger, Settings
from tocsin.accounting.routes import Routes
from tocsin.accounting.safety import Safety
from tocsin.call import Call
from tocsin.config import Match, Route
from tocsin.series.store import Store

NOW = 1_795_000_000.0


def exported(store: Store, family: cat.Family) -> dict[tuple[str, ...], float]:
    return {row.labels: row.values[0] for row in store.rows.get(family, {}).values()}


def entry(route: str = "*", model: str = "*", **said) -> Route:
    return Route(match=Match(route=route, model=model), **said)


def ledger_of(*entries: Route, **settings) -> Ledger:
    return Ledger(Store(), Settings(routes=entries, **settings))


def count(ledger: Ledger, number: int, **fields) -> None:
    ledger.count(Call(f"id-{number}", f"call-{number}", provider="openai", start=NOW, **fields), NOW)


def test_a_route_that_no_entry_matches_has_the_defaults():
    store = Store()
    Routes(store).meet("chat", "gpt-4o")
    assert exported(store, cat.ROUTE_INFO) == {("chat", "", "prod", "live"): 1}
    assert exported(store, cat.BASELINE_INFO) == {("chat", "default"): 1}
    assert exported(store, cat.THRESHOLD) == {}


def test_a_pattern_is_exported_for_each_matching_route_not_by_itself():
    store = Store()
    routes = Routes(store, [entry("support-*", owner="help", thresholds={"quality.dropRatio": 0.2}, baseline="2")])
    routes.meet("support-eu", "gpt-4o")
    routes.meet("support-us", "gpt-4o")
    assert set(exported(store, cat.ROUTE_INFO)) == {("support-eu", "help", "prod", "live"), ("support-us", "help", "prod", "live")}
    assert set(exported(store, cat.BASELINE_INFO)) == {("support-eu", "2"), ("support-us", "2")}
    assert exported(store, cat.THRESHOLD) == {("support-eu", "quality.dropRatio"): 0.2, ("support-us", "quality.dropRatio"): 0.2}


def test_the_first_entry_that_matches_wins():
    store = Store()
    Routes(store, [entry("eval-*", traffic="eval", tier="lab"), entry(owner="rest")]).meet("eval-nightly", "m")
    assert set(exported(store, cat.ROUTE_INFO)) == {("eval-nightly", "", "lab", "eval")}


def test_a_route_with_models_under_different_entries_uses_the_one_for_any_model():
    store = Store()
    routes = Routes(store, [entry("chat", "candidate-*", traffic="test"), entry("chat", owner="chat-team")])
    routes.meet("chat", "candidate-1")
    assert set(exported(store, cat.ROUTE_INFO)) == {("chat", "", "prod", "test")}
    routes.meet("chat", "gpt-4o")
    assert set(exported(store, cat.ROUTE_INFO)) == {("chat", "chat-team", "prod", "live")}


def test_a_route_with_several_label_sets_is_exported_once():
    ledger = ledger_of()
    count(ledger, 1, model="a", route="r")
    count(ledger, 2, model="b", route="r")
    assert set(exported(ledger.store, cat.ROUTE_INFO)) == {("r", "", "prod", "live")}


def test_another_model_under_the_same_entry_does_not_change_the_rows_of_its_route():
    ledger = ledger_of(entry("r", owner="team"))
    count(ledger, 1, model="a", route="r")
    (before,) = ledger.store.rows[cat.ROUTE_INFO].values()
    count(ledger, 2, model="b", route="r")
    assert list(ledger.store.rows[cat.ROUTE_INFO].values()) == [before]


def test_a_route_takes_the_entry_of_the_models_that_are_left():
    store = Store()
    routes = Routes(store, [entry("chat", "candidate-*", traffic="test"), entry("chat", owner="chat-team")])
    for model in ("candidate-1", "candidate-2", "gpt-4o"):
        routes.meet("chat", model)
    routes.leave("chat", "gpt-4o")
    assert set(exported(store, cat.ROUTE_INFO)) == {("chat", "", "prod", "test")}


def test_a_route_whose_label_sets_expired_is_no_longer_exported():
    ledger = ledger_of()
    count(ledger, 1, model="a", route="r")
    ledger.expire(NOW + 40 * 86_400)
    assert set(exported(ledger.store, cat.ROUTE_INFO)) == {("other", "", "prod", "live")}


def test_a_restart_exports_the_routes_before_their_next_call():
    first = ledger_of()
    count(first, 1, model="a", route="r")
    again = ledger_of(entry("r", owner="team"))
    again.restore({"groups": [(key, value) for part, key, value in first.changes() if part == "groups" and value]})
    assert set(exported(again.store, cat.ROUTE_INFO)) == {("r", "team", "prod", "live")}


def test_new_entries_replace_earlier_ones():
    ledger = ledger_of(entry("r", owner="old", thresholds={"quality.dropRatio": 0.2}))
    count(ledger, 1, model="a", route="r")
    ledger.configure(Settings(routes=(entry("r", owner="new"),)))
    assert set(exported(ledger.store, cat.ROUTE_INFO)) == {("r", "new", "prod", "live")}
    assert exported(ledger.store, cat.THRESHOLD) == {}


def outliers_of(ledger: Ledger, **fields) -> float:
    for number in range(100):
        count(ledger, number, input_tokens=1000, output_tokens=0, **fields)
    before = sum(exported(ledger.store, cat.OUTLIERS).values())
    count(ledger, 100, input_tokens=4000, output_tokens=0, **fields)
    return sum(exported(ledger.store, cat.OUTLIERS).values()) - before


def test_the_outlier_factor_is_that_of_the_first_entry_that_matches_the_call():
    ledger = ledger_of(
        entry("batch-*", "big", thresholds={"tokens.outlierFactor": 5}), entry("batch-*", thresholds={"tokens.outlierFactor": 2})
    )
    assert outliers_of(ledger, model="big", route="batch-1") == 0
    assert outliers_of(ledger, model="small", route="batch-1") == 1
    assert outliers_of(ledger, model="big", route="chat") == 1


def test_a_reload_changes_the_outlier_factor_of_a_living_group():
    ledger = ledger_of()
    count(ledger, 0, model="m", route="r")
    ledger.configure(Settings(routes=(entry(thresholds={"tokens.outlierFactor": 10}),)))
    assert outliers_of(ledger, model="m", route="r") == 0


def test_traffic_of_evaluations_counts_in_cost():
    ledger = ledger_of(entry("eval-*", traffic="eval"))
    count(ledger, 1, model="m", route="eval-nightly", input_tokens=5, output_tokens=5, cost_usd=0.5)
    assert sum(exported(ledger.store, cat.COST).values()) == 0.5
    assert set(exported(ledger.store, cat.ROUTE_INFO)) == {("eval-nightly", "", "prod", "eval")}


@pytest.mark.parametrize(("traffic", "moved"), [("live", NOW), ("eval", 0), ("test", 0)])
def test_a_violation_in_traffic_that_pages_nobody_counts_and_moves_no_clock(traffic, moved):
    ledger = ledger_of(entry("r", traffic=traffic))
    count(ledger, 1, model="m", route="r")
    (group,) = ledger.groups.by_labels.values()
    Safety(ledger, ["pii"]).violations(group, [("pii", False, False)], NOW, delivered=True)
    assert sum(exported(ledger.store, cat.VIOLATIONS).values()) == 1
    assert sum(exported(ledger.store, cat.LAST_VIOLATION).values()) == moved
