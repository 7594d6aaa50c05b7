"""Loops, judged by the time of the events."""

from hypothesis import given
from hypothesis import strategies as st

from committed import commit
from tocsin.accounting.sessions import SESSIONS, WINDOW, Loops


def repeats(loops: Loops, count: int, *, key: int = 7, gap: float = 1.0) -> list[bool]:
    return [loops.repeated("s", key, 1000.0 + gap * i) for i in range(count)]


def test_each_fifth_repetition_is_a_loop():
    assert [i for i, hit in enumerate(repeats(Loops(), 10), 1) if hit] == [5, 10]


def test_repetitions_further_apart_than_the_window_do_not_count():
    assert not any(repeats(Loops(), 20, gap=WINDOW / 4 + 1))


def test_different_prompts_are_not_a_loop():
    loops = Loops()
    assert not any(loops.repeated("s", key, 1000.0) for key in range(100))


def test_an_evicted_session_starts_again():
    loops = Loops()
    repeats(loops, 4)
    for i in range(SESSIONS):
        loops.repeated(f"other-{i}", 1, 1000.0)
    assert not loops.repeated("s", 7, 1005.0)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 100), st.booleans()), max_size=80))
def test_a_restart_between_any_two_prompts_changes_no_verdict(prompts):
    whole, restarting, state = Loops(), Loops(), {}
    for session, key, when, restart in prompts:
        if restart:
            commit(restarting, state)
            restarting = Loops()
            restarting.restore(state.items())
        prompt = (f"s{session}", key, 1000.0 + when)
        assert restarting.repeated(*prompt) == whole.repeated(*prompt)


def test_a_loops_items_in_the_state_are_bounded():
    loops, state = Loops(), {}
    for i in range(2000):
        loops.repeated(f"s{i}", 1, 1000.0 + i)
        commit(loops, state)
    assert len(state) <= 900


def test_names_are_not_in_the_state():
    loops = Loops()
    loops.repeated("session-of-jane", 1, 0.0)
    assert b"jane" not in repr(loops.changes()).encode()
