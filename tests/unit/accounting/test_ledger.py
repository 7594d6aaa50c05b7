"""Calls become numbers: conserved, monotonic, bounded, and the same after a restart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import catalogue as cat
from tocsin.accounting.group import REMEMBERED_SERVERS
from tocsin.accounting.groups import UNPROVEN_MODELS, Groups
from tocsin.accounting.ledger import FUTURE, WAITING_MAX, Ledger, Settings
from tocsin.accounting.prices import PriceRow, Prices, Rates
from tocsin.call import FAILURE_REASONS, Call, Prompt
from tocsin.series.exposition import page
from tocsin.series.store import Store

NOW = 1_795_000_000.0


def make(**settings) -> Ledger:
    return Ledger(Store(), Settings(**settings))


def call(number: int = 0, **fields) -> Call:
    fields = {"provider": "openai", "model": "gpt-4o", "route": "support", "start": NOW, "duration": 1.0, **fields}
    return Call(f"id-{number}", f"call-{number}", **fields)


def total(ledger: Ledger, family: cat.Family, *tail: str) -> float:
    ledger_rows = ledger.store.rows.get(family, {})
    return sum(row.values[0] for row in ledger_rows.values() if row.labels[len(row.labels) - len(tail) :] == tail)


def restored(ledger: Ledger, disk: dict[tuple[str, str], bytes | None]) -> Ledger:
    """Give a new ledger what is on the disk."""
    saved: dict[str, list[tuple[str, bytes]]] = {}
    for (part, key), value in disk.items():
        if value is not None:
            saved.setdefault(part, []).append((key, value))
    ledger.restore(saved)
    return ledger


def committed(ledger: Ledger) -> dict[tuple[str, str], bytes | None]:
    return {(part, key): value for part, key, value in ledger.changes()}


def restarted(ledger: Ledger, **settings) -> Ledger:
    return restored(make(**settings), committed(ledger))


def test_a_repeated_event_is_not_new():
    ledger = make()
    assert ledger.is_new("a")
    assert not ledger.is_new("a")


def test_tokens_by_consumer_add_up_to_all_tokens():
    ledger = make(top_consumers=3)
    for i in range(200):
        ledger.count(call(i, consumer=f"user-{i % 17}", input_tokens=i, output_tokens=2 * i, cost_usd=0.1), NOW)
    ledger.changes()
    for kind in ("input", "output"):
        assert total(ledger, cat.CONSUMER_TOKENS, kind) == total(ledger, cat.TOKENS, kind)
    assert len({row.labels[0] for row in ledger.store.rows[cat.CONSUMER_TOKENS].values()}) <= 5


def test_a_heavy_consumer_gets_a_series_under_its_hash_and_never_its_name():
    ledger = make(top_consumers=2)
    for i in range(50):
        ledger.count(call(i, consumer=f"user-{i}", input_tokens=10, output_tokens=0), NOW)
    ledger.count(call(99, consumer="glutton", input_tokens=100_000, output_tokens=0), NOW)
    ledger.count(call(100, consumer="glutton", input_tokens=5, output_tokens=0), NOW)
    ledger.changes()
    heaviest = ledger.consumers.offenders()[0]
    text = page(ledger.store).decode()
    assert f'consumer="{heaviest["consumer"]}"' in text
    assert "glutton" not in text


@pytest.mark.parametrize(("tokens", "outliers"), [(2990, 0), (3010, 1)])
def test_an_outlier_is_over_three_times_the_p95(tokens, outliers):
    ledger = make()
    for i in range(1000):
        ledger.count(call(i, input_tokens=1000, output_tokens=0, cost_usd=0.1), NOW)
    ledger.count(call(1001, input_tokens=tokens, output_tokens=0, cost_usd=0.1), NOW)
    assert total(ledger, cat.OUTLIERS) == outliers


def test_below_a_hundred_requests_nothing_is_an_outlier():
    ledger = make()
    for i in range(99):
        ledger.count(call(i, input_tokens=1, output_tokens=0), NOW)
    ledger.count(call(100, input_tokens=10**6, output_tokens=0), NOW)
    assert total(ledger, cat.OUTLIERS) == 0


def test_a_success_after_a_failure_of_the_same_call_is_recovered():
    ledger = make()
    failed = call(1, failure="provider_5xx")
    failed.call_id = "retried"
    served = call(2)
    served.call_id = "retried"
    ledger.count(failed, NOW)
    ledger.count(served, NOW)
    assert total(ledger, cat.RECOVERED) == 1
    assert total(ledger, cat.RECOVERED_OTHER) == 0
    assert total(ledger, cat.FAILURES, "provider_5xx") == 1


def test_a_success_after_two_failed_attempts_is_recovered_once():
    ledger = make()
    for number, failure in enumerate(["provider_5xx", "timeout", None]):
        attempt = call(number, failure=failure)
        attempt.call_id = "retried"
        ledger.count(attempt, NOW)
    assert total(ledger, cat.RECOVERED) == 1


def test_a_success_after_a_429_is_recovered_from_no_outage():
    ledger = make()
    for number, failure in enumerate(["rate_limited", None]):
        attempt = call(number, failure=failure)
        attempt.call_id = "retried"
        ledger.count(attempt, NOW)
    assert total(ledger, cat.RECOVERED) == 1
    assert total(ledger, cat.RECOVERED_OTHER) == 1


def test_a_call_that_was_known_eleven_minutes_ago_is_late():
    ledger = make()
    ledger.count(call(1, start=NOW - 660, failure="timeout"), NOW)
    ledger.count(call(2, start=NOW - 540), NOW)
    assert total(ledger, cat.LATE_REQUESTS) == 1
    assert total(ledger, cat.LATE_FAILURES, "timeout") == 1


def first_request(ledger: Ledger) -> dict[str, float]:
    """When each model's label set counted its first request."""
    return {row.labels[1]: row.values[0] for row in ledger.store.rows[cat.FIRST_REQUEST].values()}


def test_a_label_set_exports_the_time_of_its_first_request():
    ledger = make()
    ledger.count(call(1), NOW)
    ledger.settle()
    ledger.count(call(2), NOW + 60)
    ledger.count(call(3, model="new", start=NOW + 60), NOW + 60)
    assert first_request(ledger) == {"gpt-4o": NOW, "new": NOW + 60}


def test_a_restart_forgets_no_first_request():
    ledger = make()
    ledger.count(call(1), NOW)
    again = restarted(ledger)
    again.count(call(2), NOW + 60)
    assert first_request(again) == {"gpt-4o": NOW}


def test_label_sets_of_a_state_without_first_request_times_are_old():
    ledger = make()
    group = ledger.count(call(1), NOW)
    group._saved = [saved for saved in group._saved if saved[0] != cat.FIRST_REQUEST.name]
    again = restarted(ledger)
    again.count(call(2), NOW + 60)
    assert first_request(again) == {"gpt-4o": 0}


def test_failures_of_the_first_two_hours_are_counted_by_reason():
    ledger = make()
    for number, minutes in enumerate([0, 119, 121]):
        when = NOW + 60 * minutes
        ledger.count(call(number, start=when, failure="timeout"), when)
        ledger.settle()
    assert [(row.labels[3], row.values[0]) for row in ledger.store.rows[cat.YOUNG_FAILURES].values()] == [("timeout", 2)]


def test_failures_of_the_first_two_hours_are_counted_on_after_a_restart():
    ledger = make()
    ledger.count(call(1, failure="timeout"), NOW)
    again = restarted(ledger)
    again.count(call(2, failure="timeout"), NOW + 60)
    assert total(again, cat.YOUNG_FAILURES, "timeout") == 2


def test_late_recounted_failures_of_the_first_two_hours_do_not_decrease():
    ledger = make()
    later = NOW + 3 * 3600
    for number, when in enumerate([NOW, NOW + 7000, NOW + 7300]):
        ledger.count(call(number, start=when, failure="timeout"), later)
        ledger.settle()
    ledger.count(call(3, start=later + 7300, failure="timeout"), later + 7300)
    ledger.settle()
    assert total(ledger, cat.YOUNG_FAILURES, "timeout") == 3


def test_a_label_set_that_began_with_the_past_of_others_has_no_young_failures():
    ledger = make()
    ledger.count(call(1, provider="a", model="a", route="a"), NOW)
    ledger.settle()
    ledger.groups.by_labels["a", "a", "a"].last_seen = 0
    ledger.expire(NOW + 86_400)
    ledger.count(call(2, provider="other", model="other", route="other", failure="timeout"), NOW)
    ledger.settle()
    assert cat.YOUNG_FAILURES not in ledger.store.rows


@pytest.mark.parametrize("starts", [(NOW - 660, NOW), (NOW, NOW - 660)])
def test_a_label_set_with_a_backlog_is_not_young(starts):
    ledger = make()
    for number, start in enumerate(starts):
        ledger.count(call(number, start=start), NOW)
        ledger.settle()
    assert first_request(ledger) == {"gpt-4o": 0}


def test_a_label_set_that_absorbs_others_is_not_young():
    ledger = make()
    ledger.count(call(1, provider="other", model="other", route="other"), NOW)
    ledger.count(call(2), NOW)
    ledger.settle()
    ledger.groups.by_labels["openai", "gpt-4o", "support"].last_seen = 0
    ledger.expire(NOW + 86_400)
    assert first_request(ledger) == {"other": 0}


def test_label_sets_without_their_removed_extra_labels_are_not_young():
    store = Store(("team",))
    ledger = Ledger(store, Settings(extra_labels=("team",)))
    for number, team in enumerate("ab"):
        ledger.count(call(number, labels={"team": team}), NOW)
    assert first_request(restarted(ledger)) == {"gpt-4o": 0}


@pytest.mark.parametrize("start", [NOW + 10 * 86_400, 0.0, None])
def test_an_absurd_time_is_not_used_and_the_call_counts(start):
    ledger = make()
    ledger.count(call(1, start=start), NOW)
    assert total(ledger, cat.REQUESTS) == 1
    assert total(ledger, cat.LATE_REQUESTS) == 0


def test_the_newest_call_is_the_newest_with_a_plausible_time():
    ledger = make()
    ledger.count(call(1, start=NOW - 60), NOW)
    ledger.count(call(2, start=NOW + 2 * FUTURE), NOW)
    ledger.settle()
    assert ledger.newest == NOW - 59


def test_a_model_that_answered_long_ago_is_a_change_when_it_answers_again():
    ledger = make()
    for number in range(REMEMBERED_SERVERS + 1):
        ledger.count(call(number, served_model=f"m{number}"), NOW)
    ledger.settle()
    changes = total(ledger, cat.MODEL_CHANGES)
    for number, model in enumerate(("m1", "m0"), 100):
        ledger.count(call(number, served_model=model), NOW)
        ledger.settle()
    assert (changes, total(ledger, cat.MODEL_CHANGES)) == (REMEMBERED_SERVERS, REMEMBERED_SERVERS + 1)


def test_cost_is_reported_then_estimated_then_unpriced():
    prices = Prices([PriceRow("*", "priced", Rates(1.0, 2.0, 0.5, 1.0))])
    ledger = make(prices=prices)
    ledger.count(call(1, input_tokens=10, output_tokens=10, cost_usd=0.25), NOW)
    ledger.count(call(2, model="priced", input_tokens=1_000_000, output_tokens=0, cache_read_tokens=500_000), NOW)
    ledger.count(call(3, model="unheard-of", input_tokens=30, output_tokens=12), NOW)
    assert total(ledger, cat.COST, "reported") == pytest.approx(0.25)
    assert total(ledger, cat.COST, "estimated") == pytest.approx(0.75)
    assert total(ledger, cat.UNPRICED) == 42


def test_a_batch_is_estimated_at_half_price_and_reported_costs_are_kept():
    """https://platform.claude.com/docs/en/build-with-claude/batch-processing; the same for OpenAI's."""
    ledger = make(prices=Prices([PriceRow("*", "priced", Rates(1.0, 2.0, 0.5, 1.0))]))
    ledger.count(call(1, model="priced", input_tokens=1_000_000, output_tokens=1_000_000, batch_rates=True), NOW)
    ledger.count(call(2, model="priced", input_tokens=10, output_tokens=10, cost_usd=0.25, batch_rates=True), NOW)
    assert total(ledger, cat.COST, "estimated") == pytest.approx(1.5)
    assert total(ledger, cat.COST, "reported") == pytest.approx(0.25)


def test_cache_writes_that_are_kept_for_an_hour_have_a_price_of_their_own():
    """https://platform.claude.com/docs/en/build-with-claude/prompt-caching: twice the price of input, not 1.25 times."""
    ledger = make(prices=Prices([PriceRow("*", "priced", Rates(1.0, 2.0, 0.5, 1.25, 2.0))]))
    tokens = {"input_tokens": 1_000_000, "output_tokens": 0, "cache_write_tokens": 1_000_000}
    ledger.count(call(1, model="priced", **tokens, hour_write_tokens=400_000), NOW)
    assert total(ledger, cat.COST, "estimated") == pytest.approx(0.6 * 1.25 + 0.4 * 2.0)


def test_missing_usage_is_counted_unless_it_was_not_owed():
    ledger = make(no_usage_expected=("embed*",))
    ledger.count(call(1), NOW)
    ledger.count(call(2, usage_expected=False), NOW)
    ledger.count(call(3, model="embed-3"), NOW)
    ledger.count(call(4, cache_hit=True), NOW)
    assert total(ledger, cat.USAGE_MISSING) == 1


def test_usage_that_is_declared_missing_may_be_named_by_the_end_of_a_path():
    ledger = make(no_usage_expected=("embeddings",))
    ledger.count(call(1, route="/v1/embeddings"), NOW)
    ledger.count(call(2, route="/v1/chat/completions"), NOW)
    assert total(ledger, cat.USAGE_MISSING) == 1


def test_an_answer_that_a_content_filter_ended_is_a_success_with_its_own_counter():
    ledger = make()
    ledger.count(call(1, finish_reason="content_filter"), NOW)
    ledger.count(call(2, finish_reason="content_filter", failure="blocked_guardrail"), NOW)
    assert total(ledger, cat.CONTENT_FILTERED) == 1
    assert total(ledger, cat.FAILURES) == 1


def test_invented_models_fold_and_a_succeeding_one_is_admitted_after_them():
    ledger = make()
    for i in range(300):
        ledger.count(call(i, model=f"invented-{i}", failure="client_4xx"), NOW)
    ledger.count(call(999, model="real"), NOW)
    models = {row.labels[1] for row in ledger.store.rows[cat.REQUESTS].values()}
    assert "real" in models
    assert len(models) <= 202
    assert total(ledger, cat.REQUESTS) == 301
    assert total(ledger, cat.LABELS_FOLDED, "model") == 100


def test_a_folded_model_has_series_of_its_own_from_its_first_success_on():
    ledger = make()
    for i in range(UNPROVEN_MODELS):
        ledger.count(call(i, model=f"invented-{i}", failure="client_4xx"), NOW)
    ledger.count(call(998, model="real", failure="client_4xx"), NOW)
    ledger.count(call(999, model="real"), NOW)
    requests = {row.labels[1]: row.values[0] for row in ledger.store.rows[cat.REQUESTS].values()}
    assert (requests["other"], requests["real"]) == (1, 1)


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans(), st.integers(0, 10**6)), max_size=600))
def test_series_stay_under_their_limit_and_totals_stay_complete(events):
    ledger = make(max_series=1500, top_consumers=2)
    for number, (model, failed, tokens) in enumerate(events):
        failure = "timeout" if failed else None
        ledger.count(call(number, model=f"m{model}", failure=failure, input_tokens=tokens, output_tokens=1), NOW)
    ledger.changes()
    assert ledger.store.samples <= 1500
    assert total(ledger, cat.REQUESTS) == len(events)
    assert total(ledger, cat.TOKENS, "input") == sum(tokens for _, _, tokens in events)
    assert sum(sum(r.values[1:]) for r in ledger.store.rows.get(cat.REQUEST_TOKENS, {}).values()) == len(events)


def test_a_restart_shows_the_same_page():
    ledger = make()
    for i in range(150):
        fields = {"model": f"m{i % 7}", "consumer": f"u{i % 5}", "served_model": "x", "fingerprint": f"f{i % 3}"}
        ledger.count(call(i, input_tokens=i, output_tokens=1, cost_usd=0.5, ttft=0.2, **fields), NOW)
    ledger.count(call(500, prompt=Prompt("greeting", "3")), NOW)
    again = restarted(ledger)
    assert sorted(page(again.store).splitlines()) == sorted(page(ledger.store).splitlines())
    assert not again.is_new("nothing") or again.is_new("another")


def test_a_restart_remembers_events_and_failures():
    ledger = make()
    ledger.is_new("a")
    ledger.count(call(1, failure="timeout"), NOW)
    again = restarted(ledger)
    assert not again.is_new("a")
    again.count(call(1), NOW)
    assert total(again, cat.RECOVERED) == 1


def test_a_silent_group_moves_its_totals_to_other():
    ledger = make()
    ledger.count(call(1, input_tokens=5, output_tokens=5), NOW)
    ledger.expire(NOW + 40 * 86_400)
    assert [row.labels for row in ledger.store.rows[cat.REQUESTS].values()] == [("other", "other", "other")]
    assert total(ledger, cat.REQUESTS) == 1
    assert total(ledger, cat.LABELS_FOLDED, "expired") == 1


def test_values_folded_from_a_silent_group_are_late():
    ledger = make()
    for number, failure in enumerate([None, "timeout", "timeout", "rate_limited"]):
        ledger.count(call(number, failure=failure, start=NOW - 660 * (number == 1), cost_usd=1.0), NOW)
    ledger.expire(NOW + 40 * 86_400)
    assert total(ledger, cat.LATE_REQUESTS) == 4
    assert total(ledger, cat.LATE_FAILURES, "timeout") == 2
    assert total(ledger, cat.LATE_FAILURES, "rate_limited") == 1
    assert total(ledger, cat.LATE_COST) == 1.0  # of an exporter's money nothing moves


def test_a_group_silent_for_a_month_expires_with_the_next_commit_after_a_call():
    ledger = make()
    ledger.count(call(1, model="retired"), NOW)
    ledger.changes()
    ledger.count(call(2, model="new"), NOW + 31 * 86_400)
    ledger.changes()
    assert {row.labels[1] for row in ledger.store.rows[cat.REQUESTS].values()} == {"new", "other"}
    assert total(ledger, cat.REQUESTS) == 2


def test_the_fifth_repetition_of_a_prompt_in_a_session_is_a_loop():
    ledger = make()
    for i in range(5):
        ledger.count(call(i, session="s", prompt_key=7, start=NOW + i), NOW)
    assert total(ledger, cat.SESSION_LOOPS) == 1


def test_a_loop_and_an_hourly_limit_are_remembered_across_a_restart():
    limits = {"user_tokens_per_hour": 100, "session_tokens_per_hour": 100}
    ledger = make(**limits)
    for i in range(4):
        fields = {"input_tokens": 25, "output_tokens": 0, "consumer": "u", "session": "s", "prompt_key": 7}
        ledger.count(call(i, **fields), NOW)
    again = restarted(ledger, **limits)
    again.count(call(5, **fields), NOW)
    assert total(again, cat.SESSION_LOOPS) == 1
    assert total(again, cat.LIMIT_BREACHES, "user") == 1
    assert total(again, cat.LIMIT_BREACHES, "session") == 1


def test_an_address_as_a_label_is_hashed_and_counted():
    ledger = make()
    ledger.count(call(1, route="jane@corp.example.org"), NOW)
    assert b"jane" not in page(ledger.store)
    assert total(ledger, cat.LABELS_HASHED) == 1


def test_a_consumer_over_its_hourly_tokens_is_one_breach_an_hour():
    ledger = make(user_tokens_per_hour=100)
    for i in range(5):
        ledger.count(call(i, consumer="u", input_tokens=60, output_tokens=0, cost_usd=0.1), NOW)
    assert total(ledger, cat.LIMIT_BREACHES, "user") == 1


def test_breaches_of_a_limit_are_exported_before_the_first():
    ledger = make(session_tokens_per_hour=100)
    assert [row.labels for row in ledger.store.rows[cat.LIMIT_BREACHES].values()] == [("session",)]


def test_rows_of_later_causes_do_not_pass_the_bound():
    ledger = make(max_series=1500, top_consumers=2)
    for i in range(2000):
        failure = FAILURE_REASONS[i % 9]
        ledger.count(call(i, model=f"m{i % 40}", route=f"r{i % 3}", start=NOW - 1000), NOW)
        ledger.count(call(-i, model=f"m{i % 40}", route=f"r{i % 3}", start=NOW - 1000, failure=failure), NOW + i)
        ledger.count(call(i, prompt=Prompt(f"p{i}", "1")), NOW + i)
    ledger.changes()
    assert ledger.store.samples <= 1500
    assert total(ledger, cat.REQUESTS) == 6000
    ledger.count(call(9999, model="m1", route="r1"), NOW + 3000)
    assert total(ledger, cat.REQUESTS) == 6001


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3), st.sampled_from([None, "timeout"])), max_size=150))
def test_a_restart_in_the_middle_of_folding_shows_the_same_page(events):
    ledger = make(max_series=1200, top_consumers=2, consumer_key=b"k")
    for number, (model, route, failure) in enumerate(events):
        ledger.count(call(number, model=f"m{model}", route=f"r{route}", failure=failure, input_tokens=9), NOW + number)
    again = restarted(ledger, max_series=1200, top_consumers=2, consumer_key=b"k")
    assert sorted(page(again.store).splitlines()) == sorted(page(ledger.store).splitlines())


def test_folding_a_group_leaves_the_histograms_that_its_route_shares():
    store = Store()
    groups = Groups(store, 10_000, 0, lambda label: None)
    whole = groups.admit(("other", "other", "r"), succeeded=True)
    living = groups.admit(("p", "m", "r"), succeeded=True)
    groups._fold_histograms(living)
    assert living.histograms is whole.histograms
    whole.last_seen, living.last_seen = 1.0, 3.0
    groups.expire(before=2.0)
    living.histograms.duration.observe(0.5)
    assert sum(sum(row.values[1:]) for row in store.rows[cat.DURATION].values()) == 1


def test_groups_that_were_all_seen_lately_are_gone_through_once():
    groups = Groups(Store(), 10_000, 0, lambda label: None)
    groups.admit(("p", "m", "r"), succeeded=True).last_seen = 3.0
    groups.expire(before=2.0)
    groups.by_labels = None  # each second, of thousands
    groups.expire(before=3.0)


def test_a_group_expires_after_others_were_checked_before_it_was_due():
    groups = Groups(Store(), 10_000, 0, lambda label: None)
    groups.admit(("p", "old", "r"), succeeded=True).last_seen = 3.0
    groups.admit(("p", "new", "r"), succeeded=True).last_seen = 9.0
    groups.expire(before=2.0)
    groups.expire(before=4.0)
    assert set(groups.by_labels) == {("p", "new", "r"), ("other", "other", "other")}


def test_a_group_that_went_is_not_in_the_state_any_more():
    ledger = make()
    ledger.count(call(1), NOW)
    written = {key for part, key, _ in ledger.changes() if part == "groups"}
    ledger.expire(NOW + 40 * 86_400)
    deleted = {key for part, key, value in ledger.changes() if part == "groups" and value is None}
    assert deleted == written


def test_more_calls_than_may_wait_are_all_counted_and_few_wait():
    ledger = make()
    for i in range(WAITING_MAX + 500):
        ledger.count(call(i, model=f"m{i % 50}", input_tokens=1, output_tokens=1), NOW)
        assert ledger._waiting <= WAITING_MAX
    assert total(ledger, cat.REQUESTS) == WAITING_MAX + 500
    assert ledger._waiting == 0


def test_a_histogram_saved_with_other_buckets_is_not_restored():
    ledger = make()
    group = ledger.count(call(1), NOW)
    ledger.settle()
    before = list(group.histograms.duration.values)
    group.histograms.absorb([(cat.DURATION.name, (), [3.0, 1, 2])])
    assert group.histograms.duration.values == before


def test_a_cost_without_tokens_counts():
    ledger = make()
    ledger.count(call(1, cost_usd=0.04), NOW)
    assert total(ledger, cat.COST, "reported") == pytest.approx(0.04)


@pytest.mark.parametrize("moment", [1, 4, 6, 7, 8, 9, 11])
def test_histograms_folded_in_the_middle_of_a_commit_are_not_lost_by_it(moment):
    ledger = make(top_consumers=2, consumer_key=b"k")
    for i in range(80):
        ledger.count(call(i, model=f"m{i}"), NOW)
    saved: dict[tuple[str, str], bytes | None] = {}
    for number, step in enumerate(ledger.steps()):
        saved |= {(part, key): value for part, key, value in step}
        if number == moment:
            assert ledger.groups._fold_some_histograms()
    again = make(top_consumers=2, consumer_key=b"k")
    again.restore({"groups": [(key, value) for (part, key), value in saved.items() if part == "groups" and value]})
    observed = sum(sum(row.values[1:]) for row in again.store.rows[cat.DURATION].values())
    assert observed == 80


def test_histograms_without_their_removed_extra_labels_are_merged():
    ledger = Ledger(Store(("team",)), Settings(extra_labels=("team",)))
    for number, team in enumerate("ab"):
        ledger.count(call(number, labels={"team": team}), NOW)
    again = restarted(ledger)
    again.count(call(2), NOW)
    assert [sum(row.values[1:]) for row in again.store.rows[cat.DURATION].values()] == [3]


def test_merged_histograms_survive_the_next_restart():
    ledger = Ledger(Store(("team",)), Settings(extra_labels=("team",)))
    ledger.count(call(1, labels={"team": "a"}), NOW)
    disk = committed(ledger)
    for _ in range(2):
        ledger = restored(make(), disk)
        disk |= committed(ledger)
    assert [sum(row.values[1:]) for row in ledger.store.rows[cat.DURATION].values()] == [1]


def test_histograms_that_were_folded_stay_when_an_extra_label_is_configured():
    ledger = make(max_series=600)
    for i in range(60):
        ledger.count(call(i, model=f"m{i}", input_tokens=7, output_tokens=0), NOW)
    disk = committed(ledger)
    for _ in range(2):
        ledger = restored(Ledger(Store(("team",)), Settings(max_series=600, extra_labels=("team",))), disk)
        disk |= committed(ledger)
    assert total(ledger, cat.REQUEST_TOKENS) == 60 * 7
