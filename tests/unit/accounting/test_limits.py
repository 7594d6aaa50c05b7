"""Hourly limits, judged by the time of the events."""

from hypothesis import given
from hypothesis import strategies as st

from committed import commit
from tocsin.accounting.limits import HourlyLimit


def test_a_limit_is_breached_once_an_hour_by_the_call_that_passes_it():
    limit = HourlyLimit(100)
    assert [limit.breached("u", 50, 3600.0) for _ in range(4)] == [False, False, True, False]
    assert limit.breached("u", 101, 7200.0)


def test_consumers_are_limited_separately():
    limit = HourlyLimit(100)
    assert not limit.breached("u", 60, 0.0)
    assert not limit.breached("v", 60, 0.0)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(0, 2), st.booleans()), max_size=80))
def test_a_restart_between_any_two_calls_changes_no_breach(calls):
    whole, restarting, state = HourlyLimit(100), HourlyLimit(100), {}
    for name, tokens, hour, restart in calls:
        if restart:
            commit(restarting, state)
            restarting = HourlyLimit(100)
            restarting.restore(state.items())
        call = (f"u{name}", tokens, 3600.0 * hour)
        assert restarting.breached(*call) == whole.breached(*call)


def test_interleaved_calls_of_two_hours_are_counted_separately():
    limit = HourlyLimit(100)
    assert [limit.breached("u", 60, 3600.0 * (i % 2)) for i in range(4)] == [False, False, True, True]


def test_names_are_not_in_the_state():
    limit = HourlyLimit(100)
    limit.breached("jane@example.org", 1, 0.0)
    assert b"jane" not in repr(limit.changes()).encode()
